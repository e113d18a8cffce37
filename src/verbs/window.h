/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window of a live verb: it waits, without a busy moment, for records, for the next interval,
 * and for what ends the window: the duration, a signal, or the end of the command and of every
 * process it left behind.
 *
 * Signals. The first SIGINT or SIGTERM ends the window, and the result is printed; from then on
 * either kills at once, so a second Ctrl-C always gets out. With a command that still runs, the
 * first one leaves the window open until the command has ended: the terminal gives SIGINT to the
 * command as well, and a signal that a process sent to ringfence alone is handed on to it.
 */
#ifndef RF_VERBS_WINDOW_H
#define RF_VERBS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "verbs/command.h"

enum rf_event {
	RF_EVENT_RECORDS = 1, /* the ring has some */
	RF_EVENT_TICK = 2,    /* an interval is over */
	RF_EVENT_END = 4,     /* the window is over */
};

struct rf_window {
	struct rf_command *command; /* NULL: none */
	int end_fd;                 /* tells of the first SIGINT or SIGTERM */
	int child_fd;               /* tells of SIGCHLD */
	uint64_t end_ns;            /* 0: no end of its own */
	uint64_t interval_ns;       /* 0: none */
	uint64_t tick_ns;
	bool interrupted;
	bool progress; /* remarks on stderr are welcome */
};

/*
 * Takes the signals over; one window at a time, and after the command was forked, which is to find
 * them as they were. 0 or a negative errno. Undone by rf_window_close(), which may be called twice.
 */
int rf_window_open(struct rf_window *w, struct rf_command *command);
void rf_window_close(struct rf_window *w);

/* The window begins at now_ns; durations in ns, 0: none. */
void rf_window_start(struct rf_window *w, uint64_t now_ns, uint64_t duration_ns,
                     uint64_t interval_ns);

/*
 * Waits for the next thing to do: a mask of enum rf_event, or a negative errno; -ENOEXEC when the
 * command could not be executed (after a message).
 */
int rf_window_wait(struct rf_window *w, int ring_fd);

/* After the window: waits for a command that still runs, because -d was shorter. */
void rf_window_wait_command(struct rf_window *w);

#endif
