// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "ledger/impl.h"

static int reserve_found(struct rf_ledger *l)
{
	size_t room = l->found_room ? l->found_room * 2 : 256;
	struct rf_found *found;

	if (l->nr_found < l->found_room)
		return 0;
	found = reallocarray(l->found, room, sizeof(*found));
	if (!found)
		return -ENOMEM;
	l->found = found;
	l->found_room = room;
	return 0;
}

int rf_sweep_found(struct rf_ledger *l, struct rf_entry *e, const struct rf_thread_rec *rec)
{
	if (!l->sweeping)
		return 0;
	if (reserve_found(l))
		return -ENOMEM;
	l->found[l->nr_found] = (struct rf_found){
		.entry = e,
		.order = l->nr_found,
		.since_ns = rec->since_ns,
		.call_start_ns = rec->call_start_ns,
		.closed_ns = { rec->user_ns, rec->kernel_ns, rec->waiting_ns },
		.tid = rec->tid,
		.call = rec->call,
		.flags = rec->flags,
		.count = rec->rec.count,
	};
	l->nr_found++;
	e->last_sweep = l->sweep;
	return 0;
}

/* Nothing of e is known to be open. */
static void forget_open(struct rf_entry *e)
{
	e->pub.threads_seen = 0;
	for (size_t i = 0; i < RF_SPANS; i++)
		e->spans[i].open = 0;
	rf_entry_show_times(e);
	for (size_t i = 0; i < e->pub.nr_cells; i++) {
		struct rf_entry_cell *c = (struct rf_entry_cell *)e->pub.cells[i];

		c->calls.open = 0;
		c->open_before = 0;
		rf_entry_show_calls(e, c);
	}
}

int rf_ledger_sweep_begin(struct rf_ledger *l)
{
	int err = rf_catch_up(l);

	if (err)
		return err;
	for (size_t i = 0; i < l->nr; i++)
		forget_open(l->entries[i]);
	l->nr_found = 0;
	l->sweeping = true;
	l->sweep++;
	return 0;
}

static int by_tid(const void *left, const void *right)
{
	const struct rf_found *a = left, *b = right;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* A thread that was found twice counts as it was found last. */
static void drop_doubles(struct rf_ledger *l)
{
	size_t kept = 0;
	bool sorted = true;

	for (size_t i = 1; i < l->nr_found && sorted; i++)
		sorted = l->found[i - 1].tid < l->found[i].tid;
	if (sorted)
		return;
	qsort(l->found, l->nr_found, sizeof(*l->found), by_tid);
	for (size_t i = 0; i < l->nr_found; i++) {
		if (i + 1 == l->nr_found || l->found[i].tid != l->found[i + 1].tid)
			l->found[kept++] = l->found[i];
	}
	l->nr_found = kept;
}

static enum rf_span side_of(const struct rf_found *f)
{
	const uint32_t kernel = RF_T_IN_CALL | RF_T_IN_FAULT | RF_T_NEW | RF_T_EXITING;

	if (!(f->flags & RF_T_ON_CPU))
		return RF_SPAN_WAITING;
	/* not known to be in the kernel: most running threads are in user mode */
	return f->flags & kernel && !(f->flags & RF_T_UNKNOWN) ? RF_SPAN_KERNEL : RF_SPAN_USER;
}

static void add_spans(const struct rf_ledger *l, const struct rf_found *f)
{
	uint64_t since = f->since_ns > l->start_ns ? f->since_ns : l->start_ns;
	uint64_t open = rf_sat_sub(l->end_ns, since);
	struct rf_running *spans = f->entry->spans;
	enum rf_span side = side_of(f);

	for (size_t i = RF_SPAN_USER; i <= RF_SPAN_WAITING; i++)
		rf_sat_inc(&spans[i].open, f->closed_ns[i]);
	/* The dead are off the CPU for good; that is not waiting. */
	if (f->flags & RF_T_EXITING && side == RF_SPAN_WAITING)
		return;
	rf_sat_inc(&spans[side].open, open);
	if (f->flags & RF_T_IN_FAULT && side == RF_SPAN_KERNEL)
		rf_sat_inc(&spans[RF_SPAN_FAULT].open, open);
}

/* Adds the call that f is inside of, if it is counted. *open counts it. */
static int add_call(const struct rf_ledger *l, const struct rf_found *f, bool final, uint64_t *open)
{
	struct rf_entry_cell *c;

	/* entered between the epoch's end and the iterator's coming by: not seen yet */
	if (!f->count || (!final && f->call_start_ns > l->end_ns))
		return 0;
	c = rf_entry_cell(f->entry, f->call);
	if (!c)
		return -ENOMEM;
	c->calls.open++;
	if (f->call_start_ns && f->call_start_ns < l->begin_ns)
		c->open_before++;
	rf_entry_show_calls(f->entry, c);
	++*open;
	return 0;
}

int rf_ledger_sweep_end(struct rf_ledger *l, uint64_t now_ns, bool final)
{
	uint64_t open = 0;
	int err = 0;

	l->end_ns = now_ns > l->begin_ns ? now_ns : l->begin_ns;
	l->sweeping = false;
	drop_doubles(l);
	for (size_t i = 0; i < l->nr_found; i++) {
		const struct rf_found *f = &l->found[i];

		if (!(f->flags & RF_T_EXITING))
			f->entry->pub.threads_seen++;
		add_spans(l, f);
		if (!err)
			err = add_call(l, f, final, &open);
	}
	for (size_t i = 0; i < l->nr; i++)
		rf_entry_show_times(l->entries[i]);
	rf_books_sweep(&l->books, open, final);
	return err;
}
