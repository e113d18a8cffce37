# SPDX-License-Identifier: GPL-2.0-or-later
# Cross build for arm64 on another Debian machine. RF_SYSROOT holds the unpacked arm64 -dev
# packages (scripts/arm64-sysroot makes it); libc comes with the cross compiler.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(RF_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/arm64-sysroot" CACHE PATH
  "Unpacked arm64 -dev packages")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES RF_SYSROOT)
get_filename_component(rf_sysroot "${RF_SYSROOT}" ABSOLUTE)
set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES
  "${rf_sysroot}/usr/include" "${rf_sysroot}/usr/include/aarch64-linux-gnu")
set(CMAKE_EXE_LINKER_FLAGS_INIT "\"-L${rf_sysroot}/usr/lib/aarch64-linux-gnu\"")
set(CMAKE_FIND_ROOT_PATH "${rf_sysroot}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
