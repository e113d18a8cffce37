// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/impl.h"

struct rf_ledger *rf_ledger_new(void)
{
	return calloc(1, sizeof(struct rf_ledger));
}

static void free_buried(struct rf_ledger *l)
{
	for (size_t i = 0; i < RF_GRAVES; i++)
		rf_entry_free(rf_table_remove(&l->buried, l->graves[i]));
	rf_table_clear(&l->buried);
}

void rf_ledger_free(struct rf_ledger *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nr; i++)
		rf_entry_free(l->entries[i]);
	free(l->entries);
	free_buried(l);
	rf_table_clear(&l->by_entity);
	rf_table_clear(&l->by_tgid);
	free(l->found);
	free(l->ahead);
	free(l);
}

static bool is_idle(const struct rf_process *p)
{
	const struct rf_times *t = &p->time;

	for (size_t i = 0; i < p->nr_cells; i++) {
		if (p->cells[i]->ended)
			return false;
	}
	return !p->calls && !p->failed && !p->faults.user && !p->faults.kernel &&
	       !p->faults.minor && !p->faults.major && !t->user && !t->kernel && !t->waiting;
}

/* Whether a process is over: it said so, or it was around before this interval, did nothing in it,
 * and the last sweep found the threads of others but none of its own. Its EXIT was lost then. */
static bool is_over(const struct rf_ledger *l, const struct rf_entry *e)
{
	if (e->pub.exited)
		return true;
	return l->nr_found && e->last_sweep != l->sweep && !e->fresh && is_idle(&e->pub);
}

void rf_ledger_next_interval(struct rf_ledger *l, uint64_t now_ns)
{
	size_t kept = 0;

	rf_books_roll(&l->books);
	l->late = (struct rf_times){ 0 };
	for (size_t i = 0; i < l->nr; i++) {
		struct rf_entry *e = l->entries[i];
		bool over = is_over(l, e);

		rf_entry_roll(e);
		if (over)
			rf_entry_bury(l, e);
		else
			l->entries[kept++] = e;
	}
	l->nr = kept;
	l->nr_found = 0;
	l->begin_ns = now_ns;
	l->end_ns = now_ns;
	/* what memory cannot be found for is counted as seen, and so comes out as unexplained */
	(void)rf_catch_up(l);
}

void rf_ledger_end(struct rf_ledger *l)
{
	rf_books_end(&l->books);
}

void rf_ledger_set_skipped(struct rf_ledger *l, uint64_t crossings)
{
	l->books.skipped = crossings;
}

void rf_ledger_start(struct rf_ledger *l, uint64_t now_ns)
{
	l->start_ns = now_ns;
	l->begin_ns = now_ns;
	l->end_ns = now_ns;
}

uint64_t rf_ledger_window_ns(const struct rf_ledger *l)
{
	return l->end_ns - l->begin_ns;
}

int rf_ledger_set_exe(struct rf_ledger *l, uint64_t entity, const char *exe)
{
	struct rf_entry *e = rf_table_get(&l->by_entity, entity);

	return e ? rf_entry_set_exe(e, exe) : -ENOENT;
}

size_t rf_ledger_nr_processes(const struct rf_ledger *l)
{
	return l->nr;
}

const struct rf_process *rf_ledger_process(const struct rf_ledger *l, size_t i)
{
	return i < l->nr ? &l->entries[i]->pub : NULL;
}

const struct rf_process *rf_ledger_find(const struct rf_ledger *l, uint64_t entity)
{
	const struct rf_entry *e = rf_table_get(&l->by_entity, entity);

	return e ? &e->pub : NULL;
}

void rf_ledger_accounting(const struct rf_ledger *l, struct rf_accounting *acc)
{
	rf_books_account(&l->books, acc);
}

void rf_ledger_totals(const struct rf_ledger *l, struct rf_totals *totals)
{
	*totals = (struct rf_totals){ .time = l->late };
	for (size_t i = 0; i < l->nr; i++) {
		const struct rf_process *p = &l->entries[i]->pub;

		rf_sat_inc(&totals->calls, p->calls);
		rf_sat_inc(&totals->failed, p->failed);
		rf_sat_inc(&totals->denied, p->denied);
		rf_sat_inc(&totals->page_faults, rf_sat_add(p->faults.user, p->faults.kernel));
		rf_sat_inc(&totals->time.user, p->time.user);
		rf_sat_inc(&totals->time.kernel, p->time.kernel);
		rf_sat_inc(&totals->time.waiting, p->time.waiting);
	}
}
