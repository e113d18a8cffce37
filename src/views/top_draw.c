// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/types.h>

#include "base/rf_time.h"
#include "bpf/records.h"
#include "ledger/sat.h"
#include "views/text.h"
#include "views/top_impl.h"

#define MIN_WIDTH 40
#define MIN_HEIGHT 8
#define BAR_MAX 48 /* of the host */
#define HELP_COLUMN 22
#define CGROUP_MAX 80

#if defined(__x86_64__)
#define NATIVE_ABI RF_ABI_X86_64
#else
#define NATIVE_ABI RF_ABI_ARM64
#endif

const char *rf_top_call_label(uint32_t call, char *buf, size_t len)
{
	char name[RF_SYSCALL_NAME_LEN];
	const char *label;

	label = rf_syscall_label(RF_CALL_ABI(call), RF_CALL_NR(call), name, sizeof(name));
	if (RF_CALL_ABI(call) == NATIVE_ABI)
		snprintf(buf, len, "%s", label);
	else
		snprintf(buf, len, "%s (%s)", label, rf_abi_name(RF_CALL_ABI(call)));
	return buf;
}

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

static const char *group_name(enum rf_by by, bool one)
{
	switch (by) {
	case RF_BY_THREAD:
		return one ? "thread" : "threads";
	case RF_BY_COMM:
		return one ? "name" : "names";
	case RF_BY_CGROUP:
		return one ? "cgroup" : "cgroups";
	default:
		return one ? "process" : "processes";
	}
}

static void draw_title(const struct rf_top *t, struct rf_canvas *c)
{
	char every[RF_TEXT_LEN], since[RF_TEXT_LEN];
	int x = rf_canvas_put(c, 0, 0, -1, RF_INK_BOLD, "ringfence top");

	x = rf_canvas_put(c, 0, x + 2, -1, RF_INK_PLAIN, t->target);
	x = rf_canvas_putf(c, 0, x + 2, -1, RF_INK_DIM, "every %s",
	                   rf_text_duration(every, t->interval_ns, c->utf8));
	if (t->shown)
		x = rf_canvas_putf(c, 0, x + 2, -1, RF_INK_DIM, "for %s",
		                   rf_text_duration(since, t->shown->since.ns, c->utf8));
	if (t->paused)
		rf_canvas_put(c, 0, x + 2, -1, RF_INK_ALARM, " PAUSED ");
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
	char percent[RF_TEXT_LEN];

	x = rf_canvas_put(c, y, x, -1, ink, name);
	return rf_canvas_putf(c, y, x + 1, -1, RF_INK_BOLD, "%s%%",
	                      rf_text_percent(percent, part, whole)) +
	       2;
}

static void draw_host(const struct rf_top *t, struct rf_canvas *c)
{
	/* what the shares take beside the bar */
	int width = c->width - 52 < BAR_MAX ? c->width - 52 : BAR_MAX, x;
	struct rf_times times;
	uint64_t whole;

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
	char percent[RF_TEXT_LEN];

	x = rf_canvas_putf(c, 3, x, -1, RF_INK_DIM, "cost %s%%",
	                   rf_text_percent(percent, s->cost.cpu_ns, s->window_ns));
	if (s->cost.has_bpf)
		x = rf_canvas_putf(c, 3, x, -1, RF_INK_DIM, "+%s%%",
		                   rf_text_percent(percent, s->cost.bpf_ns, s->window_ns));
	rf_canvas_putf(c, 3, x, -1, RF_INK_DIM, " of a CPU, %.0f MiB", mib);
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

/* How columns share a line. */
struct layout {
	enum rf_top_column columns[RF_TOP_COLUMNS];
	int x[RF_TOP_COLUMNS];
	int width[RF_TOP_COLUMNS];
	int nr;
};

struct column_size {
	int width;
	int most; /* may grow up to that; 0: never */
	int drop; /* the highest goes first when space is short; 0: stays */
	bool left;
};

static const struct column_size sizes[RF_TOP_COLUMNS] = {
	[RF_TOP_PID] = { 7, 0, 0, false },
	[RF_TOP_TID] = { 7, 0, 0, false },
	[RF_TOP_USERNAME] = { 6, 16, 3, true },
	[RF_TOP_NAME] = { 10, 24, 0, true },
	[RF_TOP_PROCESSES] = { 5, 0, 4, false },
	[RF_TOP_THREADS] = { 4, 0, 9, false },
	[RF_TOP_TIME] = { 8, 20, 5, true },
	[RF_TOP_USER_PERCENT] = { 5, 0, 12, false },
	[RF_TOP_KERNEL_PERCENT] = { 5, 0, 11, false },
	[RF_TOP_WAITING_PERCENT] = { 5, 0, 13, false },
	[RF_TOP_CALLS] = { 6, 0, 0, false },
	[RF_TOP_FAILED] = { 6, 0, 2, false },
	[RF_TOP_MINOR] = { 6, 0, 6, false },
	[RF_TOP_MAJOR] = { 6, 0, 8, false },
	[RF_TOP_DENIED] = { 6, 0, 1, false },
	[RF_TOP_VIOLATIONS] = { 5, 0, 7, false },
	[RF_TOP_CALL] = { 10, 24, 4, true },
	[RF_TOP_P99] = { 6, 0, 5, false },
};

static int total_width(const struct layout *l)
{
	int width = l->nr ? l->nr - 1 : 0;

	for (int i = 0; i < l->nr; i++)
		width += l->width[i];
	return width;
}

static void drop_one(struct layout *l, enum rf_top_column sorted)
{
	int victim = -1;

	for (int i = 0; i < l->nr; i++) {
		const struct column_size *s = &sizes[l->columns[i]];

		if (s->drop && l->columns[i] != sorted &&
		    (victim < 0 || s->drop > sizes[l->columns[victim]].drop))
			victim = i;
	}
	if (victim < 0)
		victim = l->nr - 1;
	l->nr--;
	for (int i = victim; i < l->nr; i++) {
		l->columns[i] = l->columns[i + 1];
		l->width[i] = l->width[i + 1];
	}
}

static int most_width(enum rf_top_column column, enum rf_by by)
{
	return column == RF_TOP_NAME && by == RF_BY_CGROUP ? CGROUP_MAX : sizes[column].most;
}

/* Gives what is left to the columns that can use it, one column each at a time. */
static void grow(struct layout *l, int width, enum rf_by by)
{
	bool grown = true;

	while (grown) {
		grown = false;
		for (int i = 0; i < l->nr && total_width(l) < width; i++) {
			if (l->width[i] < most_width(l->columns[i], by)) {
				l->width[i]++;
				grown = true;
			}
		}
	}
}

static void lay_out(const struct rf_top *t, int width, struct layout *l)
{
	int x = 0;

	l->nr = 0;
	for (int c = 0; c < RF_TOP_COLUMNS; c++) {
		if (!(t->columns & 1u << c) || !rf_top_column_fits((enum rf_top_column)c, t->by))
			continue;
		l->columns[l->nr] = (enum rf_top_column)c;
		l->width[l->nr++] = sizes[c].width;
	}
	while (l->nr > 1 && total_width(l) > width)
		drop_one(l, t->sort);
	grow(l, width, t->by);
	for (int i = 0; i < l->nr; i++) {
		l->x[i] = x;
		x += l->width[i] + 1;
	}
}

static void draw_titles(const struct rf_top *t, struct rf_canvas *c, const struct layout *l, int y)
{
	rf_canvas_fill(c, y, 0, c->width, RF_INK_TITLE, L' ');
	for (int i = 0; i < l->nr; i++) {
		enum rf_top_column column = l->columns[i];
		bool sorted = column == t->sort;
		enum rf_ink ink = sorted ? RF_INK_SORTED : RF_INK_TITLE;
		const char *title = rf_top_column_title(column, t->by);

		rf_canvas_fill(c, y, l->x[i], l->width[i], ink, L' ');
		if (sizes[column].left)
			rf_canvas_put(c, y, l->x[i], l->width[i], ink, title);
		else
			rf_canvas_right(c, y, l->x[i], l->width[i], ink, title);
	}
}

/* A value of the row as text: as short as the column wants it. */
static const char *number_text(const struct rf_top *t, const struct rf_top_row *row,
                               enum rf_top_column column, bool utf8, char *buf)
{
	const struct rf_process *p = &row->sum;
	uint64_t window = t->shown->window_ns;
	/* of a whole: a row of several threads waits several times at once */
	uint64_t threads = row->threads ? row->threads : 1, p99;

	switch (column) {
	case RF_TOP_PID:
		snprintf(buf, RF_TEXT_LEN, "%" PRIu32, p->tgid);
		return buf;
	case RF_TOP_TID:
		snprintf(buf, RF_TEXT_LEN, "%" PRIu32, p->tid);
		return buf;
	case RF_TOP_PROCESSES:
		return rf_text_count(buf, row->processes);
	case RF_TOP_THREADS:
		return rf_text_count(buf, row->threads);
	case RF_TOP_USER_PERCENT:
		return rf_text_percent(buf, p->time.user, window);
	case RF_TOP_KERNEL_PERCENT:
		return rf_text_percent(buf, p->time.kernel, window);
	case RF_TOP_WAITING_PERCENT:
		return rf_text_percent(buf, p->time.waiting, window * threads);
	case RF_TOP_CALLS:
		return rf_text_rate(buf, p->calls, window);
	case RF_TOP_FAILED:
		return rf_text_rate(buf, p->failed, window);
	case RF_TOP_MINOR:
		return rf_text_rate(buf, p->faults.minor, window);
	case RF_TOP_MAJOR:
		return rf_text_rate(buf, p->faults.major, window);
	case RF_TOP_DENIED:
		return rf_text_rate(buf, p->denied, window);
	case RF_TOP_VIOLATIONS:
		return rf_text_count(buf, row->violations);
	case RF_TOP_P99:
		return rf_top_p99(&t->all, row, &p99) ? rf_text_duration(buf, p99, utf8) : "-";
	default:
		return "";
	}
}

/* What is nought is not looked at; what should be nought is. */
static enum rf_ink number_ink(const char *text, enum rf_top_column column)
{
	if (!strcmp(text, "0") || !strcmp(text, "-"))
		return RF_INK_DIM;
	switch (column) {
	case RF_TOP_VIOLATIONS:
		return RF_INK_ALARM;
	case RF_TOP_DENIED:
	case RF_TOP_MAJOR:
		return RF_INK_WARN;
	default:
		return RF_INK_PLAIN;
	}
}

static void draw_cell(const struct rf_top *t, struct rf_canvas *c, int y, int x, int width,
                      const struct rf_top_row *row, enum rf_top_column column)
{
	const struct rf_times *time = &row->sum.time;
	char text[RF_TEXT_LEN], call[RF_TOP_CALL_LEN];
	const char *number;

	switch (column) {
	case RF_TOP_USERNAME:
		rf_canvas_name(c, y, x, width, RF_INK_PLAIN, row->user);
		break;
	case RF_TOP_NAME:
		rf_canvas_name(c, y, x, width, row->sum.exited ? RF_INK_DIM : RF_INK_BOLD,
		               rf_top_row_name(row, t->by));
		break;
	case RF_TOP_TIME:
		rf_top_draw_bar(c, y, x, width, time,
		                rf_sat_add(time->user, rf_sat_add(time->kernel, time->waiting)));
		break;
	case RF_TOP_CALL:
		if (row->top_calls)
			rf_canvas_name(c, y, x, width, RF_INK_PLAIN,
			               rf_top_call_label(row->top_call, call, sizeof(call)));
		else
			rf_canvas_put(c, y, x, width, RF_INK_DIM, "-");
		break;
	default:
		number = number_text(t, row, column, c->utf8, text);
		rf_canvas_right(c, y, x, width, number_ink(number, column), number);
		break;
	}
}

static void draw_row(const struct rf_top *t, struct rf_canvas *c, const struct layout *l, int y,
                     const struct rf_top_row *row, bool selected)
{
	for (int i = 0; i < l->nr; i++)
		draw_cell(t, c, y, l->x[i], l->width[i], row, l->columns[i]);
	if (selected)
		rf_canvas_ink(c, y, 0, c->width, RF_INK_SELECTED);
}

void rf_top_draw_rows(const struct rf_top *t, struct rf_canvas *c, int y, size_t first, size_t nr,
                      bool cursor)
{
	struct layout l;

	lay_out(t, c->width, &l);
	draw_titles(t, c, &l, y);
	for (size_t i = 0; i < nr && first + i < t->nr_rows; i++)
		draw_row(t, c, &l, y + 1 + (int)i, t->rows[first + i],
		         cursor && first + i == t->at);
	if (t->nr_rows || !t->shown)
		return;
	rf_canvas_put(c, y + 1, 0, -1, RF_INK_DIM,
	              t->all.nr ? "no name has the text of the filter in it; Esc shows all" :
	                          "no process is a target at the moment");
}

struct key_hint {
	const char *key;
	const char *what;
};

static void draw_hints(struct rf_canvas *c, int y, const struct key_hint *hints)
{
	int x = 0;

	for (; hints->key; hints++) {
		int width = (int)(strlen(hints->key) + strlen(hints->what)) + 1;

		/* a half is worse than none */
		if (x + width > c->width)
			continue;
		x = rf_canvas_put(c, y, x, -1, RF_INK_KEY, hints->key);
		x = rf_canvas_put(c, y, x, -1, RF_INK_DIM, " ");
		x = rf_canvas_put(c, y, x, -1, RF_INK_PLAIN, hints->what) + 2;
	}
}

static const struct key_hint table_hints[] = {
	{ "?", "help" },  { "q", "quit" },  { "Enter", "open" }, { "/", "filter" },
	{ "t", "group" }, { "<>", "sort" }, { "r", "reverse" },  { "f", "feed" },
	{ "p", "pause" }, { "s", "save" },  { "c", "columns" },  { "+-", "interval" },
	{ NULL, NULL },
};

static const struct key_hint open_hints[] = {
	{ "?", "help" },        { "q", "quit" },       { "Esc", "back" },
	{ "Tab", "next part" }, { "Up Down", "call" }, { "PgUp PgDn", "scroll" },
	{ "p", "pause" },       { "s", "save" },       { "f", "feed" },
	{ NULL, NULL },
};

static const struct key_hint feed_hints[] = {
	{ "?", "help" },         { "q", "quit" },  { "Esc", "back" }, { "d", "denials on, off" },
	{ "Up Down", "scroll" }, { "p", "pause" }, { "s", "save" },   { NULL, NULL },
};

static const struct key_hint help_hints[] = {
	{ "q", "quit" },
	{ "Up Down", "scroll" },
	{ "any other key", "back" },
	{ NULL, NULL },
};

static const struct key_hint chooser_hints[] = {
	{ "Space", "show, hide" }, { "s", "sort by it" }, { "r", "reverse" },
	{ "Up Down", "move" },     { "Esc", "back" },     { NULL, NULL },
};

static const struct key_hint *hints_of(enum rf_top_page page)
{
	switch (page) {
	case RF_TOP_OPEN:
		return open_hints;
	case RF_TOP_FEED:
		return feed_hints;
	case RF_TOP_HELP:
		return help_hints;
	case RF_TOP_CHOOSER:
		return chooser_hints;
	default:
		return table_hints;
	}
}

/* The last line: what is being typed, what happened, or what can be pressed. */
static void draw_foot(const struct rf_top *t, struct rf_canvas *c)
{
	int y = c->height - 1, x;

	if (t->prompt == RF_TOP_FILTER) {
		x = rf_canvas_put(c, y, 0, -1, RF_INK_KEY, "filter by name: ");
		x = rf_canvas_name(c, y, x, -1, RF_INK_BOLD, t->filter);
		x = rf_canvas_put(c, y, x, -1, RF_INK_SELECTED, " ");
		rf_canvas_putf(c, y, x + 2, -1, RF_INK_DIM,
		               "%zu of %zu  Enter keeps it, Esc drops it", t->nr_rows, t->all.nr);
		return;
	}
	if (t->prompt == RF_TOP_SAVE) {
		rf_canvas_put(c, y, 0, -1, RF_INK_KEY,
		              "save: j this view as JSON, t as text, any other key not");
		return;
	}
	if (*t->message) {
		rf_canvas_name(c, y, 0, -1, RF_INK_BOLD, t->message);
		return;
	}
	draw_hints(c, y, hints_of(t->page));
}

/* What the rows are, above the hints. */
static void draw_state(const struct rf_top *t, struct rf_canvas *c, int y)
{
	int x = rf_canvas_putf(c, y, 0, -1, RF_INK_DIM, "%zu %s by %s%s", t->nr_rows,
	                       group_name(t->by, t->nr_rows == 1), rf_top_column_name(t->sort),
	                       t->reverse ? ", reversed" : "");

	if (*t->filter && t->prompt != RF_TOP_FILTER) {
		x = rf_canvas_put(c, y, x, -1, RF_INK_DIM, ", named ");
		x = rf_canvas_name(c, y, x, -1, RF_INK_BOLD, t->filter);
		rf_canvas_put(c, y, x, -1, RF_INK_DIM, " (Esc: all)");
	}
}

static void draw_table(const struct rf_top *t, struct rf_canvas *c)
{
	rf_top_draw_header(t, c);
	rf_top_draw_rows(t, c, RF_TOP_HEADER_LINES, t->scroll, (size_t)t->page_rows, true);
	draw_state(t, c, c->height - 2);
}

/* The cursor's line, and its neighbours as far as they fit. */
static void draw_open(struct rf_top *t, struct rf_canvas *c)
{
	int room = c->height - 1, last;

	/* once for its height, which the scrolling depends on */
	rf_canvas_clip(c, 0, 0);
	t->open_height = rf_top_draw_open(t, c, 0);
	last = t->open_height > room ? t->open_height - room : 0;
	if (t->follow && t->cursor_line < t->open_scroll + 3)
		t->open_scroll = t->cursor_line - 3;
	if (t->follow && t->cursor_line >= t->open_scroll + room)
		t->open_scroll = t->cursor_line - room + 1;
	if (t->open_scroll > last)
		t->open_scroll = last;
	if (t->open_scroll < 0)
		t->open_scroll = 0;
	rf_canvas_clip(c, 0, room);
	rf_top_draw_open(t, c, -t->open_scroll);
	rf_canvas_clip(c, 0, c->height);
}

/* The lines of an event below the first. */
static size_t more_lines(const struct rf_top_event *e, const char *lines[3])
{
	const char *const all[] = { e->why, e->where, e->blast };
	size_t nr = 0;

	for (size_t i = 0; i < 3; i++) {
		if (*all[i])
			lines[nr++] = all[i];
	}
	return nr;
}

void rf_top_draw_event(const struct rf_top *t, struct rf_canvas *c, int y,
                       const struct rf_top_event *e, bool selected)
{
	enum rf_ink ink = e->violation ? RF_INK_ALARM : RF_INK_WARN;
	char ago[RF_TEXT_LEN], pid[RF_TEXT_LEN];
	const char *lines[3];
	size_t nr = more_lines(e, lines);

	snprintf(pid, sizeof(pid), "%" PRIu32, e->pid);
	rf_canvas_right(c, y, 0, 7, RF_INK_DIM,
	                rf_text_duration(ago, rf_sat_sub(t->shown->end_ns, e->time_ns), c->utf8));
	rf_canvas_right(c, y, 8, 7, RF_INK_PLAIN, pid);
	rf_canvas_name(c, y, 16, 16, RF_INK_BOLD, e->comm);
	rf_canvas_name(c, y, 33, -1, ink, e->what);
	for (size_t i = 0; i < nr; i++)
		rf_canvas_name(c, y + 1 + (int)i, 16, -1, RF_INK_PLAIN, lines[i]);
	if (selected)
		rf_canvas_ink(c, y, 0, c->width, RF_INK_SELECTED);
}

int rf_top_event_lines(const struct rf_top_event *e)
{
	const char *lines[3];

	return 1 + (int)more_lines(e, lines);
}

/* The first event on the screen, so that the one under the cursor is on it too. */
static void scroll_feed(struct rf_top *t, int room)
{
	int lines = 0;

	if (t->feed_at < t->feed_scroll)
		t->feed_scroll = t->feed_at;
	for (size_t i = t->feed_at + 1; i-- > t->feed_scroll;) {
		const struct rf_top_event *e = rf_top_event(t, i);

		lines += e ? rf_top_event_lines(e) : 0;
		if (lines > room) {
			t->feed_scroll = i + 1;
			break;
		}
	}
}

static void draw_feed(struct rf_top *t, struct rf_canvas *c)
{
	int y = RF_TOP_HEADER_LINES + 1, room = c->height - y - 2;
	size_t nr = rf_top_nr_events(t);
	int x;

	rf_top_draw_header(t, c);
	rf_canvas_fill(c, RF_TOP_HEADER_LINES, 0, c->width, RF_INK_TITLE, L' ');
	rf_canvas_put(c, RF_TOP_HEADER_LINES, 0, -1, RF_INK_TITLE,
	              "    AGO     PID COMMAND          WHAT");
	if (t->feed_at >= nr)
		t->feed_at = nr ? nr - 1 : 0;
	scroll_feed(t, room);
	for (size_t i = t->feed_scroll; i < nr; i++) {
		const struct rf_top_event *e = rf_top_event(t, i);

		if (!e || room < rf_top_event_lines(e))
			break;
		rf_top_draw_event(t, c, y, e, i == t->feed_at);
		y += rf_top_event_lines(e);
		room -= rf_top_event_lines(e);
	}
	if (!nr)
		rf_canvas_put(c, y, 0, -1, RF_INK_DIM,
		              t->shown && !t->shown->has_isolation ?
		                      "nothing was denied so far; violations are not watched here" :
		                      "nothing was violated or denied so far");
	x = rf_canvas_putf(c, c->height - 2, 0, -1, RF_INK_DIM,
	                   "%zu of %zu events, the latest first", nr ? t->feed_at + 1 : 0, nr);
	if (t->no_denials)
		rf_canvas_put(c, c->height - 2, x, -1, RF_INK_DIM, ", without denials");
}

static const struct key_hint help[] = {
	{ "Up Down PgUp PgDn", "move; the cursor then stays with its row" },
	{ "Home End", "to the first row, whichever that is; to the last" },
	{ "Enter", "open a row: calls, failures, page faults, threads" },
	{ "Esc", "back; in the table: drop the filter" },
	{ "/", "only names with this text in them, as you type" },
	{ "t", "rows are processes, threads, names, cgroups" },
	{ "< > Left Right", "sort by another column" },
	{ "r", "reverse the order" },
	{ "c", "choose columns; those that do not fit are left out" },
	{ "f", "the isolation feed, the latest first" },
	{ "p", "pause: the screen stands still, collecting goes on" },
	{ "+ -", "longer, shorter intervals" },
	{ "s", "save what is shown, as JSON or as text" },
	{ "Tab", "in what is open: its next part" },
	{ "Ctrl-L", "paint the screen anew" },
	{ "Ctrl-Z", "back to the shell for a while" },
	{ "? h F1", "this page" },
	{ "q F10 Ctrl-C", "quit" },
	{ NULL, NULL },
};

static const char *const help_words[] = {
	"A crossing is an entry of a thread into the kernel: a call or a page fault.",
	"Rates are those of the last interval, sums those since the start.",
	"TOP CALL is the call made most often; P99: of those, 99 % took less.",
	"The bar on top shows the time that all CPUs had. Waiting is what threads that",
	"crossed in this interval waited, as far as CPUs had nothing to compute; the rest",
	"is idle, and what ringfence does not look at: kernel threads, ringfence itself.",
	"Cost is what ringfence takes of a CPU + what its programs take in the kernel.",
	"A duration with > began before ringfence did.",
	NULL,
};

static int draw_sides(struct rf_canvas *c, int y)
{
	static const struct rf_times each[] = { { .user = 1 }, { .kernel = 1 }, { .waiting = 1 } };
	static const char *const names[] = { "user", "kernel", "waiting" };
	int x = 2;

	for (int i = 0; i < 3; i++) {
		rf_top_draw_bar(c, y, x, 3, &each[i], 1);
		x = rf_canvas_put(c, y, x + 4, -1, RF_INK_PLAIN, names[i]) + 3;
	}
	return y + 1;
}

static int draw_help_lines(struct rf_canvas *c, int y)
{
	rf_canvas_put(c, y++, 0, -1, RF_INK_BOLD, "Keys");
	for (const struct key_hint *h = help; h->key; h++, y++) {
		rf_canvas_put(c, y, 2, -1, RF_INK_KEY, h->key);
		rf_canvas_put(c, y, HELP_COLUMN, -1, RF_INK_PLAIN, h->what);
	}
	rf_canvas_put(c, ++y, 0, -1, RF_INK_BOLD, "Words");
	y++;
	for (const char *const *w = help_words; *w; w++)
		rf_canvas_put(c, y++, 2, -1, RF_INK_PLAIN, *w);
	return draw_sides(c, y);
}

static void draw_help(struct rf_top *t, struct rf_canvas *c)
{
	rf_canvas_clip(c, 0, 0);
	t->help_height = draw_help_lines(c, 0);
	rf_canvas_clip(c, 0, c->height - 1);
	draw_help_lines(c, -t->help_scroll);
	rf_canvas_clip(c, 0, c->height);
}

static void draw_chooser(const struct rf_top *t, struct rf_canvas *c)
{
	int room = c->height - 3, first = 0;

	if (t->chooser_at >= room)
		first = t->chooser_at - room + 1;
	rf_canvas_put(c, 0, 0, -1, RF_INK_BOLD, "Columns");
	for (int i = first; i < RF_TOP_COLUMNS && i - first < room; i++) {
		enum rf_top_column column = (enum rf_top_column)i;
		int y = 1 + i - first;

		rf_canvas_putf(c, y, 2, -1, RF_INK_PLAIN, "[%c]", t->columns & 1u << i ? 'x' : ' ');
		rf_canvas_put(c, y, 6, 10, RF_INK_BOLD, rf_top_column_title(column, t->by));
		rf_canvas_putf(c, y, 17, -1,
		               rf_top_column_fits(column, t->by) ? RF_INK_PLAIN : RF_INK_DIM,
		               "%s%s", rf_top_column_about(column),
		               column != t->sort ? "" :
		               t->reverse        ? " (sorted by, reversed)" :
		                                   " (sorted by)");
		if (i == t->chooser_at)
			rf_canvas_ink(c, y, 0, c->width, RF_INK_SELECTED);
	}
}

static void draw_page(struct rf_top *t, struct rf_canvas *c)
{
	switch (t->page) {
	case RF_TOP_OPEN:
		draw_open(t, c);
		break;
	case RF_TOP_FEED:
		draw_feed(t, c);
		break;
	case RF_TOP_HELP:
		draw_help(t, c);
		break;
	case RF_TOP_CHOOSER:
		draw_chooser(t, c);
		break;
	default:
		draw_table(t, c);
		break;
	}
}

void rf_top_draw(struct rf_top *t, struct rf_canvas *c)
{
	rf_canvas_clear(c);
	if (c->width < MIN_WIDTH || c->height < MIN_HEIGHT) {
		rf_canvas_putf(c, 0, 0, -1, RF_INK_WARN, "%dx%d: too small, %dx%d will do",
		               c->width, c->height, MIN_WIDTH, MIN_HEIGHT);
		return;
	}
	draw_page(t, c);
	draw_foot(t, c);
}
