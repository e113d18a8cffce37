// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/impl.h"

static void cell_free(struct rf_entry_cell *c)
{
	rf_hist_clear(&c->pub.hist);
	free(c->pub.errnos);
	free(c);
}

static void free_cells(struct rf_entry *e)
{
	for (size_t i = 0; i < e->pub.nr_cells; i++)
		cell_free((struct rf_entry_cell *)e->pub.cells[i]);
	free(e->pub.cells);
	e->pub.cells = NULL;
	e->pub.nr_cells = 0;
}

void rf_entry_free(struct rf_entry *e)
{
	if (!e)
		return;
	free_cells(e);
	free(e->pub.exe);
	free(e);
}

static struct rf_entry *entry_new(uint64_t entity)
{
	struct rf_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->pub.entity = entity;
	e->pub.tgid = RF_ENTITY_PID(entity);
	e->pub.tid = e->pub.tgid;
	e->fresh = true;
	return e;
}

static int reserve_entry(struct rf_ledger *l)
{
	size_t room = l->room ? l->room * 2 : 64;
	struct rf_entry **entries;

	if (l->nr < l->room)
		return 0;
	entries = reallocarray(l->entries, room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	l->entries = entries;
	l->room = room;
	return 0;
}

struct rf_entry *rf_entry_get(struct rf_ledger *l, uint64_t entity)
{
	struct rf_entry *e = rf_table_get(&l->by_entity, entity);
	bool back;

	if (e)
		return e;
	if (reserve_entry(l))
		return NULL;
	e = rf_table_get(&l->buried, entity);
	back = e;
	if (!back)
		e = entry_new(entity);
	if (!e)
		return NULL;
	if (rf_table_put(&l->by_entity, entity, e)) {
		if (!back)
			rf_entry_free(e);
		return NULL;
	}
	if (back) {
		rf_table_remove(&l->buried, entity);
		/* what arrived meanwhile went into the ledger's late times */
		rf_entry_roll(e);
	}
	l->entries[l->nr++] = e;
	return e;
}

/* Where call is or belongs in the cells, which are in order. */
static size_t cell_index(const struct rf_process *p, uint32_t call)
{
	size_t low = 0, high = p->nr_cells;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->cells[mid]->call < call)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct rf_entry_cell *rf_entry_cell(struct rf_entry *e, uint32_t call)
{
	struct rf_process *p = &e->pub;
	size_t at = cell_index(p, call);
	struct rf_cell **cells;
	struct rf_entry_cell *c;

	if (at < p->nr_cells && p->cells[at]->call == call)
		return (struct rf_entry_cell *)p->cells[at];
	/* room for a power of two */
	if (!(p->nr_cells & (p->nr_cells - 1))) {
		size_t room = p->nr_cells ? p->nr_cells * 2 : 1;

		cells = reallocarray(p->cells, room, sizeof(struct rf_cell *));
		if (!cells)
			return NULL;
		p->cells = cells;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->pub.call = call;
	memmove(p->cells + at + 1, p->cells + at, (p->nr_cells - at) * sizeof(struct rf_cell *));
	p->cells[at] = &c->pub;
	p->nr_cells++;
	return c;
}

bool rf_is_thread(uint64_t entity, uint32_t tgid, uint32_t tid)
{
	return tid != tgid && RF_ENTITY_PID(entity) == RF_ENTITY_PID(tid);
}

static void index_by_tgid(struct rf_ledger *l, struct rf_entry *e)
{
	const struct rf_entry *now = rf_table_get(&l->by_tgid, e->pub.tgid);

	if (e->pub.exited || now == e)
		return;
	/* A thread does not displace its leader. That memory is out here costs an inherited exe,
	 * which is looked up otherwise. */
	if (!now || e->pub.tid == e->pub.tgid || now->pub.exited)
		(void)rf_table_put(&l->by_tgid, e->pub.tgid, e);
}

static void unindex_by_tgid(struct rf_ledger *l, const struct rf_entry *e)
{
	if (rf_table_get(&l->by_tgid, e->pub.tgid) == e)
		rf_table_remove(&l->by_tgid, e->pub.tgid);
}

static void set_comm(struct rf_process *p, const char *comm)
{
	size_t len = strnlen(comm, RF_COMM_LEN);

	memset(p->comm, 0, sizeof(p->comm));
	memcpy(p->comm, comm, len);
}

void rf_entry_identify(struct rf_ledger *l, struct rf_entry *e, const struct rf_identity *id)
{
	struct rf_process *p = &e->pub;
	bool newer = !p->known || id->time_ns >= e->told_ns;
	bool own_comm = id->own_comm || !p->known;

	if (!p->known || p->tgid != id->tgid)
		unindex_by_tgid(l, e);
	p->tgid = id->tgid;
	p->tid = rf_is_thread(id->entity, id->tgid, id->tid) ? id->tid : id->tgid;
	if (id->start_ns)
		p->start_ns = id->start_ns;
	if (newer) {
		p->ppid = id->ppid;
		p->uid = id->uid;
		p->cgroup = id->cgroup;
		if (own_comm)
			set_comm(p, id->comm);
		e->told_ns = id->time_ns;
	}
	p->known = true;
	index_by_tgid(l, e);
}

int rf_entry_set_exe(struct rf_entry *e, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	free(e->pub.exe);
	e->pub.exe = copy;
	return 0;
}

int rf_entry_inherit_exe(struct rf_ledger *l, struct rf_entry *e)
{
	bool leader = e->pub.tid == e->pub.tgid;
	const struct rf_entry *from;

	if (e->pub.exe || e->exec_ns)
		return 0;
	from = rf_table_get(&l->by_tgid, leader ? e->pub.ppid : e->pub.tgid);
	/* an empty one says that it was looked for: that is for each to find out */
	if (!from || from == e || !from->pub.exe || !from->pub.exe[0])
		return 0;
	return rf_entry_set_exe(e, from->pub.exe);
}

void rf_entry_exit(struct rf_ledger *l, struct rf_entry *e, uint32_t status)
{
	e->pub.exited = true;
	e->pub.exit_status = status;
	unindex_by_tgid(l, e);
}

void rf_entry_show_calls(struct rf_entry *e, struct rf_entry_cell *c)
{
	uint64_t shown = rf_running_shown(&c->calls);
	uint64_t fresh = rf_sat_sub(c->calls.open, c->open_before);

	e->pub.calls = rf_sat_add(rf_sat_sub(e->pub.calls, c->pub.calls), shown);
	c->pub.calls = shown;
	c->pub.ended = c->calls.closed;
	c->pub.open = fresh < shown ? fresh : shown;
}

void rf_entry_show_times(struct rf_entry *e)
{
	struct rf_process *p = &e->pub;

	p->time.user = rf_running_shown(&e->spans[RF_SPAN_USER]);
	p->time.kernel = rf_running_shown(&e->spans[RF_SPAN_KERNEL]);
	p->time.waiting = rf_running_shown(&e->spans[RF_SPAN_WAITING]);
	p->fault_ns = rf_running_shown(&e->spans[RF_SPAN_FAULT]);
	if (p->fault_ns > p->time.kernel)
		p->fault_ns = p->time.kernel;
}

/* Begins an interval for c; false if c has nothing to remember either. */
static bool roll_cell(struct rf_entry_cell *c)
{
	bool idle = !c->calls.closed && !c->pub.failed;

	rf_running_roll(&c->calls);
	if (idle && !c->calls.ahead)
		return false;
	rf_hist_clear(&c->pub.hist);
	free(c->pub.errnos);
	c->pub = (struct rf_cell){ .call = c->pub.call };
	c->open_before = 0;
	return true;
}

void rf_entry_roll(struct rf_entry *e)
{
	struct rf_process *p = &e->pub;
	size_t kept = 0;

	for (size_t i = 0; i < RF_SPANS; i++)
		rf_running_roll(&e->spans[i]);
	for (size_t i = 0; i < p->nr_cells; i++) {
		struct rf_entry_cell *c = (struct rf_entry_cell *)p->cells[i];

		if (roll_cell(c))
			p->cells[kept++] = p->cells[i];
		else
			cell_free(c);
	}
	p->nr_cells = kept;
	p->calls = p->failed = p->denied = 0;
	p->faults = (struct rf_faults){ 0 };
	e->fresh = false;
	rf_entry_show_times(e);
}

/* Cells that have shown an open call whose end is still to come must stay, or it would be counted
 * once more. */
static void strip(struct rf_entry *e)
{
	struct rf_process *p = &e->pub;
	size_t kept = 0;

	for (size_t i = 0; i < p->nr_cells; i++) {
		struct rf_entry_cell *c = (struct rf_entry_cell *)p->cells[i];

		if (c->calls.ahead)
			p->cells[kept++] = p->cells[i];
		else
			cell_free(c);
	}
	p->nr_cells = kept;
}

void rf_entry_bury(struct rf_ledger *l, struct rf_entry *e)
{
	uint64_t *grave = &l->graves[l->next_grave];

	rf_table_remove(&l->by_entity, e->pub.entity);
	unindex_by_tgid(l, e);
	strip(e);
	if (*grave)
		rf_entry_free(rf_table_remove(&l->buried, *grave));
	*grave = e->pub.entity;
	l->next_grave = (l->next_grave + 1) % RF_GRAVES;
	if (rf_table_put(&l->buried, e->pub.entity, e))
		rf_entry_free(e);
}
