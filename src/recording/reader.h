/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a recording, front to back, in bounded memory. Nothing in the file is trusted. A damaged
 * or missing block is passed over and told; what is read is whole blocks whose checksums hold.
 */
#ifndef RF_RECORDING_READER_H
#define RF_RECORDING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/format.h"

enum rf_entry_kind {
	RF_ENTRY_RECORD, /* .rec as the probe hands it over, .size bytes */
	RF_ENTRY_FACT,   /* .key, .text */
	RF_ENTRY_CALL,   /* .abi, .nr, .text */
	RF_ENTRY_EXE,    /* .id, .text */
	RF_ENTRY_USER,   /* .id, .text */
	RF_ENTRY_CGROUP, /* .id, .text */
	RF_ENTRY_PROCESS_CGROUP,
	RF_ENTRY_SWEEP, /* .final */
	RF_ENTRY_SWEPT, /* .time_ns, .skipped, .final */
	RF_ENTRY_OPEN,  /* .count */
};

/* What the next piece of a recording is; pointers stay valid until the next call. */
struct rf_entry_read {
	enum rf_entry_kind kind;
	const void *rec;
	size_t size;
	const char *key;
	const char *text;
	unsigned int abi;
	unsigned int nr;
	uint64_t id;
	uint64_t time_ns;
	uint64_t skipped;
	uint64_t count;
	bool final;
};

/* How whole the recording is; complete once rf_reader_next() has returned 0. */
struct rf_reader_state {
	bool ended;               /* its END block was found */
	uint64_t bytes;           /* read so far */
	uint64_t passed_blocks;   /* not read, because of rf_reader_part() */
	uint64_t bad_bytes;       /* that belong to no whole block */
	uint64_t bad_blocks;      /* damaged, or missing from the sequence */
	uint64_t bad_records;     /* malformed, in blocks whose checksum holds */
	uint64_t unknown_records; /* of a later version */
	uint64_t unknown_blocks;
	uint64_t bad_crossings; /* in damaged blocks, as far as their heads say */
	uint64_t last_ns;       /* latest time of a batch */
	struct rf_file_end end; /* when ended */
};

struct rf_reader;

/* 0, or a negative errno after a message. "-": standard input. */
int rf_reader_open(struct rf_reader **r, const char *path);
/* The same from memory that stays the caller's, without messages. */
int rf_reader_open_memory(struct rf_reader **r, const void *bytes, size_t n);
void rf_reader_close(struct rf_reader *r);

const struct rf_file_header *rf_reader_header(const struct rf_reader *r);
const struct rf_reader_state *rf_reader_state(const struct rf_reader *r);

/*
 * From now on blocks may be passed over that, as the index says, hold nothing but crossings outside
 * of [from_ns, to_ns) (to_ns 0: no end); names, processes and losses are read all the same. What is
 * no regular file, was cut off or has no sound index is read from front to back. 0 or -ENOMEM.
 */
int rf_reader_part(struct rf_reader *r, uint64_t from_ns, uint64_t to_ns);

/* 1 and *e; 0 at the end; a negative errno when reading itself fails, after a message. */
int rf_reader_next(struct rf_reader *r, struct rf_entry_read *e);

#endif
