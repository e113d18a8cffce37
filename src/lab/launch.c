// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What the name nobody stands for, wherever it exists; the number needs no user of its own. */
#define NOBODY 65534
#define FILE_MAX ((rlim_t)64 << 20)
/* Rounds of looking for processes that came of the program and escaped its session. */
#define ROUNDS 100

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

int rf_lab_dir_make(char *buf, size_t len)
{
	const char *tmp = getenv("TMPDIR");

	/* not /tmp, which may be memory: a lab needs a file that is on a disk */
	snprintf(buf, len, "%s/ringfence-lab-XXXXXX", tmp && *tmp == '/' ? tmp : "/var/tmp");
	if (!mkdtemp(buf))
		return -errno;
	if (chown(buf, NOBODY, NOBODY)) {
		int err = errno;

		rmdir(buf);
		return -err;
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	remove(path);
	return 0;
}

void rf_lab_dir_remove(const char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int rf_lab_image(const void *data, size_t size)
{
	const char *bytes = data;
	__close int fd = memfd_create("lab", MFD_CLOEXEC | MFD_EXEC);

	/* before 6.3 the flag was unknown and every such file executable */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("lab", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		size -= (size_t)n;
	}
	if (fchmod(fd, 0755))
		return -errno;
	return rf_steal_fd(&fd);
}

static int limit(int resource, rlim_t value)
{
	struct rlimit r = { value, value };

	return setrlimit(resource, &r) ? -errno : 0;
}

static int set_limits(const struct rf_lab_limits *l)
{
	int ret = limit(RLIMIT_CPU, l->seconds);

	ret = ret ? ret : limit(RLIMIT_NPROC, l->processes);
	ret = ret ? ret : limit(RLIMIT_FSIZE, FILE_MAX);
	/* 1, not 0: with a limit of 0 a pipe in core_pattern is still fed */
	return ret ? ret : limit(RLIMIT_CORE, 1);
}

static int keep_capability(unsigned int cap)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	uint32_t bit = UINT32_C(1) << cap;
	struct __user_cap_data_struct data[2] = { { bit, bit, bit }, { 0, 0, 0 } };

	if (syscall(SYS_capset, &header, data) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
		return -errno;
	return 0;
}

static int become_nobody(const struct rf_lab_limits *l)
{
	if (prctl(PR_SET_KEEPCAPS, l->raise_priority, 0, 0, 0) || setgroups(0, NULL) ||
	    setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	return l->raise_priority ? keep_capability(CAP_SYS_NICE) : 0;
}

static int redirect(void)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* standard output is for results */
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	return 0;
}

static int make_ready(const struct rf_lab_program *p)
{
	int ret;

	if (setsid() < 0 || chdir(p->dir) || setpriority(PRIO_PROCESS, 0, 0))
		return -errno;
	ret = redirect();
	ret = ret ? ret : set_limits(&p->limits);
	ret = ret ? ret : become_nobody(&p->limits);
	/* after the change of user, which clears it */
	if (!ret && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		ret = -errno;
	if (!ret && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = -errno;
	if (!ret && p->socket_fd >= 0 && fcntl(p->socket_fd, F_SETFD, 0))
		ret = -errno;
	return ret;
}

static void __attribute__((noreturn))
child(const struct rf_lab_program *p, int go_fd, int report_fd)
{
	char socket_variable[32], go;
	char path_variable[] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
	char *environment[] = { path_variable, NULL, NULL };
	int err = -make_ready(p);

	if (p->socket_fd >= 0) {
		snprintf(socket_variable, sizeof(socket_variable), "RF_LAB_SOCKET=%d",
		         p->socket_fd);
		environment[1] = socket_variable;
	}
	if (!err) {
		/* end of file: nobody measures any more */
		if (read(go_fd, &go, 1) != 1)
			_exit(1);
		/* last: this process itself may be larger, and its stack could not grow any more */
		err = -limit(RLIMIT_AS, p->limits.memory);
	}
	if (!err) {
		if (p->image_fd >= 0)
			syscall(SYS_execveat, p->image_fd, "", p->argv, environment, AT_EMPTY_PATH);
		else
			execve(p->argv[0], p->argv, environment);
		err = errno;
	}
	if (write(report_fd, &err, sizeof(err)) != sizeof(err))
		_exit(2);
	_exit(1);
}

int rf_lab_fork(struct rf_lab_child *c, const struct rf_lab_program *p)
{
	int go[2], report[2];

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || pipe2(go, O_CLOEXEC))
		return -errno;
	c->go_fd = go[1];
	if (pipe2(report, O_CLOEXEC)) {
		close(go[0]);
		return -errno;
	}
	c->report_fd = report[0];
	fflush(NULL);
	c->pid = fork();
	if (c->pid == 0) {
		/* else the child would hold its own go pipe open for ever */
		close(go[1]);
		child(p, go[0], report[1]);
	}
	close(go[0]);
	close(report[1]);
	if (c->pid < 0) {
		c->pid = 0;
		return -EAGAIN;
	}
	return 0;
}

int rf_lab_go(struct rf_lab_child *c)
{
	int err;

	/* a child that could not be made ready has gone: its report says why */
	signal(SIGPIPE, SIG_IGN);
	if (write(c->go_fd, "", 1) < 0 && errno != EPIPE)
		return -errno;
	signal(SIGPIPE, SIG_DFL);
	return read(c->report_fd, &err, sizeof(err)) == sizeof(err) ? -err : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Kills the processes that are children of this one now; orphans of the program among them. */
static bool kill_children(void)
{
	__fclose FILE *f = NULL;
	char path[64];
	int pid;
	bool any = false;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1) {
		kill(pid, SIGKILL);
		any = true;
	}
	return any;
}

void rf_lab_child_end(struct rf_lab_child *c)
{
	close_fd(&c->go_fd);
	close_fd(&c->report_fd);
	if (!c->pid)
		return;
	kill(-c->pid, SIGKILL);
	for (int i = 0; i < ROUNDS; i++) {
		bool any = kill_children();
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			break;
		usleep(any ? 1000 : 10000);
	}
	c->pid = 0;
}
