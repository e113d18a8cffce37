// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/window.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rf_time.h"

enum { POLL_RING, POLL_SIGNAL, POLL_REPORT, POLL_COUNT };

static void fill_end_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

int rf_window_open(struct rf_window *w, struct rf_command *command)
{
	sigset_t set;

	*w = (struct rf_window){ .command = command, .signal_fd = -1 };
	fill_end_signals(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, &w->old_mask))
		return -errno;
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signal_fd < 0) {
		int err = errno;

		sigprocmask(SIG_SETMASK, &w->old_mask, NULL);
		return -err;
	}
	return 0;
}

void rf_window_close(struct rf_window *w)
{
	if (w->signal_fd < 0)
		return;
	close(w->signal_fd);
	w->signal_fd = -1;
	sigprocmask(SIG_SETMASK, &w->old_mask, NULL);
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

/* From here on a signal ends ringfence at once, whatever it is busy with. */
static void let_signals_kill(void)
{
	sigset_t set;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	fill_end_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_end_signal(struct rf_window *w, const struct signalfd_siginfo *info)
{
	w->interrupted = true;
	if (command_lives(w)) {
		if (info->ssi_code == SI_USER)
			kill(w->command->pid, (int)info->ssi_signo);
		if (w->progress)
			rf_info("waiting for the command to end; the same again ends ringfence at once");
	}
	let_signals_kill();
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

	while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			on_child_signal(w);
		else
			on_end_signal(w, &info);
	}
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

int rf_window_wait(struct rf_window *w, int ring_fd)
{
	struct timespec ts;
	int events;

	while (!(events = time_events(w))) {
		struct pollfd fds[POLL_COUNT] = {
			[POLL_RING] = { .fd = ring_fd, .events = POLLIN },
			[POLL_SIGNAL] = { .fd = w->signal_fd, .events = POLLIN },
			[POLL_REPORT] = { .fd = w->command ? w->command->report_fd : -1,
			                  .events = POLLIN },
		};

		if (ppoll(fds, POLL_COUNT, timeout(w, &ts), NULL) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[POLL_REPORT].revents && rf_command_report(w->command))
			return -ENOEXEC;
		if (fds[POLL_SIGNAL].revents)
			read_signals(w);
		if (fds[POLL_RING].revents)
			return RF_EVENT_RECORDS | time_events(w);
	}
	return events;
}

void rf_window_wait_command(struct rf_window *w)
{
	if (!w->command)
		return;
	rf_command_reap(w->command);
	if (!command_lives(w))
		return;
	if (!w->interrupted && w->progress)
		rf_info("the window is over; waiting for the command to end, for its status");
	let_signals_kill();
	rf_command_wait(w->command);
}
