// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/table.h"

#include <errno.h>
#include <stdlib.h>

#define RF_TABLE_MIN 64

/* Keys are pids and start times, close together: every bit must reach the low ones. */
static size_t slot_of(const struct rf_table *t, uint64_t key)
{
	key ^= key >> 30;
	key *= UINT64_C(0xbf58476d1ce4e5b9);
	key ^= key >> 27;
	key *= UINT64_C(0x94d049bb133111eb);
	key ^= key >> 31;
	return (size_t)key & (t->size - 1);
}

/* The slot that holds key, or the free one where it belongs. The table is never full. */
static size_t probe(const struct rf_table *t, uint64_t key)
{
	size_t i = slot_of(t, key);

	while (t->slots[i].value && t->slots[i].key != key)
		i = (i + 1) & (t->size - 1);
	return i;
}

static int grow(struct rf_table *t)
{
	struct rf_table bigger = { .size = t->size ? t->size * 2 : RF_TABLE_MIN, .used = t->used };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->size; i++) {
		if (t->slots[i].value)
			bigger.slots[probe(&bigger, t->slots[i].key)] = t->slots[i];
	}
	free(t->slots);
	*t = bigger;
	return 0;
}

void *rf_table_get(const struct rf_table *t, uint64_t key)
{
	return t->size ? t->slots[probe(t, key)].value : NULL;
}

int rf_table_put(struct rf_table *t, uint64_t key, void *value)
{
	size_t i;

	if (t->used + 1 > t->size / 4 * 3) {
		int err = grow(t);

		if (err)
			return err;
	}
	i = probe(t, key);
	if (!t->slots[i].value)
		t->used++;
	t->slots[i] = (struct rf_slot){ key, value };
	return 0;
}

void *rf_table_remove(struct rf_table *t, uint64_t key)
{
	size_t hole, i;
	void *value;

	if (!t->size)
		return NULL;
	hole = probe(t, key);
	value = t->slots[hole].value;
	if (!value)
		return NULL;
	/* Whatever stands behind the hole and was pushed past it moves up, so that no search
	 * ends at the hole too early. */
	for (i = (hole + 1) & (t->size - 1); t->slots[i].value; i = (i + 1) & (t->size - 1)) {
		size_t home = slot_of(t, t->slots[i].key);

		if (((i - home) & (t->size - 1)) >= ((i - hole) & (t->size - 1))) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct rf_slot){ 0 };
	t->used--;
	return value;
}

void rf_table_clear(struct rf_table *t)
{
	free(t->slots);
	*t = (struct rf_table){ 0 };
}
