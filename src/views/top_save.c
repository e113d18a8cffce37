// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * docs/reference/top.md explains every key of the JSON.
 */
#include <errno.h>
#include <stdio.h>

#include <linux/types.h>

#include "bpf/records.h"
#include "identity/errno.h"
#include "views/json.h"
#include "views/process_json.h"
#include "views/text.h"
#include "views/top_impl.h"

static const char *call_name(uint32_t call, char *buf)
{
	return rf_syscall_label(RF_CALL_ABI(call), RF_CALL_NR(call), buf, RF_SYSCALL_NAME_LEN);
}

static void put_call(struct rf_json *j, uint32_t call)
{
	char name[RF_SYSCALL_NAME_LEN];

	rf_json_string(j, "name", call_name(call, name));
	rf_json_string(j, "abi", rf_abi_name(RF_CALL_ABI(call)));
	rf_json_u64(j, "nr", RF_CALL_NR(call));
}

static void put_sides(struct rf_json *j, const struct rf_top *t, const struct rf_process *p)
{
	rf_json_u64(j, "calls", p->calls);
	rf_json_u64(j, "failed", p->failed);
	rf_json_u64(j, "denied", p->denied);
	rf_json_page_faults(j, &p->faults);
	if (t->no_latency)
		rf_json_null(j, "time_ns");
	else
		rf_json_times(j, p);
}

static void put_who(struct rf_json *j, const struct rf_top_row *row, enum rf_by by)
{
	const struct rf_process *p = &row->sum;

	if (by == RF_BY_COMM || by == RF_BY_CGROUP) {
		rf_json_string(j, rf_by_name(by), by == RF_BY_COMM ? p->comm : row->cgroup);
		rf_json_u64(j, "processes", row->processes);
	} else {
		rf_json_u64(j, "pid", p->tgid);
		if (by == RF_BY_THREAD)
			rf_json_u64(j, "tid", p->tid);
		rf_json_u64(j, "ppid", p->ppid);
		rf_json_u64(j, "start_time_ns", p->start_ns);
		rf_json_string(j, "comm", p->comm);
		rf_json_u64(j, "uid", p->uid);
		rf_json_string(j, "user", row->user);
		rf_json_string(j, "cgroup", row->cgroup);
		rf_json_bool(j, "exited", p->exited);
	}
	rf_json_u64(j, "threads", row->threads);
	rf_json_u64(j, "violations", row->violations);
}

static void put_top_call(struct rf_json *j, const struct rf_top *t, const struct rf_top_row *row)
{
	uint64_t p99;

	if (!row->top_calls) {
		rf_json_null(j, "top_call");
		return;
	}
	rf_json_object(j, "top_call");
	put_call(j, row->top_call);
	rf_json_u64(j, "calls", row->top_calls);
	if (rf_top_p99(&t->all, row, &p99))
		rf_json_u64(j, "p99_ns", p99);
	else
		rf_json_null(j, "p99_ns");
	rf_json_end(j);
}

static void put_errnos(struct rf_json *j, const struct rf_cell *cell)
{
	rf_json_array(j, "errnos");
	for (size_t i = 0; i < cell->nr_errnos; i++) {
		const struct rf_errno_count *e = &cell->errnos[i];
		char name[RF_ERRNO_NAME_LEN];

		rf_json_object(j, NULL);
		rf_json_string(j, "name",
		               e->err ? rf_errno_label(e->err, name, sizeof(name)) : "SIGSYS");
		rf_json_u64(j, "count", e->count);
		rf_json_bool(j, "refused", e->refused);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_cell(struct rf_json *j, const struct rf_cell *cell)
{
	rf_json_object(j, NULL);
	put_call(j, cell->call);
	rf_json_u64(j, "calls", cell->calls);
	rf_json_u64(j, "open", cell->open);
	rf_json_u64(j, "failed", cell->failed);
	rf_json_u64(j, "denied", cell->denied);
	put_errnos(j, cell);
	rf_json_u64(j, "total_ns", cell->total_ns);
	rf_json_u64(j, "waiting_ns", cell->waiting_ns);
	rf_json_u64(j, "min_ns", cell->min_ns);
	rf_json_u64(j, "max_ns", cell->max_ns);
	rf_json_u64(j, "p50_ns", rf_hist_quantile(&cell->hist, 0.5, cell->min_ns, cell->max_ns));
	rf_json_u64(j, "p99_ns", rf_hist_quantile(&cell->hist, 0.99, cell->min_ns, cell->max_ns));
	rf_json_end(j);
}

static void put_inside(struct rf_json *j, const struct rf_top_inside *in)
{
	static const char *const places[] = {
		[RF_TOP_GONE] = "ended",        [RF_TOP_IN_USER] = "user",
		[RF_TOP_IN_READY] = "user",     [RF_TOP_IN_CALL] = "call",
		[RF_TOP_IN_FAULT] = "fault",    [RF_TOP_IN_KERNEL] = "kernel",
		[RF_TOP_NOT_KNOWN] = "unknown",
	};

	rf_json_object(j, "inside");
	rf_json_string(j, "place", places[in->where]);
	rf_json_bool(j, "running", in->running);
	if (in->where == RF_TOP_IN_CALL) {
		put_call(j, in->call);
		rf_json_bool(j, "before_window", in->before);
	}
	if (in->timed)
		rf_json_u64(j, "for_ns", in->for_ns);
	else
		rf_json_null(j, "for_ns");
	rf_json_end(j);
}

static void put_threads(struct rf_json *j, const struct rf_top *t, const struct rf_top_opened *o)
{
	rf_json_array(j, "by_thread");
	for (size_t i = 0; i < o->nr_threads; i++) {
		const struct rf_top_thread *thread = o->threads[i];

		rf_json_object(j, NULL);
		rf_json_u64(j, "pid", thread->p.tgid);
		rf_json_u64(j, "tid", thread->p.tid);
		rf_json_string(j, "comm", thread->p.comm);
		put_sides(j, t, &thread->p);
		put_inside(j, &thread->inside);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_row(struct rf_json *j, const struct rf_top *t, const struct rf_top_row *row,
                    enum rf_by by)
{
	put_who(j, row, by);
	put_sides(j, t, &row->sum);
}

static void put_open(struct rf_json *j, const struct rf_top *t)
{
	const struct rf_top_opened *o = t->open;

	rf_json_object(j, "open");
	rf_json_string(j, "by", rf_by_name(o->by));
	put_row(j, t, &o->row, o->by);
	rf_json_string(j, "exe", o->exe);
	rf_json_bool(j, "ended", o->gone || o->row.sum.exited);
	rf_json_array(j, "by_call");
	for (size_t i = 0; i < o->nr_cells; i++)
		put_cell(j, &o->cells[i]);
	rf_json_end(j);
	put_threads(j, t, o);
	rf_json_end(j);
}

static void put_rows(struct rf_json *j, const struct rf_top *t)
{
	rf_json_string(j, "by", rf_by_name(t->by));
	rf_json_string(j, "sort", rf_top_column_name(t->sort));
	rf_json_bool(j, "reverse", t->reverse);
	rf_json_string(j, "filter", t->filter);
	rf_json_array(j, "rows");
	for (size_t i = 0; i < t->nr_rows; i++) {
		rf_json_object(j, NULL);
		put_row(j, t, t->rows[i], t->by);
		put_top_call(j, t, t->rows[i]);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_events(struct rf_json *j, const struct rf_top *t)
{
	rf_json_array(j, "events");
	for (size_t i = 0; i < rf_top_nr_events(t); i++) {
		const struct rf_top_event *e = rf_top_event(t, i);

		rf_json_object(j, NULL);
		rf_json_string(j, "type", e->violation ? "violation" : "denied");
		rf_json_u64(j, "time_ns", e->time_ns);
		rf_json_u64(j, "pid", e->pid);
		rf_json_string(j, "comm", e->comm);
		rf_json_string(j, "what", e->what);
		rf_json_string(j, "why", e->why);
		rf_json_string(j, "where", e->where);
		rf_json_string(j, "blast_radius", e->blast);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_accounting(struct rf_json *j, const struct rf_accounting *a)
{
	rf_json_object(j, "accounting");
	rf_json_u64(j, "seen", a->seen);
	rf_json_u64(j, "attributed", a->attributed);
	rf_json_i64(j, "lost", a->lost);
	rf_json_u64(j, "lost_errnos", a->lost_errnos);
	rf_json_u64(j, "lost_records", a->lost_records);
	rf_json_end(j);
}

static void put_since(struct rf_json *j, const struct rf_top_sums *s)
{
	rf_json_object(j, "since_start");
	rf_json_u64(j, "window_ns", s->ns);
	rf_json_u64(j, "calls", s->calls);
	rf_json_u64(j, "failed", s->failed);
	rf_json_u64(j, "denied", s->denied);
	rf_json_u64(j, "violations", s->violations);
	rf_json_u64(j, "lost_violations", s->lost_violations);
	rf_json_u64(j, "page_faults", s->page_faults);
	put_accounting(j, &s->accounting);
	rf_json_end(j);
}

static void put_totals(struct rf_json *j, const struct rf_totals *totals)
{
	rf_json_object(j, "totals");
	rf_json_u64(j, "calls", totals->calls);
	rf_json_u64(j, "failed", totals->failed);
	rf_json_u64(j, "page_faults", totals->page_faults);
	rf_json_end(j);
}

int rf_top_save_json(struct rf_top *t, FILE *out)
{
	struct rf_json j;

	if (!t->shown)
		return 0;
	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "schema", "ringfence.top/1");
	rf_json_u64(&j, "window_ns", t->shown->window_ns);
	rf_json_u64(&j, "interval", t->shown->number);
	if (t->page == RF_TOP_OPEN)
		put_open(&j, t);
	else if (t->page == RF_TOP_FEED)
		put_events(&j, t);
	else
		put_rows(&j, t);
	put_totals(&j, &t->shown->totals);
	put_accounting(&j, &t->shown->accounting);
	put_since(&j, &t->shown->since);
	rf_json_end(&j);
	return ferror(out) ? -EIO : 0;
}

/* Lines of the page that is on, as far as it can be scrolled. */
static int page_lines(struct rf_top *t, struct rf_canvas *c)
{
	int lines = 0;

	if (t->page == RF_TOP_OPEN) {
		rf_canvas_clip(c, 0, 0);
		lines = rf_top_draw_open(t, c, 0) + 1;
		rf_canvas_clip(c, 0, c->height);
	} else if (t->page == RF_TOP_FEED) {
		for (size_t i = 0; i < rf_top_nr_events(t); i++)
			lines += rf_top_event_lines(rf_top_event(t, i));
	} else {
		lines = 1 + (int)t->nr_rows;
	}
	return RF_TOP_HEADER_LINES + lines + 1;
}

static void draw_all(struct rf_top *t, struct rf_canvas *c)
{
	int y = RF_TOP_HEADER_LINES;

	rf_top_draw_header(t, c);
	if (t->page == RF_TOP_OPEN) {
		rf_top_draw_open(t, c, y + 1);
	} else if (t->page == RF_TOP_FEED) {
		for (size_t i = 0; i < rf_top_nr_events(t); i++) {
			const struct rf_top_event *e = rf_top_event(t, i);

			rf_top_draw_event(t, c, y, e, false);
			y += rf_top_event_lines(e);
		}
	} else {
		rf_top_draw_rows(t, c, y, 0, t->nr_rows, false);
	}
}

int rf_top_save_text(struct rf_top *t, FILE *out)
{
	int width = t->width < RF_TEXT_WIDTH ? RF_TEXT_WIDTH : t->width, err;
	struct rf_canvas c;

	if (!t->shown)
		return 0;
	err = rf_canvas_init(&c, width, 1, t->utf8);
	if (!err) {
		int lines = page_lines(t, &c);

		rf_canvas_free(&c);
		err = rf_canvas_init(&c, width, lines, t->utf8);
	}
	if (err)
		return err;
	draw_all(t, &c);
	rf_canvas_print(&c, out);
	rf_canvas_free(&c);
	return ferror(out) ? -EIO : 0;
}
