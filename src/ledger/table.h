/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table from 64-bit keys to pointers: open addressing, linear probing, no tombstones, so
 * that millions of short-lived keys leave nothing behind. 16 bytes a slot, at most 3/4 in use.
 *
 * Debian's uthash would do the same at 56 bytes an entry inside the structure and a macro layer
 * that exits when memory is out; glib brings a runtime. The keys are integers and the whole need
 * is get, put and remove, which is less code than either would take to wrap.
 */
#ifndef RF_LEDGER_TABLE_H
#define RF_LEDGER_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct rf_slot {
	uint64_t key;
	void *value; /* NULL: the slot is free */
};

/* All zero is an empty table. */
struct rf_table {
	struct rf_slot *slots;
	size_t size; /* 0 or a power of two */
	size_t used;
};

/* The value of key, or NULL. */
void *rf_table_get(const struct rf_table *t, uint64_t key);
/* Sets or replaces the value (not NULL) of key. 0, or -ENOMEM and nothing changed. */
int rf_table_put(struct rf_table *t, uint64_t key, void *value);
/* Takes key out. Its value, or NULL if it was not there. */
void *rf_table_remove(struct rf_table *t, uint64_t key);
/* Frees the table, not its values; it is empty then. */
void rf_table_clear(struct rf_table *t);

#endif
