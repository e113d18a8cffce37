// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of functions, from files that may be anything. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rf_time.h"
#include "identity/symbol.h"

/* Found by its name below; has to be a function of its own. */
int rf_test_landmark(int n);
__attribute__((noinline)) int rf_test_landmark(int n)
{
	return n * 7 + 3;
}

struct fixture {
	struct rf_symbols *symbols;
	char dir[64];
	char self[PATH_MAX];
	char copy[PATH_MAX + 32];
	uint64_t offset; /* of the landmark, in the file */
};

/* The landmark's offset in the file of this very program. */
static uint64_t landmark_offset(const char *path)
{
	int fd = open(path, O_RDONLY);
	uint64_t value = 0, offset = 0;
	Elf_Scn *section = NULL;
	size_t nr = 0;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Sym sym;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; i < data->d_size / header.sh_entsize; i++) {
			gelf_getsym(data, (int)i, &sym);
			if (!strcmp(elf_strptr(elf, header.sh_link, sym.st_name),
			            "rf_test_landmark"))
				value = sym.st_value;
		}
	}
	elf_getphdrnum(elf, &nr);
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr ph;

		gelf_getphdr(elf, (int)i, &ph);
		if (ph.p_type == PT_LOAD && value >= ph.p_vaddr && value < ph.p_vaddr + ph.p_filesz)
			offset = value - ph.p_vaddr + ph.p_offset;
	}
	elf_end(elf);
	close(fd);
	return offset;
}

static void copy_file(const char *from, const char *to)
{
	char *argv[] = { (char *)"cp", (char *)from, (char *)to, NULL };
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp("cp", argv);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	chmod(to, 0644);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	ssize_t n;

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/rf-symbol-XXXXXX");
	n = readlink("/proc/self/exe", f->self, sizeof(f->self) - 1);
	f->symbols = rf_symbols_new(64);
	if (n < 0 || !f->symbols || !mkdtemp(f->dir))
		return -1;
	chmod(f->dir, 0755);
	snprintf(f->copy, sizeof(f->copy), "%s/copy", f->dir);
	f->offset = landmark_offset(f->self);
	copy_file(f->self, f->copy);
	*state = f;
	return f->offset ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->copy);
	rmdir(f->dir);
	rf_symbols_free(f->symbols);
	free(f);
	return 0;
}

/* The answer for path at offset, whatever file stands there now. */
static int ask(struct fixture *f, const char *path, uint64_t offset, char *name)
{
	struct rf_symbol_query q = { .path = path, .offset = offset };
	struct stat st = { 0 };
	uint64_t before = rf_now_ns();
	int ret;

	if (!stat(path, &st)) {
		q.inode = st.st_ino;
		q.dev = st.st_dev;
	}
	ret = rf_symbol_find(f->symbols, &q, name, RF_SYMBOL_LEN);
	assert_true(rf_now_ns() - before < 3 * RF_NSEC_PER_SEC);
	return ret;
}

static void a_function_by_its_offset(void **state)
{
	struct fixture *f = *state;
	char name[RF_SYMBOL_LEN];

	assert_int_equal(ask(f, f->copy, f->offset, name), 0);
	assert_string_equal(name, "rf_test_landmark");
	assert_int_equal(ask(f, f->copy, f->offset + 1, name), 0);
	assert_string_equal(name, "rf_test_landmark");
	/* asked again: from memory, though the file is gone */
	unlink(f->copy);
	{
		struct rf_symbol_query q = { .path = f->copy, .offset = f->offset };

		assert_int_equal(rf_symbol_find(f->symbols, &q, name, sizeof(name)), -ENOENT);
	}
}

static void another_file_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct rf_symbol_query q = { .path = f->copy, .offset = f->offset, .inode = 1, .dev = 2 };
	uint8_t id[RF_BUILD_ID_LEN] = { 1, 2, 3 };
	char name[RF_SYMBOL_LEN];

	assert_int_equal(rf_symbol_find(f->symbols, &q, name, sizeof(name)), -ENOENT);
	q.build_id = id;
	assert_int_equal(rf_symbol_find(f->symbols, &q, name, sizeof(name)), -ENOENT);
}

static void no_regular_file(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX], name[RF_SYMBOL_LEN];

	snprintf(path, sizeof(path), "%s/fifo", f->dir);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(ask(f, path, f->offset, name), -ENOENT);
	unlink(path);
	snprintf(path, sizeof(path), "%s/link", f->dir);
	assert_int_equal(symlink(f->copy, path), 0);
	assert_int_equal(ask(f, path, f->offset, name), -ENOENT);
	unlink(path);
	assert_int_equal(ask(f, f->dir, f->offset, name), -ENOENT);
	assert_int_equal(ask(f, "/dev/zero", f->offset, name), -ENOENT);
	assert_int_equal(ask(f, "/nowhere/at/all", f->offset, name), -ENOENT);
	assert_int_equal(ask(f, "[heap]", f->offset, name), -ENOENT);
	assert_int_equal(ask(f, "", f->offset, name), -ENOENT);
}

static void huge(void **state)
{
	struct fixture *f = *state;
	char name[RF_SYMBOL_LEN];

	if (truncate(f->copy, (off_t)1 << 40))
		skip();
	assert_int_equal(ask(f, f->copy, f->offset, name), -ENOENT);
}

static void cut_short(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char name[RF_SYMBOL_LEN];

	assert_int_equal(stat(f->copy, &st), 0);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(truncate(f->copy, st.st_size >> i), 0);
		if (i)
			(void)ask(f, f->copy, f->offset + (uint64_t)i, name);
	}
	assert_int_equal(truncate(f->copy, 0), 0);
	assert_int_equal(ask(f, f->copy, f->offset + 100, name), -ENOENT);
}

/* Headers overwritten at random: any answer will do, as long as there is one in time. */
static void corrupt(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = 3;
	char name[RF_SYMBOL_LEN];
	struct stat st;

	assert_int_equal(stat(f->copy, &st), 0);
	for (int i = 0; i < 60; i++) {
		int fd = open(f->copy, O_WRONLY);
		off_t from[] = { 0, 64, st.st_size - 4096 };

		assert_true(fd >= 0);
		for (int k = 0; k < 6; k++) {
			unsigned char byte = (unsigned char)rand_r(&seed);

			assert_int_equal(pwrite(fd, &byte, 1,
			                        from[k % 3] + rand_r(&seed) % (k % 3 ? 4000 : 60)),
			                 1);
		}
		close(fd);
		(void)ask(f, f->copy, f->offset + (uint64_t)i, name);
		if (i % 10 == 9)
			copy_file(f->self, f->copy);
	}
}

static void children_are_gone(void **state)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_function_by_its_offset),
		T(another_file_is_not_believed),
		T(no_regular_file),
		T(huge),
		T(cut_short),
		T(corrupt),
		T(children_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
