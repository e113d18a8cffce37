/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal while `ringfence top` has it: given back on every way out, fatal signals included,
 * and kept clean: what would be written to standard error meanwhile comes out afterwards.
 */
#ifndef RF_VERBS_TOP_TERMINAL_H
#define RF_VERBS_TOP_TERMINAL_H

/* After rf_window_open(). 0, or a negative errno after a message. */
int rf_terminal_take(void);
/* May be called again, and without rf_terminal_take(). */
void rf_terminal_give_back(void);

/* A descriptor that tells of rf_terminal_read_signals(); after rf_terminal_take(). */
int rf_terminal_signal_fd(void);

/* What the terminal's signals ask for; a mask. */
enum rf_terminal_event {
	RF_TERMINAL_RESIZED = 1,
	RF_TERMINAL_STOP = 2,
	RF_TERMINAL_CONTINUED = 4,
};
int rf_terminal_read_signals(void);

/* Stops this process, with group: all of its process group, until somebody continues it. */
void rf_terminal_stop(int group);

#endif
