// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rf_time.h"
#include "ledger/cell.h"
#include "ledger/sat.h"
#include "views/top_impl.h"

static void clear_cells(struct rf_top_opened *o)
{
	for (size_t i = 0; i < o->nr_cells; i++)
		rf_cell_clear(&o->cells[i]);
	free(o->cells);
	free(o->failures);
	o->cells = NULL;
	o->failures = NULL;
	o->nr_cells = o->nr_failures = 0;
}

void rf_top_close_open(struct rf_top *t)
{
	if (!t->open)
		return;
	clear_cells(t->open);
	free(t->open->threads);
	free(t->open->history);
	free(t->open);
	t->open = NULL;
	if (t->page == RF_TOP_OPEN)
		t->page = RF_TOP_TABLE;
}

static int by_calls(const void *left, const void *right)
{
	const struct rf_cell *a = left, *b = right;

	if (a->calls != b->calls)
		return a->calls > b->calls ? -1 : 1;
	if (a->total_ns != b->total_ns)
		return a->total_ns > b->total_ns ? -1 : 1;
	return a->call < b->call ? -1 : a->call > b->call;
}

static int by_tid(const void *left, const void *right)
{
	const struct rf_process *a = &(*(const struct rf_top_thread *const *)left)->p;
	const struct rf_process *b = &(*(const struct rf_top_thread *const *)right)->p;

	if (a->tgid != b->tgid)
		return a->tgid < b->tgid ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static int by_count(const void *left, const void *right)
{
	const struct rf_top_failure *a = left, *b = right;

	if (a->error.count != b->error.count)
		return a->error.count > b->error.count ? -1 : 1;
	if (a->call != b->call)
		return a->call < b->call ? -1 : 1;
	return a->error.err < b->error.err ? -1 : a->error.err > b->error.err;
}

static int sum_cells(struct rf_top_opened *o, const struct rf_top_thread *const *threads, size_t nr)
{
	size_t nr_from = rf_top_gather(NULL, threads, nr);
	__free const struct rf_cell **from = calloc(nr_from + 1, sizeof(*from));
	int err = 0;

	o->cells = calloc(nr_from + 1, sizeof(*o->cells));
	if (!from || !o->cells)
		return -ENOMEM;
	rf_top_gather(from, threads, nr);
	for (size_t i = 0; i < nr_from && !err; i++) {
		if (!i || from[i]->call != from[i - 1]->call)
			o->cells[o->nr_cells++].call = from[i]->call;
		err = rf_cell_add(&o->cells[o->nr_cells - 1], from[i]);
	}
	qsort(o->cells, o->nr_cells, sizeof(*o->cells), by_calls);
	return err;
}

static int list_failures(struct rf_top_opened *o)
{
	size_t nr = 0;

	for (size_t i = 0; i < o->nr_cells; i++)
		nr += o->cells[i].nr_errnos;
	o->failures = calloc(nr + 1, sizeof(*o->failures));
	if (!o->failures)
		return -ENOMEM;
	for (size_t i = 0; i < o->nr_cells; i++) {
		for (size_t j = 0; j < o->cells[i].nr_errnos; j++)
			o->failures[o->nr_failures++] =
				(struct rf_top_failure){ .call = o->cells[i].call,
				                         .error = o->cells[i].errnos[j] };
	}
	qsort(o->failures, o->nr_failures, sizeof(*o->failures), by_count);
	return 0;
}

static int list_threads(struct rf_top_opened *o, const struct rf_top_thread *const *threads,
                        size_t nr)
{
	const struct rf_top_thread **list = reallocarray(o->threads, nr + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	memcpy(list, threads, nr * sizeof(*list));
	qsort(list, nr, sizeof(*list), by_tid);
	o->threads = list;
	o->nr_threads = nr;
	return 0;
}

static void add_history(struct rf_top_opened *o)
{
	const struct rf_process *p = &o->row.sum;
	uint64_t crossings = rf_sat_add(p->calls, rf_sat_add(p->faults.user, p->faults.kernel));

	if (o->window_ns)
		o->history[o->nr_history++ % RF_TOP_HISTORY] =
			(double)crossings * (double)RF_NSEC_PER_SEC / (double)o->window_ns;
}

double rf_top_open_rate(const struct rf_top_opened *o, size_t i, size_t nr)
{
	return o->history[(o->nr_history - nr + i) % RF_TOP_HISTORY];
}

/* Rows point into the snapshot, which goes before what is open does. */
static void keep_names(struct rf_top_opened *o)
{
	snprintf(o->user, sizeof(o->user), "%s", o->row.user);
	snprintf(o->cgroup, sizeof(o->cgroup), "%s", o->row.cgroup);
	if (o->row.sum.exe && *o->row.sum.exe)
		snprintf(o->exe, sizeof(o->exe), "%s", o->row.sum.exe);
	o->row.user = o->user;
	o->row.cgroup = o->cgroup;
	o->row.sum.exe = NULL;
}

/* The rows that the open one is among: those of the table, unless it is grouped otherwise now. */
static int find_open(struct rf_top *t, struct rf_top_rows *own, const struct rf_top_row **row,
                     const struct rf_top_thread *const **threads)
{
	struct rf_top_opened *o = t->open;
	const struct rf_top_rows *rows = &t->all;

	*row = NULL;
	if (o->by != t->by) {
		int err = rf_top_make_rows(own, t->shown, o->by);

		if (err)
			return err;
		rows = own;
	}
	for (size_t i = 0; i < rows->nr; i++) {
		if (rows->rows[i].key[0] == o->key[0] && rows->rows[i].key[1] == o->key[1])
			*row = &rows->rows[i];
	}
	if (*row)
		*threads = rows->order + (*row)->first;
	return 0;
}

int rf_top_refresh_open(struct rf_top *t, bool fresh)
{
	const struct rf_top_thread *const *threads;
	struct rf_top_rows own = { 0 };
	const struct rf_top_row *row;
	struct rf_top_opened *o = t->open;
	int err;

	if (!o || !t->shown)
		return 0;
	o->nr_threads = 0;
	err = find_open(t, &own, &row, &threads);
	o->gone = !row; /* its last numbers stay */
	if (!err && row) {
		o->row = *row;
		o->window_ns = t->shown->window_ns;
		keep_names(o);
		clear_cells(o);
		err = sum_cells(o, threads, row->nr);
		if (!err)
			err = list_failures(o);
		if (!err)
			err = list_threads(o, threads, row->nr);
		if (!err && fresh)
			add_history(o);
	}
	rf_top_rows_clear(&own);
	return err;
}

int rf_top_open(struct rf_top *t)
{
	const struct rf_top_row *row = rf_top_current(t);
	struct rf_top_opened *o;

	if (!row)
		return -ENOENT;
	rf_top_close_open(t);
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->history = calloc(RF_TOP_HISTORY, sizeof(*o->history));
	if (!o->history) {
		free(o);
		return -ENOMEM;
	}
	o->by = t->by;
	memcpy(o->key, row->key, sizeof(o->key));
	t->open = o;
	t->open_scroll = 0;
	t->follow = false;
	t->page = RF_TOP_OPEN;
	return rf_top_refresh_open(t, true);
}

void rf_top_set_exe(struct rf_top *t, const char *exe)
{
	if (t->open && !*t->open->exe)
		snprintf(t->open->exe, sizeof(t->open->exe), "%s", exe);
}

size_t rf_top_open_at(const struct rf_top_opened *o)
{
	for (size_t i = 0; o->cursor_set && i < o->nr_cells; i++) {
		if (o->cells[i].call == o->cursor)
			return i;
	}
	return 0;
}
