/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of `ringfence top`: which interval is shown, as which rows, in which order, where the
 * cursor is and what every key does to that. It knows neither terminal nor probe, so all of it is
 * tested without either.
 *
 * The cursor stays with what it was set on while rows move around it; until it is set, it is on
 * the first row, whichever that is.
 */
#ifndef RF_VIEWS_TOP_MODEL_H
#define RF_VIEWS_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/rows.h"
#include "views/top_rows.h"
#include "views/top_snapshot.h"

enum rf_top_column {
	RF_TOP_PID,
	RF_TOP_TID, /* by thread alone */
	RF_TOP_USERNAME,
	RF_TOP_NAME,
	RF_TOP_PROCESSES, /* of a group alone */
	RF_TOP_THREADS,
	RF_TOP_TIME, /* the bar; sorts by user and kernel */
	RF_TOP_USER_PERCENT,
	RF_TOP_KERNEL_PERCENT,
	RF_TOP_WAITING_PERCENT,
	RF_TOP_CALLS,
	RF_TOP_FAILED,
	RF_TOP_MINOR,
	RF_TOP_MAJOR,
	RF_TOP_DENIED,
	RF_TOP_VIOLATIONS,
	RF_TOP_CALL, /* the call made most often, and its p99 */
	RF_TOP_P99,
	RF_TOP_COLUMNS
};

enum rf_top_page { RF_TOP_TABLE, RF_TOP_OPEN, RF_TOP_FEED, RF_TOP_HELP, RF_TOP_CHOOSER };

/* What is typed at the moment. */
enum rf_top_prompt { RF_TOP_NO_PROMPT, RF_TOP_FILTER, RF_TOP_SAVE };

/* One kind of failure of what is open. */
struct rf_top_failure {
	uint32_t call;
	struct rf_errno_count error;
};

/* The row that Enter has opened, followed through the intervals. */
struct rf_top_opened {
	enum rf_by by;
	uint64_t key[2];
	struct rf_top_row row; /* as it was last seen */
	const struct rf_top_thread *
		*threads; /* in order of their ids, none once it is gone; owned */
	size_t nr_threads;
	char user[64]; /* row.user and row.cgroup may be of a snapshot that is gone */
	char cgroup[512];
	char exe[512];
	bool gone;
	struct rf_cell *cells; /* sums, by calls, descending; owned */
	size_t nr_cells;
	struct rf_top_failure *failures; /* by count, descending; owned */
	size_t nr_failures;
	uint32_t cursor; /* the call that is looked at */
	bool cursor_set; /* else it is the first one */
	uint64_t window_ns;
	double *history; /* crossings a second since it was opened; a ring */
	size_t nr_history;
};

#define RF_TOP_FILTER_MAX 64

struct rf_top {
	/* what is to be shown: snapshots are owned; newest is the one to go on with after a pause */
	struct rf_top_snapshot *shown;
	struct rf_top_snapshot *newest;
	bool paused;

	enum rf_by by; /* process, thread, comm or cgroup */
	enum rf_top_column sort;
	bool reverse;
	uint32_t columns; /* a bit per column that is wanted */
	char filter[RF_TOP_FILTER_MAX];
	uint64_t interval_ns;

	enum rf_top_page page;
	enum rf_top_page back; /* where help and the chooser were called from */
	enum rf_top_prompt prompt;
	char message[256]; /* until the next key */

	struct rf_top_rows all;         /* of shown, by by */
	const struct rf_top_row **rows; /* of them: filtered and sorted */
	size_t nr_rows;
	uint64_t cursor[2]; /* key of the row */
	bool cursor_set;
	size_t at;     /* its place */
	size_t scroll; /* first row on the screen */

	struct rf_top_opened *open; /* NULL: none */
	int open_scroll;
	int open_height; /* lines of its page, as last drawn */
	int sections[8]; /* where parts of the page begin; for Tab */
	int nr_sections;
	int cursor_line; /* of the call that is looked at */
	bool follow;     /* keep that line on the screen */

	size_t feed_at; /* event under the cursor, counted from the newest */
	size_t feed_scroll;
	bool no_denials; /* the feed leaves them out */
	int help_scroll;
	int help_height;
	int chooser_at;

	int width; /* of the screen */
	int height;
	int page_rows; /* rows or lines that fit */

	/* about the run */
	bool utf8; /* what is saved as text */
	char target[256];
	bool no_latency; /* neither durations nor user, kernel and waiting time are taken */
};

/* Keys that are no characters. */
enum rf_key {
	RF_KEY_ESCAPE = 27,
	RF_KEY_UP = 0x110000,
	RF_KEY_DOWN,
	RF_KEY_LEFT,
	RF_KEY_RIGHT,
	RF_KEY_PAGE_UP,
	RF_KEY_PAGE_DOWN,
	RF_KEY_HOME,
	RF_KEY_END,
	RF_KEY_ENTER,
	RF_KEY_BACKSPACE,
	RF_KEY_TAB,
	RF_KEY_BACKTAB,
	RF_KEY_F1,
	RF_KEY_F10,
	RF_KEY_OTHER, /* a key without a meaning here */
};

#define RF_KEY_CTRL(c) ((uint32_t)(c)&0x1f)

/* What a key asks of the caller. */
enum rf_top_action {
	RF_TOP_NOTHING, /* but to draw */
	RF_TOP_QUIT,
	RF_TOP_SAVE_JSON,
	RF_TOP_SAVE_TEXT,
	RF_TOP_INTERVAL, /* interval_ns has changed */
	RF_TOP_REPAINT,  /* the terminal may show something else than it should */
	RF_TOP_SUSPEND,
	RF_TOP_OPENED, /* a row was opened: rf_top_set_exe() may tell more about it */
};

void rf_top_init(struct rf_top *t, uint64_t interval_ns);
void rf_top_clear(struct rf_top *t);

/* Shows s from now on, or keeps it for later while paused; takes it over. 0 or -ENOMEM. */
int rf_top_show(struct rf_top *t, struct rf_top_snapshot *s);

/* The screen's size in columns and rows. */
void rf_top_resize(struct rf_top *t, int width, int height);

/* A key: a Unicode character or enum rf_key. */
enum rf_top_action rf_top_key(struct rf_top *t, uint32_t key);

/* Groups, filters and sorts anew; the setters below and every key do it themselves. 0 or -ENOMEM. */
int rf_top_rebuild(struct rf_top *t);

/* Where the executable of what is open lies; raw. */
void rf_top_set_exe(struct rf_top *t, const char *exe);

/*
 * Draws the page that is on, in the canvas' size; what is scrolled follows what is drawn. A canvas
 * of another size than the screen's (rf_top_resize()) is for saving.
 */
struct rf_canvas;
void rf_top_draw(struct rf_top *t, struct rf_canvas *c);

/* The view as one JSON object; the same as text, all rows. 0, -ENOMEM or -EIO. */
int rf_top_save_json(struct rf_top *t, FILE *out);
int rf_top_save_text(struct rf_top *t, FILE *out);

/* The row under the cursor, or NULL. */
const struct rf_top_row *rf_top_current(const struct rf_top *t);

/* Moves the cursor by so many rows; rf_top_move_to() to a place. It stays with that row then. */
void rf_top_move(struct rf_top *t, long by);
void rf_top_move_to(struct rf_top *t, size_t at);

/* Opens the row under the cursor. 0; -ENOENT: there is none; -ENOMEM. */
int rf_top_open(struct rf_top *t);
void rf_top_close_open(struct rf_top *t);
/* The place of the call that is looked at. */
size_t rf_top_open_at(const struct rf_top_opened *o);
/* Crossings a second since it was opened, the i-th of nr, the oldest first. */
double rf_top_open_rate(const struct rf_top_opened *o, size_t i, size_t nr);

/* Events of the feed: how many there are, and the i-th, the newest first. */
size_t rf_top_nr_events(const struct rf_top *t);
const struct rf_top_event *rf_top_event(const struct rf_top *t, size_t i);

/* Titles and names of columns; what a column is about in a few words. */
const char *rf_top_column_title(enum rf_top_column c, enum rf_by by);
const char *rf_top_column_about(enum rf_top_column c);
/* A column by its name, as --sort takes it; -EINVAL. rf_top_column_names(): all, comma-separated. */
int rf_top_column_parse(const char *name);
const char *rf_top_column_name(enum rf_top_column c);
const char *rf_top_column_names(void);
/* Whether a column can be shown at all in that grouping. */
bool rf_top_column_fits(enum rf_top_column c, enum rf_by by);

#endif
