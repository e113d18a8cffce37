// SPDX-License-Identifier: GPL-2.0-or-later
/* Call names: well-known numbers, the newest ones, and every number libseccomp knows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/audit.h>
#include <dlfcn.h>
#include <cmocka.h>

#include "identity/syscall.h"

#define X32_BIT 0x40000000

static void abi_names(void **state)
{
	static const char *const names[] = { "x86_64", "i386", "x32", "arm64", "arm" };

	assert_int_equal(RF_ABI_COUNT, 5);
	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		assert_string_equal(rf_abi_name((enum rf_abi)abi), names[abi]);
		assert_int_equal(rf_abi_parse(names[abi]), abi);
	}
	assert_string_equal(rf_abi_name(RF_ABI_COUNT), "unknown");
	assert_int_equal(rf_abi_parse("mips"), -EINVAL);
}

static void well_known(void **state)
{
	static const struct {
		enum rf_abi abi;
		unsigned int nr;
		const char *name;
	} calls[] = {
		{ RF_ABI_X86_64, 0, "read" },
		{ RF_ABI_X86_64, 59, "execve" },
		{ RF_ABI_X86_64, 110, "getppid" },
		{ RF_ABI_X86_64, 257, "openat" },
		{ RF_ABI_X86_64, 335, "uretprobe" },
		{ RF_ABI_X86_64, 336, "uprobe" },
		{ RF_ABI_X86_64, 451, "cachestat" },
		{ RF_ABI_X86_64, 453, "map_shadow_stack" },
		{ RF_ABI_X86_64, 462, "mseal" },
		{ RF_ABI_X86_64, 472, "fchroot" },
		{ RF_ABI_I386, 3, "read" },
		{ RF_ABI_I386, 6, "close" },
		{ RF_ABI_I386, 102, "socketcall" },
		{ RF_ABI_I386, 403, "clock_gettime64" },
		{ RF_ABI_I386, 471, "rseq_slice_yield" },
		{ RF_ABI_I386, 472, "fchroot" },
		{ RF_ABI_X32, 0, "read" },
		{ RF_ABI_X32, 512, "rt_sigaction" },
		{ RF_ABI_X32, 520, "execve" },
		{ RF_ABI_X32, 547, "pwritev2" },
		{ RF_ABI_X32, 470, "listns" },
		{ RF_ABI_ARM64, 63, "read" },
		{ RF_ABI_ARM64, 56, "openat" },
		{ RF_ABI_ARM64, 221, "execve" },
		{ RF_ABI_ARM64, 79, "newfstatat" },
		{ RF_ABI_ARM64, 469, "file_setattr" },
		{ RF_ABI_ARM64, 472, "fchroot" },
		{ RF_ABI_ARM, 3, "read" },
		{ RF_ABI_ARM, 322, "openat" },
		{ RF_ABI_ARM, 341, "arm_sync_file_range" },
		{ RF_ABI_ARM, 472, "fchroot" },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const char *name = rf_syscall_name(calls[i].abi, calls[i].nr);

		assert_non_null(name);
		assert_string_equal(name, calls[i].name);
		assert_int_equal(rf_syscall_lookup(calls[i].abi, calls[i].name), calls[i].nr);
	}
}

static void unknown_numbers(void **state)
{
	char buf[RF_SYSCALL_NAME_LEN];

	assert_null(rf_syscall_name(RF_ABI_X86_64, 473));
	assert_null(rf_syscall_name(RF_ABI_X86_64, 387));
	assert_null(rf_syscall_name(RF_ABI_X32, 13)); /* x86_64's own variant */
	assert_null(rf_syscall_name(RF_ABI_ARM64, 1023));
	assert_null(rf_syscall_name(RF_ABI_ARM64, UINT32_MAX));
	assert_null(rf_syscall_name(RF_ABI_COUNT, 0));
	assert_null(rf_syscall_name((enum rf_abi) - 1, 0));
	assert_string_equal(rf_syscall_label(RF_ABI_I386, 3, buf, sizeof(buf)), "read");
	assert_string_equal(rf_syscall_label(RF_ABI_X86_64, 1023, buf, sizeof(buf)),
	                    "syscall_1023");
	assert_string_equal(rf_syscall_label(RF_ABI_X86_64, 387, buf, sizeof(buf)), "syscall_387");
	assert_string_equal(rf_syscall_label(RF_ABI_COUNT, UINT32_MAX, buf, sizeof(buf)),
	                    "syscall_4294967295");
	assert_string_equal(rf_syscall_label(RF_ABI_ARM, RF_NR_INVALID, buf, sizeof(buf)),
	                    "invalid");
	assert_int_equal(rf_syscall_lookup(RF_ABI_ARM64, "open"), -ENOENT);
	assert_int_equal(rf_syscall_lookup(RF_ABI_X86_64, ""), -ENOENT);
	assert_int_equal(rf_syscall_lookup(RF_ABI_COUNT, "read"), -ENOENT);
}

/* Every name fits the buffer that the header promises, and is found again under its number. */
static void round_trip(void **state)
{
	static const size_t least[RF_ABI_COUNT] = { 386, 462, 375, 328, 425 };

	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		size_t count = 0;

		for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++) {
			const char *name = rf_syscall_name((enum rf_abi)abi, nr);

			if (!name)
				continue;
			count++;
			assert_true(strlen(name) < RF_SYSCALL_NAME_LEN);
			assert_int_equal(rf_syscall_lookup((enum rf_abi)abi, name), nr);
		}
		/* As many as 7.3 has; numbers are never taken back. */
		assert_true(count >= least[abi]);
	}
}

static void own_abi(void **state)
{
#if defined(__x86_64__)
	enum rf_abi abi = RF_ABI_X86_64;
#else
	enum rf_abi abi = RF_ABI_ARM64;
#endif
	assert_int_equal(rf_syscall_lookup(abi, "getppid"), SYS_getppid);
	assert_int_equal(rf_syscall_lookup(abi, "openat"), SYS_openat);
	assert_int_equal(rf_syscall_lookup(abi, "rt_sigreturn"), SYS_rt_sigreturn);
	assert_int_equal(rf_syscall_lookup(abi, "futex_waitv"), 449);
}

/* libseccomp keeps tables of its own. What it knows, and it stops early, must be the same here. */
static void against_libseccomp(void **state)
{
	static const uint32_t arches[RF_ABI_COUNT] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
		                                       AUDIT_ARCH_X86_64 & ~__AUDIT_ARCH_64BIT,
		                                       AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM };
	char *(*resolve)(uint32_t arch, int nr);
	void *lib = dlopen("libseccomp.so.2", RTLD_NOW);
	size_t compared = 0;

	if (!lib) {
		print_message("no libseccomp.so.2: nothing to compare with\n");
		skip();
	}
	*(void **)&resolve = dlsym(lib, "seccomp_syscall_resolve_num_arch");
	assert_non_null(resolve);
	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		size_t here = 0;

		for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++) {
			const char *ours = rf_syscall_name((enum rf_abi)abi, nr);
			int theirs_nr = (int)(abi == RF_ABI_X32 ? nr | X32_BIT : nr);
			char *theirs = resolve(arches[abi], theirs_nr);

			if (theirs && (!ours || strcmp(ours, theirs) != 0))
				fail_msg("%s %u: %s here, %s in libseccomp",
				         rf_abi_name((enum rf_abi)abi), nr, ours ? ours : "nothing",
				         theirs);
			here += theirs != NULL;
			free(theirs);
		}
		assert_true(here > 300);
		compared += here;
	}
	print_message("%zu names compared\n", compared);
	dlclose(lib);
}

/* The last one of all: what was learnt stays. */
static void learnt_from_a_recording(void **state)
{
	char buf[RF_SYSCALL_NAME_LEN];

	assert_int_equal(rf_syscall_learn(RF_ABI_ARM64, 1000, "newcall"), 0);
	assert_string_equal(rf_syscall_label(RF_ABI_ARM64, 1000, buf, sizeof(buf)), "newcall");
	assert_int_equal(rf_syscall_lookup(RF_ABI_ARM64, "newcall"), 1000);
	assert_null(rf_syscall_name(RF_ABI_X86_64, 1000));
	/* its name wins, and the last one said */
	assert_int_equal(rf_syscall_learn(RF_ABI_X86_64, 0, "peruse"), 0);
	assert_string_equal(rf_syscall_name(RF_ABI_X86_64, 0), "peruse");
	assert_int_equal(rf_syscall_learn(RF_ABI_X86_64, 0, "read"), 0);
	assert_string_equal(rf_syscall_name(RF_ABI_X86_64, 0), "read");
	/* hostile ones */
	assert_int_equal(rf_syscall_learn(RF_ABI_COUNT, 0, "x"), -EINVAL);
	assert_int_equal(rf_syscall_learn(RF_ABI_X86_64, RF_SYSCALL_LIMIT, "x"), -EINVAL);
	assert_int_equal(rf_syscall_learn(RF_ABI_X86_64, 1, ""), -EINVAL);
	assert_int_equal(rf_syscall_learn(RF_ABI_X86_64, 1, "\033[2Jwrite"), -EINVAL);
	assert_int_equal(rf_syscall_learn(RF_ABI_X86_64, 1, "a_name_of_more_than_31_characters"),
	                 -EINVAL);
	assert_string_equal(rf_syscall_name(RF_ABI_X86_64, 1), "write");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abi_names),
		cmocka_unit_test(well_known),
		cmocka_unit_test(unknown_numbers),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(own_abi),
		cmocka_unit_test(against_libseccomp),
		cmocka_unit_test(learnt_from_a_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
