// SPDX-License-Identifier: GPL-2.0-or-later
/* The table: columns that share a line, and rows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/sat.h"
#include "views/text.h"
#include "views/top_impl.h"

#define CGROUP_MAX 80

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

static bool is_time(enum rf_top_column column)
{
	return column == RF_TOP_USER_PERCENT || column == RF_TOP_KERNEL_PERCENT ||
	       column == RF_TOP_WAITING_PERCENT;
}

/* Of what the times of a row are shares: they are taken a moment before or after the window's ends. */
static uint64_t whole_of(const struct rf_top_row *row, uint64_t window)
{
	const struct rf_times *time = &row->sum.time;
	uint64_t sum = rf_sat_add(time->user, rf_sat_add(time->kernel, time->waiting));

	return sum > window ? sum : window;
}

/* A value of the row as text: as short as the column wants it. */
static const char *number_text(const struct rf_top *t, const struct rf_top_row *row,
                               enum rf_top_column column, bool utf8, char *buf)
{
	const struct rf_process *p = &row->sum;
	uint64_t window = t->shown->window_ns, p99;
	/* a row of several threads waits several times at once */
	uint64_t threads = row->threads ? row->threads : 1;
	uint64_t cpu = row->nr == 1 ? whole_of(row, window) : window;

	if (t->no_latency && is_time(column))
		return "-";
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
		return rf_text_percent(buf, p->time.user, cpu);
	case RF_TOP_KERNEL_PERCENT:
		return rf_text_percent(buf, p->time.kernel, cpu);
	case RF_TOP_WAITING_PERCENT:
		return rf_text_percent(buf, p->time.waiting, whole_of(row, window * threads));
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
		if (t->no_latency)
			rf_canvas_put(c, y, x, width, RF_INK_DIM, "-");
		else
			rf_top_draw_bar(
				c, y, x, width, time,
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

void rf_top_draw_table(const struct rf_top *t, struct rf_canvas *c)
{
	rf_top_draw_header(t, c);
	rf_top_draw_rows(t, c, RF_TOP_HEADER_LINES, t->scroll, (size_t)t->page_rows, true);
	draw_state(t, c, c->height - 2);
}
