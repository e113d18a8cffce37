// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/window.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rf_time.h"

enum { POLL_RING, POLL_END, POLL_CHILD, POLL_REPORT, POLL_COUNT };

/* What the handler passes on. */
struct end_signal {
	int number;
	bool from_process; /* kill(2), not the terminal */
};

static int end_pipe = -1;

/*
 * A handler rather than a descriptor: whatever ringfence is busy with, a write into a full pipe
 * included, the second signal meets the default action.
 */
static void on_end(int number, siginfo_t *info, void *context)
{
	struct end_signal s = { number, info->si_code == SI_USER };
	int saved = errno;

	(void)context;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	/* the pipe is empty, for this happens once */
	if (write(end_pipe, &s, sizeof(s)) != sizeof(s))
		raise(number);
	errno = saved;
}

static int catch_end(void)
{
	struct sigaction action = { .sa_sigaction = on_end, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* one at a time, so that the first to come is the first to be seen */
	action.sa_mask = set;
	if (sigaction(SIGINT, &action, NULL) || sigaction(SIGTERM, &action, NULL) ||
	    sigprocmask(SIG_UNBLOCK, &set, NULL))
		return -errno;
	return 0;
}

static int open_descriptors(struct rf_window *w)
{
	sigset_t set;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	w->end_fd = fds[0];
	end_pipe = fds[1];
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	w->child_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->child_fd < 0 ? -errno : 0;
}

int rf_window_open(struct rf_window *w, struct rf_command *command)
{
	int ret;

	*w = (struct rf_window){ .command = command, .end_fd = -1, .child_fd = -1 };
	ret = open_descriptors(w);
	if (!ret)
		ret = catch_end();
	if (ret)
		rf_window_close(w);
	return ret;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void rf_window_close(struct rf_window *w)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	close_fd(&end_pipe);
	close_fd(&w->end_fd);
	close_fd(&w->child_fd);
}

void rf_window_start(struct rf_window *w, uint64_t now_ns, uint64_t duration_ns,
                     uint64_t interval_ns)
{
	w->end_ns = duration_ns ? now_ns + duration_ns : 0;
	w->interval_ns = interval_ns;
	w->tick_ns = interval_ns ? now_ns + interval_ns : 0;
}

static bool command_lives(const struct rf_window *w)
{
	return w->command && w->command->pid && !w->command->exited;
}

static void on_end_signal(struct rf_window *w, const struct end_signal *s)
{
	w->interrupted = true;
	if (!command_lives(w))
		return;
	if (s->from_process)
		kill(w->command->pid, s->number);
	if (w->progress)
		rf_info("waiting for the command to end; the same again ends ringfence at once");
}

static void on_child_signal(struct rf_window *w)
{
	bool lived = command_lives(w);

	if (!w->command)
		return;
	rf_command_reap(w->command);
	if (lived && !command_lives(w) && !w->command->all_exited && !w->interrupted && w->progress)
		rf_info("the command has ended, processes that it started live on; "
		        "Ctrl-C ends the window without them");
}

static void read_signals(struct rf_window *w)
{
	struct signalfd_siginfo info;
	struct end_signal s;
	bool child = false;

	while (read(w->end_fd, &s, sizeof(s)) == sizeof(s))
		on_end_signal(w, &s);
	while (read(w->child_fd, &info, sizeof(info)) == sizeof(info))
		child = true;
	if (child)
		on_child_signal(w);
}

static bool is_over(const struct rf_window *w, uint64_t now)
{
	if (w->end_ns && now >= w->end_ns)
		return true;
	if (w->command && w->command->pid && w->command->all_exited)
		return true;
	return w->interrupted && !command_lives(w);
}

/* The next interval's end; those that were slept through are left out. */
static void advance_tick(struct rf_window *w, uint64_t now)
{
	w->tick_ns += ((now - w->tick_ns) / w->interval_ns + 1) * w->interval_ns;
}

static int time_events(struct rf_window *w)
{
	uint64_t now = rf_now_ns();

	if (is_over(w, now))
		return RF_EVENT_END;
	if (w->tick_ns && now >= w->tick_ns) {
		advance_tick(w, now);
		return RF_EVENT_TICK;
	}
	return 0;
}

static const struct timespec *timeout(const struct rf_window *w, struct timespec *ts)
{
	uint64_t now = rf_now_ns(), until = w->end_ns;

	if (w->tick_ns && (!until || w->tick_ns < until))
		until = w->tick_ns;
	if (!until)
		return NULL;
	*ts = rf_ns_to_timespec(until > now ? until - now : 0);
	return ts;
}

/* ring_fd -1: signals only. 0: woken; 1: the ring has records; or a negative errno. */
static int wait_once(struct rf_window *w, int ring_fd, const struct timespec *until)
{
	struct pollfd fds[POLL_COUNT] = {
		[POLL_RING] = { .fd = ring_fd, .events = POLLIN },
		[POLL_END] = { .fd = w->end_fd, .events = POLLIN },
		[POLL_CHILD] = { .fd = w->child_fd, .events = POLLIN },
		[POLL_REPORT] = { .fd = w->command ? w->command->report_fd : -1, .events = POLLIN },
	};

	if (ppoll(fds, POLL_COUNT, until, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[POLL_REPORT].revents && rf_command_report(w->command))
		return -ENOEXEC;
	read_signals(w);
	return fds[POLL_RING].revents != 0;
}

int rf_window_wait(struct rf_window *w, int ring_fd)
{
	struct timespec ts;
	int events;

	while (!(events = time_events(w))) {
		int ret = wait_once(w, ring_fd, timeout(w, &ts));

		if (ret < 0)
			return ret;
		if (ret)
			return RF_EVENT_RECORDS | time_events(w);
	}
	return events;
}

void rf_window_wait_command(struct rf_window *w)
{
	if (!w->command)
		return;
	rf_command_reap(w->command);
	if (command_lives(w) && !w->interrupted && w->progress)
		rf_info("the window is over; waiting for the command to end, for its status");
	while (command_lives(w) && wait_once(w, -1, NULL) >= 0)
		;
}
