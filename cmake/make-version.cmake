# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DRF_SOURCE=dir -DRF_VERSION_BASE=0.1.0 -DRF_OUT=file -P make-version.cmake
# A tag v0.1.0 gives 0.1.0 or 0.1.0-5-g1234567; no tag gives 0.1.0+g1234567; no git gives 0.1.0.
# safe.directory: under sudo the tree belongs to somebody else, and git would refuse to read it.
set(version "${RF_VERSION_BASE}")
if(EXISTS "${RF_SOURCE}/.git")
  execute_process(
    COMMAND git -c safe.directory=* -C "${RF_SOURCE}" describe --tags --always --match "v[0-9]*"
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed AND described MATCHES "^v(.*)$")
    set(version "${CMAKE_MATCH_1}")
  elseif(NOT failed AND described)
    set(version "${RF_VERSION_BASE}+g${described}")
  endif()
endif()
file(CONFIGURE OUTPUT "${RF_OUT}" @ONLY CONTENT [[/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version of this build; generated. */
#ifndef RF_VERSION_H
#define RF_VERSION_H

#define RF_VERSION "@version@"

#endif
]])
