// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/fold.h"

#include <stdlib.h>

#include "ledger/hist.h"
#include "ledger/walk.h"

#define CALL_CELLS 4096 /* direct-mapped, as in the kernel */
#define ERRNO_CELLS 1024
#define TIME_CELLS 1024
#define CELL_FULL 0x40000000U

struct rf_fold {
	struct rf_fold_options o;
	rf_fold_sink sink;
	void *sink_ctx;
	struct rf_fold_sums sums;
	uint16_t epoch;
	int err;        /* of the sink, for good */
	uint64_t asked; /* the last answer of o.wants */
	uint64_t asked_thread;
	bool wanted;
	struct rf_call_cell calls[CALL_CELLS];
	struct rf_errno_cell errnos[ERRNO_CELLS];
	struct rf_time_cell times[TIME_CELLS];
};

struct rf_fold *rf_fold_new(const struct rf_fold_options *options, rf_fold_sink sink,
                            void *sink_ctx)
{
	struct rf_fold *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->o = *options;
	f->sink = sink;
	f->sink_ctx = sink_ctx;
	return f;
}

void rf_fold_free(struct rf_fold *f)
{
	free(f);
}

const struct rf_fold_sums *rf_fold_sums(const struct rf_fold *f)
{
	return &f->sums;
}

static size_t slot_of(uint64_t entity, uint64_t detail, size_t slots)
{
	uint64_t key = (entity ^ entity >> 29 ^ detail << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(key >> 32) & (slots - 1);
}

static void give(struct rf_fold *f, const void *rec, size_t size)
{
	int err = f->err ? 0 : f->sink(f->sink_ctx, rec, size);

	if (err)
		f->err = err;
}

static void give_call(struct rf_fold *f, struct rf_call_cell *c)
{
	if (c->rec.entity)
		give(f, c, RF_CALL_REC_SIZE(c->top));
	memset(c, 0, sizeof(*c));
}

static void give_errno(struct rf_fold *f, struct rf_errno_cell *c)
{
	if (c->rec.entity)
		give(f, c, sizeof(*c));
	memset(c, 0, sizeof(*c));
}

static void give_time(struct rf_fold *f, struct rf_time_cell *c)
{
	if (c->rec.entity)
		give(f, c, sizeof(*c));
	memset(c, 0, sizeof(*c));
}

static void claim(struct rf_fold *f, struct rf_rec *rec, uint16_t type, uint64_t entity)
{
	*rec = (struct rf_rec){ .type = type, .epoch = f->epoch, .entity = entity };
}

static bool is_mine(const struct rf_fold *f, const struct rf_rec *rec, uint64_t entity)
{
	return rec->entity == entity && rec->epoch == f->epoch && rec->count < CELL_FULL;
}

static struct rf_call_cell *call_cell(struct rf_fold *f, uint64_t entity, uint32_t call)
{
	struct rf_call_cell *c = &f->calls[slot_of(entity, call, CALL_CELLS)];

	if (is_mine(f, &c->rec, entity) && c->call == call)
		return c;
	give_call(f, c);
	claim(f, &c->rec, RF_REC_CALL, entity);
	c->call = call;
	return c;
}

static struct rf_time_cell *time_cell(struct rf_fold *f, uint64_t entity)
{
	struct rf_time_cell *c = &f->times[slot_of(entity, 0, TIME_CELLS)];

	if (is_mine(f, &c->rec, entity))
		return c;
	give_time(f, c);
	claim(f, &c->rec, RF_REC_TIME, entity);
	return c;
}

static void add_errno(struct rf_fold *f, uint64_t entity, uint32_t call, uint16_t err,
                      uint16_t flags)
{
	struct rf_errno_cell *c =
		&f->errnos[slot_of(entity, call ^ (uint64_t)err << 20, ERRNO_CELLS)];

	if (!is_mine(f, &c->rec, entity) || c->call != call || c->err != err || c->flags != flags) {
		give_errno(f, c);
		claim(f, &c->rec, RF_REC_ERRNO, entity);
		c->call = call;
		c->err = err;
		c->flags = flags;
	}
	c->rec.count++;
}

static void add_duration(struct rf_call_cell *c, uint64_t ns, uint64_t waiting)
{
	unsigned int bucket = rf_hist_bucket(ns);

	c->total_ns += ns;
	c->waiting_ns += waiting < ns ? waiting : ns;
	if (ns > c->max_ns)
		c->max_ns = ns;
	if (c->rec.count == c->untimed + 1 || ns < c->min_ns)
		c->min_ns = ns;
	c->hist[bucket]++;
	if (bucket > c->top)
		c->top = bucket;
}

static void add_call(struct rf_fold *f, uint64_t entity, const struct rf_step *s)
{
	bool refused = s->flags & RF_CALL_REFUSED;
	struct rf_call_cell *c;

	if (f->o.wants_call && !f->o.wants_call(f->o.ctx, s->call))
		return;
	f->sums.calls++;
	f->sums.refused += refused;
	c = call_cell(f, entity, s->call);
	c->rec.count++;
	if (s->flags & (RF_CALL_REFUSED | RF_CALL_UNFINISHED))
		c->untimed++;
	else
		add_duration(c, s->time - s->start, s->waiting);
	if (s->flags & RF_CALL_SIGSYS)
		add_errno(f, entity, s->call, 0, RF_ERRNO_REFUSED);
	else if (s->result < 0 && s->result >= -4095 && !(s->flags & RF_CALL_UNFINISHED))
		add_errno(f, entity, s->call, (uint16_t)-s->result, refused ? RF_ERRNO_REFUSED : 0);
}

static bool lies_within(const struct rf_fold *f, uint64_t time)
{
	return time >= f->o.from_ns && (!f->o.to_ns || time < f->o.to_ns);
}

static void add_span(struct rf_fold *f, uint64_t entity, struct rf_step_span span)
{
	struct rf_time_cell *c;
	uint64_t ns;

	if (span.begin < f->o.from_ns)
		span.begin = f->o.from_ns;
	if (f->o.to_ns && span.end > f->o.to_ns)
		span.end = f->o.to_ns;
	if (span.end <= span.begin)
		return;
	ns = span.end - span.begin;
	c = time_cell(f, entity);
	c->rec.count++;
	switch (span.side) {
	case RF_SIDE_OF_USER:
		c->user_ns += ns;
		break;
	case RF_SIDE_OF_WAITING:
		c->waiting_ns += ns;
		break;
	case RF_SIDE_OF_FAULT:
		c->fault_ns += ns;
		c->kernel_ns += ns;
		break;
	default:
		c->kernel_ns += ns;
		break;
	}
}

static void add_fault(struct rf_fold *f, uint64_t entity, const struct rf_step *s)
{
	struct rf_time_cell *c;

	if (s->kind == RF_STEP_SOLVED && !s->solved)
		return;
	c = time_cell(f, entity);
	c->rec.count++;
	if (s->kind == RF_STEP_FAULT) {
		f->sums.faults++;
		if (s->user)
			c->faults_user++;
		else
			c->faults_kernel++;
	}
	if (s->solved == RF_SOLVED_MINOR)
		c->faults_minor++;
	else if (s->solved == RF_SOLVED_MAJOR)
		c->faults_major++;
}

static bool wants(struct rf_fold *f, uint64_t process, uint64_t thread)
{
	if (!f->o.wants)
		return true;
	if (f->asked != process || f->asked_thread != thread) {
		f->wanted = f->o.wants(f->o.ctx, process, thread);
		f->asked = process;
		f->asked_thread = thread;
	}
	return f->wanted;
}

static void add_step(struct rf_fold *f, const struct rf_walk *w, const struct rf_step *s)
{
	uint64_t entity = f->o.by_thread ? s->thread : s->process;

	if (entity && wants(f, s->process, s->thread)) {
		for (unsigned int i = 0; i < s->nr_spans; i++)
			add_span(f, entity, s->spans[i]);
		if (s->kind == RF_STEP_CALL && lies_within(f, s->time))
			add_call(f, entity, s);
		else if ((s->kind == RF_STEP_FAULT || s->kind == RF_STEP_SOLVED) &&
		         lies_within(f, s->time))
			add_fault(f, entity, s);
	}
	if (s->kind == RF_STEP_IN && s->waited && wants(f, w->process, w->thread))
		add_span(f, f->o.by_thread ? w->thread : w->process,
		         (struct rf_step_span){ s->time - s->waited, s->time, RF_SIDE_OF_WAITING });
}

int rf_fold_batch(struct rf_fold *f, const void *rec, size_t size)
{
	struct rf_step s = { 0 };
	struct rf_walk w;
	int ret = rf_walk_begin(&w, rec, size);

	if (ret)
		return ret;
	f->epoch = w.head.rec.epoch;
	if (lies_within(f, w.head.lost_to_ns))
		f->sums.lost += (uint64_t)w.head.lost_calls + w.head.lost_faults;
	while ((ret = rf_walk_next(&w, &s)) > 0)
		add_step(f, &w, &s);
	if (ret && (uint64_t)w.head.calls + w.head.faults > w.calls + w.faults)
		f->sums.bad += (uint64_t)w.head.calls + w.head.faults - w.calls - w.faults;
	return f->err ? f->err : ret;
}

int rf_fold_flush(struct rf_fold *f)
{
	for (size_t i = 0; i < CALL_CELLS; i++)
		if (f->calls[i].rec.entity)
			give_call(f, &f->calls[i]);
	for (size_t i = 0; i < ERRNO_CELLS; i++)
		give_errno(f, &f->errnos[i]);
	for (size_t i = 0; i < TIME_CELLS; i++)
		give_time(f, &f->times[i]);
	return f->err;
}
