// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands above the table and the feed: the host, and what adds up since the start. */
#include <stdio.h>
#include <string.h>

#include "base/rf_time.h"
#include "ledger/sat.h"
#include "views/text.h"
#include "views/top_impl.h"

#define BAR_MAX 48 /* of the host */

void rf_top_draw_bar(struct rf_canvas *c, int y, int x, int width, const struct rf_times *sides,
                     uint64_t whole)
{
	const uint64_t parts[] = { sides->user, sides->kernel, sides->waiting };
	static const enum rf_ink inks[] = { RF_INK_USER, RF_INK_KERNEL, RF_INK_WAITING };
	const wchar_t *glyphs = c->utf8 ? L"█▓░" : L"#=.";
	uint64_t sum = 0;
	int at = 0;

	for (int i = 0; i < 3 && whole; i++) {
		int to;

		sum = rf_sat_add(sum, parts[i]);
		/* where the sum ends, rounded: so errors do not add up */
		to = (int)((double)sum / (double)whole * width + 0.5);
		if (to > width)
			to = width;
		rf_canvas_fill(c, y, x + at, to - at, inks[i], glyphs[i]);
		at = to;
	}
	rf_canvas_fill(c, y, x + at, width - at, RF_INK_IDLE, c->utf8 ? L'·' : L' ');
}

void rf_top_draw_spark(struct rf_canvas *c, int y, int x, const double *values, size_t nr)
{
	const wchar_t *steps = c->utf8 ? L"▁▂▃▄▅▆▇█" : L"_.-~=+*#";
	double max = 0;

	for (size_t i = 0; i < nr; i++)
		max = values[i] > max ? values[i] : max;
	for (size_t i = 0; i < nr; i++) {
		int step = max > 0 ? (int)(values[i] / max * 8) : 0;

		rf_canvas_fill(c, y, x + (int)i, 1, RF_INK_GRAPH, steps[step > 7 ? 7 : step]);
	}
}

/* A number that is cut says something else: all of the text, or nothing of it and of what follows. */
static int put_whole(struct rf_canvas *c, int y, int x, enum rf_ink ink, const char *text)
{
	if (x + (int)rf_text_width(text, c->utf8) > c->width)
		return c->width;
	return rf_canvas_put(c, y, x, -1, ink, text);
}

static void draw_title(const struct rf_top *t, struct rf_canvas *c)
{
	char time[RF_TEXT_LEN], text[RF_TEXT_LEN + 8];
	int x = rf_canvas_put(c, 0, 0, -1, RF_INK_BOLD, "ringfence top");

	if (t->paused)
		x = rf_canvas_put(c, 0, x + 2, -1, RF_INK_ALARM, " PAUSED ");
	x = rf_canvas_put(c, 0, x + 2, -1, RF_INK_PLAIN, t->target);
	snprintf(text, sizeof(text), "every %s", rf_text_duration(time, t->interval_ns, c->utf8));
	x = put_whole(c, 0, x + 2, RF_INK_DIM, text);
	if (!t->shown)
		return;
	snprintf(text, sizeof(text), "for %s", rf_text_duration(time, t->shown->since.ns, c->utf8));
	put_whole(c, 0, x + 2, RF_INK_DIM, text);
}

/*
 * Of the time that the CPUs had. What they did not compute is idle, unless threads that crossed the
 * boundary in this interval were waiting meanwhile.
 */
static void host_times(const struct rf_top *t, struct rf_times *times, uint64_t *whole)
{
	const struct rf_top_snapshot *s = t->shown;
	uint64_t left;

	*times = (struct rf_times){ .user = s->totals.time.user, .kernel = s->totals.time.kernel };
	*whole = s->cpus * s->window_ns;
	left = rf_sat_sub(*whole, rf_sat_add(times->user, times->kernel));
	for (size_t i = 0; i < s->nr_threads; i++) {
		const struct rf_process *p = &s->threads[i].p;

		if (p->calls || p->faults.user || p->faults.kernel)
			rf_sat_inc(&times->waiting, p->time.waiting);
	}
	if (times->waiting > left)
		times->waiting = left;
}

static int draw_share(struct rf_canvas *c, int y, int x, enum rf_ink ink, const char *name,
                      uint64_t part, uint64_t whole)
{
	char percent[RF_TEXT_LEN], text[RF_TEXT_LEN + 1];

	snprintf(text, sizeof(text), "%s%%", rf_text_percent(percent, part, whole));
	if (x + (int)(strlen(name) + 1 + strlen(text)) > c->width)
		return c->width;
	x = rf_canvas_put(c, y, x, -1, ink, name);
	return rf_canvas_put(c, y, x + 1, -1, RF_INK_BOLD, text) + 2;
}

static void draw_host(const struct rf_top *t, struct rf_canvas *c)
{
	/* what the shares take beside the bar */
	int width = c->width - 52 < BAR_MAX ? c->width - 52 : BAR_MAX, x;
	struct rf_times times;
	uint64_t whole;

	if (t->no_latency) {
		rf_canvas_put(c, 1, 0, -1, RF_INK_DIM, RF_TOP_NO_TIME);
		return;
	}
	host_times(t, &times, &whole);
	if (width < 8)
		width = 8;
	rf_canvas_put(c, 1, 0, -1, RF_INK_DIM, c->utf8 ? "▕" : "[");
	rf_top_draw_bar(c, 1, 1, width, &times, whole);
	rf_canvas_put(c, 1, 1 + width, -1, RF_INK_DIM, c->utf8 ? "▏" : "]");
	x = width + 3;
	x = draw_share(c, 1, x, RF_INK_USER, "user", times.user, whole);
	x = draw_share(c, 1, x, RF_INK_KERNEL, "kernel", times.kernel, whole);
	x = draw_share(c, 1, x, RF_INK_WAITING, "waiting", times.waiting, whole);
	draw_share(c, 1, x, RF_INK_IDLE, "idle",
	           rf_sat_sub(whole, times.user + times.kernel + times.waiting), whole);
}

static void draw_rate(const struct rf_top *t, struct rf_canvas *c)
{
	const struct rf_top_snapshot *s = t->shown;
	uint64_t crossings = rf_sat_add(s->totals.calls, s->totals.page_faults);
	char rate[RF_TEXT_LEN];
	size_t nr = s->nr_history;
	int x = rf_canvas_put(c, 2, 0, -1, RF_INK_PLAIN, "crossings/s ");

	rf_canvas_put(c, 2, x, 7, RF_INK_BOLD, rf_text_rate(rate, crossings, s->window_ns));
	x += 8;
	if (x < c->width && nr > (size_t)(c->width - x))
		nr = (size_t)(c->width - x);
	rf_top_draw_spark(c, 2, x, s->history + (s->nr_history - nr), nr);
}

static int draw_sum(struct rf_canvas *c, int x, const char *name, uint64_t n, enum rf_ink ink)
{
	char count[RF_TEXT_LEN];

	x = rf_canvas_putf(c, 3, x, -1, RF_INK_PLAIN, "%s ", name);
	return rf_canvas_put(c, 3, x, -1, n ? ink : RF_INK_BOLD, rf_text_count(count, n)) + 2;
}

static int draw_losses(const struct rf_top_snapshot *s, struct rf_canvas *c, int x)
{
	const struct rf_accounting *a = &s->since.accounting;
	uint64_t lost = (uint64_t)(a->lost < 0 ? -a->lost : a->lost);
	char count[RF_TEXT_LEN], seen[RF_TEXT_LEN];

	if (lost)
		x = rf_canvas_putf(c, 3, x, -1, RF_INK_ALARM, "lost %s%s of %s",
		                   a->lost < 0 ? "-" : "", rf_text_count(count, lost),
		                   rf_text_count(seen, a->seen)) +
		    2;
	if (a->lost_records)
		x = draw_sum(c, x, "names lost", a->lost_records, RF_INK_ALARM);
	if (s->since.lost_violations)
		x = draw_sum(c, x, "violations lost", s->since.lost_violations, RF_INK_ALARM);
	if (a->lost_errnos)
		x = draw_sum(c, x, "errnos lost", a->lost_errnos, RF_INK_ALARM);
	return x;
}

static void draw_cost(const struct rf_top_snapshot *s, struct rf_canvas *c, int x)
{
	double mib = (double)s->cost.kernel_bytes / (1024 * 1024);
	char loader[RF_TEXT_LEN], bpf[RF_TEXT_LEN], text[3 * RF_TEXT_LEN];

	rf_text_percent(loader, s->cost.cpu_ns, s->window_ns);
	rf_text_percent(bpf, s->cost.bpf_ns, s->window_ns);
	snprintf(text, sizeof(text), "cost %s%%%s%s%s of a CPU", loader, s->cost.has_bpf ? "+" : "",
	         s->cost.has_bpf ? bpf : "", s->cost.has_bpf ? "%" : "");
	x = put_whole(c, 3, x, RF_INK_DIM, text);
	snprintf(text, sizeof(text), ", %.0f MiB", mib);
	put_whole(c, 3, x, RF_INK_DIM, text);
}

static void draw_sums(const struct rf_top *t, struct rf_canvas *c)
{
	const struct rf_top_snapshot *s = t->shown;
	int x;

	if (s->has_isolation)
		x = draw_sum(c, 0, "since start: violations", s->since.violations, RF_INK_ALARM);
	else
		x = rf_canvas_put(c, 3, 0, -1, RF_INK_DIM, "since start: violations not watched") +
		    2;

	x = draw_sum(c, x, "denied", s->since.denied, RF_INK_WARN);
	x = draw_losses(s, c, x);
	draw_cost(s, c, x);
}

void rf_top_draw_header(const struct rf_top *t, struct rf_canvas *c)
{
	draw_title(t, c);
	if (!t->shown) {
		rf_canvas_put(c, 2, 0, -1, RF_INK_DIM, "collecting the first interval ...");
		return;
	}
	draw_host(t, c);
	draw_rate(t, c);
	draw_sums(t, c);
}
