// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls flat out on one CPU: loop CPU MILLISECONDS [KINDS [CALLS]]
 * KINDS calls of different numbers take turns (default 1: getppid alone); a segment has CALLS
 * (default 5000), at least one round of all kinds.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "bench.h"

static struct segments segments;
static char scratch[4096];

/* Cheap, without effect, and never refused, arguments being what they are below. */
static const struct {
	long nr;
	long args[4];
} kinds[] = {
	{ SYS_getppid, { 0 } },
	{ SYS_getuid, { 0 } },
	{ SYS_gettid, { 0 } },
	{ SYS_getgid, { 0 } },
	{ SYS_getpid, { 0 } },
	{ SYS_geteuid, { 0 } },
	{ SYS_getegid, { 0 } },
	{ SYS_getsid, { 0 } },
	{ SYS_getpgid, { 0 } },
	{ SYS_umask, { 022 } },
	{ SYS_brk, { 0 } },
	{ SYS_sched_getscheduler, { 0 } },
	{ SYS_sched_get_priority_max, { 0 } },
	{ SYS_sched_get_priority_min, { 0 } },
	{ SYS_getpriority, { 0 } },
	{ SYS_personality, { 0xffffffff } },
	{ SYS_lseek, { 0, 0, SEEK_CUR } },
	{ SYS_fcntl, { 0, F_GETFD } },
	{ SYS_read, { 0, (long)scratch, 0 } },
	{ SYS_write, { 1, (long)scratch, 0 } },
	{ SYS_getrandom, { (long)scratch, 0, 0 } },
	{ SYS_getgroups, { 0, 0 } },
	{ SYS_sigaltstack, { 0, 0 } },
	{ SYS_rt_sigprocmask, { 0, 0, 0, 8 } },
	{ SYS_rt_sigpending, { (long)scratch, 8 } },
	{ SYS_rt_sigaction, { 10, 0, 0, 8 } },
	{ SYS_getcpu, { 0, 0, 0 } },
	{ SYS_getcwd, { (long)scratch, sizeof(scratch) } },
	{ SYS_uname, { (long)scratch } },
	{ SYS_sysinfo, { (long)scratch } },
	{ SYS_times, { 0 } },
	{ SYS_getrusage, { 0, (long)scratch } },
	{ SYS_clock_gettime, { CLOCK_MONOTONIC, (long)scratch } },
	{ SYS_clock_getres, { CLOCK_MONOTONIC, (long)scratch } },
	{ SYS_gettimeofday, { 0, 0 } },
	{ SYS_getitimer, { 0, (long)scratch } },
	{ SYS_prlimit64, { 0, 0, 0, (long)scratch } },
	{ SYS_sched_getparam, { 0, (long)scratch } },
	{ SYS_sched_getaffinity, { 0, sizeof(scratch), (long)scratch } },
	{ SYS_getresuid, { (long)scratch, (long)scratch, (long)scratch } },
	{ SYS_getresgid, { (long)scratch, (long)scratch, (long)scratch } },
	{ SYS_prctl, { 3 /* PR_GET_DUMPABLE */ } },
	{ SYS_fstat, { 0, (long)scratch } },
	{ SYS_madvise, { 0, 0, 0 } },
	{ SYS_msync, { 0, 0, 4 /* MS_SYNC */ } },
	{ SYS_mincore, { 0, 0, (long)scratch } },
	{ SYS_mprotect, { 0, 0, 0 } },
	{ SYS_readv, { 0, 0, 0 } },
	{ SYS_writev, { 1, 0, 0 } },
	{ SYS_futex, { (long)scratch, 1 /* FUTEX_WAKE */, 1 } },
	{ SYS_ppoll, { 0, 0, (long)(scratch + 2048), 0 } },
	{ SYS_flock, { 0, 8 /* LOCK_UN */ } },
	{ SYS_ioprio_get, { 1, 0 } },
	{ SYS_membarrier, { 0, 0 } },
	{ SYS_munlock, { 0, 0 } },
	{ SYS_mlock, { 0, 0 } },
	{ SYS_fadvise64, { 0, 0, 0, 0 } },
	{ SYS_sched_rr_get_interval, { 0, (long)scratch } },
};

#define KINDS_MAX (sizeof(kinds) / sizeof(kinds[0]))

static void round_of(size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const long *a = kinds[i].args;

		syscall(kinds[i].nr, a[0], a[1], a[2], a[3], 0L, 0L);
	}
}

int main(int argc, char **argv)
{
	uint64_t end, before, after;
	long calls, nr_kinds, rounds;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: loop CPU MILLISECONDS [KINDS [CALLS]]\n");
		return 2;
	}
	nr_kinds = argc > 3 ? number(argv[3], 1) : 1;
	calls = argc > 4 ? number(argv[4], 1) : 5000;
	if ((size_t)nr_kinds > KINDS_MAX) {
		fprintf(stderr, "%zu kinds at most\n", KINDS_MAX);
		return 2;
	}
	rounds = calls / nr_kinds ? calls / nr_kinds : 1;
	pin(number(argv[1], -1));
	memset(segments.ns, 0, sizeof(segments.ns)); /* its page faults are not in the segments */
	before = now_ns();
	end = before + (uint64_t)number(argv[2], 1) * 1000000;
	do {
		for (long i = 0; i < rounds; i++)
			round_of((size_t)nr_kinds);
		after = now_ns();
		add_segment(&segments, after - before, (uint64_t)(rounds * nr_kinds));
		before = now_ns();
	} while (after < end);
	print_segments(&segments);
	return 0;
}
