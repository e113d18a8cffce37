/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of `ringfence top`: a canvas shown on it, keys taken from it. Only what has changed
 * is sent.
 *
 * One screen at a time. From rf_screen_open() on the terminal is in a state that the shell cannot
 * use; every way out must lead through rf_screen_close(), or, in a signal handler, through
 * rf_screen_rescue().
 */
#ifndef RF_VIEWS_TOP_SCREEN_H
#define RF_VIEWS_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "views/canvas.h"

/*
 * Whether there is a terminal that can do it: standard input and output are one, and TERM names a
 * kind whose cursor can be moved. 0, or -ENOTTY or -EOPNOTSUPP with one line in err: the reason and
 * the remedy.
 */
int rf_screen_check(char *err, size_t len);

/* Takes the terminal over. 0, or a negative errno with one line in err. */
int rf_screen_open(char *err, size_t len);
/* Gives it back as it was; nothing happens if it is not open. */
void rf_screen_close(void);

/*
 * Gives it back as far as a handler of a fatal signal can: only functions that are safe there are
 * called. Nothing happens if the screen is not open.
 */
void rf_screen_rescue(void);

/* Whether the terminal's character set is UTF-8. */
bool rf_screen_utf8(void);
/* Columns and rows, as the terminal says now. */
void rf_screen_size(int *width, int *height);
/* Shows a canvas of that size. */
void rf_screen_show(const struct rf_canvas *c);
/* The next rf_screen_show() sends everything: the terminal may show something else. */
void rf_screen_repaint(void);
/* The next key, as top_model.h numbers them; false: none is waiting. */
bool rf_screen_key(uint32_t *key);
/* Gives the terminal back and takes it again: around being stopped. */
void rf_screen_leave(void);
void rf_screen_return(void);

#endif
