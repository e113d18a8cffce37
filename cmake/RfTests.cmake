# SPDX-License-Identifier: GPL-2.0-or-later
# tests/unit/test_*.c: one cmocka executable each, under ctest.
# tests/live/programs/*.c, tests/bench/*.c: small programs that the live tests and benchmarks
# watch; they are compiled plainly, with neither our flags nor our sanitizers. Those in
# tests/live/programs/nolibc are static and need nothing, so that any guest can run them.
# tests/bench/empty: BPF programs that do nothing, to compare with (RfBench).
# tests/fuzz/*.c: libFuzzer targets, in the preset `fuzz` alone.

file(GLOB unit_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/test_*.c")
if(RF_FUZZ OR NOT "cmocka" IN_LIST RF_TEST_LIBRARIES OR NOT "jansson" IN_LIST RF_TEST_LIBRARIES)
  message(STATUS "ringfence: unit tests are left out of this build")
  set(unit_sources)
endif()
foreach(source IN LISTS unit_sources)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(${name} "${source}")
  target_link_libraries(${name} PRIVATE rf_verbs rf_core ${RF_TEST_LIBRARIES} m)
  target_compile_definitions(${name} PRIVATE "RF_TEST_DIR=\"${CMAKE_SOURCE_DIR}/tests\"")
  # Every cmocka test has a state that few use. On the source: it has to come after our flags.
  set_property(SOURCE "${source}" PROPERTY COMPILE_OPTIONS -Wno-unused-parameter)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/unit")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT 120
    ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1;ASAN_OPTIONS=detect_leaks=1")
endforeach()

# Matrix guests have no shared libraries, so a static build makes these static as well.
function(rf_plain_programs prefix folder outdir)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${folder}/*.c")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    set(target ${prefix}_${name})
    add_executable(${target} "${source}")
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE -O1 -g -Wall -Wextra -pthread
      $<$<BOOL:${RF_WERROR}>:-Werror>)
    target_link_options(${target} PRIVATE -pthread $<$<BOOL:${RF_STATIC}>:-static>)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
      RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/${outdir}")
  endforeach()
endfunction()
if(NOT RF_FUZZ)
  rf_plain_programs(program live/programs programs)
  # Their calls are known to the last one because there is no C library and no start-up code.
  # Outlined atomics and stack protectors would need a library.
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/live/programs/nolibc/*.c")
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(program_${name} "${source}")
    target_compile_options(program_${name} PRIVATE -O1 -g -Wall -Wextra
      $<$<BOOL:${RF_WERROR}>:-Werror> -ffreestanding -fno-stack-protector -fno-pie
      $<$<STREQUAL:${RF_ARCH},arm64>:-mno-outline-atomics>)
    target_link_options(program_${name} PRIVATE -nostdlib -static -no-pie)
    set_target_properties(program_${name} PROPERTIES OUTPUT_NAME ${name}
      RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/programs")
  endforeach()
  rf_plain_programs(bench bench bench)
  include(RfBench)
endif()

if(RF_FUZZ)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/*.c")
  foreach(source IN LISTS fuzz_sources)
    get_filename_component(name "${source}" NAME_WE)
    add_executable(${name} "${source}")
    target_link_libraries(${name} PRIVATE rf_core)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/fuzz")
  endforeach()
endif()
