# SPDX-License-Identifier: GPL-2.0-or-later
# The workshop (ringfence lab) carries all it needs: the text of each lab, the source of each
# program, and the programs themselves, compiled from that very source. They are two executables:
# one that is all labs' programs, which its first argument chooses among, and the guest's first
# process.
set(lab_dir "${CMAKE_SOURCE_DIR}/docs/labs")
set(lab_gen "${CMAKE_BINARY_DIR}/lab")
file(MAKE_DIRECTORY "${lab_gen}")
file(GLOB lab_texts CONFIGURE_DEPENDS "${lab_dir}/[0-9][0-9]-*.md")
file(GLOB lab_programs CONFIGURE_DEPENDS "${lab_dir}/programs/[0-9][0-9]-*.c")
list(FILTER lab_programs EXCLUDE REGEX "-guest\\.c$")

# Each program's own main() gets a name of its own, so that all fit into one file.
set(lab_objects)
set(lab_declarations)
set(lab_entries)
foreach(source IN LISTS lab_programs)
  get_filename_component(name "${source}" NAME_WE)
  string(SUBSTRING "${name}" 0 2 number)
  add_library(lab_${number} OBJECT "${source}")
  target_compile_definitions(lab_${number} PRIVATE main=rf_lab_main_${number})
  target_compile_options(lab_${number} PRIVATE -O1 -g0 -pthread -Wall -Wextra
    $<$<BOOL:${RF_WERROR}>:-Werror>)
  list(APPEND lab_objects $<TARGET_OBJECTS:lab_${number}>)
  string(APPEND lab_declarations "int rf_lab_main_${number}(void);\n")
  string(APPEND lab_entries "\t{ \"${number}\", rf_lab_main_${number} },\n")
endforeach()
file(CONFIGURE OUTPUT "${lab_gen}/labs.c" @ONLY CONTENT "/* made by cmake/RfLab.cmake */
#include <string.h>

@lab_declarations@
static const struct {
	const char *number;
	int (*main)(void);
} labs[] = {
@lab_entries@};

int main(int argc, char **argv)
{
	for (unsigned int i = 0; argc > 1 && i < sizeof(labs) / sizeof(labs[0]); i++)
		if (!strcmp(labs[i].number, argv[1]))
			return labs[i].main();
	return 2;
}
")
add_executable(labs "${lab_gen}/labs.c" ${lab_objects})
# Bound at start: a symbol that is bound on first use would be a page fault of that line.
target_link_options(labs PRIVATE -pthread -s -Wl,-z,now $<$<BOOL:${RF_STATIC}>:-static>)
set_target_properties(labs PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${lab_gen}")

add_executable(lab_guest "${lab_dir}/programs/11-guest.c")
target_compile_options(lab_guest PRIVATE -O1 -g0 -Wall -Wextra $<$<BOOL:${RF_WERROR}>:-Werror>
  -ffreestanding -fno-stack-protector -fno-pie)
target_link_options(lab_guest PRIVATE -nostdlib -static -no-pie -s)
set_target_properties(lab_guest PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${lab_gen}")

# One C file that holds them all, byte for byte: src/lab/files.h.
set(lab_files ${lab_texts} ${lab_programs} "${lab_dir}/programs/11-guest.c"
  "${lab_dir}/programs/lab.h" "${lab_gen}/labs" "${lab_gen}/lab_guest")
set(lab_symbols)
set(lab_table)
set(index 0)
foreach(file IN LISTS lab_files)
  get_filename_component(name "${file}" NAME)
  string(APPEND lab_symbols "EMBED(rf_lab_file_${index}, \"${file}\")\n")
  string(APPEND lab_table "\t{ \"${name}\", rf_lab_file_${index}, rf_lab_file_${index}_end },\n")
  math(EXPR index "${index} + 1")
endforeach()
file(CONFIGURE OUTPUT "${lab_gen}/lab_files.c" @ONLY CONTENT "/* made by cmake/RfLab.cmake */
#include \"lab/files.h\"

#define EMBED(name, path) \\
	extern const char name[], name##_end[]; \\
	__asm__(\".section .rodata\\n.balign 16\\n.globl \" #name \"\\n\" #name \":\\n.incbin \\\"\" path \"\\\"\\n\" \\
	        \".globl \" #name \"_end\\n\" #name \"_end:\\n.byte 0\\n.previous\\n\");

@lab_symbols@
const struct rf_lab_file rf_lab_files[] = {
@lab_table@	{ 0 },
};
")
set_source_files_properties("${lab_gen}/lab_files.c" PROPERTIES
  OBJECT_DEPENDS "${lab_texts};${lab_programs};${lab_dir}/programs/11-guest.c;${lab_dir}/programs/lab.h;${lab_gen}/labs;${lab_gen}/lab_guest")
add_library(rf_lab_files STATIC "${lab_gen}/lab_files.c")
target_link_libraries(rf_lab_files PRIVATE rf_flags)
add_dependencies(rf_lab_files labs lab_guest)
