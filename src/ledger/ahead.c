// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/impl.h"

/* COUNTS come for the epoch that was closed, and tell which one it is. */
bool rf_is_ahead(const struct rf_ledger *l, const struct rf_rec *rec)
{
	unsigned int epoch = rec->epoch & 1;

	return l->sweeping && l->books.counted[!epoch] && !l->books.counted[epoch];
}

int rf_put_off(struct rf_ledger *l, const void *rec, size_t size)
{
	size_t used = l->ahead_used + sizeof(size) + size;

	if (used > l->ahead_room) {
		char *ahead = realloc(l->ahead, 2 * used);

		if (!ahead)
			return -ENOMEM;
		l->ahead = ahead;
		l->ahead_room = 2 * used;
	}
	memcpy(l->ahead + l->ahead_used, &size, sizeof(size));
	memcpy(l->ahead + l->ahead_used + sizeof(size), rec, size);
	l->ahead_used = used;
	return 0;
}

int rf_catch_up(struct rf_ledger *l)
{
	size_t at = 0;
	int err = 0;

	l->sweeping = false;
	while (at < l->ahead_used && !err) {
		size_t size;

		memcpy(&size, l->ahead + at, sizeof(size));
		at += sizeof(size);
		err = rf_ledger_feed(l, l->ahead + at, size);
		at += size;
	}
	l->ahead_used = 0;
	return err;
}
