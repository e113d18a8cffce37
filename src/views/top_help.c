// SPDX-License-Identifier: GPL-2.0-or-later
/* Help, and the page on which columns are chosen. */
#include "views/top_impl.h"

#define HELP_COLUMN 22

static const struct rf_key_hint help[] = {
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
	for (const struct rf_key_hint *h = help; h->key; h++, y++) {
		rf_canvas_put(c, y, 2, -1, RF_INK_KEY, h->key);
		rf_canvas_put(c, y, HELP_COLUMN, -1, RF_INK_PLAIN, h->what);
	}
	rf_canvas_put(c, ++y, 0, -1, RF_INK_BOLD, "Words");
	y++;
	for (const char *const *w = help_words; *w; w++)
		rf_canvas_put(c, y++, 2, -1, RF_INK_PLAIN, *w);
	return draw_sides(c, y);
}

void rf_top_draw_help(struct rf_top *t, struct rf_canvas *c)
{
	rf_canvas_clip(c, 0, 0);
	t->help_height = draw_help_lines(c, 0);
	rf_canvas_clip(c, 0, c->height - 1);
	draw_help_lines(c, -t->help_scroll);
	rf_canvas_clip(c, 0, c->height);
}

void rf_top_draw_chooser(const struct rf_top *t, struct rf_canvas *c)
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
