// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of errors, signals and capabilities, against what the C library and libcap know. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "identity/capability.h"
#include "identity/errno.h"
#include "identity/signal.h"

/* Newer than <signal.h> of Debian 12 names them. */
#define SEGV_CPERR_CODE 10
#define EFTYPE_NUMBER 134

static void errnos_against_libc(void **state)
{
	size_t compared = 0;

	for (int err = 1; err <= 133; err++) {
		const char *theirs = strerrorname_np(err);
		const char *ours = rf_errno_name(err);

		if (!theirs) {
			assert_null(ours);
			continue;
		}
		assert_non_null(ours);
		assert_string_equal(ours, theirs);
		assert_int_equal(rf_errno_lookup(ours), err);
		compared++;
	}
	assert_int_equal(compared, 131); /* 41 and 58 were never used */
}

static void kernel_errnos(void **state)
{
	static const char *const names[] = {
		"ERESTARTSYS",
		"ERESTARTNOINTR",
		"ERESTARTNOHAND",
		"ENOIOCTLCMD",
		"ERESTART_RESTARTBLOCK",
		"EPROBE_DEFER",
		"EOPENSTALE",
		"ENOPARAM",
		NULL,
		"EBADHANDLE",
		"ENOTSYNC",
		"EBADCOOKIE",
		"ENOTSUPP",
		"ETOOSMALL",
		"ESERVERFAULT",
		"EBADTYPE",
		"EJUKEBOX",
		"EIOCBQUEUED",
		"ERECALLCONFLICT",
		"ENOGRACE",
	};
	char buf[RF_ERRNO_NAME_LEN];

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
		if (names[i])
			assert_string_equal(rf_errno_name(512 + i), names[i]);
		else
			assert_null(rf_errno_name(512 + i));
	}
	assert_string_equal(rf_errno_name(EFTYPE_NUMBER), "EFTYPE");
	assert_null(rf_errno_name(0));
	assert_null(rf_errno_name(-2));
	assert_null(rf_errno_name(135));
	assert_null(rf_errno_name(532));
	assert_string_equal(rf_errno_label(2, buf, sizeof(buf)), "ENOENT");
	assert_string_equal(rf_errno_label(4095, buf, sizeof(buf)), "errno_4095");
	assert_string_equal(rf_errno_label(-2147483647 - 1, buf, sizeof(buf)), "errno_-2147483648");
	assert_int_equal(rf_errno_lookup("EWOULDBLOCK"), EWOULDBLOCK);
	assert_int_equal(rf_errno_lookup("EDEADLOCK"), EDEADLOCK);
	assert_int_equal(rf_errno_lookup("ENOTSUP"), ENOTSUP);
	assert_int_equal(rf_errno_lookup("ENOSUCH"), -ENOENT);
}

static void restart_codes(void **state)
{
	for (int err = -1; err <= RF_ERRNO_MAX; err++)
		assert_int_equal(rf_errno_is_restart(err),
		                 err == 512 || err == 513 || err == 514 || err == 516);
}

static void signals_against_libc(void **state)
{
	for (int sig = 1; sig < 32; sig++) {
		const char *ours = rf_signal_name(sig);
		const char *theirs = sigabbrev_np(sig);

		assert_non_null(ours);
		assert_non_null(theirs);
		assert_memory_equal(ours, "SIG", 3);
		/* The C library prefers POLL, everybody else IO. */
		if (sig == SIGPOLL)
			assert_string_equal(ours, "SIGIO");
		else
			assert_string_equal(ours + 3, theirs);
		assert_int_equal(rf_signal_parse(ours), sig);
		assert_int_equal(rf_signal_parse(theirs), sig);
	}
}

static void signal_labels(void **state)
{
	char buf[RF_SIGNAL_NAME_LEN];

	assert_int_equal(SIGRTMIN, 34);
	assert_string_equal(rf_signal_label(SIGSEGV, buf, sizeof(buf)), "SIGSEGV");
	assert_string_equal(rf_signal_label(SIGRTMIN, buf, sizeof(buf)), "SIGRTMIN");
	assert_string_equal(rf_signal_label(SIGRTMIN + 1, buf, sizeof(buf)), "SIGRTMIN+1");
	assert_string_equal(rf_signal_label(SIGRTMAX, buf, sizeof(buf)), "SIGRTMIN+30");
	assert_string_equal(rf_signal_label(32, buf, sizeof(buf)), "SIG32");
	assert_string_equal(rf_signal_label(33, buf, sizeof(buf)), "SIG33");
	assert_string_equal(rf_signal_label(0, buf, sizeof(buf)), "signal_0");
	assert_string_equal(rf_signal_label(65, buf, sizeof(buf)), "signal_65");
	assert_string_equal(rf_signal_label(-1, buf, sizeof(buf)), "signal_-1");
	assert_null(rf_signal_name(32));
	assert_null(rf_signal_name(0));
	for (int sig = 1; sig <= 64; sig++)
		assert_int_equal(rf_signal_parse(rf_signal_label(sig, buf, sizeof(buf))), sig);
}

static void signals_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int sig;
	} cases[] = {
		{ "segv", 11 },
		{ "SIGsegv", 11 },
		{ "11", 11 },
		{ "64", 64 },
		{ "RTMIN", 34 },
		{ "rtmin+30", 64 },
		{ "SIGRTMAX", 64 },
		{ "RTMAX-30", 34 },
		{ "IOT", 6 },
		{ "SIGCLD", 17 },
		{ "POLL", 29 },
		{ "SIG33", 33 },
		{ "0", -EINVAL },
		{ "65", -EINVAL },
		{ "-1", -EINVAL },
		{ "", -EINVAL },
		{ "SIG", -EINVAL },
		{ "SEGVX", -EINVAL },
		{ "11x", -EINVAL },
		{ "SIG11", -EINVAL },
		{ "RTMIN+31", -EINVAL },
		{ "RTMIN-1", -EINVAL },
		{ "RTMIN+", -EINVAL },
		{ "RTMAX+1", -EINVAL },
		{ "99999999999999999999", -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rf_signal_parse(cases[i].text), cases[i].sig);
}

static void codes(void **state)
{
#define CODE(sig, code)          \
	{                        \
		sig, code, #code \
	}
	static const struct {
		int sig;
		int code;
		const char *name;
	} cases[] = {
		CODE(SIGSEGV, SEGV_MAPERR),  CODE(SIGSEGV, SEGV_ACCERR),
		CODE(SIGSEGV, SEGV_BNDERR),  CODE(SIGSEGV, SEGV_PKUERR),
		CODE(SIGBUS, BUS_ADRALN),    CODE(SIGBUS, BUS_ADRERR),
		CODE(SIGBUS, BUS_OBJERR),    CODE(SIGBUS, BUS_MCEERR_AR),
		CODE(SIGBUS, BUS_MCEERR_AO), CODE(SIGFPE, FPE_INTDIV),
		CODE(SIGFPE, FPE_INTOVF),    CODE(SIGFPE, FPE_FLTDIV),
		CODE(SIGFPE, FPE_FLTOVF),    CODE(SIGFPE, FPE_FLTUND),
		CODE(SIGFPE, FPE_FLTRES),    CODE(SIGFPE, FPE_FLTINV),
		CODE(SIGFPE, FPE_FLTSUB),    CODE(SIGILL, ILL_ILLOPC),
		CODE(SIGILL, ILL_ILLOPN),    CODE(SIGILL, ILL_ILLADR),
		CODE(SIGILL, ILL_ILLTRP),    CODE(SIGILL, ILL_PRVOPC),
		CODE(SIGILL, ILL_PRVREG),    CODE(SIGILL, ILL_COPROC),
		CODE(SIGILL, ILL_BADSTK),    CODE(SIGTRAP, TRAP_BRKPT),
		CODE(SIGTRAP, TRAP_TRACE),   CODE(SIGCHLD, CLD_EXITED),
		CODE(SIGCHLD, CLD_KILLED),   CODE(SIGCHLD, CLD_DUMPED),
		CODE(SIGCHLD, CLD_STOPPED),  CODE(SIGCHLD, CLD_CONTINUED),
		CODE(SIGIO, POLL_IN),        CODE(SIGIO, POLL_HUP),
		CODE(SIGSEGV, SI_USER),      CODE(SIGTERM, SI_USER),
		CODE(SIGSEGV, SI_KERNEL),    CODE(SIGABRT, SI_TKILL),
		CODE(SIGUSR2, SI_QUEUE),     CODE(SIGALRM, SI_TIMER),
		CODE(SIGUSR1, SI_MESGQ),     CODE(SIGUSR1, SI_ASYNCIO),
	};
#undef CODE
	char buf[RF_SIGNAL_NAME_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_non_null(rf_si_code_name(cases[i].sig, cases[i].code));
		assert_string_equal(rf_si_code_name(cases[i].sig, cases[i].code), cases[i].name);
	}
	assert_string_equal(rf_si_code_name(SIGSYS, 1), "SYS_SECCOMP");
	assert_string_equal(rf_si_code_name(SIGSYS, 2), "SYS_USER_DISPATCH");
	assert_string_equal(rf_si_code_name(SIGTRAP, 6), "TRAP_PERF");
	assert_string_equal(rf_si_code_name(SIGSEGV, SEGV_CPERR_CODE), "SEGV_CPERR");
	assert_null(rf_si_code_name(SIGTERM, 1));
	assert_null(rf_si_code_name(SIGSEGV, 11));
	assert_string_equal(rf_si_code_label(SIGSEGV, 1, buf, sizeof(buf)), "SEGV_MAPERR");
	assert_string_equal(rf_si_code_label(SIGSEGV, 99, buf, sizeof(buf)), "code_99");
	assert_string_equal(rf_si_code_label(SIGTERM, -99, buf, sizeof(buf)), "code_-99");
}

static void capabilities(void **state)
{
	char buf[RF_CAPABILITY_NAME_LEN];

	for (int cap = 0; cap <= 40; cap++) {
		assert_non_null(rf_capability_name(cap));
		assert_int_equal(rf_capability_lookup(rf_capability_name(cap)), cap);
		assert_int_equal(rf_capability_lookup(rf_capability_name(cap) + 4), cap);
	}
	assert_string_equal(rf_capability_name(0), "CAP_CHOWN");
	assert_string_equal(rf_capability_name(21), "CAP_SYS_ADMIN");
	assert_string_equal(rf_capability_name(39), "CAP_BPF");
	assert_string_equal(rf_capability_name(40), "CAP_CHECKPOINT_RESTORE");
	assert_null(rf_capability_name(-1));
	assert_null(rf_capability_name(41));
	assert_string_equal(rf_capability_label(12, buf, sizeof(buf)), "CAP_NET_ADMIN");
	assert_string_equal(rf_capability_label(63, buf, sizeof(buf)), "CAP_63");
	assert_int_equal(rf_capability_lookup("sys_ptrace"), 19);
	assert_int_equal(rf_capability_lookup("CAP_63"), 63);
	assert_int_equal(rf_capability_lookup("64"), -ENOENT);
	assert_int_equal(rf_capability_lookup("cap_"), -ENOENT);
	assert_int_equal(rf_capability_lookup("sys"), -ENOENT);
}

static void capabilities_against_libcap(void **state)
{
	char *(*cap_to_name)(int cap);
	int (*cap_free)(void *text);
	void *lib = dlopen("libcap.so.2", RTLD_NOW);

	if (!lib) {
		print_message("no libcap.so.2: nothing to compare with\n");
		skip();
	}
	*(void **)&cap_to_name = dlsym(lib, "cap_to_name");
	*(void **)&cap_free = dlsym(lib, "cap_free");
	assert_non_null(cap_to_name);
	assert_non_null(cap_free);
	for (int cap = 0; cap <= 40; cap++) {
		char *theirs = cap_to_name(cap);

		assert_int_equal(strcasecmp(rf_capability_name(cap), theirs), 0);
		cap_free(theirs);
	}
	dlclose(lib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errnos_against_libc),
		cmocka_unit_test(kernel_errnos),
		cmocka_unit_test(restart_codes),
		cmocka_unit_test(signals_against_libc),
		cmocka_unit_test(signal_labels),
		cmocka_unit_test(signals_as_people_write_them),
		cmocka_unit_test(codes),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(capabilities_against_libcap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
