// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/log.h"
#include "bpf/isolation.h"
#include "bpf/stream.h"
#include "ledger/fold.h"
#include "ledger/hist.h"
#include "ledger/walk.h"

struct replay {
	const struct rf_replay_options *o;
	struct rf_ledger *ledger;
	struct rf_names *names;
	struct rf_fold *fold;
	const struct rf_file_header *h;
	struct rf_counts counts; /* of the whole recording */
	uint64_t skipped;
	uint64_t opened; /* calls that were open when a kept recording begins */
	uint64_t open;   /* and when it ends */
	uint64_t begin_ns;
	uint64_t last_ns; /* the latest of a batch so far */
	uint64_t end_ns;  /* of the last sweep; 0: none */
	bool final;       /* the last sweep was that of the end */
	bool sweeping;    /* a sweep tells what is open */
	bool swept;       /* it has done so */
	bool stale;       /* more has happened since */
	uint64_t bad_batches;
	uint64_t bad_records;
};

static bool fold_wants(void *ctx, uint64_t process, uint64_t thread)
{
	const struct rf_replay_options *o = ctx;

	(void)thread;
	return o->wants(o->ctx, process);
}

static bool fold_wants_call(void *ctx, uint32_t call)
{
	const struct rf_replay_options *o = ctx;

	return o->wants_call(o->ctx, call);
}

/* What the ledger cannot take is the file's fault, unless memory is out. */
static int feed(struct replay *p, const void *rec, size_t size)
{
	int err = rf_ledger_feed(p->ledger, rec, size);

	if (err != -EINVAL)
		return err;
	p->bad_records++;
	return 0;
}

static int sink(void *ctx, const void *rec, size_t size)
{
	return feed(ctx, rec, size);
}

static bool is_wanted(const struct replay *p, uint64_t process)
{
	return !p->o->wants || p->o->wants(p->o->ctx, process);
}

static bool is_after(const struct replay *p, uint64_t time)
{
	return p->o->to_ns && time >= p->o->to_ns;
}

static bool lies_within(const struct replay *p, uint64_t time)
{
	return time >= p->begin_ns && !is_after(p, time);
}

static bool is_wanted_call(const struct replay *p, uint32_t call)
{
	return !p->o->wants_call || p->o->wants_call(p->o->ctx, call);
}

static bool is_narrow(const struct replay *p)
{
	return p->o->from_ns || p->o->to_ns || p->o->wants || p->o->wants_call;
}

static int feed_isolation(struct replay *p, const void *rec, size_t size)
{
	int err = p->o->isolation ? rf_isolation_feed(p->o->isolation, rec, size) : 0;

	if (err != -EINVAL)
		return err;
	p->bad_records++;
	return 0;
}

static int take_violation(struct replay *p, const void *data, size_t size)
{
	const struct rf_process *process;
	struct rf_violation_rec rec;
	const char *exe;
	int err;

	if (size < sizeof(rec)) {
		p->bad_records++;
		return 0;
	}
	memcpy(&rec, data, sizeof(rec));
	if (!is_wanted(p, rec.rec.entity) || !lies_within(p, rec.time_ns) ||
	    (!rec.rec.count && !is_wanted_call(p, rec.call)))
		return 0;
	err = feed_isolation(p, data, size);
	process = rf_ledger_find(p->ledger, rec.rec.entity);
	exe = process && process->exe ? process->exe : rf_names_exe(p->names, rec.rec.entity);
	if (!err && exe)
		err = rf_isolation_set_exe(p->o->isolation, rec.id, exe);
	return err == -ENOENT ? 0 : err;
}

/* Cells are those of an epoch: of a part of the time, those that were closed in it. */
static int take_isolation_cell(struct replay *p, const void *data, size_t size)
{
	struct rf_isolation_cell cell = { 0 };
	bool has_call;

	memcpy(&cell, data, size < sizeof(cell) ? size : sizeof(cell));
	has_call = cell.kind == RF_ISOLATION_CAPABILITY ||
	           (cell.kind == RF_ISOLATION_VIOLATION && !RF_VIOLATION_SIGNAL(cell.key));
	if (!is_wanted(p, cell.rec.entity) || (has_call && !is_wanted_call(p, cell.call)))
		return 0;
	if ((p->o->from_ns || p->o->to_ns) &&
	    (cell.kind == RF_ISOLATION_VIOLATION || !lies_within(p, p->last_ns)))
		return 0;
	return feed_isolation(p, data, size);
}

static int take_isolation(struct replay *p, const void *rec, size_t size)
{
	const struct rf_rec *head = rec;

	if (!p->o->isolation)
		return 0;
	if (head->type == RF_REC_VIOLATION)
		return take_violation(p, rec, size);
	if (head->type == RF_REC_ISOLATION)
		return take_isolation_cell(p, rec, size);
	return feed_isolation(p, rec, size);
}

static int take_process(struct replay *p, const void *data, size_t size)
{
	struct rf_process_rec rec = { 0 };
	int err;

	memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
	err = feed_isolation(p, data, size);
	if (err)
		return err;
	if (!is_wanted(p, RF_ENTITY(rec.tgid, rec.start_ns)) || is_after(p, rec.time_ns))
		return 0;
	if (rec.rec.type == RF_REC_THREAD_BORN || rec.rec.type == RF_REC_THREAD_ENDED) {
		if (!p->o->by_thread)
			return 0;
		rec.rec.type = rec.rec.type == RF_REC_THREAD_BORN ? RF_REC_FORK : RF_REC_EXIT;
		return feed(p, &rec, RF_PROCESS_REC_SIZE);
	}
	if (p->o->by_thread && rec.rec.type == RF_REC_EXIT)
		return 0;
	return feed(p, data, size);
}

static int take_thread(struct replay *p, const void *data)
{
	struct rf_thread_rec rec;

	memcpy(&rec, data, sizeof(rec));
	if (!is_wanted(p, RF_ENTITY(rec.tgid, rec.start_ns)))
		return 0;
	if (p->o->by_thread && rec.thread_start_ns)
		rec.rec.entity = RF_ENTITY(rec.tid, rec.thread_start_ns);
	if (rec.rec.count && (is_after(p, rec.call_start_ns) ||
	                      (p->o->wants_call && !fold_wants_call((void *)p->o, rec.call))))
		rec.rec.count = 0;
	p->open += rec.rec.count;
	return feed(p, &rec, sizeof(rec));
}

static void take_counts(struct replay *p, const void *data)
{
	struct rf_counts *sum = &p->counts;
	struct rf_counts_rec rec;

	memcpy(&rec, data, sizeof(rec));
	sum->entered += rec.counts.entered;
	sum->refused += rec.counts.refused;
	sum->finished += rec.counts.finished;
	sum->faults_user += rec.counts.faults_user;
	sum->faults_kernel += rec.counts.faults_kernel;
	sum->lost_errnos += rec.counts.lost_errnos;
	sum->lost_records += rec.counts.lost_records;
	for (unsigned int kind = 0; kind < RF_LOST_KINDS; kind++)
		sum->lost[kind] += rec.counts.lost[kind];
}

static void note_time(struct replay *p, const void *rec)
{
	struct rf_batch_head head;

	memcpy(&head, rec, sizeof(head));
	if (head.last_ns > p->last_ns)
		p->last_ns = head.last_ns;
}

#define CODE_UNKNOWN UINT32_MAX

static uint32_t access_class(uint32_t code)
{
	if (code == CODE_UNKNOWN)
		return 0;
	return (code & 16 ? RF_FAULT_EXECUTE :
	        code & 2  ? RF_FAULT_WRITE :
	                    RF_FAULT_READ) |
	       (code & 1 ? RF_FAULT_PROTECTION : RF_FAULT_NOT_PRESENT);
}

/* The cell of a page fault's class. What the address hit was not looked up: it is not in the stream. */
static int count_fault(struct replay *p, uint64_t process, uint32_t code, bool user,
                       uint32_t solved, uint64_t ns)
{
	struct rf_isolation_cell cell = {
		.rec = { .type = RF_REC_ISOLATION, .count = 1, .entity = process },
		.kind = RF_ISOLATION_FAULT,
		.key = (user ? 0 : RF_FAULT_KERNEL) |
		       (solved == RF_SOLVED_MAJOR ? RF_FAULT_MAJOR : 0) | access_class(code),
		.untimed = !ns,
		.total_ns = ns,
		.max_ns = ns,
	};

	if (ns) {
		cell.top = rf_hist_bucket(ns);
		cell.hist[cell.top] = 1;
	}
	return feed_isolation(p, &cell, RF_ISOLATION_REC_SIZE(cell.top));
}

/* Page faults that were resolved, as their classes. */
static int count_faults(struct replay *p, const void *rec, size_t size)
{
	struct rf_step s = { 0 }, open = { 0 };
	struct rf_walk w;
	int err = 0;

	if (rf_walk_begin(&w, rec, size))
		return 0;
	while (!err && rf_walk_next(&w, &s) > 0) {
		if (s.kind == RF_STEP_FAULT && !s.solved)
			open = s;
		if ((s.kind != RF_STEP_FAULT && s.kind != RF_STEP_SOLVED) || !s.solved ||
		    !is_wanted(p, s.process) || !lies_within(p, s.time))
			continue;
		if (s.kind == RF_STEP_FAULT)
			err = count_fault(p, s.process, s.code, s.user, s.solved, s.handling);
		else if (open.thread == s.thread && open.user == s.user)
			err = count_fault(p, s.process, open.code, s.user, s.solved,
			                  s.time - open.time);
		else
			err = count_fault(p, s.process, CODE_UNKNOWN, s.user, s.solved, 0);
		if (s.kind == RF_STEP_SOLVED)
			open.thread = 0;
	}
	return err;
}

static int take_record(struct replay *p, const struct rf_entry_read *e)
{
	const struct rf_rec *head = e->rec;
	int err;

	switch (head->type) {
	case RF_REC_BATCH:
		p->stale = p->swept;
		note_time(p, e->rec);
		err = rf_fold_batch(p->fold, e->rec, e->size);
		if (err == -EINVAL) {
			p->bad_batches++;
			return 0;
		}
		return err || !p->o->isolation ? err : count_faults(p, e->rec, e->size);
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_EXIT:
	case RF_REC_THREAD_BORN:
	case RF_REC_THREAD_ENDED:
		return take_process(p, e->rec, e->size);
	case RF_REC_THREAD:
		return take_thread(p, e->rec);
	case RF_REC_COUNTS:
		take_counts(p, e->rec);
		if (p->o->isolation)
			rf_isolation_advance(p->o->isolation, p->last_ns);
		return is_narrow(p) ? 0 : feed_isolation(p, e->rec, e->size);
	case RF_REC_VIOLATION:
	case RF_REC_OUTCOME:
	case RF_REC_SIGNAL:
	case RF_REC_ISOLATION:
		return take_isolation(p, e->rec, e->size);
	default:
		return 0;
	}
}

static int take_entry(struct replay *p, const struct rf_entry_read *e)
{
	int err;

	switch (e->kind) {
	case RF_ENTRY_RECORD:
		return take_record(p, e);
	case RF_ENTRY_SWEEP:
		/* only the last one tells what stays open */
		p->sweeping = true;
		p->stale = p->swept = false;
		p->open = 0;
		return rf_ledger_sweep_begin(p->ledger);
	case RF_ENTRY_SWEPT:
		p->skipped = e->skipped;
		p->end_ns = e->time_ns;
		p->final = e->final;
		p->swept = true;
		return 0;
	case RF_ENTRY_OPEN:
		p->opened = e->count;
		return 0;
	case RF_ENTRY_EXE:
		err = rf_ledger_set_exe(p->ledger, e->id, e->text);
		if (err && err != -ENOENT)
			return err;
		return rf_names_take(p->names, e);
	default:
		return rf_names_take(p->names, e);
	}
}

/* A thread that runs what its process runs. */
static int name_threads(struct replay *p)
{
	int err = 0;

	for (size_t i = 0; !err && i < rf_ledger_nr_processes(p->ledger); i++) {
		const struct rf_process *t = rf_ledger_process(p->ledger, i);
		const char *exe = rf_names_exe(p->names, RF_ENTITY(t->tgid, t->start_ns));

		if (!t->exe && exe)
			err = rf_ledger_set_exe(p->ledger, t->entity, exe);
	}
	return err;
}

/* The counts under both parities, so that every cell is closed. */
static int feed_counts(struct replay *p, const struct rf_counts *counts)
{
	struct rf_counts_rec rec = { .rec = { .type = RF_REC_COUNTS }, .counts = *counts };
	int err = rf_ledger_feed(p->ledger, &rec, sizeof(rec));

	memset(&rec.counts, 0, sizeof(rec.counts));
	rec.rec.epoch = 1;
	return err ? err : rf_ledger_feed(p->ledger, &rec, sizeof(rec));
}

/* What was read, as if it were all that was seen, and what is known to be missing. */
static void count_read(const struct replay *p, uint64_t missing, struct rf_counts *counts)
{
	const struct rf_fold_sums *sums = rf_fold_sums(p->fold);
	uint64_t lost = sums->lost + sums->bad + missing;

	*counts = (struct rf_counts){
		.entered = sums->calls - sums->refused + p->open + lost,
		.refused = sums->refused,
		.finished = sums->calls + lost,
		.faults_user = sums->faults,
	};
	counts->lost[RF_LOST_BATCH] = lost;
}

static int finish(struct replay *p, const struct rf_reader_state *state, struct rf_replay *result)
{
	struct rf_counts counts = p->counts;
	int err = rf_fold_flush(p->fold);

	result->state = *state;
	result->partial = !state->ended || state->bad_blocks || state->bad_records || !p->swept ||
	                  p->stale || p->bad_batches || p->bad_records || is_narrow(p);
	result->state.bad_records += p->bad_records + p->bad_batches;
	result->begin_ns = p->begin_ns;
	result->end_ns = p->end_ns > state->last_ns ? p->end_ns : state->last_ns;
	if (is_after(p, result->end_ns))
		result->end_ns = p->o->to_ns;
	if (result->end_ns < result->begin_ns)
		result->end_ns = result->begin_ns;
	if (p->stale || !p->sweeping)
		p->open = 0;
	/* under way when what was kept begins: seen from then on */
	counts.entered += p->opened;
	if (result->partial)
		count_read(p, state->bad_crossings, &counts);
	else
		rf_ledger_set_skipped(p->ledger, p->skipped);
	if (!err)
		err = feed_counts(p, &counts);
	if (!err && (!p->sweeping || p->stale))
		err = rf_ledger_sweep_begin(p->ledger);
	if (!err)
		err = rf_ledger_sweep_end(p->ledger, result->end_ns, result->partial || p->final);
	if (!err)
		rf_ledger_end(p->ledger);
	if (p->o->isolation) {
		rf_isolation_flush(p->o->isolation);
		rf_isolation_sweep_end(p->o->isolation);
		/* the first version did not count them, and of the latest past not all of them are
		 * in it that it tells the end of */
		if (result->partial || p->h->minor < RF_MINOR_VIOLATIONS ||
		    p->h->flags & RF_FILE_KEPT)
			rf_isolation_settle(p->o->isolation);
	}
	return err ? err : name_threads(p);
}

static int read_all(struct rf_reader *r, struct replay *p)
{
	struct rf_entry_read e;
	int ret;

	while ((ret = rf_reader_next(r, &e)) > 0) {
		ret = take_entry(p, &e);
		if (ret)
			return ret;
	}
	return ret;
}

int rf_replay(struct rf_reader *r, const struct rf_replay_options *o, struct rf_ledger *l,
              struct rf_names *n, struct rf_replay *result)
{
	const struct rf_file_header *h = rf_reader_header(r);
	struct rf_fold_options fold = {
		.by_thread = o->by_thread,
		.from_ns = o->from_ns > h->start_ns ? o->from_ns : h->start_ns,
		.to_ns = o->to_ns,
		.wants = o->wants ? fold_wants : NULL,
		.wants_call = o->wants_call ? fold_wants_call : NULL,
		.ctx = (void *)o,
	};
	struct replay p = { .o = o, .ledger = l, .names = n, .h = h, .begin_ns = fold.from_ns };
	int err = -ENOMEM;

	p.fold = rf_fold_new(&fold, sink, &p);
	if (p.fold) {
		rf_ledger_start(l, p.begin_ns);
		err = read_all(r, &p);
		if (!err)
			err = finish(&p, rf_reader_state(r), result);
	}
	rf_fold_free(p.fold);
	if (err == -ENOMEM)
		rf_err("the recording does not fit in memory; --from and --to take less of it");
	else if (err == -EINVAL)
		rf_err("the recording contradicts itself");
	return err;
}
