/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process as /proc tells it: for those that were there before the probe was attached.
 *
 * All reads go through one descriptor of /proc/PID, so that what is returned belongs to one
 * process even if it ends meanwhile and its pid is given away again.
 */
#ifndef RF_IDENTITY_PROC_H
#define RF_IDENTITY_PROC_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A kernel worker's name is longer here than the 15 bytes that the kernel keeps for others. */
#define RF_PROC_COMM_LEN 64

/* comm, exe and cgroup are hostile input: escape before showing. */
struct rf_proc_info {
	pid_t pid;
	pid_t tgid; /* differs from pid if that was a thread's id */
	pid_t ppid;
	uid_t uid;  /* real, as bpf_get_current_uid_gid() has it */
	char state; /* as ps shows it: R S D Z … */
	bool kernel_thread;
	uint32_t threads;
	/*
	 * Since boot, cut to clock ticks: the kernel's own stamp is up to one tick later, so compare
	 * with rf_proc_same_start().
	 */
	uint64_t start_time_ns;
	char comm[RF_PROC_COMM_LEN];
	char exe[PATH_MAX]; /* "" for kernel threads, zombies, and where it may not be read */
	bool exe_deleted; /* the file is gone, or another has taken its name; exe is its old name */
	char cgroup[PATH_MAX]; /* as rf_pid_cgroup() chooses it; "" if unknown */
};

/* 0; -ESRCH: there is no such process, or it ended meanwhile; another negative errno. */
int rf_proc_read(pid_t pid, struct rf_proc_info *info);

/* Whether the kernel's start time (CLOCK_BOOTTIME, ns) and /proc's can be the same moment. */
bool rf_proc_same_start(uint64_t kernel_ns, uint64_t proc_ns);

#endif
