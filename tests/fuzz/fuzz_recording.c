// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a recording: read, replayed, told in order. Checksums would keep the fuzzer out of
 * everything behind them, so the first byte of the input chooses: a whole file, or the bytes inside
 * a block, which are then wrapped with checksums that hold.
 *
 * Seeds: tests/data/. Run: fuzz_recording -max_len=65536 CORPUS tests/data
 */
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/order.h"
#include "recording/format.h"
#include "recording/replay.h"
#include "views/faults.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A violation is shown in every way there is. */
static void show(void *ctx, const struct rf_violation *v)
{
	static const struct rf_faults_view view = { .stack = true };
	static const struct rf_style style;

	(void)rf_faults_json_event(ctx, &view, v);
	(void)rf_faults_text_event(ctx, &view, v, &style);
	(void)rf_faults_csv_event(ctx, &view, v);
}

static FILE *nowhere(void)
{
	static FILE *out;

	if (!out)
		out = fopen("/dev/null", "we");
	if (!out)
		abort();
	return out;
}

static void check_violations(const struct rf_isolation *isolation)
{
	struct rf_isolation_account acc;

	rf_isolation_accounting(isolation, &acc);
	if (acc.unexplained || acc.untold)
		abort();
}

static void replay(const unsigned char *bytes, size_t n, bool part)
{
	struct rf_replay_options o = { .by_thread = n & 1, .from_ns = part ? n : 0 };
	struct rf_ledger *ledger = rf_ledger_new();
	struct rf_names *names = rf_names_new();
	struct rf_isolation *isolation = rf_isolation_new(show, nowhere());
	struct rf_accounting acc;
	struct rf_replay result;
	struct rf_reader *r;

	if (!ledger || !names || !isolation)
		abort();
	o.isolation = isolation;
	if (!rf_reader_open_memory(&r, bytes, n)) {
		if (part && rf_reader_part(r, ~UINT64_C(0), 0))
			abort();
		if (!rf_replay(r, &o, ledger, names, &result) && result.partial) {
			rf_ledger_accounting(ledger, &acc);
			/* what was read is what is shown */
			if (acc.seen != acc.attributed + (uint64_t)acc.lost)
				abort();
			check_violations(isolation);
		}
		rf_reader_close(r);
	}
	rf_ledger_free(ledger);
	rf_names_free(names);
	rf_isolation_free(isolation);
}

static int look(void *ctx, const struct rf_moment *m)
{
	uint64_t *last = ctx;

	(void)m;
	++*last;
	return 0;
}

static void tell(const unsigned char *bytes, size_t n)
{
	struct rf_entry_read e;
	struct rf_order *order;
	struct rf_reader *r;
	uint64_t told = 0;

	if (rf_reader_open_memory(&r, bytes, n))
		return;
	order = rf_order_new(look, &told);
	while (order && rf_reader_next(r, &e) > 0) {
		const struct rf_rec *head = e.rec;

		if (e.kind == RF_ENTRY_RECORD && head->type == RF_REC_BATCH)
			(void)rf_order_batch(order, e.rec, e.size);
	}
	if (order)
		(void)rf_order_tell(order);
	rf_order_free(order);
	rf_reader_close(r);
}

/* A file of one block with these bytes in it. */
static unsigned char *wrap(const uint8_t *data, size_t size, size_t *n)
{
	struct rf_file_header h = { .major = RF_FILE_MAJOR, .start_ns = 1, .arch = RF_ARCH_X86_64 };
	struct rf_block b = { .kind = RF_BLOCK_RECORDS };
	unsigned char *out;

	if (size > RF_BLOCK_RAW_MAX)
		size = RF_BLOCK_RAW_MAX;
	*n = RF_FILE_HEADER + RF_BLOCK_HEADER + size;
	out = malloc(*n);
	if (!out)
		abort();
	b.stored = b.raw = (uint32_t)size;
	b.crc = rf_crc32(data, size);
	rf_file_header_put(out, &h);
	rf_block_put(out + RF_FILE_HEADER, &b);
	memcpy(out + RF_FILE_HEADER + RF_BLOCK_HEADER, data, size);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *file;
	size_t n;

	if (!size)
		return 0;
	if (data[0] == RF_FILE_MAGIC[0]) {
		replay(data, size, false);
		replay(data, size, true);
		tell(data, size);
		return 0;
	}
	file = wrap(data + 1, size - 1, &n);
	replay(file, n, false);
	tell(file, n);
	free(file);
	return 0;
}
