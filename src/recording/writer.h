/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a recording. Records are gathered into blocks; a block that is closed goes to the file
 * at once, so that whatever happens then, all whole blocks can be read.
 *
 * With a bound (keep_ns or keep_bytes) blocks are held in memory instead and the oldest are let go:
 * nothing is written before rf_writer_dump(). Names that are older than what is held are gone with
 * it, so they have to be given again now and then; facts and names of calls stay.
 */
#ifndef RF_RECORDING_WRITER_H
#define RF_RECORDING_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rf_writer_options {
	const char *path;    /* "-": standard output */
	uint64_t keep_ns;    /* 0: all */
	uint64_t keep_bytes; /* 0: all */
};

struct rf_writer_stats {
	uint64_t crossings;
	uint64_t lost;  /* in batches that were given up, as they say */
	uint64_t bytes; /* in the file, or held */
	uint64_t blocks;
	uint64_t held_ns; /* kept: what the blocks held span */
};

struct rf_writer;

/*
 * Creates the file: mode 0600, never through a symbolic link; a regular file of this user's that
 * is there is replaced. 0, or a negative errno after a message.
 */
int rf_writer_open(struct rf_writer **w, const struct rf_writer_options *o);

/* The window begins: the header is written. Times as rf_probe_start() gives them. */
int rf_writer_begin(struct rf_writer *w, uint64_t start_ns);

/*
 * All of these: 0, or a negative errno after a message (-ENOSPC: the disk is full); from then on
 * nothing more is written, and the file ends with its last whole block.
 */
int rf_writer_record(struct rf_writer *w, const void *rec, size_t size);
int rf_writer_fact(struct rf_writer *w, const char *key, const char *value);
int rf_writer_call_name(struct rf_writer *w, unsigned int abi, unsigned int nr, const char *name);
int rf_writer_exe(struct rf_writer *w, uint64_t entity, const char *path);
int rf_writer_user(struct rf_writer *w, uint32_t uid, const char *name);
int rf_writer_cgroup(struct rf_writer *w, uint64_t id, const char *path);
int rf_writer_process_cgroup(struct rf_writer *w, uint64_t entity, const char *path);
int rf_writer_sweep(struct rf_writer *w, bool final);
int rf_writer_swept(struct rf_writer *w, uint64_t now_ns, uint64_t skipped, bool final);

/* An epoch was closed: its records go out, so that at most one epoch is lost with the recorder. */
int rf_writer_cut(struct rf_writer *w, uint64_t now_ns);

/*
 * Kept: what is held becomes a whole recording, and is held on: the first one goes to the file, the
 * next ones to FILE.2, FILE.3 and so on. Instead of rf_writer_finish().
 */
int rf_writer_dump(struct rf_writer *w, uint64_t now_ns);

void rf_writer_stats(const struct rf_writer *w, struct rf_writer_stats *stats);

/* Losses, index, end. 0 or a negative errno after a message. */
int rf_writer_finish(struct rf_writer *w, uint64_t end_ns);
void rf_writer_free(struct rf_writer *w);

#endif
