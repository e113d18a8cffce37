/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that a seccomp filter keeps from being made: seccomp MODE [CALLS]
 *   errno       getppid answers EPERM
 *   trap        getppid raises SIGSYS, which the program handles
 *   zero        getppid answers 0, as if it had been made
 *   zeroread    the same for read, whose number is 0 as well on x86_64
 *   trace       getppid answers ENOSYS, there being no tracer
 *   kill        getppid kills a child process
 *   killthread  getppid kills one thread of the process, which goes on
 */
#include "../nolibc.h"

#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

static struct rf_thread victim;
static volatile long handled;

static void on_signal(int number)
{
	(void)number;
	handled++;
}

static long filter(uint32_t nr, uint32_t answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = RF_LEN(code), .filter = code };

	rf_call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return rf_call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static void die(void *arg)
{
	(void)arg;
	filter(__NR_getppid, SECCOMP_RET_KILL_THREAD);
	/* Ends here, without a trace of its own: not booked. */
	rf_raw(__NR_getppid, 0, 0, 0, 0, 0, 0);
}

static void refused(const char *mode, long n)
{
	if (rf_streq(mode, "errno")) {
		filter(__NR_getppid, SECCOMP_RET_ERRNO | EPERM);
		rf_call_n(n, __NR_getppid, 0, 0, 0);
	} else if (rf_streq(mode, "zero")) {
		filter(__NR_getppid, SECCOMP_RET_ERRNO);
		rf_call_n(n, __NR_getppid, 0, 0, 0);
	} else if (rf_streq(mode, "zeroread")) {
		filter(__NR_read, SECCOMP_RET_ERRNO);
		rf_call_n(n, __NR_read, -1, 0, 0);
	} else if (rf_streq(mode, "trace")) {
		filter(__NR_getppid, SECCOMP_RET_TRACE);
		rf_call_n(n, __NR_getppid, 0, 0, 0);
	} else {
		rf_signal(SIGSYS, on_signal, 0);
		filter(__NR_getppid, SECCOMP_RET_TRAP);
		for (long i = 0; i < n; i++) {
			/* What it returns is the number of the call, not an answer. */
			rf_raw(__NR_getppid, 0, 0, 0, 0, 0, 0);
		}
		rf_tally_add(__NR_getppid, RF_SIGSYS, n);
		rf_tally_add(__NR_rt_sigreturn, 0, handled);
		rf_extra("handled", handled);
	}
}

static int rf_main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "errno";
	int status = 0;

	if (rf_streq(mode, "kill")) {
		long pid = rf_fork();

		if (!pid) {
			filter(__NR_getppid, SECCOMP_RET_KILL_PROCESS);
			rf_tally_add(__NR_getppid, RF_SIGSYS, 1);
			rf_raw(__NR_getppid, 0, 0, 0, 0, 0, 0);
		}
		rf_call(__NR_wait4, pid, &status, 0, 0);
		rf_extra("killed_by", status & 127);
	} else if (rf_streq(mode, "killthread")) {
		rf_thread(&victim, die, NULL);
		rf_join(&victim);
	} else {
		refused(mode, rf_arg(argc, argv, 2, 1000));
	}
	return 0;
}
