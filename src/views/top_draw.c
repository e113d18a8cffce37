// SPDX-License-Identifier: GPL-2.0-or-later
/* A page as a whole: which one, and the line of keys below it. */
#include <stdio.h>
#include <string.h>

#include <linux/types.h>

#include "bpf/records.h"
#include "views/top_impl.h"

#define MIN_WIDTH 40
#define MIN_HEIGHT 8

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

static void draw_hints(struct rf_canvas *c, int y, const struct rf_key_hint *hints)
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

static const struct rf_key_hint table_hints[] = {
	{ "?", "help" },  { "q", "quit" },  { "Enter", "open" }, { "/", "filter" },
	{ "t", "group" }, { "<>", "sort" }, { "r", "reverse" },  { "f", "feed" },
	{ "p", "pause" }, { "s", "save" },  { "c", "columns" },  { "+-", "interval" },
	{ NULL, NULL },
};

static const struct rf_key_hint open_hints[] = {
	{ "?", "help" },        { "q", "quit" },       { "Esc", "back" },
	{ "Tab", "next part" }, { "Up Down", "call" }, { "PgUp PgDn", "scroll" },
	{ "p", "pause" },       { "s", "save" },       { "f", "feed" },
	{ NULL, NULL },
};

static const struct rf_key_hint feed_hints[] = {
	{ "?", "help" },         { "q", "quit" },  { "Esc", "back" }, { "d", "denials on, off" },
	{ "Up Down", "scroll" }, { "p", "pause" }, { "s", "save" },   { NULL, NULL },
};

static const struct rf_key_hint help_hints[] = {
	{ "q", "quit" },
	{ "Up Down", "scroll" },
	{ "any other key", "back" },
	{ NULL, NULL },
};

static const struct rf_key_hint chooser_hints[] = {
	{ "Space", "show, hide" }, { "s", "sort by it" }, { "r", "reverse" },
	{ "Up Down", "move" },     { "Esc", "back" },     { NULL, NULL },
};

static const struct rf_key_hint *hints_of(enum rf_top_page page)
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

static void draw_page(struct rf_top *t, struct rf_canvas *c)
{
	switch (t->page) {
	case RF_TOP_OPEN:
		draw_open(t, c);
		break;
	case RF_TOP_FEED:
		rf_top_draw_feed(t, c);
		break;
	case RF_TOP_HELP:
		rf_top_draw_help(t, c);
		break;
	case RF_TOP_CHOOSER:
		rf_top_draw_chooser(t, c);
		break;
	default:
		rf_top_draw_table(t, c);
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
