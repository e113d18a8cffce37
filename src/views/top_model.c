// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/top_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/sat.h"
#include "views/top_impl.h"

/* Lines above and below the rows of the table. */
#define TABLE_LINES 7

struct column {
	const char *name;
	const char *title;
	const char *about;
	bool text;   /* sorted from A to Z, numbers from the largest */
	bool chosen; /* shown unless told otherwise */
};

static const struct column columns[RF_TOP_COLUMNS] = {
	[RF_TOP_PID] = { "pid", "PID", "process id", true, true },
	[RF_TOP_TID] = { "tid", "TID", "thread id", true, true },
	[RF_TOP_USERNAME] = { "user", "USER", "whose process it is", true, true },
	[RF_TOP_NAME] = { "name", "COMMAND", "name of the program", true, true },
	[RF_TOP_PROCESSES] = { "processes", "PROCS", "processes in the group", false, true },
	[RF_TOP_THREADS] = { "threads", "THR", "threads alive", false, false },
	[RF_TOP_TIME] = { "time", "TIME", "user, kernel and waiting time as a bar", false, true },
	[RF_TOP_USER_PERCENT] = { "user%", "USER%", "user time in % of a CPU", false, false },
	[RF_TOP_KERNEL_PERCENT] = { "kernel%", "KERN%", "kernel time in % of a CPU", false, false },
	[RF_TOP_WAITING_PERCENT] = { "waiting%", "WAIT%", "time off the CPU in % of a thread",
	                             false, false },
	[RF_TOP_CALLS] = { "calls", "CALL/s", "system calls a second", false, true },
	[RF_TOP_FAILED] = { "failed", "FAIL/s", "failed calls a second", false, true },
	[RF_TOP_MINOR] = { "minor", "MIN/s", "minor page faults a second", false, true },
	[RF_TOP_MAJOR] = { "major", "MAJ/s", "major page faults a second", false, true },
	[RF_TOP_DENIED] = { "denied", "DENY/s", "denied calls a second", false, true },
	[RF_TOP_VIOLATIONS] = { "violations", "VIOL", "violations since start", false, true },
	[RF_TOP_CALL] = { "call", "TOP CALL", "the call made most often", true, true },
	[RF_TOP_P99] = { "p99", "P99", "99 % of those calls took less", false, true },
};

const char *rf_top_column_title(enum rf_top_column c, enum rf_by by)
{
	if (c == RF_TOP_NAME && by == RF_BY_CGROUP)
		return "CGROUP";
	return columns[c].title;
}

const char *rf_top_column_about(enum rf_top_column c)
{
	return columns[c].about;
}

const char *rf_top_column_name(enum rf_top_column c)
{
	return columns[c].name;
}

int rf_top_column_parse(const char *name)
{
	for (int c = 0; c < RF_TOP_COLUMNS; c++) {
		if (!strcmp(columns[c].name, name))
			return c;
	}
	return -EINVAL;
}

const char *rf_top_column_names(void)
{
	return "pid, tid, user, name, processes, threads, time, user%, kernel%, waiting%, calls, "
	       "failed, minor, major, denied, violations, call, p99";
}

bool rf_top_column_fits(enum rf_top_column c, enum rf_by by)
{
	bool group = by == RF_BY_COMM || by == RF_BY_CGROUP;

	switch (c) {
	case RF_TOP_PID:
	case RF_TOP_USERNAME:
		return !group;
	case RF_TOP_TID:
		return by == RF_BY_THREAD;
	case RF_TOP_PROCESSES:
		return group;
	case RF_TOP_THREADS:
		return by != RF_BY_THREAD;
	default:
		return true;
	}
}

void rf_top_init(struct rf_top *t, uint64_t interval_ns)
{
	*t = (struct rf_top){ .by = RF_BY_PROCESS,
		              .sort = RF_TOP_CALLS,
		              .interval_ns = interval_ns };
	for (int c = 0; c < RF_TOP_COLUMNS; c++)
		t->columns |= (uint32_t)columns[c].chosen << c;
	rf_top_resize(t, 80, 24);
}

void rf_top_clear(struct rf_top *t)
{
	rf_top_close_open(t);
	rf_top_rows_clear(&t->all);
	free(t->rows);
	if (t->newest != t->shown)
		rf_top_snapshot_free(t->newest);
	rf_top_snapshot_free(t->shown);
	*t = (struct rf_top){ 0 };
}

/* What a row is sorted by, where that is a number. */
static uint64_t number_of(const struct rf_top_row *row, enum rf_top_column c)
{
	const struct rf_process *p = &row->sum;

	switch (c) {
	case RF_TOP_PID:
		return (uint64_t)p->tgid << 32 | p->tid;
	case RF_TOP_TID:
		return p->tid;
	case RF_TOP_PROCESSES:
		return row->processes;
	case RF_TOP_THREADS:
		return row->threads;
	case RF_TOP_TIME:
		return rf_sat_add(p->time.user, p->time.kernel);
	case RF_TOP_USER_PERCENT:
		return p->time.user;
	case RF_TOP_KERNEL_PERCENT:
		return p->time.kernel;
	case RF_TOP_WAITING_PERCENT:
		return p->time.waiting;
	case RF_TOP_CALLS:
		return p->calls;
	case RF_TOP_FAILED:
		return p->failed;
	case RF_TOP_MINOR:
		return p->faults.minor;
	case RF_TOP_MAJOR:
		return p->faults.major;
	case RF_TOP_DENIED:
		return p->denied;
	case RF_TOP_VIOLATIONS:
		return row->violations;
	case RF_TOP_P99:
		return row->p99_ns;
	default:
		return 0;
	}
}

const char *rf_top_row_name(const struct rf_top_row *row, enum rf_by by)
{
	if (by != RF_BY_CGROUP)
		return row->sum.known || *row->sum.comm ? row->sum.comm : "?";
	return row->cgroup && *row->cgroup ? row->cgroup : "(unknown)";
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_calls(const struct rf_top_row *a, const struct rf_top_row *b)
{
	char left[RF_TOP_CALL_LEN], right[RF_TOP_CALL_LEN];

	if (!a->top_calls || !b->top_calls)
		return compare_numbers(!a->top_calls, !b->top_calls);
	return strcmp(rf_top_call_label(a->top_call, left, sizeof(left)),
	              rf_top_call_label(b->top_call, right, sizeof(right)));
}

/* Ascending, by the column alone. */
static int compare_rows(const struct rf_top_row *a, const struct rf_top_row *b,
                        const struct rf_top *t)
{
	switch (t->sort) {
	case RF_TOP_NAME:
		return strcmp(rf_top_row_name(a, t->by), rf_top_row_name(b, t->by));
	case RF_TOP_USERNAME:
		return strcmp(a->user, b->user);
	case RF_TOP_CALL:
		return compare_calls(a, b);
	default:
		return compare_numbers(number_of(a, t->sort), number_of(b, t->sort));
	}
}

static int by_sort(const void *left, const void *right, void *ctx)
{
	const struct rf_top_row *a = *(const struct rf_top_row *const *)left;
	const struct rf_top_row *b = *(const struct rf_top_row *const *)right;
	const struct rf_top *t = ctx;
	int order = compare_rows(a, b, t);

	if (!columns[t->sort].text)
		order = -order;
	if (t->reverse)
		order = -order;
	/* ties: the busier first, and then something that does not change */
	if (!order)
		order = -compare_numbers(a->sum.calls, b->sum.calls);
	if (!order)
		order = compare_numbers(a->sum.tgid, b->sum.tgid);
	if (!order)
		order = compare_numbers(a->key[0], b->key[0]);
	return order ? order : compare_numbers(a->key[1], b->key[1]);
}

static bool passes(const struct rf_top *t, const struct rf_top_row *row)
{
	return !*t->filter || strcasestr(rf_top_row_name(row, t->by), t->filter);
}

static bool is_at(const struct rf_top_row *row, const uint64_t key[2])
{
	return row->key[0] == key[0] && row->key[1] == key[1];
}

const struct rf_top_row *rf_top_find(const struct rf_top *t, const uint64_t key[2])
{
	for (size_t i = 0; i < t->all.nr; i++) {
		if (is_at(&t->all.rows[i], key))
			return &t->all.rows[i];
	}
	return NULL;
}

/* Scrolls as little as brings the cursor onto the screen. */
static void scroll_to_cursor(struct rf_top *t)
{
	size_t page = t->page_rows > 0 ? (size_t)t->page_rows : 1;

	if (t->at < t->scroll)
		t->scroll = t->at;
	if (t->at >= t->scroll + page)
		t->scroll = t->at - page + 1;
	/* no blank rows below the last one while there are rows above */
	if (t->nr_rows <= page)
		t->scroll = 0;
	else if (t->scroll + page > t->nr_rows)
		t->scroll = t->nr_rows - page;
}

/* Finds the row that the cursor was set on. */
static void place_cursor(struct rf_top *t)
{
	size_t at = t->cursor_set ? t->at : 0;

	for (size_t i = 0; t->cursor_set && i < t->nr_rows; i++) {
		if (is_at(t->rows[i], t->cursor)) {
			t->at = i;
			scroll_to_cursor(t);
			return;
		}
	}
	/* it is gone: the one that has taken its place */
	t->at = at < t->nr_rows ? at : t->nr_rows ? t->nr_rows - 1 : 0;
	if (t->cursor_set && t->nr_rows)
		memcpy(t->cursor, t->rows[t->at]->key, sizeof(t->cursor));
	scroll_to_cursor(t);
}

/* Filters and sorts the rows that there are. */
static int arrange(struct rf_top *t)
{
	const struct rf_top_row **rows;

	rows = reallocarray(t->rows, t->all.nr + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	t->nr_rows = 0;
	for (size_t i = 0; i < t->all.nr; i++) {
		if (passes(t, &t->all.rows[i]))
			t->rows[t->nr_rows++] = &t->all.rows[i];
	}
	qsort_r(t->rows, t->nr_rows, sizeof(*t->rows), by_sort, t);
	place_cursor(t);
	return 0;
}

int rf_top_rebuild(struct rf_top *t)
{
	int err;

	t->nr_rows = 0;
	rf_top_rows_clear(&t->all);
	if (!t->shown)
		return 0;
	if (!rf_top_column_fits(t->sort, t->by))
		t->sort = RF_TOP_CALLS;
	err = rf_top_make_rows(&t->all, t->shown, t->by);
	/* it takes longer than all else, so only where it matters */
	for (size_t i = 0; t->sort == RF_TOP_P99 && i < t->all.nr; i++)
		rf_top_p99(&t->all, &t->all.rows[i], &t->all.rows[i].p99_ns);
	return err ? err : arrange(t);
}

int rf_top_show(struct rf_top *t, struct rf_top_snapshot *s)
{
	struct rf_top_snapshot *old = t->shown;
	int err;

	if (t->newest && t->newest != t->shown)
		rf_top_snapshot_free(t->newest);
	t->newest = s;
	if (t->paused && t->shown)
		return 0;
	t->shown = s;
	if (t->open)
		t->open->nr_threads = 0; /* they go with the old one */
	err = rf_top_rebuild(t);
	if (!err)
		err = rf_top_refresh_open(t, true);
	if (old != s)
		rf_top_snapshot_free(old);
	return err;
}

void rf_top_resize(struct rf_top *t, int width, int height)
{
	t->width = width > 0 ? width : 1;
	t->height = height > 0 ? height : 1;
	t->page_rows = t->height > TABLE_LINES ? t->height - TABLE_LINES : 1;
	scroll_to_cursor(t);
}

const struct rf_top_row *rf_top_current(const struct rf_top *t)
{
	return t->at < t->nr_rows ? t->rows[t->at] : NULL;
}

void rf_top_move_to(struct rf_top *t, size_t at)
{
	if (!t->nr_rows)
		return;
	t->at = at < t->nr_rows ? at : t->nr_rows - 1;
	memcpy(t->cursor, t->rows[t->at]->key, sizeof(t->cursor));
	t->cursor_set = true;
	scroll_to_cursor(t);
}

void rf_top_move(struct rf_top *t, long by)
{
	long at = (long)t->at + by;

	rf_top_move_to(t, at > 0 ? (size_t)at : 0);
}

size_t rf_top_nr_events(const struct rf_top *t)
{
	size_t nr = 0;

	if (!t->shown)
		return 0;
	if (!t->no_denials)
		return t->shown->nr_events;
	for (size_t i = 0; i < t->shown->nr_events; i++)
		nr += t->shown->events[i].violation;
	return nr;
}

const struct rf_top_event *rf_top_event(const struct rf_top *t, size_t at)
{
	for (size_t i = t->shown ? t->shown->nr_events : 0; i-- > 0;) {
		if (t->no_denials && !t->shown->events[i].violation)
			continue;
		if (!at--)
			return &t->shown->events[i];
	}
	return NULL;
}
