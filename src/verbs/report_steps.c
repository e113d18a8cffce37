// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/report_steps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "bpf/stream.h"
#include "identity/syscall.h"
#include "ledger/order.h"
#include "ledger/who.h"
#include "views/moment.h"
#include "views/text.h"

struct telling {
	struct rf_report_steps *o;
	struct rf_moment_view view;
	struct rf_order *order;
	struct rf_who *who;
};

/* What a thread's time went into. */
struct sums {
	uint64_t side[4]; /* enum rf_step_side */
	uint64_t first_ns;
	uint64_t last_ns;
};

static bool lies_within(const struct rf_report_steps *o, uint64_t time)
{
	return time >= o->from_ns && (!o->to_ns || time < o->to_ns);
}

static bool is_meant(const struct rf_report_steps *o, uint64_t process, uint64_t thread)
{
	if (!process)
		return false;
	if (o->timeline && RF_ENTITY_PID(process) != o->pid && RF_ENTITY_PID(thread) != o->pid)
		return false;
	return !o->wants || o->wants(o->ctx, process);
}

static int tell_span(struct telling *t, struct rf_who_thread *who, struct rf_step_span span)
{
	const struct rf_report_steps *o = t->o;
	struct rf_moment_who shown = { who->pid, who->tid, who->comm };
	struct sums *sums = who->more;

	if (span.begin < o->from_ns)
		span.begin = o->from_ns;
	if (o->to_ns && span.end > o->to_ns)
		span.end = o->to_ns;
	if (span.begin >= span.end)
		return 0;
	if (!sums)
		sums = who->more = calloc(1, sizeof(*sums));
	if (!sums)
		return -ENOMEM;
	sums->side[span.side] += span.end - span.begin;
	if (!sums->first_ns || span.begin < sums->first_ns)
		sums->first_ns = span.begin;
	if (span.end > sums->last_ns)
		sums->last_ns = span.end;
	/* a call's line says how long it was in the kernel */
	if (!o->json && !o->csv &&
	    (span.side == RF_SIDE_OF_KERNEL || span.side == RF_SIDE_OF_FAULT))
		return 0;
	t->o->shown++;
	return rf_moment_span(&t->view, &shown, &span);
}

static int tell_step(struct telling *t, struct rf_who_thread *who, const struct rf_step *s)
{
	struct rf_moment_who shown = { who->pid, who->tid, who->comm };
	const struct rf_report_steps *o = t->o;

	if (!lies_within(o, s->time))
		return 0;
	t->o->shown++;
	switch (s->kind) {
	case RF_STEP_CALL:
		if (!o->timeline || (o->wants_call && !o->wants_call(o->ctx, s->call)))
			return 0;
		return rf_moment_call(&t->view, &shown, s, NULL);
	case RF_STEP_FAULT:
		return rf_moment_fault(&t->view, &shown, s);
	case RF_STEP_SIGNAL:
		return rf_moment_signal(&t->view, &shown, s);
	default:
		t->o->shown--;
		return 0;
	}
}

static int on_step(struct telling *t, const struct rf_moment *m)
{
	const struct rf_step *s = m->step;
	struct rf_who_thread *who;
	int err = 0;

	if (is_meant(t->o, s->process, s->thread)) {
		who = rf_who_thread(t->who, s->process, s->thread);
		if (!who)
			return -ENOMEM;
		for (unsigned int i = 0; t->o->timeline && i < s->nr_spans && !err; i++)
			err = tell_span(t, who, s->spans[i]);
		if (!err)
			err = tell_step(t, who, s);
	}
	if (err || s->kind != RF_STEP_IN || !s->waited || !t->o->timeline ||
	    !is_meant(t->o, m->process, m->thread))
		return err;
	who = rf_who_thread(t->who, m->process, m->thread);
	if (!who)
		return -ENOMEM;
	return tell_span(t, who,
	                 (struct rf_step_span){ s->time - s->waited, s->time, RF_SIDE_OF_WAITING });
}

static int on_record(struct telling *t, const void *data, size_t size)
{
	struct rf_process_rec rec = { 0 };
	struct rf_who_thread *who;
	struct rf_moment_who shown;
	int err = rf_who_learn(t->who, data, size);
	uint64_t process;

	memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
	process = RF_ENTITY(rec.tgid, rec.start_ns);
	if (err || !t->o->timeline || rec.rec.type == RF_REC_THREAD_BORN ||
	    rec.rec.type == RF_REC_THREAD_ENDED || !is_meant(t->o, process, rec.rec.entity) ||
	    !lies_within(t->o, rec.time_ns))
		return err;
	who = rf_who_thread(t->who, process, rec.rec.entity);
	if (!who)
		return -ENOMEM;
	shown = (struct rf_moment_who){ who->pid, who->tid, who->comm };
	t->o->shown++;
	return rf_moment_process(&t->view, &shown, &rec);
}

static int on_moment(void *ctx, const struct rf_moment *m)
{
	return m->step ? on_step(ctx, m) : on_record(ctx, m->rec, m->size);
}

static int take(struct telling *t, const struct rf_entry_read *e)
{
	const struct rf_rec *head = e->rec;
	struct rf_process_rec process;

	if (e->kind == RF_ENTRY_CALL)
		return rf_syscall_learn(e->abi, e->nr, e->text) == -ENOMEM ? -ENOMEM : 0;
	if (e->kind != RF_ENTRY_RECORD)
		return 0;
	switch (head->type) {
	case RF_REC_BATCH:
		return rf_order_batch(t->order, e->rec, e->size);
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_EXIT:
	case RF_REC_THREAD_BORN:
	case RF_REC_THREAD_ENDED:
		memcpy(&process, e->rec, RF_PROCESS_REC_SIZE);
		return rf_order_record(t->order, process.time_ns, e->rec, e->size);
	case RF_REC_THREAD:
		return rf_who_learn(t->who, e->rec, e->size);
	case RF_REC_COUNTS:
		return rf_order_tell(t->order);
	default:
		return 0;
	}
}

/* One thread's time, at the end of its timeline. */
static int sum_up(void *ctx, struct rf_who_thread *who)
{
	char user[RF_TEXT_LEN], kernel[RF_TEXT_LEN], waiting[RF_TEXT_LEN], all[RF_TEXT_LEN];
	struct telling *t = ctx;
	const struct sums *s = who->more;
	char comm[128];

	if (!s || t->o->json || t->o->csv)
		return 0;
	rf_text_duration(user, s->side[RF_SIDE_OF_USER], t->o->utf8);
	rf_text_duration(kernel, s->side[RF_SIDE_OF_KERNEL] + s->side[RF_SIDE_OF_FAULT],
	                 t->o->utf8);
	rf_text_duration(waiting, s->side[RF_SIDE_OF_WAITING], t->o->utf8);
	rf_text_duration(all, s->last_ns - s->first_ns, t->o->utf8);
	fprintf(t->o->out, "%s[%" PRIu32 "/%" PRIu32 "] user %s, kernel %s, waiting %s, of %s\n",
	        rf_text_name(comm, sizeof(comm), who->comm, t->o->utf8), who->pid, who->tid, user,
	        kernel, waiting, all);
	return 0;
}

int rf_report_steps(struct rf_reader *r, struct rf_report_steps *o)
{
	const struct rf_file_header *h = rf_reader_header(r);
	struct telling t = { .o = o };
	struct rf_entry_read e;
	int ret = -ENOMEM;

	t.view = (struct rf_moment_view){ .out = o->out,
		                          .json = o->json,
		                          .csv = o->csv,
		                          .utf8 = o->utf8,
		                          .real_offset = h->start_real - h->start_ns };
	if (o->from_ns < h->start_ns)
		o->from_ns = h->start_ns;
	t.order = rf_order_new(on_moment, &t);
	t.who = rf_who_new();
	if (t.order && t.who) {
		if (o->csv)
			(void)rf_moment_titles(&t.view);
		while ((ret = rf_reader_next(r, &e)) > 0 && !(ret = take(&t, &e)))
			;
		if (!ret)
			ret = rf_order_tell(t.order);
		if (!ret && o->timeline)
			ret = rf_who_each(t.who, sum_up, &t);
	}
	rf_order_free(t.order);
	rf_who_free(t.who);
	return ret;
}
