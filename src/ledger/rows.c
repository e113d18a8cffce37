// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grouping is done by sorting: what belongs together stands together, and no
 * table is needed. Cells are merged for the rows that are kept only, so that a
 * view of twenty rows copies twenty rows.
 */
#include "ledger/rows.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/records.h"
#include "ledger/cell.h"
#include "ledger/sat.h"

static const char *const by_names[] = {
	[RF_BY_PROCESS] = "process", [RF_BY_THREAD] = "thread", [RF_BY_COMM] = "comm",
	[RF_BY_CGROUP] = "cgroup",   [RF_BY_USER] = "user",     [RF_BY_CALL] = "call",
};

static const char *const sort_names[] = {
	[RF_SORT_CROSSINGS] = "crossings", [RF_SORT_CALLS] = "calls",
	[RF_SORT_FAILED] = "failed",       [RF_SORT_DENIED] = "denied",
	[RF_SORT_FAULTS] = "faults",       [RF_SORT_USER] = "user",
	[RF_SORT_KERNEL] = "kernel",       [RF_SORT_WAITING] = "waiting",
	[RF_SORT_TIME] = "time",           [RF_SORT_PID] = "pid",
	[RF_SORT_NAME] = "name",
};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static int parse(const char *const *names, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -EINVAL;
}

int rf_by_parse(const char *name)
{
	return parse(by_names, COUNT(by_names), name);
}

const char *rf_by_name(enum rf_by by)
{
	return by_names[by];
}

const char *rf_by_names(void)
{
	return "process, thread, comm, cgroup, user, call";
}

int rf_sort_parse(const char *name)
{
	return parse(sort_names, COUNT(sort_names), name);
}

const char *rf_sort_name(enum rf_sort sort)
{
	return sort_names[sort];
}

const char *rf_sort_names(void)
{
	return "crossings, calls, failed, denied, faults, user, kernel, waiting, time, pid, name";
}

/* What goes into a row: a process, or by call one of its cells. */
struct item {
	const struct rf_process *process;
	const struct rf_cell *cell; /* by call only */
	uint64_t key[2];
	size_t order; /* as the ledger has them */
};

/* A row in the making: its sums without cells, and its items [begin, end). */
struct group {
	struct rf_process sum; /* owns neither exe nor cells */
	uint64_t rank;         /* what it is sorted by, where that is a number */
	size_t begin;
	size_t end;
};

static bool has_crossings(const struct rf_process *p)
{
	const struct rf_faults *f = &p->faults;

	if (p->calls || p->failed || f->user || f->kernel || f->minor || f->major)
		return true;
	/* calls that were entered before this interval and ended in it */
	for (size_t i = 0; i < p->nr_cells; i++) {
		if (!rf_cell_is_empty(p->cells[i]))
			return true;
	}
	return false;
}

static void set_key(struct item *item, enum rf_by by)
{
	const struct rf_process *p = item->process;

	switch (by) {
	case RF_BY_PROCESS:
		/* threads go to the process that started when theirs did */
		item->key[0] = p->tid != p->tgid ? RF_ENTITY(p->tgid, p->start_ns) : p->entity;
		break;
	case RF_BY_THREAD:
		item->key[0] = p->entity;
		break;
	case RF_BY_COMM:
		memcpy(item->key, p->comm, sizeof(item->key));
		break;
	case RF_BY_CGROUP:
		item->key[0] = p->cgroup;
		break;
	case RF_BY_USER:
		/* who is not known is not root */
		item->key[0] = p->uid;
		item->key[1] = !p->known;
		break;
	case RF_BY_CALL:
		item->key[0] = item->cell->call;
		break;
	}
}

/* Counts the items, and fills them in if there is room for them. */
static size_t collect(struct item *items, const struct rf_ledger *l, enum rf_by by, bool idle)
{
	size_t nr = 0;

	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++) {
		const struct rf_process *p = rf_ledger_process(l, i);
		size_t each = by == RF_BY_CALL ? p->nr_cells : idle || has_crossings(p);

		for (size_t j = 0; j < each; j++) {
			struct item item = { .process = p, .order = nr };

			if (by == RF_BY_CALL && rf_cell_is_empty(p->cells[j]))
				continue;
			if (by == RF_BY_CALL)
				item.cell = p->cells[j];
			set_key(&item, by);
			if (items)
				items[nr] = item;
			nr++;
		}
	}
	return nr;
}

static bool same_key(const struct item *a, const struct item *b)
{
	return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

static int by_key(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	if (a->key[0] != b->key[0])
		return a->key[0] < b->key[0] ? -1 : 1;
	if (a->key[1] != b->key[1])
		return a->key[1] < b->key[1] ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void add_times(struct rf_times *sum, const struct rf_times *t)
{
	rf_sat_inc(&sum->user, t->user);
	rf_sat_inc(&sum->kernel, t->kernel);
	rf_sat_inc(&sum->waiting, t->waiting);
}

static void add_process(struct rf_process *sum, const struct rf_process *p)
{
	sum->exited = sum->exited && p->exited;
	sum->threads_seen += p->threads_seen;
	rf_sat_inc(&sum->kernel_minflt, p->kernel_minflt);
	rf_sat_inc(&sum->kernel_majflt, p->kernel_majflt);
	add_times(&sum->time, &p->time);
	rf_sat_inc(&sum->faults.user, p->faults.user);
	rf_sat_inc(&sum->faults.kernel, p->faults.kernel);
	rf_sat_inc(&sum->faults.minor, p->faults.minor);
	rf_sat_inc(&sum->faults.major, p->faults.major);
	rf_sat_inc(&sum->fault_ns, p->fault_ns);
	rf_sat_inc(&sum->calls, p->calls);
	rf_sat_inc(&sum->failed, p->failed);
	rf_sat_inc(&sum->denied, p->denied);
}

static void add_call(struct rf_process *sum, const struct rf_cell *c)
{
	struct rf_times inside = { .kernel = rf_sat_sub(c->total_ns, c->waiting_ns),
		                   .waiting = c->waiting_ns };

	rf_sat_inc(&sum->calls, c->calls);
	rf_sat_inc(&sum->failed, c->failed);
	rf_sat_inc(&sum->denied, c->denied);
	add_times(&sum->time, &inside);
}

/* Who the row is named after, and nothing counted yet. */
static struct rf_process named_after(const struct rf_process *p)
{
	struct rf_process sum = {
		.entity = p->entity,
		.tgid = p->tgid,
		.tid = p->tid,
		.ppid = p->ppid,
		.uid = p->uid,
		.start_ns = p->start_ns,
		.cgroup = p->cgroup,
		.exe = p->exe,
		.known = p->known,
		.exited = true,
		.exit_status = p->exit_status,
	};

	memcpy(sum.comm, p->comm, sizeof(sum.comm));
	return sum;
}

static void sum_up(struct group *g, const struct item *items, enum rf_by by)
{
	const struct rf_process *name = items[g->begin].process;

	for (size_t i = g->begin; i < g->end && by == RF_BY_PROCESS; i++) {
		/* a process is called what its leader is */
		if (items[i].process->tid == items[i].process->tgid)
			name = items[i].process;
	}
	g->sum = named_after(name);
	if (by == RF_BY_PROCESS) {
		g->sum.entity = items[g->begin].key[0];
		g->sum.tid = g->sum.tgid;
	}
	for (size_t i = g->begin; i < g->end; i++) {
		if (by == RF_BY_CALL)
			add_call(&g->sum, items[i].cell);
		else
			add_process(&g->sum, items[i].process);
	}
	if (by == RF_BY_CALL)
		g->sum.exited = false;
}

static uint64_t rank_of(const struct rf_process *p, enum rf_sort sort)
{
	uint64_t faults = rf_sat_add(p->faults.user, p->faults.kernel);

	switch (sort) {
	case RF_SORT_CROSSINGS:
		return rf_sat_add(p->calls, faults);
	case RF_SORT_CALLS:
		return p->calls;
	case RF_SORT_FAILED:
		return p->failed;
	case RF_SORT_DENIED:
		return p->denied;
	case RF_SORT_FAULTS:
		return faults;
	case RF_SORT_USER:
		return p->time.user;
	case RF_SORT_KERNEL:
		return p->time.kernel;
	case RF_SORT_WAITING:
		return p->time.waiting;
	case RF_SORT_TIME:
		return rf_sat_add(p->time.user, p->time.kernel);
	case RF_SORT_PID:
		/* ascending, as the only number that is */
		return ~((uint64_t)p->tgid << 32 | p->tid);
	case RF_SORT_NAME:
		break;
	}
	return 0;
}

static int by_rank(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	if (a->sum.entity != b->sum.entity)
		return a->sum.entity < b->sum.entity ? -1 : 1;
	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

static int by_comm(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	int order = memcmp(a->sum.comm, b->sum.comm, sizeof(a->sum.comm));

	return order ? order : by_rank(left, right);
}

static int by_begin(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* Calls have neither pid nor comm; their items, and so their groups, are in order of the call. */
static void sort_groups(struct group *groups, size_t nr, enum rf_by by, enum rf_sort sort)
{
	bool by_key_field = sort == RF_SORT_PID || sort == RF_SORT_NAME;

	if (by == RF_BY_CALL && by_key_field)
		qsort(groups, nr, sizeof(*groups), by_begin);
	else
		qsort(groups, nr, sizeof(*groups), sort == RF_SORT_NAME ? by_comm : by_rank);
}

static size_t count_groups(const struct item *items, size_t nr_items)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_items; i++)
		nr += !i || !same_key(&items[i], &items[i - 1]);
	return nr;
}

static void make_groups(struct group *groups, const struct item *items, size_t nr_items,
                        enum rf_by by, enum rf_sort sort)
{
	struct group *g = groups;

	for (size_t i = 0; i < nr_items; g++) {
		g->begin = i;
		while (i < nr_items && same_key(&items[i], &items[g->begin]))
			i++;
		g->end = i;
		sum_up(g, items, by);
		g->rank = rank_of(&g->sum, sort);
	}
	sort_groups(groups, (size_t)(g - groups), by, sort);
}

static void cell_free(struct rf_cell *c)
{
	if (!c)
		return;
	rf_cell_clear(c);
	free(c);
}

static int by_call(const void *left, const void *right)
{
	const struct rf_cell *a = *(const struct rf_cell *const *)left;
	const struct rf_cell *b = *(const struct rf_cell *const *)right;

	return a->call < b->call ? -1 : a->call > b->call;
}

static int by_calls(const void *left, const void *right)
{
	const struct rf_cell *a = *(const struct rf_cell *const *)left;
	const struct rf_cell *b = *(const struct rf_cell *const *)right;

	if (a->calls != b->calls)
		return a->calls > b->calls ? -1 : 1;
	if (a->total_ns != b->total_ns)
		return a->total_ns > b->total_ns ? -1 : 1;
	return a->call < b->call ? -1 : a->call > b->call;
}

/* The cells of the items that are not empty; counts them if cells is NULL. */
static size_t gather(const struct rf_cell **cells, const struct item *items, size_t nr_items)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_items; i++) {
		const struct rf_process *p = items[i].process;
		struct rf_cell *const *from = p->cells;
		size_t each = p->nr_cells;

		if (items[i].cell) {
			if (cells)
				cells[nr] = items[i].cell;
			nr++;
			continue;
		}
		for (size_t j = 0; j < each; j++) {
			if (rf_cell_is_empty(from[j]))
				continue;
			if (cells)
				cells[nr] = from[j];
			nr++;
		}
	}
	return nr;
}

/* A new cell at the end of p's; NULL when out of memory. The array has room. */
static struct rf_cell *append_cell(struct rf_process *p, uint32_t call)
{
	struct rf_cell *c = calloc(1, sizeof(*c));

	if (c) {
		c->call = call;
		p->cells[p->nr_cells++] = c;
	}
	return c;
}

static int merge_cells(struct rf_process *p, const struct item *items, size_t nr_items)
{
	size_t nr = gather(NULL, items, nr_items), distinct = 0;
	__free const struct rf_cell **from = NULL;
	struct rf_cell *to = NULL;
	int err = 0;

	if (!nr)
		return 0;
	from = calloc(nr, sizeof(*from));
	if (!from)
		return -ENOMEM;
	gather(from, items, nr_items);
	qsort(from, nr, sizeof(*from), by_call);
	for (size_t i = 0; i < nr; i++)
		distinct += !i || from[i]->call != from[i - 1]->call;
	p->cells = calloc(distinct, sizeof(struct rf_cell *));
	if (!p->cells)
		return -ENOMEM;
	for (size_t i = 0; i < nr && !err; i++) {
		if (!to || to->call != from[i]->call)
			to = append_cell(p, from[i]->call);
		err = to ? rf_cell_add(to, from[i]) : -ENOMEM;
	}
	if (!err)
		qsort(p->cells, p->nr_cells, sizeof(struct rf_cell *), by_calls);
	return err;
}

/* Turns a group into a row that stands on its own. */
static int make_row(struct rf_row *row, const struct group *g, const struct item *items,
                    enum rf_by by)
{
	row->sum = g->sum;
	row->sum.exe = NULL;
	row->processes = by == RF_BY_PROCESS ? 1 : g->end - g->begin;
	if (g->sum.exe) {
		row->sum.exe = strdup(g->sum.exe);
		if (!row->sum.exe)
			return -ENOMEM;
	}
	return merge_cells(&row->sum, items + g->begin, g->end - g->begin);
}

static int make_rows(struct rf_rows *rows, const struct group *groups, size_t nr,
                     const struct item *items)
{
	int err = 0;

	if (!nr)
		return 0;
	rows->rows = calloc(nr, sizeof(*rows->rows));
	if (!rows->rows)
		return -ENOMEM;
	for (; rows->nr < nr && !err; rows->nr++)
		err = make_row(&rows->rows[rows->nr], &groups[rows->nr], items, rows->by);
	return err;
}

int rf_rows_build(struct rf_rows *rows, const struct rf_ledger *l, enum rf_by by, enum rf_sort sort,
                  size_t top, bool idle)
{
	size_t nr_items = collect(NULL, l, by, idle), nr, keep;
	__free struct group *groups = NULL;
	__free struct item *items = NULL;
	int err;

	*rows = (struct rf_rows){ .by = by };
	if (!nr_items)
		return 0;
	items = calloc(nr_items, sizeof(*items));
	if (!items)
		return -ENOMEM;
	collect(items, l, by, idle);
	qsort(items, nr_items, sizeof(*items), by_key);
	nr = count_groups(items, nr_items);
	groups = calloc(nr, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	make_groups(groups, items, nr_items, by, sort);
	keep = top && top < nr ? top : nr;
	err = make_rows(rows, groups, keep, items);
	if (err)
		rf_rows_clear(rows);
	rows->by = by;
	rows->cut = err ? 0 : nr - keep;
	return err;
}

void rf_rows_clear(struct rf_rows *rows)
{
	for (size_t i = 0; i < rows->nr; i++) {
		struct rf_process *p = &rows->rows[i].sum;

		for (size_t j = 0; j < p->nr_cells; j++)
			cell_free(p->cells[j]);
		free(p->cells);
		free(p->exe);
	}
	free(rows->rows);
	*rows = (struct rf_rows){ 0 };
}
