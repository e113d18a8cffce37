// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "verbs/verbs.h"

extern char **environ;

/* 0: can be executed; -EACCES: is there but cannot; -ENOENT: no such file. */
static int examine(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? -ENOENT : -EACCES;
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return -EACCES;
	return 0;
}

static char *default_path(void)
{
	size_t len = confstr(_CS_PATH, NULL, 0);
	char *path = malloc(len + 1);

	if (path)
		confstr(_CS_PATH, path, len);
	return path;
}

/* The first executable file of that name along PATH, in *found. */
static int search(const char *name, char **found)
{
	const char *env = getenv("PATH");
	__free char *dirs = env ? strdup(env) : default_path();
	char *rest = dirs, *dir;
	int ret = -ENOENT;

	if (!dirs)
		return -ENOMEM;
	while ((dir = strsep(&rest, ":"))) {
		__free char *path = NULL;
		int verdict;

		/* an empty entry is the current directory */
		if (asprintf(&path, "%s/%s", *dir ? dir : ".", name) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		verdict = examine(path);
		if (!verdict) {
			*found = rf_steal_ptr(&path);
			return 0;
		}
		/* like a shell, remember that there was one, and go on looking */
		if (verdict == -EACCES)
			ret = -EACCES;
	}
	return ret;
}

int rf_command_resolve(struct rf_command *c, char **argv)
{
	const char *name = argv[0];
	int ret;

	c->argv = argv;
	if (!*name) {
		ret = -ENOENT;
	} else if (strchr(name, '/')) {
		ret = examine(name);
		if (!ret && !(c->path = strdup(name)))
			ret = -ENOMEM;
	} else {
		ret = search(name, &c->path);
	}
	if (ret == -ENOENT)
		rf_err("%s: command not found; give a path, or a name that PATH leads to", name);
	else if (ret == -EACCES)
		rf_err("%s: not an executable file; chmod +x makes a program one", name);
	else if (ret)
		rf_err("%s: %s", name, strerror(-ret));
	return ret;
}

static void __attribute__((noreturn)) child(const struct rf_command *c, int go_fd, int report_fd)
{
	char go;
	int err;

	/* end of file: ringfence has gone, and nobody would measure the command */
	if (read(go_fd, &go, 1) != 1)
		_exit(RF_EXIT_NOT_FOUND);
	execve(c->path, c->argv, environ);
	err = errno;
	if (write(report_fd, &err, sizeof(err)) != sizeof(err))
		_exit(RF_EXIT_NOT_FOUND);
	_exit(RF_EXIT_NOT_EXECUTABLE);
}

static int fork_child(struct rf_command *c)
{
	int go[2], report[2];

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(report, O_CLOEXEC)) {
		int err = errno;

		close(go[0]);
		close(go[1]);
		return -err;
	}
	c->pid = fork();
	if (c->pid == 0) {
		/* else the child would hold its own go pipe open for ever */
		close(go[1]);
		close(report[0]);
		child(c, go[0], report[1]);
	}
	c->go_fd = go[1];
	c->report_fd = report[0];
	close(go[0]);
	close(report[1]);
	if (c->pid < 0) {
		c->pid = 0;
		return -errno;
	}
	return 0;
}

/* The state letter in /proc/PID/stat; it follows the name's last bracket. '\0': not to be had. */
static char state_of(pid_t pid)
{
	char path[32], text[512];
	const char *bracket;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	{
		__close int fd = open(path, O_RDONLY | O_CLOEXEC);

		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	}
	if (n <= 0)
		return '\0';
	text[n] = '\0';
	bracket = strrchr(text, ')');
	return bracket && bracket[1] == ' ' ? bracket[2] : '\0';
}

/*
 * Returns when the child sleeps, which it does only in the read that it waits in: a child that were
 * still on its way there when the window opens would have that read counted as COMMAND's.
 */
static void wait_until_blocked(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char state;

	do
		state = state_of(pid);
	while (state == 'R' && !nanosleep(&pause, NULL));
}

int rf_command_fork(struct rf_command *c)
{
	int ret = fork_child(c);

	if (!ret && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		ret = -errno;
	if (ret) {
		rf_err("cannot start %s: %s", c->argv[0], strerror(-ret));
		return ret;
	}
	/* inherited as ignored it would throw the exit status away; the child keeps it as it was */
	signal(SIGCHLD, SIG_DFL);
	wait_until_blocked(c->pid);
	return 0;
}

int rf_command_go(struct rf_command *c)
{
	ssize_t n = write(c->go_fd, "", 1);

	if (n != 1)
		return n < 0 ? -errno : -EIO;
	close(c->go_fd);
	c->go_fd = -1;
	return 0;
}

int rf_command_report(struct rf_command *c)
{
	int err = 0;
	ssize_t n;

	do
		n = read(c->report_fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	close(c->report_fd);
	c->report_fd = -1;
	if (n != sizeof(err))
		return 0;
	c->exec_errno = err;
	if (err == ENOENT)
		rf_err("cannot execute %s: the interpreter that it names does not exist", c->path);
	else if (err == ENOEXEC)
		rf_err("cannot execute %s: neither a program for this machine nor a script that "
		       "begins with #!",
		       c->path);
	else
		rf_err("cannot execute %s: %s", c->path, strerror(err));
	return -err;
}

static void note_exit(struct rf_command *c, pid_t pid, int status)
{
	if (pid != c->pid)
		return;
	c->exited = true;
	c->status = status;
}

void rf_command_reap(struct rf_command *c)
{
	int status;
	pid_t pid;

	if (!c->pid)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		note_exit(c, pid, status);
	if (pid < 0 && errno == ECHILD)
		c->all_exited = true;
}

void rf_command_wait(struct rf_command *c)
{
	int status;

	while (c->pid && !c->exited) {
		if (waitpid(c->pid, &status, 0) == c->pid)
			note_exit(c, c->pid, status);
		else if (errno != EINTR)
			return;
	}
}

int rf_command_exit_status(const struct rf_command *c)
{
	if (c->exec_errno)
		return RF_EXIT_NOT_EXECUTABLE;
	if (WIFSIGNALED(c->status))
		return RF_EXIT_SIGNAL + WTERMSIG(c->status);
	return WEXITSTATUS(c->status);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void rf_command_clear(struct rf_command *c)
{
	bool held = c->pid && c->go_fd >= 0;

	close_fd(&c->go_fd);
	close_fd(&c->report_fd);
	if (held)
		rf_command_wait(c);
	free(c->path);
	*c = RF_COMMAND_INIT;
}
