// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (64 * 1024)

struct rf_arena_block {
	struct rf_arena_block *next;
	size_t used;
	size_t room;
	alignas(max_align_t) char bytes[];
};

static size_t aligned(size_t size)
{
	return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static struct rf_arena_block *add_block(struct rf_arena *a, size_t size)
{
	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct rf_arena_block *b = malloc(sizeof(*b) + room);

	if (!b)
		return NULL;
	b->next = a->blocks;
	b->used = 0;
	b->room = room;
	a->blocks = b;
	return b;
}

void *rf_arena_alloc(struct rf_arena *a, size_t size)
{
	struct rf_arena_block *b = a->blocks;
	void *at;

	size = aligned(size);
	if (!b || b->room - b->used < size)
		b = add_block(a, size);
	if (!b)
		return NULL;
	at = b->bytes + b->used;
	b->used += size;
	return memset(at, 0, size);
}

void *rf_arena_copy(struct rf_arena *a, const void *data, size_t size)
{
	void *copy = rf_arena_alloc(a, size);

	return copy && size ? memcpy(copy, data, size) : copy;
}

char *rf_arena_string(struct rf_arena *a, const char *text)
{
	return rf_arena_copy(a, text, strlen(text) + 1);
}

void rf_arena_free(struct rf_arena *a)
{
	while (a->blocks) {
		struct rf_arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}
