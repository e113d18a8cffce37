/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arena: many small allocations that are given back together. Nothing in it is freed on its
 * own.
 *
 *	struct rf_arena a = RF_ARENA_INIT;
 *	struct thing *t = rf_arena_alloc(&a, sizeof(*t));
 *	...
 *	rf_arena_free(&a);
 */
#ifndef RF_BASE_ARENA_H
#define RF_BASE_ARENA_H

#include <stddef.h>

struct rf_arena_block;

struct rf_arena {
	struct rf_arena_block *blocks; /* the one in use first */
};

#define RF_ARENA_INIT ((struct rf_arena){ 0 })

/* size bytes, all zero, aligned for any type; NULL when out of memory. */
void *rf_arena_alloc(struct rf_arena *a, size_t size);
/* A copy of size bytes; NULL when out of memory. */
void *rf_arena_copy(struct rf_arena *a, const void *data, size_t size);
/* A copy of a string; NULL when out of memory. */
char *rf_arena_string(struct rf_arena *a, const char *text);
/* Gives everything back; the arena may be used again. */
void rf_arena_free(struct rf_arena *a);

#endif
