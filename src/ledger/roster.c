// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/roster.h"

#include <errno.h>
#include <stdlib.h>

/* Keys that wait for each place: enough that those that come back are not crowded out. */
#define WAITING_PER_PLACE 4

int rf_roster_init(struct rf_roster *r, size_t places, bool all_at_sight)
{
	*r = (struct rf_roster){
		.places = places,
		.at_sight = all_at_sight ? places : (places + 1) / 2,
		.waiting_room = all_at_sight ? 0 : WAITING_PER_PLACE * places,
	};
	r->keys = calloc(places + 1, sizeof(*r->keys));
	r->waiting = calloc(r->waiting_room + 1, sizeof(*r->waiting));
	return r->keys && r->waiting ? 0 : -ENOMEM;
}

void rf_roster_clear(struct rf_roster *r)
{
	rf_table_clear(&r->by_key);
	free(r->keys);
	free(r->waiting);
	*r = (struct rf_roster){ 0 };
}

size_t rf_roster_place(const struct rf_roster *r, uint64_t key)
{
	return (size_t)(uintptr_t)rf_table_get(&r->by_key, key);
}

static int give_place(struct rf_roster *r, uint64_t key)
{
	int err = rf_table_put(&r->by_key, key, (void *)(uintptr_t)(r->used + 1));

	if (!err)
		r->keys[r->used++] = key;
	return err;
}

static struct rf_waiting *find_waiting(const struct rf_roster *r, uint64_t key)
{
	for (size_t i = 0; i < r->nr_waiting; i++) {
		if (r->waiting[i].key == key)
			return &r->waiting[i];
	}
	return NULL;
}

/* Whether a gives way before b: longest not seen, seen least often, lightest. */
static bool gives_way(const struct rf_waiting *a, const struct rf_waiting *b)
{
	if (a->period != b->period)
		return a->period < b->period;
	if (a->periods != b->periods)
		return a->periods < b->periods;
	return a->weight < b->weight;
}

/* Where a new one may wait; NULL: all who wait have more of a claim. */
static struct rf_waiting *make_room(struct rf_roster *r, const struct rf_waiting *comer)
{
	struct rf_waiting *last = NULL;

	if (r->nr_waiting < r->waiting_room)
		return &r->waiting[r->nr_waiting++];
	for (size_t i = 0; i < r->nr_waiting; i++) {
		if (!last || gives_way(&r->waiting[i], last))
			last = &r->waiting[i];
	}
	return last && gives_way(last, comer) ? last : NULL;
}

/* True when it has waited long enough. */
static bool wait(struct rf_roster *r, const struct rf_showing *s, uint64_t period)
{
	struct rf_waiting comer = {
		.key = s->key, .weight = s->weight, .period = period, .periods = 1
	};
	struct rf_waiting *w = find_waiting(r, s->key);

	if (!w) {
		w = make_room(r, &comer);
		if (w)
			*w = comer;
		return false;
	}
	if (w->period != period)
		w->periods++;
	w->period = period;
	w->weight = s->weight;
	if (w->periods < RF_ROSTER_PERIODS)
		return false;
	*w = r->waiting[--r->nr_waiting];
	return true;
}

static int by_weight(const void *left, const void *right)
{
	const struct rf_showing *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

int rf_roster_admit(struct rf_roster *r, struct rf_showing *shown, size_t nr, uint64_t period)
{
	size_t looked_at = 0, given = 0;
	int err = 0;

	if (nr)
		qsort(shown, nr, sizeof(*shown), by_weight);
	for (size_t i = 0; i < nr && r->used < r->places && !err; i++) {
		struct rf_showing s = shown[i];

		if (rf_roster_place(r, s.key))
			continue;
		if (r->used >= r->at_sight) {
			/* the rest is too light to wait */
			if (looked_at++ >= r->waiting_room)
				break;
			if (!wait(r, &s, period))
				continue;
		}
		err = give_place(r, s.key);
		if (err)
			break;
		shown[i] = shown[given];
		shown[given++] = s;
	}
	return err;
}
