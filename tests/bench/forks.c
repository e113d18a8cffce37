// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that live for an instant, one after the other: forks COUNT [exec]
 * With exec each becomes this program anew before it ends. A segment is 20 of them.
 */
#include <sys/wait.h>

#include "bench.h"

#define A_SEGMENT 20

static struct segments segments;

static void one(const char *exec)
{
	char *args[] = { (char *)exec, NULL };
	/* a child that shares the memory costs least, so that the storm is densest */
	pid_t pid = vfork();

	if (pid < 0) {
		perror("vfork");
		exit(1);
	}
	if (!pid) {
		if (exec)
			execv(exec, args);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	uint64_t before;
	long left;

	if (argc == 1)
		return 0;
	if (argc > 3 || (argc == 3 && strcmp(argv[2], "exec"))) {
		fprintf(stderr, "usage: forks COUNT [exec]\n");
		return 2;
	}
	for (left = number(argv[1], 1); left > 0; left -= A_SEGMENT) {
		long n = left < A_SEGMENT ? left : A_SEGMENT;

		before = now_ns();
		for (long i = 0; i < n; i++)
			one(argc == 3 ? "/proc/self/exe" : NULL);
		add_segment(&segments, now_ns() - before, (uint64_t)n);
	}
	print_segments(&segments);
	return 0;
}
