// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sweeping: closing an epoch and handing over all that was booked in it.
 *
 * There are two sets of tables. The loader turns the programs over to the other
 * set, waits until no program can still be writing to the first (an RCU grace
 * period: the programs run with preemption off), and then reads and empties the
 * first at leisure. No cell is ever read while it is written, so every crossing
 * is in exactly one epoch.
 */
#include "probe/internal.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ITER_BUFFER (64 * 1024)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static int map_array(const struct bpf_map *map, struct rf_mapping *m)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t value = (bpf_map__value_size(map) + 7) & ~(size_t)7;
	size_t bytes = (value * bpf_map__max_entries(map) + page - 1) & ~(page - 1);
	void *addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (addr == MAP_FAILED)
		return -errno;
	m->addr = addr;
	m->bytes = bytes;
	return 0;
}

int rf_sweep_map(struct rf_probe *p)
{
	int err = map_array(p->skel->maps.rf_call_cells, &p->call_cells);

	if (!err)
		err = map_array(p->skel->maps.rf_errno_cells, &p->errno_cells);
	if (!err)
		err = map_array(p->skel->maps.rf_time_cells, &p->time_cells);
	if (!err)
		err = map_array(p->skel->maps.rf_cpus, &p->cpu_states);
	if (!err)
		err = map_array(p->skel->maps.rf_isolation_cells, &p->isolation_cells);
	if (!err && p->skel->rodata->rf_stream)
		err = map_array(p->skel->maps.rf_batches, &p->batches);
	return err;
}

static void unmap(struct rf_mapping *m)
{
	if (m->addr)
		munmap(m->addr, m->bytes);
	m->addr = NULL;
}

void rf_sweep_unmap(struct rf_probe *p)
{
	unmap(&p->call_cells);
	unmap(&p->errno_cells);
	unmap(&p->time_cells);
	unmap(&p->cpu_states);
	unmap(&p->isolation_cells);
	unmap(&p->batches);
	free(p->backlog.bytes);
	free(p->listed);
}

/*
 * Returns when no program that was running at the call is running any more.
 * MEMBARRIER_CMD_GLOBAL is synchronize_rcu(), and RCU has waited for sections
 * with preemption off since 4.20.
 */
static int grace_period(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}

static int backlog_add(struct rf_backlog *b, const void *data, size_t size)
{
	size_t need = b->used + sizeof(uint64_t) + ((size + 7) & ~(size_t)7);
	uint64_t len = size;

	if (need > b->room) {
		size_t room = need * 2;
		char *bytes = realloc(b->bytes, room);

		if (!bytes)
			return -ENOMEM;
		b->bytes = bytes;
		b->room = room;
	}
	memcpy(b->bytes + b->used, &len, sizeof(len));
	memcpy(b->bytes + b->used + sizeof(len), data, size);
	b->used = need;
	return 0;
}

int rf_sweep_backlog(struct rf_probe *p)
{
	struct rf_backlog *b = &p->backlog;
	size_t at = 0;
	int err = 0;

	while (at < b->used && !err) {
		uint64_t len;

		memcpy(&len, b->bytes + at, sizeof(len));
		at += sizeof(len);
		err = p->sink(p->sink_ctx, b->bytes + at, len);
		at += (len + 7) & ~(size_t)7;
	}
	b->used = 0;
	return err;
}

/* Remembers a thread of the last sweep; false when it was there already. */
static bool list_thread(struct rf_probe *p, uint32_t tid)
{
	size_t i, mask;

	if ((p->nr_listed + 1) * 2 > p->listed_size) {
		size_t size = p->listed_size ? p->listed_size * 2 : 1024;
		uint32_t *grown = calloc(size, sizeof(*grown));

		if (!grown)
			return true; /* then a thread may be listed twice, and shows as unexplained */
		for (size_t j = 0; j < p->listed_size; j++) {
			if (!p->listed[j])
				continue;
			for (i = p->listed[j] * 2654435761U; grown[i & (size - 1)]; i++)
				;
			grown[i & (size - 1)] = p->listed[j];
		}
		free(p->listed);
		p->listed = grown;
		p->listed_size = size;
	}
	mask = p->listed_size - 1;
	for (i = tid * 2654435761U; p->listed[i & mask]; i++) {
		if (p->listed[i & mask] == tid)
			return false;
	}
	p->listed[i & mask] = tid;
	p->nr_listed++;
	return true;
}

static int hand_over_thread(struct rf_probe *p, const struct rf_thread_rec *rec)
{
	if (p->final && !list_thread(p, rec->tid))
		return 0;
	return p->sink(p->sink_ctx, rec, sizeof(*rec));
}

int rf_probe_ring_record(void *ctx, void *data, size_t size)
{
	struct rf_probe *p = ctx;
	const struct rf_rec *rec = data;

	if (size >= sizeof(struct rf_thread_rec) && rec->type == RF_REC_THREAD)
		return hand_over_thread(p, data);
	if (p->closing && rec->epoch != p->parity)
		return backlog_add(&p->backlog, data, size);
	return p->sink(p->sink_ctx, data, size);
}

/* The bytes of a cell that are a record. */
static size_t call_cell_size(const void *cell)
{
	return RF_CALL_REC_SIZE(((const struct rf_call_cell *)cell)->top % RF_HIST_BUCKETS);
}

static size_t errno_cell_size(const void *cell)
{
	(void)cell;
	return sizeof(struct rf_errno_cell);
}

static size_t time_cell_size(const void *cell)
{
	(void)cell;
	return sizeof(struct rf_time_cell);
}

/* Hands over and empties all cells that one table holds for the epoch. */
static int sweep_table(struct rf_probe *p, const struct rf_mapping *m, size_t cell_bytes,
                       uint32_t bits, size_t (*size)(const void *))
{
	size_t cells = (size_t)p->cpus << bits;
	char *cell = (char *)m->addr + p->parity * cells * cell_bytes;
	int err;

	for (size_t i = 0; i < cells; i++, cell += cell_bytes) {
		struct rf_rec *rec = (struct rf_rec *)cell;

		if (!rec->entity)
			continue;
		err = p->sink(p->sink_ctx, cell, size(cell));
		if (err)
			return err;
		rec->entity = 0; /* who claims it next clears the rest */
	}
	return 0;
}

static int sweep_counts(struct rf_probe *p)
{
	struct rf_cpu *cpus = p->cpu_states.addr;

	for (unsigned int i = 0; i < p->cpus; i++) {
		struct rf_counts_rec rec = {
			.rec = { .type = RF_REC_COUNTS, .epoch = p->parity, .count = i },
			.counts = cpus[i].counts[p->parity]
		};
		int err = p->sink(p->sink_ctx, &rec, sizeof(rec));

		if (err)
			return err;
		memset(&cpus[i].counts[p->parity], 0, sizeof(cpus[i].counts[0]));
	}
	return 0;
}

static size_t isolation_cell_size(const void *cell)
{
	return RF_ISOLATION_REC_SIZE(((const struct rf_isolation_cell *)cell)->top %
	                             RF_HIST_BUCKETS);
}

/* Hands over the batches that are not full yet. */
static int sweep_batches(struct rf_probe *p)
{
	struct rf_batch *batches = p->batches.addr;

	for (unsigned int i = 0; batches && i < p->cpus; i++) {
		struct rf_batch *b = &batches[p->parity * p->cpus + i];
		int err;

		if (!b->head.rec.count && !b->head.lost_calls && !b->head.lost_faults)
			continue;
		b->head.rec.type = RF_REC_BATCH;
		b->head.rec.epoch = p->parity;
		b->head.cpu = i;
		b->head.abi = RF_STREAM_ABI;
		err = p->sink(p->sink_ctx, b, RF_BATCH_REC_SIZE(b->head.rec.count));
		if (err)
			return err;
		memset(b, 0, sizeof(*b));
	}
	return 0;
}

static int sweep_tables(struct rf_probe *p)
{
	int err = sweep_batches(p);

	if (!err)
		err = sweep_table(p, &p->call_cells, sizeof(struct rf_call_cell),
		                  p->sizes.call_bits, call_cell_size);

	if (!err)
		err = sweep_table(p, &p->errno_cells, sizeof(struct rf_errno_cell),
		                  p->sizes.errno_bits, errno_cell_size);
	if (!err)
		err = sweep_table(p, &p->time_cells, sizeof(struct rf_time_cell),
		                  p->sizes.time_bits, time_cell_size);
	if (!err)
		err = sweep_table(p, &p->isolation_cells, sizeof(struct rf_isolation_cell),
		                  p->isolation_bits, isolation_cell_size);
	return err ? err : sweep_counts(p);
}

static int hand_over_threads(struct rf_probe *p, const char *buf, size_t bytes)
{
	const struct rf_thread_rec *rec = (const void *)buf;

	for (; bytes >= sizeof(*rec); bytes -= sizeof(*rec), rec++) {
		int err = hand_over_thread(p, rec);

		if (err)
			return err;
	}
	return 0;
}

/* Runs the task iterator; each thread becomes a record. */
static int sweep_threads(struct rf_probe *p)
{
	__free char *buf = malloc(ITER_BUFFER);
	__close int fd = bpf_iter_create(bpf_link__fd(p->skel->links.rf_threads_iter));
	size_t used = 0;

	if (fd < 0)
		return fd;
	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, buf + used, ITER_BUFFER - used);
		size_t whole;
		int err;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return used ? -EIO : 0;
		used += (size_t)n;
		whole = used - used % sizeof(struct rf_thread_rec);
		err = hand_over_threads(p, buf, whole);
		if (err)
			return err;
		used -= whole;
		memmove(buf, buf + whole, used);
	}
}

/*
 * Calls left open by threads that were on a CPU when the programs froze and
 * have ended since, so that the iterator did not see them.
 */
static int sweep_cpus(struct rf_probe *p)
{
	const struct rf_cpu *cpus = p->cpu_states.addr;

	for (unsigned int i = 0; i < p->cpus; i++) {
		struct rf_thread_rec rec = {
			.rec = { .type = RF_REC_THREAD, .count = 1, .entity = cpus[i].entity },
			.tgid = RF_ENTITY_PID(cpus[i].entity),
			.tid = cpus[i].tid,
			.call = cpus[i].call,
			.call_start_ns = cpus[i].call_start_ns,
			.flags = cpus[i].flags
		};
		int err;

		if (!(cpus[i].flags & RF_T_COUNTED) || cpus[i].stolen == cpus[i].generation)
			continue;
		rec.since_ns = rec.time_ns = now_ns();
		err = hand_over_thread(p, &rec);
		if (err)
			return err;
	}
	return 0;
}

/* Turns the programs over to the other set of tables and waits until none uses this one. */
static int close_epoch(struct rf_probe *p)
{
	struct rf_control *control = rf_probe_control(p);

	p->parity = control->epoch & 1;
	p->closing = true;
	__atomic_store_n(&control->epoch, control->epoch + 1, __ATOMIC_RELEASE);
	return grace_period();
}

static int drain_ring(struct rf_probe *p)
{
	int n = ring_buffer__consume(p->ring);

	return n < 0 ? n : 0;
}

static int close_and_sweep(struct rf_probe *p, bool threads, uint64_t *now)
{
	int err = rf_sweep_backlog(p);

	*now = now_ns();
	if (!err)
		err = close_epoch(p);
	if (!err)
		err = drain_ring(p);
	if (!err)
		err = sweep_tables(p);
	if (!err && threads)
		err = sweep_threads(p);
	/* what came of the next epoch waits: who follows epochs knows that this one is whole */
	p->closing = false;
	return err;
}

int rf_probe_sweep(struct rf_probe *p, uint64_t *now)
{
	return close_and_sweep(p, true, now);
}

int rf_probe_flush(struct rf_probe *p, uint64_t *now)
{
	return close_and_sweep(p, false, now);
}

int rf_probe_stop(struct rf_probe *p, uint64_t *now)
{
	struct rf_control *control = rf_probe_control(p);
	int err = rf_sweep_backlog(p);

	*now = now_ns();
	p->final = true;
	/* from here on no crossing begins or ends; what is open stays open */
	__atomic_store_n(&control->on, RF_FROZEN, __ATOMIC_RELEASE);
	if (!err)
		err = grace_period();
	if (!err)
		err = sweep_threads(p);
	__atomic_store_n(&control->on, RF_OFF, __ATOMIC_RELEASE);
	if (!err)
		err = close_epoch(p);
	if (!err)
		err = drain_ring(p); /* with what threads left open that have ended meanwhile */
	if (!err)
		err = sweep_cpus(p);
	if (!err)
		err = sweep_tables(p);
	p->closing = false;
	return err ? err : rf_sweep_backlog(p);
}

int rf_probe_start(struct rf_probe *p, uint64_t *now)
{
	struct rf_control *control = rf_probe_control(p);

	*now = now_ns();
	control->start_ns = *now;
	__atomic_store_n(&control->on, RF_ON, __ATOMIC_RELEASE);
	return 0;
}
