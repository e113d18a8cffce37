// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page of a row that was opened: one long page of which the screen shows a part.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/types.h>

#include "base/rf_time.h"
#include "bpf/records.h"
#include "identity/errno.h"
#include "identity/signal.h"
#include "ledger/sat.h"
#include "views/text.h"
#include "views/top_impl.h"

#define HIST_LINES 6
#define MINI_MIN 12 /* columns of a histogram within a line */
#define MINI_MAX 40
#define CALL_COLUMN 20
#define BAR_MAX 48

/* Where the page is drawn: y goes on from line to line. */
struct pen {
	struct rf_top *t;
	struct rf_canvas *c;
	const struct rf_top_opened *o;
	int top;
	int y;
};

static void section(struct pen *p, const char *title)
{
	p->y++;
	if (p->t->nr_sections < (int)(sizeof(p->t->sections) / sizeof(p->t->sections[0])))
		p->t->sections[p->t->nr_sections++] = p->y - p->top;
	rf_canvas_fill(p->c, p->y, 0, p->c->width, RF_INK_TITLE, L' ');
	rf_canvas_put(p->c, p->y++, 0, -1, RF_INK_TITLE, title);
}

static void draw_who(struct pen *p)
{
	const struct rf_top_row *row = &p->o->row;
	int x = 0;

	if (p->o->by == RF_BY_CGROUP) {
		x = rf_canvas_put(p->c, p->y, x, -1, RF_INK_PLAIN, "cgroup ");
	} else if (p->o->by == RF_BY_COMM) {
		x = rf_canvas_put(p->c, p->y, x, -1, RF_INK_PLAIN, "all ");
	} else {
		x = rf_canvas_putf(p->c, p->y, x, -1, RF_INK_PLAIN, "pid %" PRIu32 " ",
		                   row->sum.tgid);
		if (p->o->by == RF_BY_THREAD)
			x = rf_canvas_putf(p->c, p->y, x, -1, RF_INK_PLAIN, "thread %" PRIu32 " ",
			                   row->sum.tid);
	}
	x = rf_canvas_name(p->c, p->y, x, -1, RF_INK_BOLD, rf_top_row_name(row, p->o->by));
	if (p->o->by == RF_BY_PROCESS || p->o->by == RF_BY_THREAD) {
		x = rf_canvas_put(p->c, p->y, x + 2, -1, RF_INK_PLAIN, "user ");
		x = rf_canvas_name(p->c, p->y, x, -1, RF_INK_PLAIN, row->user);
	} else {
		x = rf_canvas_putf(p->c, p->y, x + 2, -1, RF_INK_PLAIN, "%" PRIu64 " processes",
		                   row->processes);
	}
	x = rf_canvas_putf(p->c, p->y, x + 2, -1, RF_INK_PLAIN, "%" PRIu64 " thread%s",
	                   row->threads, row->threads == 1 ? "" : "s");
	if (row->sum.exited || p->o->gone)
		x = rf_canvas_put(p->c, p->y, x + 2, -1, RF_INK_ALARM,
		                  p->o->by == RF_BY_COMM || p->o->by == RF_BY_CGROUP ?
		                          " all have ended " :
		                          " has ended ");
	if (p->t->paused)
		rf_canvas_put(p->c, p->y, x + 2, -1, RF_INK_ALARM, " PAUSED ");
	p->y++;
}

static void draw_where(struct pen *p)
{
	int x = 0;

	if (p->o->by != RF_BY_PROCESS && p->o->by != RF_BY_THREAD)
		return;
	if (*p->o->exe)
		x = rf_canvas_name(p->c, p->y, 0, -1, RF_INK_DIM, p->o->exe) + 2;
	if (*p->o->cgroup && strcmp(p->o->cgroup, "/")) {
		x = rf_canvas_put(p->c, p->y, x, -1, RF_INK_DIM, "cgroup ");
		rf_canvas_name(p->c, p->y, x, -1, RF_INK_DIM, p->o->cgroup);
	}
	p->y++;
}

static int draw_share(struct pen *p, int x, enum rf_ink ink, const char *name, uint64_t part,
                      uint64_t whole)
{
	char percent[RF_TEXT_LEN];

	x = rf_canvas_put(p->c, p->y, x, -1, ink, name);
	return 2 + rf_canvas_putf(p->c, p->y, x + 1, -1, RF_INK_BOLD, "%s%%",
	                          rf_text_percent(percent, part, whole));
}

static void draw_times(struct pen *p)
{
	const struct rf_times *time = &p->o->row.sum.time;
	uint64_t whole = rf_sat_add(time->user, rf_sat_add(time->kernel, time->waiting));
	int width = p->c->width - 44 < BAR_MAX ? p->c->width - 44 : BAR_MAX, x;

	if (p->t->no_latency) {
		rf_canvas_put(p->c, p->y++, 0, -1, RF_INK_DIM, RF_TOP_NO_TIME);
		return;
	}
	if (width < 8)
		width = 8;
	rf_top_draw_bar(p->c, p->y, 0, width, time, whole);
	x = draw_share(p, width + 2, RF_INK_USER, "user", time->user, whole);
	x = draw_share(p, x, RF_INK_KERNEL, "kernel", time->kernel, whole);
	draw_share(p, x, RF_INK_WAITING, "waiting", time->waiting, whole);
	p->y++;
}

static void draw_rate(struct pen *p)
{
	const struct rf_process *sum = &p->o->row.sum;
	uint64_t crossings =
		rf_sat_add(sum->calls, rf_sat_add(sum->faults.user, sum->faults.kernel));
	double values[RF_TOP_HISTORY];
	char rate[RF_TEXT_LEN];
	int x = rf_canvas_put(p->c, p->y, 0, -1, RF_INK_PLAIN, "crossings/s ");
	size_t nr = p->o->nr_history < RF_TOP_HISTORY ? p->o->nr_history : RF_TOP_HISTORY;

	rf_canvas_put(p->c, p->y, x, 7, RF_INK_BOLD,
	              rf_text_rate(rate, crossings, p->o->window_ns));
	x += 8;
	if (x < p->c->width && nr > (size_t)(p->c->width - x))
		nr = (size_t)(p->c->width - x);
	for (size_t i = 0; i < nr; i++)
		values[i] = rf_top_open_rate(p->o, i, nr);
	rf_top_draw_spark(p->c, p->y++, x, values, nr);
}

static void right(struct pen *p, int x, int width, const char *text)
{
	bool nought = !strcmp(text, "0") || !strcmp(text, "-");

	rf_canvas_right(p->c, p->y, x, width, nought ? RF_INK_DIM : RF_INK_PLAIN, text);
}

static void duration(struct pen *p, int x, int width, bool known, uint64_t ns)
{
	char text[RF_TEXT_LEN];

	right(p, x, width, known ? rf_text_duration(text, ns, p->c->utf8) : "-");
}

/* Buckets [first, last] in use; false: none. */
static bool used_buckets(const struct rf_hist *h, unsigned int *first, unsigned int *last)
{
	if (!h->total)
		return false;
	*first = 0;
	*last = RF_HIST_BUCKETS - 1;
	while (*first < *last && !rf_hist_count(h, *first))
		(*first)++;
	while (*last > *first && !rf_hist_count(h, *last))
		(*last)--;
	return true;
}

/* Entries in the buckets of column i, of so many columns over [first, last]. */
static uint64_t column_count(const struct rf_hist *h, unsigned int first, unsigned int per, int i)
{
	uint64_t sum = 0;

	for (unsigned int b = 0; b < per; b++) {
		unsigned int bucket = first + (unsigned int)i * per + b;

		if (bucket < RF_HIST_BUCKETS)
			rf_sat_inc(&sum, rf_hist_count(h, bucket));
	}
	return sum;
}

/* Two buckets a column from 32 ns on, the same scale in every line, so that lines compare. */
static void draw_mini(struct pen *p, int x, int width, const struct rf_cell *cell)
{
	const wchar_t *steps = p->c->utf8 ? L"▁▂▃▄▅▆▇█" : L"_.-~=+*#";
	unsigned int per = (RF_HIST_BUCKETS + (unsigned int)width - 1) / (unsigned int)width;
	uint64_t max = 0;

	for (int i = 0; i < width; i++) {
		uint64_t n = column_count(&cell->hist, 0, per, i);

		max = n > max ? n : max;
	}
	for (int i = 0; i < width && max; i++) {
		uint64_t n = column_count(&cell->hist, 0, per, i);

		if (n)
			rf_canvas_fill(p->c, p->y, x + i, 1, RF_INK_GRAPH,
			               steps[(int)((double)n / (double)max * 7)]);
	}
}

static int mini_width(const struct rf_canvas *c)
{
	int room = c->width - CALL_COLUMN - 6 * 7 - 2;

	if (room < MINI_MIN)
		return 0;
	return room < MINI_MAX ? room : MINI_MAX;
}

static void draw_call(struct pen *p, const struct rf_cell *cell, bool selected)
{
	bool timed = cell->hist.total;
	char text[RF_TEXT_LEN], call[RF_TOP_CALL_LEN];
	int mini = mini_width(p->c), x = CALL_COLUMN;

	rf_canvas_name(p->c, p->y, 0, CALL_COLUMN - 1, RF_INK_BOLD,
	               rf_top_call_label(cell->call, call, sizeof(call)));
	right(p, x, 6, rf_text_rate(text, cell->calls, p->o->window_ns));
	right(p, x + 7, 6, rf_text_rate(text, cell->failed, p->o->window_ns));
	duration(p, x + 14, 6, timed,
	         rf_hist_quantile(&cell->hist, 0.5, cell->min_ns, cell->max_ns));
	duration(p, x + 21, 6, timed,
	         rf_hist_quantile(&cell->hist, 0.99, cell->min_ns, cell->max_ns));
	duration(p, x + 28, 6, timed, cell->max_ns);
	right(p, x + 35, 5, rf_text_percent(text, cell->waiting_ns, cell->total_ns));
	if (mini)
		draw_mini(p, x + 42, mini, cell);
	if (selected) {
		p->t->cursor_line = p->y - p->top;
		rf_canvas_ink(p->c, p->y, 0, p->c->width, RF_INK_SELECTED);
	}
	p->y++;
}

static void draw_calls(struct pen *p)
{
	size_t at = rf_top_open_at(p->o);
	char title[160];

	snprintf(title, sizeof(title), "%-*s %6s %6s %6s %6s %6s %5s  %s", CALL_COLUMN - 1, "CALL",
	         "CALL/s", "FAIL/s", "P50", "P99", "MAX", "WAIT%",
	         mini_width(p->c) ? "LATENCY, 0 to 60s" : "");
	section(p, title);
	for (size_t i = 0; i < p->o->nr_cells; i++)
		draw_call(p, &p->o->cells[i], i == at);
	if (!p->o->nr_cells)
		rf_canvas_put(p->c, p->y++, 2, -1, RF_INK_DIM, "no call in this interval");
}

/* One column of a histogram, as high as its share of max, from the foot up. */
static void draw_column(struct pen *p, int x, uint64_t n, uint64_t max)
{
	const wchar_t *steps = p->c->utf8 ? L" ▁▂▃▄▅▆▇█" : L"    ####";
	int eighths = (int)((double)n / (double)max * HIST_LINES * 8 + 0.5);

	/* the rarest is what is looked for */
	if (n && !eighths)
		eighths = 1;
	for (int line = 0; line < HIST_LINES; line++) {
		int part = eighths - line * 8;

		if (!p->c->utf8 && part > 0 && line == 0)
			part = 8;
		if (part > 0)
			rf_canvas_fill(p->c, p->y + HIST_LINES - 1 - line, x, 1, RF_INK_GRAPH,
			               part >= 8 ? (p->c->utf8 ? L'█' : L'#') : steps[part]);
	}
}

static void draw_axis(struct pen *p, int x, unsigned int first, unsigned int per, int columns)
{
	for (int i = 0; i < columns; i += 10) {
		char text[RF_TEXT_LEN];
		unsigned int bucket = first + (unsigned int)i * per;

		rf_canvas_put(p->c, p->y, x + i, 9, RF_INK_DIM,
		              rf_text_duration(text, rf_hist_bucket_ns(bucket), p->c->utf8));
	}
}

static void draw_latency(struct pen *p)
{
	char title[160], call[RF_TOP_CALL_LEN], min[RF_TEXT_LEN], max[RF_TEXT_LEN], n[RF_TEXT_LEN];
	const struct rf_cell *cell;
	unsigned int first, last, per;
	uint64_t most = 0;
	int columns, x = 8;

	if (!p->o->nr_cells)
		return;
	cell = &p->o->cells[rf_top_open_at(p->o)];
	if (!used_buckets(&cell->hist, &first, &last))
		return;
	snprintf(title, sizeof(title), "LATENCY of %s: %s to %s",
	         rf_top_call_label(cell->call, call, sizeof(call)),
	         rf_text_duration(min, cell->min_ns, p->c->utf8),
	         rf_text_duration(max, cell->max_ns, p->c->utf8));
	section(p, title);
	columns = p->c->width - x;
	per = (last - first + (unsigned int)columns) / (unsigned int)columns;
	columns = (int)((last - first) / per) + 1;
	for (int i = 0; i < columns; i++) {
		uint64_t in = column_count(&cell->hist, first, per, i);

		most = in > most ? in : most;
	}
	rf_canvas_right(p->c, p->y, 0, 7, RF_INK_DIM, rf_text_count(n, most));
	for (int i = 0; i < columns; i++)
		draw_column(p, x + i, column_count(&cell->hist, first, per, i), most);
	p->y += HIST_LINES;
	draw_axis(p, x, first, per, columns);
	p->y++;
}

static const char *error_name(const struct rf_errno_count *e, char *buf, size_t len)
{
	return e->refused && !e->err ? "SIGSYS" : rf_errno_label(e->err, buf, len);
}

static void draw_failures(struct pen *p)
{
	section(p, "FAILURES             CALL                    /s");
	for (size_t i = 0; i < p->o->nr_failures; i++) {
		const struct rf_top_failure *f = &p->o->failures[i];
		char text[RF_TEXT_LEN], call[RF_TOP_CALL_LEN], name[RF_ERRNO_NAME_LEN];

		rf_canvas_put(p->c, p->y, 0, CALL_COLUMN, RF_INK_WARN,
		              error_name(&f->error, name, sizeof(name)));
		rf_canvas_name(p->c, p->y, CALL_COLUMN + 1, CALL_COLUMN - 1, RF_INK_PLAIN,
		               rf_top_call_label(f->call, call, sizeof(call)));
		right(p, 40, 6, rf_text_rate(text, f->error.count, p->o->window_ns));
		if (f->error.refused)
			rf_canvas_put(p->c, p->y, 48, -1, RF_INK_DIM,
			              "answered by seccomp or ptrace");
		p->y++;
	}
	if (!p->o->nr_failures)
		rf_canvas_put(p->c, p->y++, 2, -1, RF_INK_DIM, "none in this interval");
}

static void draw_fault(struct pen *p, const char *name, uint64_t n, const char *about)
{
	char text[RF_TEXT_LEN];

	rf_canvas_put(p->c, p->y, 0, CALL_COLUMN, RF_INK_PLAIN, name);
	right(p, 40, 6, rf_text_rate(text, n, p->o->window_ns));
	rf_canvas_put(p->c, p->y++, 48, -1, RF_INK_DIM, about);
}

/* What a class of faults has in common, in words. */
static void class_words(uint32_t class, char *buf, size_t len)
{
	static const char *const access[] = { "access", "read", "write", "execution" };
	static const char *const page[] = { "", " of a page not there", " of a protected page",
		                            "" };

	snprintf(buf, len, "%s%s, %s%s%s", access[(class & RF_FAULT_ACCESS) >> 2],
	         page[(class & RF_FAULT_PAGE) >> 4],
	         rf_hit_name((enum rf_hit)(RF_FAULT_HIT(class) % RF_HIT_KINDS)),
	         class & RF_FAULT_KERNEL ? ", in the kernel" : "",
	         class & RF_FAULT_MAJOR ? ", major" : "");
}

/* The classes of all threads, the largest first. */
static void draw_classes(struct pen *p)
{
	uint64_t counts[RF_FAULT_CLASSES] = { 0 };
	char words[120], text[RF_TEXT_LEN];

	for (size_t i = 0; i < p->o->nr_threads; i++) {
		const struct rf_top_thread *thread = p->o->threads[i];

		for (size_t j = 0; j < thread->nr_faults; j++)
			rf_sat_inc(&counts[thread->faults[j].class % RF_FAULT_CLASSES],
			           thread->faults[j].count);
	}
	for (;;) {
		uint32_t most = 0;

		for (uint32_t c = 1; c < RF_FAULT_CLASSES; c++)
			most = counts[c] > counts[most] ? c : most;
		if (!counts[most])
			return;
		class_words(most, words, sizeof(words));
		right(p, 40, 6, rf_text_rate(text, counts[most], p->o->window_ns));
		rf_canvas_put(p->c, p->y++, 48, -1, RF_INK_PLAIN, words);
		counts[most] = 0;
	}
}

static void draw_faults(struct pen *p)
{
	const struct rf_process *sum = &p->o->row.sum;
	char percent[RF_TEXT_LEN];

	section(p, "PAGE FAULTS                                  /s");
	draw_fault(p, "raised in user mode", sum->faults.user, "");
	draw_fault(p, "raised in the kernel", sum->faults.kernel, "");
	draw_fault(p, "minor", sum->faults.minor, "resolved without the disk");
	draw_fault(p, "major", sum->faults.major, "waited for the disk");
	draw_classes(p);
	if (sum->fault_ns && !p->t->no_latency)
		rf_canvas_putf(p->c, p->y++, 0, -1, RF_INK_PLAIN,
		               "resolving those of user mode took %s%% of the kernel time",
		               rf_text_percent(percent, sum->fault_ns, sum->time.kernel));
}

static void draw_violations(struct pen *p)
{
	size_t nr = 0;

	section(p, "VIOLATIONS in this interval");
	for (size_t i = 0; i < p->o->nr_threads; i++) {
		const struct rf_top_thread *thread = p->o->threads[i];

		for (size_t j = 0; j < thread->nr_violated; j++, nr++) {
			const struct rf_violation_count *v = &thread->violated[j];
			char label[RF_SIGNAL_NAME_LEN], call[RF_TOP_CALL_LEN];

			rf_canvas_putf(p->c, p->y++, 0, -1, RF_INK_ALARM,
			               "thread %" PRIu32 ": %" PRIu64 " %s %s", thread->p.tid,
			               v->count,
			               v->sig ? rf_signal_label((int)v->sig, label, sizeof(label)) :
			                        rf_top_call_label(v->call, call, sizeof(call)),
			               rf_outcome_name(v->outcome));
		}
	}
	rf_canvas_putf(p->c, p->y++, nr ? 0 : 2, -1, RF_INK_DIM,
	               "%s%" PRIu64 " since the start; key f tells the story of each",
	               nr ? "" : "none; ", p->o->row.violations);
}

static const char *place_of(const struct rf_top_thread *thread, char *buf, size_t len)
{
	const struct rf_top_inside *in = &thread->inside;

	switch (in->where) {
	case RF_TOP_IN_CALL:
		return rf_top_call_label(in->call, buf, len);
	case RF_TOP_IN_FAULT:
		return "page fault";
	case RF_TOP_IN_KERNEL:
		return "kernel";
	case RF_TOP_IN_USER:
		return "user mode";
	case RF_TOP_IN_READY:
		return "user mode, off the CPU";
	case RF_TOP_NOT_KNOWN:
		return "?";
	default:
		return thread->p.exited ? "has ended" : "not found";
	}
}

/* Who has been in one call for long, and waits there, is what an engineer looks for. */
static enum rf_ink place_ink(const struct rf_top_inside *in)
{
	if (in->where == RF_TOP_IN_USER)
		return RF_INK_USER;
	if (in->running)
		return RF_INK_KERNEL;
	return in->where == RF_TOP_GONE ? RF_INK_DIM : RF_INK_WAITING;
}

static void draw_thread(struct pen *p, const struct rf_top_thread *thread)
{
	const struct rf_top_inside *in = &thread->inside;
	char text[RF_TEXT_LEN], call[RF_TOP_CALL_LEN];

	rf_canvas_putf(p->c, p->y, 0, 8, RF_INK_PLAIN, "%7" PRIu32, thread->p.tid);
	rf_canvas_name(p->c, p->y, 8, 16, RF_INK_BOLD, thread->p.comm);
	rf_canvas_name(p->c, p->y, 25, 22, place_ink(in), place_of(thread, call, sizeof(call)));
	if (in->where != RF_TOP_GONE)
		rf_canvas_put(p->c, p->y, 48, 8, RF_INK_PLAIN, in->running ? "running" : "waiting");
	if (in->timed && in->where != RF_TOP_GONE)
		rf_canvas_putf(p->c, p->y, 56, 12, in->before ? RF_INK_WARN : RF_INK_PLAIN, "%s%s",
		               in->before ? "> " : "",
		               rf_text_duration(text, in->for_ns, p->c->utf8));
	right(p, 68, 6, rf_text_rate(text, thread->p.calls, p->o->window_ns));
	p->y++;
}

static void draw_threads(struct pen *p)
{
	section(p, "    TID COMMAND          INSIDE                 NOW     FOR         CALL/s");
	for (size_t i = 0; i < p->o->nr_threads; i++)
		draw_thread(p, p->o->threads[i]);
	if (!p->o->nr_threads)
		rf_canvas_put(p->c, p->y++, 2, -1, RF_INK_DIM, "none is left");
}

int rf_top_draw_open(struct rf_top *t, struct rf_canvas *c, int top)
{
	struct pen p = { .t = t, .c = c, .o = t->open, .top = top, .y = top };

	t->nr_sections = 0;
	draw_who(&p);
	draw_where(&p);
	draw_times(&p);
	draw_rate(&p);
	draw_calls(&p);
	draw_latency(&p);
	draw_failures(&p);
	draw_faults(&p);
	if (t->shown && t->shown->has_isolation)
		draw_violations(&p);
	draw_threads(&p);
	return p.y - top;
}
