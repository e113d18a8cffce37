// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An interval is added in two passes: the first finds out who was how busy and gives places, the
 * second counts. The first takes memory by the number of names in one interval, and gives it back.
 */
#include "ledger/series.h"

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bpf/records.h"
#include "ledger/roster.h"
#include "ledger/sat.h"
#include "ledger/table.h"

#define OTHER "other"

#define BOUND_FIRST_SHIFT 6 /* 64 ns */
#define BOUND_STEP_SHIFT 2  /* four times that */

/* Samples that each group has: crossings by kind, times, page faults by mode and by outcome, denied. */
#define PER_GROUP (2 + 3 + 2 + 2 + RF_DENIED_REASONS)
/* And those that are set aside for what is not told apart: (group, 0, 0) in each family. */
#define ASIDE_PER_GROUP (PER_GROUP + RF_SERIES_FAMILIES)

/* Labels are 16 bits wide. */
#define PLACES_MAX UINT16_MAX

struct set {
	struct rf_series_item *items;
	size_t nr;
	size_t room;
	struct rf_table index; /* labels -> position + 1 */
};

struct histograms {
	struct rf_series_histogram *items;
	size_t nr;
	size_t room;
	struct rf_table index;
};

struct rf_series {
	struct rf_series_options o;
	struct rf_roster group_roster;
	struct rf_roster call_roster;
	struct rf_series_group *groups; /* by place */
	struct set families[RF_SERIES_FAMILIES];
	struct histograms durations;
	size_t free_samples; /* not set aside and not in use */
	struct rf_series_totals totals;
	uint8_t bound_of[RF_HIST_BUCKETS]; /* ledger's bucket -> ours */
};

uint64_t rf_series_bound_ns(unsigned int i)
{
	return UINT64_C(1) << (BOUND_FIRST_SHIFT + BOUND_STEP_SHIFT * i);
}

/* Both kinds of buckets have an edge at every power of two from 32 on, so none is cut in two. */
static void map_buckets(struct rf_series *s)
{
	for (unsigned int i = 0; i < RF_HIST_BUCKETS; i++) {
		unsigned int bound = 0;

		while (bound < RF_SERIES_BOUNDS &&
		       rf_series_bound_ns(bound) <= rf_hist_bucket_ns(i))
			bound++;
		s->bound_of[i] = (uint8_t)bound;
	}
}

size_t rf_series_least(const struct rf_series_options *o)
{
	size_t histograms = o->durations_by_group ? o->groups : o->calls;

	return o->fixed + (o->groups + 1) * ASIDE_PER_GROUP +
	       (histograms + 1) * RF_SERIES_PER_HISTOGRAM;
}

struct rf_series *rf_series_new(const struct rf_series_options *o)
{
	struct rf_series *s;

	if (o->groups > PLACES_MAX || o->calls > PLACES_MAX || o->max_series < rf_series_least(o))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->o = *o;
	s->free_samples = o->max_series - rf_series_least(o);
	s->groups = calloc(o->groups + 1, sizeof(*s->groups));
	if (!s->groups || rf_roster_init(&s->group_roster, o->groups, o->at_sight) ||
	    rf_roster_init(&s->call_roster, o->calls, o->at_sight)) {
		rf_series_free(s);
		return NULL;
	}
	memcpy(s->groups[0].label, OTHER, sizeof(OTHER));
	map_buckets(s);
	return s;
}

void rf_series_free(struct rf_series *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < RF_SERIES_FAMILIES; i++) {
		free(s->families[i].items);
		rf_table_clear(&s->families[i].index);
	}
	free(s->durations.items);
	rf_table_clear(&s->durations.index);
	rf_roster_clear(&s->group_roster);
	rf_roster_clear(&s->call_roster);
	free(s->groups);
	free(s);
}

/* FNV-1a, and a last mix. Two labels of one hash cannot mix up counts: places know their label. */
static uint64_t hash_label(const char *label)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *label; label++)
		h = (h ^ (unsigned char)*label) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static size_t group_of(const struct rf_series *s, const char *label)
{
	size_t place = rf_roster_place(&s->group_roster, hash_label(label));

	return place && !strcmp(s->groups[place].label, label) ? place : 0;
}

static size_t call_of(const struct rf_series *s, uint32_t call)
{
	return rf_roster_place(&s->call_roster, call);
}

/* The showings of an interval, one for each key. */
struct tally {
	struct rf_showing *shown;
	size_t nr;
	size_t room;
	struct rf_table index; /* key -> position + 1 */
};

static void tally_clear(struct tally *t)
{
	free(t->shown);
	rf_table_clear(&t->index);
}

#define __tally __cleanup(tally_clear)

/* Room for one more of size bytes each in *items. 0 or -ENOMEM. */
static int make_room(void **items, size_t size, size_t nr, size_t *room)
{
	size_t wanted = *room ? *room * 2 : 64;
	void *grown;

	if (nr < *room)
		return 0;
	grown = reallocarray(*items, wanted, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*room = wanted;
	return 0;
}

static int tally_add(struct tally *t, uint64_t key, uint64_t weight, const void *who)
{
	size_t at = (size_t)(uintptr_t)rf_table_get(&t->index, key);
	int err;

	if (at) {
		rf_sat_inc(&t->shown[at - 1].weight, weight);
		return 0;
	}
	err = make_room((void **)&t->shown, sizeof(*t->shown), t->nr, &t->room);
	if (!err)
		err = rf_table_put(&t->index, key, (void *)(uintptr_t)(t->nr + 1));
	if (!err)
		t->shown[t->nr++] = (struct rf_showing){ key, weight, who };
	return err;
}

static uint64_t crossings_of(const struct rf_process *p)
{
	return rf_sat_add(p->calls, rf_sat_add(p->faults.user, p->faults.kernel));
}

static int give_group_places(struct rf_series *s, const struct rf_ledger *l, uint64_t period,
                             rf_series_namer namer, void *ctx)
{
	size_t before = s->group_roster.used;
	__tally struct tally t = { 0 };
	char label[RF_SERIES_LABEL];
	int err = 0;

	for (size_t i = 0; i < rf_ledger_nr_processes(l) && !err; i++) {
		const struct rf_process *p = rf_ledger_process(l, i);
		uint64_t weight = crossings_of(p);

		if (!weight)
			continue;
		namer(ctx, p, label);
		if (strcmp(label, OTHER) != 0)
			err = tally_add(&t, hash_label(label), weight, p);
	}
	if (!err)
		err = rf_roster_admit(&s->group_roster, t.shown, t.nr, period);
	for (size_t i = before; i < s->group_roster.used; i++)
		namer(ctx, t.shown[i - before].who, s->groups[i + 1].label);
	return err;
}

static int give_call_places(struct rf_series *s, const struct rf_ledger *l, uint64_t period)
{
	__tally struct tally t = { 0 };
	int err = 0;

	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++) {
		const struct rf_process *p = rf_ledger_process(l, i);

		for (size_t j = 0; j < p->nr_cells && !err; j++)
			err = tally_add(&t, p->cells[j]->call, p->cells[j]->calls, NULL);
	}
	return err ? err : rf_roster_admit(&s->call_roster, t.shown, t.nr, period);
}

static uint64_t pack(size_t group, size_t call, unsigned int third)
{
	return (uint64_t)group << 32 | (uint64_t)call << 16 | third;
}

/* Adds n to the item of these labels, which is made if there is budget. -ENOSPC if there is not. */
static int set_add(struct set *set, size_t *budget, size_t group, size_t call, unsigned int third,
                   uint64_t n)
{
	uint64_t key = pack(group, call, third);
	size_t at = (size_t)(uintptr_t)rf_table_get(&set->index, key);
	bool aside = !call && !third;
	int err;

	if (!at && !aside && !*budget)
		return -ENOSPC;
	if (!at) {
		err = make_room((void **)&set->items, sizeof(*set->items), set->nr, &set->room);
		if (!err)
			err = rf_table_put(&set->index, key, (void *)(uintptr_t)(set->nr + 1));
		if (err)
			return err;
		at = ++set->nr;
		*budget -= !aside;
		set->items[at - 1] = (struct rf_series_item){ (uint16_t)group, (uint16_t)call,
			                                      (uint16_t)third, 0 };
	}
	rf_sat_inc(&set->items[at - 1].value, n);
	return 0;
}

static int count(struct rf_series *s, enum rf_series_family f, size_t group, size_t call,
                 unsigned int third, uint64_t n)
{
	struct set *set = &s->families[f];
	int err;

	if (!n)
		return 0;
	err = set_add(set, &s->free_samples, group, call, third, n);
	return err == -ENOSPC ? set_add(set, &s->free_samples, group, 0, 0, n) : err;
}

static int find_histogram(struct rf_series *s, size_t group, size_t call, size_t *at)
{
	struct histograms *h = &s->durations;
	uint64_t key = pack(group, call, 0);
	bool aside = !call || !s->o.durations_by_group;
	int err;

	*at = (size_t)(uintptr_t)rf_table_get(&h->index, key);
	if (*at)
		return 0;
	if (!aside && s->free_samples < RF_SERIES_PER_HISTOGRAM)
		return -ENOSPC;
	err = make_room((void **)&h->items, sizeof(*h->items), h->nr, &h->room);
	if (!err)
		err = rf_table_put(&h->index, key, (void *)(uintptr_t)(h->nr + 1));
	if (err)
		return err;
	if (!aside)
		s->free_samples -= RF_SERIES_PER_HISTOGRAM;
	h->items[h->nr] =
		(struct rf_series_histogram){ .group = (uint16_t)group, .call = (uint16_t)call };
	*at = ++h->nr;
	return 0;
}

static int count_durations(struct rf_series *s, size_t group, size_t call, const struct rf_cell *c)
{
	size_t by_group = s->o.durations_by_group ? group : 0, at;
	struct rf_series_histogram *h;
	int err;

	if (!c->hist.total)
		return 0;
	err = find_histogram(s, by_group, call, &at);
	if (err == -ENOSPC)
		err = find_histogram(s, by_group, 0, &at);
	if (err)
		return err;
	h = &s->durations.items[at - 1];
	for (unsigned int i = c->hist.first; i < (unsigned int)c->hist.first + c->hist.used; i++)
		rf_sat_inc(&h->counts[s->bound_of[i]], rf_hist_count(&c->hist, i));
	rf_sat_inc(&h->total, c->hist.total);
	rf_sat_inc(&h->sum_ns, c->total_ns);
	return 0;
}

static void count_denied(struct rf_series_group *g, const struct rf_errno_count *e)
{
	if (e->refused)
		rf_sat_inc(&g->denied[RF_DENIED_SECCOMP], e->count);
	else if (e->err == EPERM)
		rf_sat_inc(&g->denied[RF_DENIED_EPERM], e->count);
	else if (e->err == EACCES)
		rf_sat_inc(&g->denied[RF_DENIED_EACCES], e->count);
}

static int count_cell(struct rf_series *s, size_t group, const struct rf_cell *c)
{
	size_t call = call_of(s, c->call);
	int err = count(s, RF_SERIES_CALLS, group, call, 0, c->calls);

	for (size_t i = 0; i < c->nr_errnos && !err; i++) {
		const struct rf_errno_count *e = &c->errnos[i];

		count_denied(&s->groups[group], e);
		err = count(s, RF_SERIES_FAILURES, group, call, RF_SERIES_ERRNO(e->err), e->count);
	}
	rf_sat_inc(&s->totals.untimed, c->untimed);
	return err ? err : count_durations(s, group, call, c);
}

static void add_times(struct rf_times *sum, const struct rf_times *t)
{
	rf_sat_inc(&sum->user, t->user);
	rf_sat_inc(&sum->kernel, t->kernel);
	rf_sat_inc(&sum->waiting, t->waiting);
}

static int count_process(struct rf_series *s, size_t place, const struct rf_process *p)
{
	struct rf_series_group *g = &s->groups[place];
	int err = 0;

	rf_sat_inc(&g->calls, p->calls);
	rf_sat_inc(&g->faults.user, p->faults.user);
	rf_sat_inc(&g->faults.kernel, p->faults.kernel);
	rf_sat_inc(&g->faults.minor, p->faults.minor);
	rf_sat_inc(&g->faults.major, p->faults.major);
	add_times(&g->time, &p->time);
	for (size_t i = 0; i < p->nr_cells && !err; i++)
		err = count_cell(s, place, p->cells[i]);
	return err;
}

/* What the ledger has booked for processes that it no longer holds has no name. */
static void count_late_times(struct rf_series *s, const struct rf_ledger *l)
{
	struct rf_times named = { 0 }, late;
	struct rf_totals all;

	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++)
		add_times(&named, &rf_ledger_process(l, i)->time);
	rf_ledger_totals(l, &all);
	late.user = rf_sat_sub(all.time.user, named.user);
	late.kernel = rf_sat_sub(all.time.kernel, named.kernel);
	late.waiting = rf_sat_sub(all.time.waiting, named.waiting);
	add_times(&s->groups[0].time, &late);
}

static void count_totals(struct rf_series *s, const struct rf_ledger *l)
{
	struct rf_series_totals *t = &s->totals;
	struct rf_accounting acc;

	rf_ledger_accounting(l, &acc);
	rf_sat_inc(&t->observed_ns, rf_ledger_window_ns(l));
	rf_sat_inc(&t->seen, acc.seen);
	rf_sat_inc(&t->attributed, acc.attributed);
	rf_sat_inc(&t->lost_cell, acc.lost_cell);
	rf_sat_inc(&t->lost_state, acc.lost_state);
	rf_sat_inc(&t->lost_skipped, acc.lost_skipped);
	if (acc.lost_unexplained > 0)
		rf_sat_inc(&t->lost_unexplained, (uint64_t)acc.lost_unexplained);
	else
		rf_sat_inc(&t->overattributed, -(uint64_t)acc.lost_unexplained);
	rf_sat_inc(&t->lost_errnos, acc.lost_errnos);
	rf_sat_inc(&t->lost_records, acc.lost_records);
	rf_sat_inc(&t->evicted, acc.evicted);
}

int rf_series_add(struct rf_series *s, const struct rf_ledger *l, uint64_t period,
                  rf_series_namer namer, void *ctx)
{
	int err = give_group_places(s, l, period, namer, ctx);
	char label[RF_SERIES_LABEL];

	if (!err)
		err = give_call_places(s, l, period);
	for (size_t i = 0; i < rf_ledger_nr_processes(l) && !err; i++) {
		const struct rf_process *p = rf_ledger_process(l, i);

		namer(ctx, p, label);
		err = count_process(s, group_of(s, label), p);
	}
	if (err)
		return err;
	count_late_times(s, l);
	count_totals(s, l);
	return 0;
}

int rf_series_count(struct rf_series *s, enum rf_series_family f, const char *label, uint16_t third,
                    uint64_t n)
{
	return count(s, f, group_of(s, label), 0, third, n);
}

int rf_series_prefer(struct rf_series *s, const char *label, uint64_t period)
{
	struct rf_showing first = { .key = hash_label(label), .weight = UINT64_MAX };
	size_t before = s->group_roster.used;
	int err;

	if (!strcmp(label, OTHER))
		return 0;
	err = rf_roster_admit(&s->group_roster, &first, 1, period);
	if (s->group_roster.used > before)
		snprintf(s->groups[s->group_roster.used].label, RF_SERIES_LABEL, "%s", label);
	return err;
}

const struct rf_series_options *rf_series_options(const struct rf_series *s)
{
	return &s->o;
}

size_t rf_series_nr_groups(const struct rf_series *s)
{
	return s->group_roster.used + 1;
}

const struct rf_series_group *rf_series_group(const struct rf_series *s, size_t i)
{
	return &s->groups[i];
}

size_t rf_series_nr_calls(const struct rf_series *s)
{
	return s->call_roster.used + 1;
}

uint32_t rf_series_call(const struct rf_series *s, size_t i)
{
	return (uint32_t)s->call_roster.keys[i - 1];
}

const struct rf_series_item *rf_series_items(const struct rf_series *s, enum rf_series_family f,
                                             size_t *nr)
{
	*nr = s->families[f].nr;
	return s->families[f].items;
}

const struct rf_series_histogram *rf_series_histograms(const struct rf_series *s, size_t *nr)
{
	*nr = s->durations.nr;
	return s->durations.items;
}

const struct rf_series_totals *rf_series_totals(const struct rf_series *s)
{
	return &s->totals;
}

size_t rf_series_samples(const struct rf_series *s)
{
	size_t nr = s->o.fixed + rf_series_nr_groups(s) * PER_GROUP +
	            s->durations.nr * RF_SERIES_PER_HISTOGRAM;

	for (size_t i = 0; i < RF_SERIES_FAMILIES; i++)
		nr += s->families[i].nr;
	return nr;
}
