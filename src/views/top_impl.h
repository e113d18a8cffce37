/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of `ringfence top` share and nobody else sees.
 *
 *	top_snapshot.c  an interval out of the ledger
 *	top_rows.c      threads grouped
 *	top_model.c     rows sorted and filtered, the cursor
 *	top_open.c      the row that Enter opens
 *	top_keys.c      what a key does
 *	top_draw.c      a page on a canvas, whichever is on
 *	top_header.c    what stands above the table and the feed
 *	top_table.c     the table
 *	top_page.c      the page of what is open
 *	top_feed.c      the isolation feed
 *	top_help.c      help, and the columns to choose from
 *	top_save.c      the view as JSON and as text
 */
#ifndef RF_VIEWS_TOP_IMPL_H
#define RF_VIEWS_TOP_IMPL_H

#include "identity/syscall.h"
#include "views/canvas.h"
#include "views/top_model.h"

#define RF_TOP_CALL_LEN (RF_SYSCALL_NAME_LEN + 16)

/* A call's name, with its ABI where that is not the host's own. */
const char *rf_top_call_label(uint32_t call, char *buf, size_t len);

/* The row's name; raw. */
const char *rf_top_row_name(const struct rf_top_row *row, enum rf_by by);

/* The row with that key, shown or filtered out; NULL: none. */
const struct rf_top_row *rf_top_find(const struct rf_top *t, const uint64_t key[2]);

/* Takes what is open from the snapshot that is shown; fresh: that is another one than before. */
int rf_top_refresh_open(struct rf_top *t, bool fresh);

/* A key and what it does. Lists of them end with a NULL. */
struct rf_key_hint {
	const char *key;
	const char *what;
};

/* Pages, but for their last line. */
void rf_top_draw_table(const struct rf_top *t, struct rf_canvas *c);
void rf_top_draw_feed(struct rf_top *t, struct rf_canvas *c);
void rf_top_draw_help(struct rf_top *t, struct rf_canvas *c);
void rf_top_draw_chooser(const struct rf_top *t, struct rf_canvas *c);

/* Instead of user, kernel and waiting time. */
#define RF_TOP_NO_TIME "user, kernel and waiting time are not taken with --latency=none"

/* Pieces of pages, for the screen and for what is saved. */
#define RF_TOP_HEADER_LINES 4
void rf_top_draw_header(const struct rf_top *t, struct rf_canvas *c);
/* Titles in line y, and nr rows from the first-th on below. */
void rf_top_draw_rows(const struct rf_top *t, struct rf_canvas *c, int y, size_t first, size_t nr,
                      bool cursor);
void rf_top_draw_event(const struct rf_top *t, struct rf_canvas *c, int y,
                       const struct rf_top_event *e, bool selected);
int rf_top_event_lines(const struct rf_top_event *e);

/* The page of what is open, within the canvas' clip rows, from line top on; its height. */
int rf_top_draw_open(struct rf_top *t, struct rf_canvas *c, int top);

/*
 * A bar of width columns: each of the sides takes its share of whole. What is left over stays
 * blank.
 */
void rf_top_draw_bar(struct rf_canvas *c, int y, int x, int width, const struct rf_times *sides,
                     uint64_t whole);

/* Values as a row of small columns, the largest as high as it goes. */
void rf_top_draw_spark(struct rf_canvas *c, int y, int x, const double *values, size_t nr);

#endif
