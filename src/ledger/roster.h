/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A roster: a fixed number of places, given to keys for good. Who is let in is said in series.h.
 * Memory is bounded by the number of places, whatever is shown to it.
 */
#ifndef RF_LEDGER_ROSTER_H
#define RF_LEDGER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/table.h"

/* Periods in which a key must have been seen for a place of the second half. */
#define RF_ROSTER_PERIODS 3

/* What an interval shows of one key. */
struct rf_showing {
	uint64_t key;
	uint64_t weight; /* crossings */
	const void *who; /* the caller's */
};

struct rf_waiting {
	uint64_t key;
	uint64_t weight; /* when it was seen last */
	uint64_t period; /* the last in which it was seen */
	unsigned int periods;
};

struct rf_roster {
	size_t places;
	size_t at_sight; /* of places */
	size_t used;
	uint64_t *keys; /* of place i + 1 */
	struct rf_table by_key;
	struct rf_waiting *waiting;
	size_t nr_waiting;
	size_t waiting_room;
};

/* 0 or -ENOMEM; rf_roster_clear() in either case. */
int rf_roster_init(struct rf_roster *r, size_t places, bool all_at_sight);
void rf_roster_clear(struct rf_roster *r);

/* The place of key, from 1; 0: it has none. */
size_t rf_roster_place(const struct rf_roster *r, uint64_t key);

/*
 * Gives free places to the keys shown, each of them once, in any order; they are sorted, heaviest
 * first. The places given now are those above the former r->used, and their showings
 * are moved to the front, in order of place. 0; or -ENOMEM, with the places given so far.
 */
int rf_roster_admit(struct rf_roster *r, struct rf_showing *shown, size_t nr, uint64_t period);

#endif
