/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a recording to a ledger, as it would be had the window been watched in ledger mode.
 */
#ifndef RF_RECORDING_REPLAY_H
#define RF_RECORDING_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/isolation.h"
#include "ledger/ledger.h"
#include "recording/names.h"
#include "recording/reader.h"

struct rf_replay_options {
	bool by_thread;
	uint64_t from_ns; /* CLOCK_MONOTONIC; 0: from the begin */
	uint64_t to_ns;   /* 0: to the end */
	/* NULL: all. Whether a process is wanted; and a call */
	bool (*wants)(void *ctx, uint64_t process);
	bool (*wants_call)(void *ctx, uint32_t call);
	void *ctx;
	/* NULL; or the book that violations go to. Of a part of the time it gets no counts of them:
	 * its sink may feed a cell for each */
	struct rf_isolation *isolation;
};

struct rf_replay {
	struct rf_reader_state state; /* how whole it was */
	bool partial; /* what the kernel counted does not stand for what was read: seen is what was
	               * read and what is known to be lost */
	uint64_t begin_ns; /* of the window shown */
	uint64_t end_ns;
};

/*
 * Reads r to its end into l, which is empty, and n. 0; a negative errno after a message.
 */
int rf_replay(struct rf_reader *r, const struct rf_replay_options *o, struct rf_ledger *l,
              struct rf_names *n, struct rf_replay *result);

#endif
