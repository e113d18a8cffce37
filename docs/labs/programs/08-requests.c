// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel looks at each request, and says no. Each is made ten times.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"

/* The one capability that the program was started with, CAP_SYS_NICE, is given up. */
static void drop_capability(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	syscall(SYS_capset, &header, none);
}

/* From now on getppid() is refused with EPERM; a filter cannot be taken off again. */
static void forbid_getppid(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1 /* EPERM */),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(rules) / sizeof(rules[0]), rules };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int main(void)
{
#define TEN_TIMES for (int i = 0; i < 10; i++)
	lab_part("a file", 10);
	/* show */
	/* a: a file of root's */
	TEN_TIMES open("/etc/shadow", O_RDONLY);
	/* hide */
	lab_part("b kill", 10);
	/* show */
	/* b: a process of root's */
	TEN_TIMES kill(1, 0);
	/* hide */
	lab_part("c capability, held", 10);
	/* show */
	/* c: go first; CAP_SYS_NICE held */
	TEN_TIMES setpriority(PRIO_PROCESS, 0, -1);
	/* hide */
	lab_end();
	setpriority(PRIO_PROCESS, 0, 0);
	drop_capability();
	lab_part("d capability, dropped", 10);
	/* show */
	/* d: the same without it */
	TEN_TIMES setpriority(PRIO_PROCESS, 0, -1);
	/* hide */
	lab_end();
	forbid_getppid();
	lab_part("e seccomp filter", 10);
	/* show */
	/* e: a filter forbids this one */
	TEN_TIMES getppid();
	/* hide */
	lab_end();
	return 0;
}
