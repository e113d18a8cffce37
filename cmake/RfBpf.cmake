# SPDX-License-Identifier: GPL-2.0-or-later
# bpf/*.bpf.c -> one object each -> ringfence.bpf.o -> ringfence.skel.h, offered to src/probe alone
# through the interface library rf_bpf.
add_library(rf_bpf INTERFACE)

file(GLOB rf_bpf_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/bpf/*.bpf.c")
if(NOT rf_bpf_sources)
  message(STATUS "ringfence: bpf/ holds no program yet")
  return()
endif()

# Always clang for these, whatever compiles the user side; bpftool is in sbin, which is not on
# everybody's PATH.
find_program(RF_CLANG NAMES clang REQUIRED)
find_program(RF_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin /usr/local/sbin REQUIRED)
find_path(RF_LIBBPF_INCLUDE bpf/bpf_helpers.h REQUIRED)

set(bpf_dir "${CMAKE_BINARY_DIR}/bpf")
file(MAKE_DIRECTORY "${bpf_dir}")
set(bpf_objects)
foreach(source IN LISTS rf_bpf_sources)
  get_filename_component(name "${source}" NAME)
  string(REGEX REPLACE "\\.c$" "" name "${name}")
  set(object "${bpf_dir}/${name}.o")
  add_custom_command(OUTPUT "${object}"
    COMMAND "${RF_CLANG}" -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_${RF_BPF_ARCH}
      -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror
      -isystem "${CMAKE_SOURCE_DIR}/vmlinux/${RF_ARCH}" -isystem "${RF_LIBBPF_INCLUDE}"
      -I "${CMAKE_SOURCE_DIR}/bpf" -I "${CMAKE_SOURCE_DIR}"
      -MD -MF "${object}.d" -MQ "${object}" -c "${source}" -o "${object}"
    DEPENDS "${source}"
    DEPFILE "${object}.d"
    COMMENT "BPF ${name}.o" VERBATIM)
  # core.bpf.o defines the maps that the others declare extern: bpftool 7.1 places a map wrongly
  # when it meets the extern before the definition.
  if(name STREQUAL "core.bpf")
    list(PREPEND bpf_objects "${object}")
  else()
    list(APPEND bpf_objects "${object}")
  endif()
endforeach()

set(bpf_linked "${bpf_dir}/linked/ringfence.bpf.o")
set(bpf_skeleton "${bpf_dir}/include/ringfence.skel.h")
file(MAKE_DIRECTORY "${bpf_dir}/linked" "${bpf_dir}/include")
add_custom_command(OUTPUT "${bpf_linked}"
  COMMAND "${RF_BPFTOOL}" gen object "${bpf_linked}" ${bpf_objects}
  DEPENDS ${bpf_objects} COMMENT "BPF ringfence.bpf.o" VERBATIM)
# Written aside and moved: a failed bpftool must not leave half a header that looks up to date.
add_custom_command(OUTPUT "${bpf_skeleton}"
  COMMAND "${RF_BPFTOOL}" gen skeleton "${bpf_linked}" name ringfence_bpf > "${bpf_skeleton}.tmp"
  COMMAND "${CMAKE_COMMAND}" -E rename "${bpf_skeleton}.tmp" "${bpf_skeleton}"
  DEPENDS "${bpf_linked}" COMMENT "BPF ringfence.skel.h" VERBATIM)

add_custom_target(rf_bpf_skeleton DEPENDS "${bpf_skeleton}")
add_dependencies(rf_bpf rf_bpf_skeleton)
target_include_directories(rf_bpf SYSTEM INTERFACE "${bpf_dir}/include")
