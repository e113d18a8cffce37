/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the probe share: the loaded programs and the maps that are
 * read in place.
 */
#ifndef RF_PROBE_INTERNAL_H
#define RF_PROBE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "records.h"
#include "isolation.h"
#include "state.h"
#include "stream.h"
#include "ringfence.skel.h"

#include "probe/probe.h"
#include "probe/tables.h"

/* A mmapable array map, mapped. */
struct rf_mapping {
	void *addr;
	size_t bytes;
};

/* Records set aside: those of the next epoch that come while one is being closed. */
struct rf_backlog {
	char *bytes;
	size_t used;
	size_t room;
};

/* Links beyond the skeleton's own: one software event a CPU and kind. */
struct rf_links {
	struct bpf_link **links;
	size_t nr;
};

struct rf_probe {
	struct ringfence_bpf *skel;
	struct rf_links events;
	struct ring_buffer *ring;
	struct rf_table_sizes sizes;
	unsigned int cpus;
	struct rf_mapping call_cells, errno_cells, time_cells, cpu_states, isolation_cells;
	uint32_t isolation_bits;   /* log2 of the isolation cells that a CPU has for one epoch */
	struct rf_mapping batches; /* stream mode */
	rf_sink sink;
	void *sink_ctx;
	bool closing;    /* an epoch is being closed: the ring's records are sorted */
	uint16_t parity; /* of the epoch that is being closed */
	bool final;      /* the last sweep: threads found twice are handed over once */
	struct rf_backlog backlog;
	int stats_fd; /* while it is open, the kernel times BPF programs; -1: it does not for us */
	uint32_t *listed; /* final: tids handed over, an open-addressing set; 0 is free */
	size_t listed_size;
	size_t nr_listed;
};

/* The control block, written by the loader and read by the programs. */
static inline struct rf_control *rf_probe_control(struct rf_probe *p)
{
	return &p->skel->bss->rf_control;
}

/* Sets the programs and cells of fault isolation up, before the load. 0 or -errno. isolation.c */
int rf_isolation_prepare(struct rf_probe *p, const struct rf_probe_options *o,
                         const struct rf_host *host);

/* Called by the ring for each record; ctx is the probe. */
int rf_probe_ring_record(void *ctx, void *data, size_t size);

/* Maps the tables and CPU states of a loaded skeleton; undone by rf_sweep_unmap(). 0 or -errno. */
int rf_sweep_map(struct rf_probe *p);
void rf_sweep_unmap(struct rf_probe *p);
/* Hands over what was set aside while an epoch was closed. 0, or what the sink said. */
int rf_sweep_backlog(struct rf_probe *p);

#endif
