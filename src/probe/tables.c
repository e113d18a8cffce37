// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/tables.h"

#include <linux/types.h>

#include "records.h"
#include "state.h"
#include "stream.h"
#include "probe/probe.h"

#define MIB ((size_t)1 << 20)
#define BYTES_PER_CPU (16 * MIB)
#define BYTES_MAX (256 * MIB)
#define CALL_BITS_MAX 12 /* 4096 cells: more than a CPU crosses in between two sweeps */
#define CALL_BITS_MIN 6
#define RING_MIN (256 * 1024)
#define RING_MAX (64 * MIB)

static size_t table_bytes(unsigned int cpus, const struct rf_table_sizes *s)
{
	/* two epochs of each */
	return 2 * (size_t)cpus *
	               ((sizeof(struct rf_call_cell) << s->call_bits) +
	                (sizeof(struct rf_errno_cell) << s->errno_bits) +
	                (sizeof(struct rf_time_cell) << s->time_bits)) +
	       cpus * sizeof(struct rf_cpu) + s->ring_bytes;
}

/* What 0 stands for. */
static size_t default_budget(unsigned int cpus)
{
	size_t budget = cpus * BYTES_PER_CPU;

	return budget < BYTES_MAX ? budget : BYTES_MAX;
}

struct rf_table_sizes rf_table_sizes(unsigned int cpus, size_t budget)
{
	struct rf_table_sizes s = { .ring_bytes = RING_MIN };

	if (!budget)
		budget = default_budget(cpus);
	while (s.ring_bytes * 2 <= budget / 4 && s.ring_bytes < RING_MAX)
		s.ring_bytes *= 2;
	for (s.call_bits = CALL_BITS_MAX;; s.call_bits--) {
		s.errno_bits = s.call_bits - 2;
		s.time_bits = s.call_bits - 1;
		s.bytes = table_bytes(cpus, &s);
		if (s.bytes <= budget || s.call_bits == CALL_BITS_MIN)
			return s;
	}
}

struct rf_table_sizes rf_table_sizes_stream(unsigned int cpus, size_t budget)
{
	struct rf_table_sizes s = { .ring_bytes = RING_MIN };

	if (!budget)
		budget = default_budget(cpus);
	while (s.ring_bytes * 2 <= budget / 2 && s.ring_bytes < RING_MAX)
		s.ring_bytes *= 2;
	s.bytes = table_bytes(cpus, &s) + 2 * (size_t)cpus * sizeof(struct rf_batch);
	return s;
}

size_t rf_probe_default_bytes(unsigned int cpus)
{
	return rf_table_sizes(cpus, 0).bytes;
}
