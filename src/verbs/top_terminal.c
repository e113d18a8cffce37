// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/top_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "views/top_screen.h"

#define ALT_STACK (64 * 1024)
#define HELD_MAX (64 * 1024)

/* All whose default action ends the process; SIGINT and SIGTERM are the window's at first. */
static const int fatal[] = {
	SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,    SIGABRT, SIGSYS,  SIGTRAP, SIGHUP,  SIGQUIT,
	SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPIPE, SIGXCPU, SIGXFSZ,
};

#define FATALS (sizeof(fatal) / sizeof(fatal[0]))

static struct {
	int signal_fd;
	int stderr_fd;        /* the real one; -1: not held */
	int held_fd;          /* what is written meanwhile */
	struct sigaction end; /* the window's */
} terminal = { .signal_fd = -1, .stderr_fd = -1, .held_fd = -1 };

/* Only what is safe in a handler. */
static void release_stderr(void)
{
	char bytes[512];
	ssize_t n, at = 0;

	if (terminal.stderr_fd < 0)
		return;
	dup2(terminal.stderr_fd, STDERR_FILENO);
	terminal.stderr_fd = -1;
	while (at < HELD_MAX && (n = pread(terminal.held_fd, bytes, sizeof(bytes), at)) > 0) {
		if (write(STDERR_FILENO, bytes, (size_t)n) < 0)
			break;
		at += n;
	}
}

/* SA_RESETHAND: raised again, the signal meets its default action once this returns. */
static void on_fatal(int number)
{
	int saved = errno;

	rf_screen_rescue();
	release_stderr();
	raise(number);
	errno = saved;
}

static void catch_fatal(int number)
{
	struct sigaction action = { .sa_handler = on_fatal, .sa_flags = SA_RESETHAND | SA_ONSTACK };

	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* The window takes the first one and leaves the second to the default action. */
static void on_end(int number, siginfo_t *info, void *context)
{
	terminal.end.sa_sigaction(number, info, context);
	catch_fatal(SIGINT);
	catch_fatal(SIGTERM);
}

static void catch_end(void)
{
	struct sigaction action;

	sigaction(SIGTERM, NULL, &terminal.end);
	if (!(terminal.end.sa_flags & SA_SIGINFO))
		return;
	action = terminal.end;
	action.sa_sigaction = on_end;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void catch_all(void)
{
	static char stack[ALT_STACK];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sigaltstack(&alt, NULL);
	for (size_t i = 0; i < FATALS; i++)
		catch_fatal(fatal[i]);
	catch_end();
}

static void uncatch_all(void)
{
	for (size_t i = 0; i < FATALS; i++)
		signal(fatal[i], SIG_DFL);
	if (!(terminal.end.sa_flags & SA_SIGINFO))
		return;
	/* one that has come is not taken back */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	terminal.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return terminal.signal_fd < 0 ? -errno : 0;
}

static void hold_stderr(void)
{
	if (!isatty(STDERR_FILENO))
		return;
	terminal.held_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (terminal.held_fd < 0)
		return;
	terminal.stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (terminal.stderr_fd >= 0)
		dup2(terminal.held_fd, STDERR_FILENO);
}

int rf_terminal_take(void)
{
	char err[256] = "";
	int ret = open_signals();

	if (ret) {
		rf_err("cannot take over the terminal's signals: %s", strerror(-ret));
		return ret;
	}
	/* before the first change to the terminal */
	catch_all();
	ret = rf_screen_open(err, sizeof(err));
	if (ret) {
		rf_err("%s", err);
		rf_terminal_give_back();
		return ret;
	}
	hold_stderr();
	return 0;
}

void rf_terminal_give_back(void)
{
	if (terminal.signal_fd < 0)
		return;
	rf_screen_close();
	release_stderr();
	uncatch_all();
	if (terminal.held_fd >= 0)
		close(terminal.held_fd);
	close(terminal.signal_fd);
	terminal.held_fd = terminal.signal_fd = -1;
}

int rf_terminal_signal_fd(void)
{
	return terminal.signal_fd;
}

int rf_terminal_read_signals(void)
{
	struct signalfd_siginfo info;
	int events = 0;

	while (read(terminal.signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			events |= RF_TERMINAL_RESIZED;
		else if (info.ssi_signo == SIGTSTP)
			events |= RF_TERMINAL_STOP;
		else
			events |= RF_TERMINAL_CONTINUED;
	}
	return events;
}

void rf_terminal_stop(int group)
{
	sigset_t set;

	rf_screen_leave();
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	signal(SIGTSTP, SIG_DFL);
	kill(group ? 0 : getpid(), SIGTSTP);
	/* here it stops, and from here it goes on */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	rf_screen_return();
}
