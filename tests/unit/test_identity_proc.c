// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes as /proc tells them: our own children, alive, odd, dead, and gone. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/rf_time.h"
#include "identity/proc.h"

#define RACES 3000
/* The longest lived spins for about as long as a read takes. */
#define SPIN 20

static void ourselves(void **state)
{
	struct rf_proc_info info;
	char exe[PATH_MAX] = "";

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(rf_proc_read(getpid(), &info), 0);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.tgid, getpid());
	assert_int_equal(info.ppid, getppid());
	assert_int_equal(info.uid, getuid());
	assert_string_equal(info.exe, exe);
	assert_false(info.exe_deleted);
	assert_false(info.kernel_thread);
	assert_int_equal(info.threads, 1);
	assert_int_equal(info.state, 'R');
	assert_string_equal(info.comm, "test_identity_p");
	assert_int_equal(info.cgroup[0], '/');
}

/* A child of that name, which lives until *release is closed. */
static pid_t start_child(int *release, const char *comm)
{
	int hold[2];
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		close(hold[1]);
		if (comm)
			prctl(PR_SET_NAME, comm);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(read(hold[0], &byte, 1) < 0);
	}
	close(hold[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*release = hold[1];
	return pid;
}

static void end_child(pid_t pid, int release)
{
	close(release);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void hostile_comms(void **state)
{
	static const char *const comms[] = { ") R 1 1 1 1 1 1", "a\nUid:\t7 7",   "x\\n\x1b[2J\"",
		                             "\xff\xfe\xc3",    "Tgid:\t1\nTgid", "trailing\n" };

	for (size_t i = 0; i < sizeof(comms) / sizeof(comms[0]); i++) {
		struct rf_proc_info info;
		char wanted[16];
		int release;
		pid_t pid = start_child(&release, comms[i]);

		snprintf(wanted, sizeof(wanted), "%s", comms[i]);
		assert_int_equal(rf_proc_read(pid, &info), 0);
		assert_string_equal(info.comm, wanted);
		assert_int_equal(info.ppid, getpid());
		assert_int_equal(info.tgid, pid);
		assert_int_equal(info.uid, getuid());
		end_child(pid, release);
	}
}

static void start_time(void **state)
{
	uint64_t tick = RF_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t before = rf_clock_ns(CLOCK_BOOTTIME);
	struct rf_proc_info info;
	int release;
	pid_t pid = start_child(&release, NULL);
	uint64_t after = rf_clock_ns(CLOCK_BOOTTIME);

	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_true(info.start_time_ns + tick > before);
	assert_true(info.start_time_ns <= after);
	assert_int_equal(info.start_time_ns % tick, 0);
	end_child(pid, release);

	assert_true(rf_proc_same_start(1000 * tick, 1000 * tick));
	assert_true(rf_proc_same_start(1001 * tick - 1, 1000 * tick));
	assert_false(rf_proc_same_start(1001 * tick, 1000 * tick));
	assert_false(rf_proc_same_start(1000 * tick - 1, 1000 * tick));
}

static void copy_file(const char *from, const char *to)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

static pid_t run(const char *exe)
{
	int fds[2];
	char byte;
	pid_t pid;

	/* Closed by a successful execve: then the child has become exe. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		execl(exe, exe, "60", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void deleted_executables(void **state)
{
	char dir[] = "/tmp/rf-proc-XXXXXX";
	char plain[64], odd[64];
	struct rf_proc_info info;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	snprintf(plain, sizeof(plain), "%s/prog", dir);
	snprintf(odd, sizeof(odd), "%s/prog (deleted)", dir);

	copy_file("/bin/sleep", plain);
	pid = run(plain);
	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_string_equal(info.exe, plain);
	assert_false(info.exe_deleted);
	assert_int_equal(unlink(plain), 0);
	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_string_equal(info.exe, plain);
	assert_true(info.exe_deleted);

	/* Somebody puts a file where the kernel's mark would point to: not the same file. */
	copy_file("/bin/sleep", odd);
	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_string_equal(info.exe, plain);
	assert_true(info.exe_deleted);
	stop(pid);

	/* A file whose own name ends like the mark. */
	pid = run(odd);
	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_string_equal(info.exe, odd);
	assert_false(info.exe_deleted);
	assert_int_equal(unlink(odd), 0);
	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_string_equal(info.exe, odd);
	assert_true(info.exe_deleted);
	stop(pid);
	assert_int_equal(rmdir(dir), 0);
}

static void *wait_on_pipe(void *fd)
{
	char byte;

	return read(*(int *)fd, &byte, 1) < 0 ? fd : NULL;
}

static void threads(void **state)
{
	char path[64];
	struct rf_proc_info info;
	pthread_t thread;
	int fds[2];
	FILE *children;
	int tid = 0;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_on_pipe, &fds[0]), 0);
	snprintf(path, sizeof(path), "ls /proc/%d/task | tail -1", getpid());
	children = popen(path, "r");
	assert_non_null(children);
	assert_int_equal(fscanf(children, "%d", &tid), 1);
	pclose(children);
	assert_int_not_equal(tid, getpid());

	assert_int_equal(rf_proc_read(tid, &info), 0);
	assert_int_equal(info.pid, tid);
	assert_int_equal(info.tgid, getpid());
	assert_int_equal(info.threads, 2);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
}

static void zombies_and_the_gone(void **state)
{
	struct rf_proc_info info;
	siginfo_t ended;
	int release;
	pid_t pid = start_child(&release, "soon-dead");

	close(release);
	assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(rf_proc_read(pid, &info), 0);
	assert_int_equal(info.state, 'Z');
	assert_string_equal(info.comm, "soon-dead");
	assert_string_equal(info.exe, "");
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rf_proc_read(pid, &info), -ESRCH);
	assert_int_equal(rf_proc_read(0, &info), -ESRCH);
	assert_int_equal(rf_proc_read(-1, &info), -ESRCH);
	assert_int_equal(rf_proc_read(1 << 23, &info), -ESRCH);
}

static void kernel_threads(void **state)
{
	struct rf_proc_info info;

	if (rf_proc_read(2, &info) || strcmp(info.comm, "kthreadd") != 0) {
		print_message("no kernel threads to be seen in this pid namespace\n");
		skip();
	}
	assert_true(info.kernel_thread);
	assert_string_equal(info.exe, "");
	assert_int_equal(info.ppid, 0);
}

/* Processes end under the reader's hands, thousands of them: whole answers or -ESRCH. */
static void races(void **state)
{
	size_t whole = 0;
	size_t gone = 0;

	for (int i = 0; i < RACES; i++) {
		struct rf_proc_info info;
		pid_t pid;
		int rc;

		/* Half of them stay zombies until waited for, half vanish at once. */
		signal(SIGCHLD, i % 2 ? SIG_IGN : SIG_DFL);
		pid = fork();
		if (!pid) {
			for (volatile int spin = 0; spin < i * SPIN; spin++)
				;
			_exit(0);
		}
		rc = rf_proc_read(pid, &info);
		if (!rc) {
			assert_int_equal(info.pid, pid);
			assert_int_equal(info.tgid, pid);
			assert_int_equal(info.ppid, getpid());
			assert_true(info.comm[0] != '\0');
			whole++;
		} else {
			assert_int_equal(rc, -ESRCH);
			gone++;
		}
		waitpid(pid, NULL, 0);
	}
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(whole + gone, RACES);
	print_message("%zu read, %zu gone meanwhile\n", whole, gone);
	assert_true(whole > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ourselves),      cmocka_unit_test(hostile_comms),
		cmocka_unit_test(start_time),     cmocka_unit_test(deleted_executables),
		cmocka_unit_test(threads),        cmocka_unit_test(zombies_and_the_gone),
		cmocka_unit_test(kernel_threads), cmocka_unit_test(races),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
