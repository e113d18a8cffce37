/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cell tables' sizes, by the rule in docs/architecture.md.
 */
#ifndef RF_PROBE_TABLES_H
#define RF_PROBE_TABLES_H

#include <stddef.h>
#include <stdint.h>

struct rf_table_sizes {
	uint32_t call_bits; /* log2 of the cells that a CPU has for one epoch */
	uint32_t errno_bits;
	uint32_t time_bits;
	uint32_t ring_bytes; /* a power of two */
	size_t bytes;        /* all of it, on all CPUs */
};

/* Stream mode: the cell tables as small as they get, the ring takes half of the budget. */
struct rf_table_sizes rf_table_sizes_stream(unsigned int cpus, size_t budget);

/*
 * The largest tables that fit into budget bytes (0: the default) on so many CPUs; at least the
 * smallest that work.
 */
struct rf_table_sizes rf_table_sizes(unsigned int cpus, size_t budget);

#endif
