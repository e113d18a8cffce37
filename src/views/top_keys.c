// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rf_time.h"
#include "views/top_impl.h"

static const uint64_t intervals[] = {
	100 * RF_NSEC_PER_MSEC, 200 * RF_NSEC_PER_MSEC, 500 * RF_NSEC_PER_MSEC,
	1 * RF_NSEC_PER_SEC,    2 * RF_NSEC_PER_SEC,    5 * RF_NSEC_PER_SEC,
	10 * RF_NSEC_PER_SEC,   30 * RF_NSEC_PER_SEC,   60 * RF_NSEC_PER_SEC,
};

#define INTERVALS (sizeof(intervals) / sizeof(intervals[0]))

static void say(struct rf_top *t, const char *text)
{
	snprintf(t->message, sizeof(t->message), "%s", text);
}

static void check(struct rf_top *t, int err)
{
	if (err == -ENOMEM)
		say(t, "out of memory");
}

static enum rf_top_action change_interval(struct rf_top *t, bool longer)
{
	uint64_t found = 0;

	for (size_t i = 0; i < INTERVALS; i++) {
		if (longer && intervals[i] > t->interval_ns && !found)
			found = intervals[i];
		if (!longer && intervals[i] < t->interval_ns)
			found = intervals[i];
	}
	if (!found)
		return RF_TOP_NOTHING;
	t->interval_ns = found;
	return RF_TOP_INTERVAL;
}

static void change_pause(struct rf_top *t)
{
	struct rf_top_snapshot *newest = t->newest;

	t->paused = !t->paused;
	if (t->paused || newest == t->shown)
		return;
	/* on with what has been collected meanwhile */
	t->newest = NULL;
	check(t, rf_top_show(t, newest));
}

static void change_group(struct rf_top *t)
{
	static const enum rf_by next[] = {
		[RF_BY_PROCESS] = RF_BY_THREAD,
		[RF_BY_THREAD] = RF_BY_COMM,
		[RF_BY_COMM] = RF_BY_CGROUP,
		[RF_BY_CGROUP] = RF_BY_PROCESS,
	};

	t->by = next[t->by];
	t->cursor_set = false;
	t->at = t->scroll = 0;
	check(t, rf_top_rebuild(t));
}

static bool is_shown(const struct rf_top *t, enum rf_top_column c)
{
	return t->columns & 1u << c && rf_top_column_fits(c, t->by);
}

/* The next column to the left or right, among those that are shown. */
static void change_sort(struct rf_top *t, int step)
{
	int c = (int)t->sort;

	do {
		c = (c + step + RF_TOP_COLUMNS) % RF_TOP_COLUMNS;
	} while (c != (int)t->sort && !is_shown(t, (enum rf_top_column)c));
	t->sort = (enum rf_top_column)c;
	check(t, rf_top_rebuild(t));
}

static void reverse(struct rf_top *t)
{
	t->reverse = !t->reverse;
	check(t, rf_top_rebuild(t));
}

static void visit(struct rf_top *t, enum rf_top_page page)
{
	if (t->page != RF_TOP_HELP && t->page != RF_TOP_CHOOSER)
		t->back = t->page;
	t->page = page;
	t->help_scroll = 0;
}

/* One page back; false on the first. */
static bool leave(struct rf_top *t)
{
	switch (t->page) {
	case RF_TOP_HELP:
	case RF_TOP_CHOOSER:
		t->page = t->back;
		return true;
	case RF_TOP_OPEN:
		rf_top_close_open(t);
		return true;
	case RF_TOP_FEED:
		t->page = t->open ? RF_TOP_OPEN : RF_TOP_TABLE;
		return true;
	default:
		return false;
	}
}

static int clamp(int v, int low, int high)
{
	if (v > high)
		v = high;
	return v < low ? low : v;
}

static enum rf_top_action open_row(struct rf_top *t)
{
	int err = rf_top_open(t);

	check(t, err);
	return err ? RF_TOP_NOTHING : RF_TOP_OPENED;
}

static enum rf_top_action table_key(struct rf_top *t, uint32_t key)
{
	switch (key) {
	case RF_KEY_UP:
	case 'k':
		rf_top_move(t, -1);
		break;
	case RF_KEY_DOWN:
	case 'j':
		rf_top_move(t, 1);
		break;
	case RF_KEY_PAGE_UP:
		rf_top_move(t, -(long)t->page_rows);
		break;
	case RF_KEY_PAGE_DOWN:
		rf_top_move(t, t->page_rows);
		break;
	case RF_KEY_HOME:
		/* the first row again, whichever it is */
		rf_top_move_to(t, 0);
		t->cursor_set = false;
		break;
	case RF_KEY_END:
		rf_top_move_to(t, t->nr_rows);
		break;
	case RF_KEY_ENTER:
		return open_row(t);
	case RF_KEY_LEFT:
		change_sort(t, -1);
		break;
	case RF_KEY_RIGHT:
		change_sort(t, 1);
		break;
	case RF_KEY_ESCAPE:
		*t->filter = '\0';
		check(t, rf_top_rebuild(t));
		break;
	default:
		break;
	}
	return RF_TOP_NOTHING;
}

/* The other calls of what is open. */
static void look_at(struct rf_top *t, long by)
{
	struct rf_top_opened *o = t->open;
	long at = (long)rf_top_open_at(o) + by;

	if (!o->nr_cells)
		return;
	if (at < 0)
		at = 0;
	if (at >= (long)o->nr_cells)
		at = (long)o->nr_cells - 1;
	o->cursor = o->cells[at].call;
	o->cursor_set = true;
	t->follow = true;
}

static void scroll_open(struct rf_top *t, int to)
{
	/* the last line is that of the keys */
	t->open_scroll = clamp(to, 0, t->open_height - (t->height - 1));
	t->follow = false;
}

/* The next part of the page, from the one that begins at its top; after the last, the first. */
static void next_section(struct rf_top *t, bool back)
{
	int to = back ? 0 : -1;

	for (int i = 0; i < t->nr_sections; i++) {
		if (back && t->sections[i] < t->open_scroll)
			to = t->sections[i];
		if (!back && to < 0 && t->sections[i] > t->open_scroll)
			to = t->sections[i];
	}
	/* the end of the page is at the foot of the screen already */
	if (!back && (to < 0 || t->open_scroll >= t->open_height - (t->height - 1)))
		to = 0;
	scroll_open(t, to);
}

static enum rf_top_action open_key(struct rf_top *t, uint32_t key)
{
	switch (key) {
	case RF_KEY_UP:
	case 'k':
		look_at(t, -1);
		break;
	case RF_KEY_DOWN:
	case 'j':
		look_at(t, 1);
		break;
	case RF_KEY_PAGE_UP:
		scroll_open(t, t->open_scroll - (t->height - 4));
		break;
	case RF_KEY_PAGE_DOWN:
		scroll_open(t, t->open_scroll + (t->height - 4));
		break;
	case RF_KEY_HOME:
		scroll_open(t, 0);
		break;
	case RF_KEY_END:
		scroll_open(t, t->open_height);
		break;
	case RF_KEY_TAB:
		next_section(t, false);
		break;
	case RF_KEY_BACKTAB:
		next_section(t, true);
		break;
	case RF_KEY_ESCAPE:
	case RF_KEY_BACKSPACE:
		leave(t);
		break;
	default:
		break;
	}
	return RF_TOP_NOTHING;
}

static void move_in_feed(struct rf_top *t, long by)
{
	long nr = (long)rf_top_nr_events(t), at = (long)t->feed_at + by;

	if (at >= nr)
		at = nr - 1;
	t->feed_at = at > 0 ? (size_t)at : 0;
}

static enum rf_top_action feed_key(struct rf_top *t, uint32_t key)
{
	switch (key) {
	case RF_KEY_UP:
	case 'k':
		move_in_feed(t, -1);
		break;
	case RF_KEY_DOWN:
	case 'j':
		move_in_feed(t, 1);
		break;
	case RF_KEY_PAGE_UP:
		move_in_feed(t, -(long)t->page_rows / 2);
		break;
	case RF_KEY_PAGE_DOWN:
		move_in_feed(t, t->page_rows / 2);
		break;
	case RF_KEY_HOME:
		t->feed_at = 0;
		break;
	case RF_KEY_END:
		move_in_feed(t, (long)rf_top_nr_events(t));
		break;
	case 'd':
		t->no_denials = !t->no_denials;
		t->feed_at = 0;
		break;
	case 'f':
	case RF_KEY_ESCAPE:
	case RF_KEY_BACKSPACE:
		leave(t);
		break;
	default:
		break;
	}
	return RF_TOP_NOTHING;
}

static enum rf_top_action help_key(struct rf_top *t, uint32_t key)
{
	int last = t->help_height - (t->height - 1);

	switch (key) {
	case RF_KEY_UP:
	case 'k':
		t->help_scroll = clamp(t->help_scroll - 1, 0, last);
		break;
	case RF_KEY_DOWN:
	case 'j':
		t->help_scroll = clamp(t->help_scroll + 1, 0, last);
		break;
	case RF_KEY_PAGE_UP:
		t->help_scroll = clamp(t->help_scroll - (t->height - 3), 0, last);
		break;
	case RF_KEY_PAGE_DOWN:
	case ' ':
		t->help_scroll = clamp(t->help_scroll + (t->height - 3), 0, last);
		break;
	case RF_KEY_HOME:
		t->help_scroll = 0;
		break;
	case RF_KEY_END:
		t->help_scroll = clamp(last, 0, last);
		break;
	default:
		leave(t);
		break;
	}
	return RF_TOP_NOTHING;
}

static enum rf_top_action chooser_key(struct rf_top *t, uint32_t key)
{
	switch (key) {
	case RF_KEY_UP:
	case 'k':
		t->chooser_at = clamp(t->chooser_at - 1, 0, RF_TOP_COLUMNS - 1);
		break;
	case RF_KEY_DOWN:
	case 'j':
		t->chooser_at = clamp(t->chooser_at + 1, 0, RF_TOP_COLUMNS - 1);
		break;
	case RF_KEY_HOME:
		t->chooser_at = 0;
		break;
	case RF_KEY_END:
		t->chooser_at = RF_TOP_COLUMNS - 1;
		break;
	case ' ':
		t->columns ^= 1u << t->chooser_at;
		break;
	case 's':
		if (rf_top_column_fits((enum rf_top_column)t->chooser_at, t->by)) {
			t->sort = (enum rf_top_column)t->chooser_at;
			t->columns |= 1u << t->chooser_at;
			check(t, rf_top_rebuild(t));
		}
		break;
	case 'r':
		reverse(t);
		break;
	case RF_KEY_ENTER:
	case RF_KEY_ESCAPE:
	case RF_KEY_BACKSPACE:
	case 'c':
		leave(t);
		break;
	default:
		break;
	}
	return RF_TOP_NOTHING;
}

/* Bytes of a character in UTF-8; 0: none. */
static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	if (c >= RF_KEY_UP)
		return 0;
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void type_filter(struct rf_top *t, uint32_t key)
{
	size_t len = strlen(t->filter), n;
	char bytes[4];

	if (key < ' ' || key == 0x7f)
		return;
	n = encode(key, bytes);
	if (!n || len + n >= sizeof(t->filter))
		return;
	memcpy(t->filter + len, bytes, n);
	t->filter[len + n] = '\0';
}

static void untype_filter(struct rf_top *t)
{
	size_t len = strlen(t->filter);

	while (len && (t->filter[--len] & 0xc0) == 0x80)
		;
	t->filter[len] = '\0';
}

static enum rf_top_action filter_key(struct rf_top *t, uint32_t key)
{
	switch (key) {
	case RF_KEY_ENTER:
		t->prompt = RF_TOP_NO_PROMPT;
		return RF_TOP_NOTHING;
	case RF_KEY_ESCAPE:
		t->prompt = RF_TOP_NO_PROMPT;
		*t->filter = '\0';
		break;
	case RF_KEY_UP:
	case RF_KEY_DOWN:
	case RF_KEY_PAGE_UP:
	case RF_KEY_PAGE_DOWN:
		return table_key(t, key);
	case RF_KEY_BACKSPACE:
		untype_filter(t);
		break;
	case RF_KEY_CTRL('u'):
		*t->filter = '\0';
		break;
	default:
		type_filter(t, key);
		break;
	}
	check(t, rf_top_rebuild(t));
	return RF_TOP_NOTHING;
}

static enum rf_top_action save_key(struct rf_top *t, uint32_t key)
{
	t->prompt = RF_TOP_NO_PROMPT;
	if (key == 'j' || key == 'J')
		return RF_TOP_SAVE_JSON;
	if (key == 't' || key == 'T')
		return RF_TOP_SAVE_TEXT;
	return RF_TOP_NOTHING;
}

/* Keys of the table and of what is open. */
static enum rf_top_action view_key(struct rf_top *t, uint32_t key)
{
	switch (key) {
	case '/':
		if (t->page == RF_TOP_TABLE)
			t->prompt = RF_TOP_FILTER;
		return RF_TOP_NOTHING;
	case 't':
		if (t->page == RF_TOP_TABLE)
			change_group(t);
		return RF_TOP_NOTHING;
	case '<':
	case ',':
		change_sort(t, -1);
		return RF_TOP_NOTHING;
	case '>':
	case '.':
		change_sort(t, 1);
		return RF_TOP_NOTHING;
	case 'r':
		reverse(t);
		return RF_TOP_NOTHING;
	case 'c':
		visit(t, RF_TOP_CHOOSER);
		return RF_TOP_NOTHING;
	case 'f':
		t->page = RF_TOP_FEED;
		t->feed_at = t->feed_scroll = 0;
		return RF_TOP_NOTHING;
	default:
		return t->page == RF_TOP_OPEN ? open_key(t, key) : table_key(t, key);
	}
}

/* Keys that mean the same on every page; true: it was one. */
static bool any_key(struct rf_top *t, uint32_t key, enum rf_top_action *action)
{
	*action = RF_TOP_NOTHING;
	switch (key) {
	case 'q':
	case RF_KEY_F10:
		*action = RF_TOP_QUIT;
		return true;
	case 'p':
		change_pause(t);
		return true;
	case 's':
		if (t->page == RF_TOP_HELP || t->page == RF_TOP_CHOOSER)
			return false;
		if (t->shown)
			t->prompt = RF_TOP_SAVE;
		return true;
	case '+':
	case '=':
		*action = change_interval(t, true);
		return true;
	case '-':
		*action = change_interval(t, false);
		return true;
	case '?':
	case 'h':
	case RF_KEY_F1:
		if (t->page == RF_TOP_HELP)
			leave(t);
		else
			visit(t, RF_TOP_HELP);
		return true;
	default:
		return false;
	}
}

enum rf_top_action rf_top_key(struct rf_top *t, uint32_t key)
{
	enum rf_top_action action;

	*t->message = '\0';
	switch (key) {
	case RF_KEY_CTRL('c'):
	case RF_KEY_CTRL('\\'):
		return RF_TOP_QUIT;
	case RF_KEY_CTRL('l'):
		return RF_TOP_REPAINT;
	case RF_KEY_CTRL('z'):
		return RF_TOP_SUSPEND;
	default:
		break;
	}
	if (t->prompt == RF_TOP_FILTER)
		return filter_key(t, key);
	if (t->prompt == RF_TOP_SAVE)
		return save_key(t, key);
	if (any_key(t, key, &action))
		return action;
	switch (t->page) {
	case RF_TOP_FEED:
		return feed_key(t, key);
	case RF_TOP_HELP:
		return help_key(t, key);
	case RF_TOP_CHOOSER:
		return chooser_key(t, key);
	default:
		return view_key(t, key);
	}
}
