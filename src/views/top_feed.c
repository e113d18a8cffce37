// SPDX-License-Identifier: GPL-2.0-or-later
/* The isolation feed. */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/sat.h"
#include "views/text.h"
#include "views/top_impl.h"

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

void rf_top_draw_feed(struct rf_top *t, struct rf_canvas *c)
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
