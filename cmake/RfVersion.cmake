# SPDX-License-Identifier: GPL-2.0-or-later
# rf_version.h: the project's version, with what git knows where there is a git tree. Made at
# build time, and only rewritten when it changes.
set(RF_GEN_DIR "${CMAKE_BINARY_DIR}/gen")
set(rf_version_args
  "-DRF_SOURCE=${CMAKE_SOURCE_DIR}" "-DRF_VERSION_BASE=${PROJECT_VERSION}"
  "-DRF_OUT=${RF_GEN_DIR}/rf_version.h" -P "${CMAKE_SOURCE_DIR}/cmake/make-version.cmake")
execute_process(COMMAND "${CMAKE_COMMAND}" ${rf_version_args} COMMAND_ERROR_IS_FATAL ANY)
add_custom_target(rf_version COMMAND "${CMAKE_COMMAND}" ${rf_version_args}
  BYPRODUCTS "${RF_GEN_DIR}/rf_version.h" VERBATIM COMMENT "")
