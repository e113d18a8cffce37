# SPDX-License-Identifier: GPL-2.0-or-later
# tests/bench/empty: a BPF object of its own and the program that attaches it. It needs the tools
# that RfBpf has found.
set(empty_source "${CMAKE_SOURCE_DIR}/tests/bench/empty/empty.bpf.c")
set(empty_dir "${CMAKE_BINARY_DIR}/tests/bench/empty.dir")
file(MAKE_DIRECTORY "${empty_dir}")
add_custom_command(OUTPUT "${empty_dir}/empty.bpf.o"
  COMMAND "${RF_CLANG}" -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_${RF_BPF_ARCH}
    -Wall -Wextra -Wno-unused-parameter -Werror
    -isystem "${CMAKE_SOURCE_DIR}/vmlinux/${RF_ARCH}" -isystem "${RF_LIBBPF_INCLUDE}"
    -c "${empty_source}" -o "${empty_dir}/empty.bpf.o"
  DEPENDS "${empty_source}" COMMENT "BPF empty.bpf.o" VERBATIM)
add_custom_command(OUTPUT "${empty_dir}/empty.skel.h"
  COMMAND "${RF_BPFTOOL}" gen skeleton "${empty_dir}/empty.bpf.o" name empty_bpf
    > "${empty_dir}/empty.skel.h.tmp"
  COMMAND "${CMAKE_COMMAND}" -E rename "${empty_dir}/empty.skel.h.tmp" "${empty_dir}/empty.skel.h"
  DEPENDS "${empty_dir}/empty.bpf.o" COMMENT "BPF empty.skel.h" VERBATIM)
add_executable(bench_empty "${CMAKE_SOURCE_DIR}/tests/bench/empty/empty.c"
  "${empty_dir}/empty.skel.h")
target_include_directories(bench_empty SYSTEM PRIVATE "${empty_dir}")
target_link_libraries(bench_empty PRIVATE rf_flags ${RF_PROBE_LIBRARIES})
set_target_properties(bench_empty PROPERTIES OUTPUT_NAME empty
  RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bench")
