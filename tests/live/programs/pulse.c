// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pulse NAME CALLS FAILURES [stuck]: calls itself NAME, and fifty times a second makes so many
 * calls of getppid and so many of openat that fail with ENOENT. stuck: a thread of it, named
 * "stuck", sits in a read that nobody answers. Ends with its parent.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void *stick(void *arg)
{
	int *fds = arg;
	char c;

	prctl(PR_SET_NAME, "stuck");
	return read(fds[0], &c, 1) < 0 ? arg : NULL;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	static int fds[2];
	pthread_t thread;
	int calls, failures;

	if (argc < 4)
		return 2;
	calls = atoi(argv[2]);
	failures = atoi(argv[3]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, argv[1]);
	if (argc > 4 && (pipe(fds) || pthread_create(&thread, NULL, stick, fds)))
		return 1;
	for (;;) {
		for (int i = 0; i < calls; i++)
			syscall(SYS_getppid);
		for (int i = 0; i < failures; i++)
			syscall(SYS_openat, AT_FDCWD, "/nonexistent/file", O_RDONLY);
		nanosleep(&pause, NULL);
	}
}
