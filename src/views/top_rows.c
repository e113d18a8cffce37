// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the threads of a snapshot to rows: threads are sorted by the process that they belong to,
 * so that each learns its leader, then by what they are grouped by. What belongs together then
 * stands together.
 */
#include "views/top_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "bpf/records.h"
#include "ledger/cell.h"
#include "ledger/sat.h"

struct item {
	const struct rf_top_thread *thread;
	const struct rf_top_thread *leader; /* of its process; itself, where that is not known */
	uint64_t process;                   /* key of its process */
	uint64_t key[2];
};

static uint64_t process_key(const struct rf_process *p)
{
	return p->tid != p->tgid ? RF_ENTITY(p->tgid, p->start_ns) : p->entity;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_process(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = compare(a->process, b->process);

	if (order)
		return order;
	/* the leader first */
	order = compare(a->thread->p.tid != a->thread->p.tgid,
	                b->thread->p.tid != b->thread->p.tgid);
	return order ? order : compare(a->thread->p.entity, b->thread->p.entity);
}

static int by_key(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = compare(a->key[0], b->key[0]);

	if (!order)
		order = compare(a->key[1], b->key[1]);
	return order ? order : by_process(left, right);
}

static void set_key(struct item *item, enum rf_by by)
{
	switch (by) {
	case RF_BY_COMM:
		memcpy(item->key, item->leader->p.comm, sizeof(item->key));
		break;
	case RF_BY_CGROUP:
		item->key[0] = item->thread->p.cgroup;
		break;
	case RF_BY_THREAD:
		item->key[0] = item->thread->p.entity;
		break;
	default:
		item->key[0] = item->process;
		break;
	}
}

static void fill_items(struct item *items, const struct rf_top_snapshot *s, enum rf_by by)
{
	for (size_t i = 0; i < s->nr_threads; i++)
		items[i] = (struct item){ .thread = &s->threads[i],
			                  .process = process_key(&s->threads[i].p) };
	qsort(items, s->nr_threads, sizeof(*items), by_process);
	for (size_t i = 0; i < s->nr_threads; i++) {
		bool same = i && items[i].process == items[i - 1].process;

		items[i].leader = same ? items[i - 1].leader : items[i].thread;
		set_key(&items[i], by);
	}
	qsort(items, s->nr_threads, sizeof(*items), by_key);
}

static void add_thread(struct rf_top_row *row, const struct rf_top_thread *t)
{
	struct rf_process *sum = &row->sum;
	const struct rf_process *p = &t->p;

	sum->exited = sum->exited && p->exited;
	rf_sat_inc(&sum->time.user, p->time.user);
	rf_sat_inc(&sum->time.kernel, p->time.kernel);
	rf_sat_inc(&sum->time.waiting, p->time.waiting);
	rf_sat_inc(&sum->faults.user, p->faults.user);
	rf_sat_inc(&sum->faults.kernel, p->faults.kernel);
	rf_sat_inc(&sum->faults.minor, p->faults.minor);
	rf_sat_inc(&sum->faults.major, p->faults.major);
	rf_sat_inc(&sum->fault_ns, p->fault_ns);
	rf_sat_inc(&sum->calls, p->calls);
	rf_sat_inc(&sum->failed, p->failed);
	rf_sat_inc(&sum->denied, p->denied);
	row->threads += t->inside.where != RF_TOP_GONE;
	rf_sat_inc(&row->violations, t->violations);
}

static void name_row(struct rf_top_row *row, const struct rf_top_thread *t, enum rf_by by)
{
	row->sum = (struct rf_process){
		.entity = row->key[0],
		.tgid = t->p.tgid,
		.tid = by == RF_BY_THREAD ? t->p.tid : t->p.tgid,
		.ppid = t->p.ppid,
		.uid = t->p.uid,
		.start_ns = t->p.start_ns,
		.cgroup = t->p.cgroup,
		.exe = t->p.exe,
		.known = t->p.known,
		.exited = true,
		.exit_status = t->p.exit_status,
	};
	memcpy(row->sum.comm, t->p.comm, sizeof(row->sum.comm));
	row->user = t->user;
	row->cgroup = t->cgroup;
}

static int by_call(const void *left, const void *right)
{
	const struct rf_cell *a = *(const struct rf_cell *const *)left;
	const struct rf_cell *b = *(const struct rf_cell *const *)right;

	return compare(a->call, b->call);
}

size_t rf_top_gather(const struct rf_cell **cells, const struct rf_top_thread *const *threads,
                     size_t nr_threads)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_threads; i++) {
		for (size_t j = 0; j < threads[i]->p.nr_cells; j++) {
			if (cells)
				cells[nr] = threads[i]->p.cells[j];
			nr++;
		}
	}
	/* those of one thread are in order already */
	if (cells && nr_threads > 1)
		qsort(cells, nr, sizeof(*cells), by_call);
	return nr;
}

/* The call that all threads of the row together made most often, the lower number at a tie. */
static void find_top_call(struct rf_top_row *row, const struct rf_top_thread *const *threads,
                          const struct rf_cell **cells)
{
	size_t nr = rf_top_gather(cells, threads, row->nr);

	for (size_t i = 0, begin = 0; i < nr; begin = i) {
		uint64_t calls = 0;

		for (; i < nr && cells[i]->call == cells[begin]->call; i++)
			rf_sat_inc(&calls, cells[i]->calls);
		if (calls > row->top_calls) {
			row->top_calls = calls;
			row->top_call = cells[begin]->call;
		}
	}
}

bool rf_top_p99(const struct rf_top_rows *rows, const struct rf_top_row *row, uint64_t *ns)
{
	struct rf_cell sum = { 0 };
	bool timed;
	int err = 0;

	for (size_t i = row->first; i < row->first + row->nr && row->top_calls; i++) {
		const struct rf_process *p = &rows->order[i]->p;

		for (size_t j = 0; j < p->nr_cells && !err; j++) {
			if (p->cells[j]->call == row->top_call)
				err = rf_cell_add(&sum, p->cells[j]);
		}
	}
	timed = !err && sum.hist.total;
	*ns = timed ? rf_hist_quantile(&sum.hist, 0.99, sum.min_ns, sum.max_ns) : 0;
	rf_cell_clear(&sum);
	return timed;
}

static void make_row(struct rf_top_row *row, const struct item *items, size_t first, size_t nr,
                     enum rf_by by, const struct rf_top_thread **order)
{
	*row = (struct rf_top_row){ .key = { items[first].key[0], items[first].key[1] },
		                    .first = first,
		                    .nr = nr };
	name_row(row, by == RF_BY_THREAD ? items[first].thread : items[first].leader, by);
	for (size_t i = first; i < first + nr; i++) {
		order[i] = items[i].thread;
		add_thread(row, items[i].thread);
		row->processes += i == first || items[i].process != items[i - 1].process;
	}
}

int rf_top_make_rows(struct rf_top_rows *rows, const struct rf_top_snapshot *s, enum rf_by by)
{
	__free struct item *items = calloc(s->nr_threads + 1, sizeof(*items));
	__free const struct rf_cell **cells = NULL;
	size_t nr_cells = 0;

	*rows = (struct rf_top_rows){ 0 };
	rows->order = calloc(s->nr_threads + 1, sizeof(struct rf_top_thread *));
	rows->rows = calloc(s->nr_threads + 1, sizeof(*rows->rows));
	for (size_t i = 0; i < s->nr_threads; i++)
		nr_cells += s->threads[i].p.nr_cells;
	cells = calloc(nr_cells + 1, sizeof(*cells));
	if (!items || !cells || !rows->order || !rows->rows) {
		rf_top_rows_clear(rows);
		return -ENOMEM;
	}
	fill_items(items, s, by);
	for (size_t i = 0, begin = 0; i < s->nr_threads; begin = i) {
		struct rf_top_row *row = &rows->rows[rows->nr++];

		while (i < s->nr_threads && items[i].key[0] == items[begin].key[0] &&
		       items[i].key[1] == items[begin].key[1])
			i++;
		make_row(row, items, begin, i - begin, by, rows->order);
		find_top_call(row, rows->order + begin, cells);
	}
	return 0;
}

void rf_top_rows_clear(struct rf_top_rows *rows)
{
	free(rows->rows);
	free(rows->order);
	*rows = (struct rf_top_rows){ 0 };
}
