# SPDX-License-Identifier: GPL-2.0-or-later
# Finds the libraries by linking a call to each, with the very flags of this build: a library that
# is installed only as a shared object is missing to a static build, and pkg-config cannot tell.
#
# Sets RF_CORE_LIBRARIES, RF_PROBE_LIBRARIES, RF_TEST_LIBRARIES and RF_HAVE_DEFINITIONS
# (RF_HAVE_<NAME>=0|1 for the optional ones).
include(CheckCSourceCompiles)

set(RF_CORE_LIBRARIES)
set(RF_PROBE_LIBRARIES)
set(RF_TEST_LIBRARIES)
set(RF_HAVE_DEFINITIONS)

# rf_library(<NAME> <core|probe|test> HEADER h CALL expr LIBS l... [STATIC_LIBS l...] [REQUIRED])
function(rf_library name room)
  cmake_parse_arguments(A "REQUIRED" "HEADER;CALL;PACKAGE" "LIBS;STATIC_LIBS" ${ARGN})
  set(libs ${A_LIBS})
  if(RF_STATIC)
    list(APPEND libs ${A_STATIC_LIBS})
    set(CMAKE_REQUIRED_LINK_OPTIONS -static)
  endif()
  set(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)
  set(CMAKE_REQUIRED_LIBRARIES ${libs})
  check_c_source_compiles("
    #include <stdio.h>
    #include <stdint.h>
    #include <stdarg.h>
    #include <stddef.h>
    #include <setjmp.h>
    #include <sys/types.h>
    #include <${A_HEADER}>
    int main(void) { return (${A_CALL}) != 0; }" RF_HAVE_${name})
  if(NOT RF_HAVE_${name})
    # Forget the miss, so that installing the package is enough for the next configure.
    unset(RF_HAVE_${name} CACHE)
    if(A_REQUIRED)
      message(FATAL_ERROR "cannot link <${A_HEADER}>: install ${A_PACKAGE} (sudo scripts/deps build)")
    endif()
    message(STATUS "ringfence: without ${name}: ${A_PACKAGE} cannot be linked in this build")
    set(have 0)
  else()
    set(have 1)
    string(TOUPPER ${room} upper)
    set(RF_${upper}_LIBRARIES ${RF_${upper}_LIBRARIES} ${libs} PARENT_SCOPE)
  endif()
  set(RF_HAVE_DEFINITIONS ${RF_HAVE_DEFINITIONS} RF_HAVE_${name}=${have} PARENT_SCOPE)
endfunction()

rf_library(BPF probe REQUIRED PACKAGE libbpf-dev HEADER bpf/libbpf.h
  CALL "libbpf_major_version()" LIBS bpf STATIC_LIBS elf z)
rf_library(LIBELF core REQUIRED PACKAGE libelf-dev HEADER gelf.h
  CALL "elf_version(EV_CURRENT) == EV_NONE" LIBS elf STATIC_LIBS z)
rf_library(SMARTCOLS core PACKAGE libsmartcols-dev HEADER libsmartcols/libsmartcols.h
  CALL "scols_new_table() == NULL" LIBS smartcols)
rf_library(ZSTD core PACKAGE libzstd-dev HEADER zstd.h CALL "ZSTD_versionNumber()" LIBS zstd)
rf_library(LIBDW core PACKAGE libdw-dev HEADER elfutils/libdwfl.h CALL "dwfl_errno()"
  LIBS dw elf STATIC_LIBS z lzma bz2)
rf_library(LIBCAP core PACKAGE libcap-dev HEADER sys/capability.h
  CALL "cap_to_name(0) == NULL" LIBS cap)
rf_library(NCURSESW core PACKAGE libncurses-dev HEADER curses.h CALL "initscr() == NULL"
  LIBS ncursesw tinfo)
rf_library(ZLIB core REQUIRED PACKAGE zlib1g-dev HEADER zlib.h CALL "zlibVersion() == NULL"
  LIBS z)
rf_library(MICROHTTPD core PACKAGE libmicrohttpd-dev HEADER microhttpd.h
  CALL "MHD_get_version() == NULL" LIBS microhttpd)
if(RF_TESTS)
  rf_library(JANSSON test PACKAGE libjansson-dev HEADER jansson.h
    CALL "json_object() == NULL" LIBS jansson)
  rf_library(CMOCKA test PACKAGE libcmocka-dev HEADER cmocka.h
    CALL "cmocka_set_message_output(CM_OUTPUT_STDOUT),0" LIBS cmocka)
endif()
