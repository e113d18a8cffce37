// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/top_screen.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "views/top_model.h"

#if RF_HAVE_NCURSESW

/* Declares what takes wide characters. */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

/* A byte sequence from a key that is cut in two by the network arrives within this. */
#define ESCAPE_MS 25
#define RESCUE_MAX 512

/* What rf_screen_rescue() writes; made ahead, since a handler cannot look anything up. */
static struct {
	volatile sig_atomic_t open;
	struct termios before;
	char bytes[RESCUE_MAX];
	size_t len;
} rescue;

static SCREEN *screen;
static bool utf8;
static struct rf_canvas shown; /* what the window holds: telling it again takes most of the time */
static attr_t attributes[RF_INK_COUNT];
static short pairs[RF_INK_COUNT];

int rf_screen_check(char *err, size_t len)
{
	const char *term = getenv("TERM");
	bool moves;
	int status;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(err, len,
		         "top needs a terminal to draw on; without one: ringfence stat -i 1s");
		return -ENOTTY;
	}
	if (!term || !*term || setupterm(NULL, STDOUT_FILENO, &status) != OK) {
		snprintf(err, len,
		         "the terminal is of a kind that is not known here (TERM=%s); set TERM, or "
		         "use ringfence stat -i 1s",
		         term ? term : "");
		return -EOPNOTSUPP;
	}
	moves = cursor_address && clear_screen;
	del_curterm(set_curterm(NULL));
	if (!moves) {
		snprintf(err, len,
		         "a terminal of the kind %s cannot place its cursor; use ringfence stat -i "
		         "1s there",
		         term);
		return -EOPNOTSUPP;
	}
	return 0;
}

static void rescue_add(const char *sequence)
{
	size_t len;

	/* what is not there, terminfo gives as NULL or -1 */
	if (!sequence || sequence == (const char *)-1)
		return;
	len = strlen(sequence);
	if (rescue.len + len > sizeof(rescue.bytes))
		return;
	memcpy(rescue.bytes + rescue.len, sequence, len);
	rescue.len += len;
}

static void make_rescue(void)
{
	rescue.len = 0;
	rescue_add(exit_attribute_mode);
	rescue_add(orig_pair);
	rescue_add(keypad_local);
	rescue_add(cursor_normal);
	rescue_add(exit_ca_mode);
	rescue.open = 1;
}

void rf_screen_rescue(void)
{
	ssize_t n = 0;

	if (!rescue.open)
		return;
	rescue.open = 0;
	for (size_t at = 0; at < rescue.len && n >= 0; at += (size_t)n)
		n = write(STDOUT_FILENO, rescue.bytes + at, rescue.len - at);
	/* what is typed ahead is the shell's */
	tcsetattr(STDIN_FILENO, TCSANOW, &rescue.before);
}

static void set_ink(enum rf_ink ink, attr_t attribute, int color)
{
	attributes[ink] = attribute;
	pairs[ink] = 0;
	if (color < 0)
		return;
	init_pair((short)(ink + 1), (short)color, -1);
	pairs[ink] = (short)(ink + 1);
}

static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR");

	if (no_color && *no_color)
		return false;
	return has_colors() && start_color() == OK && use_default_colors() == OK;
}

/* -1: none. Of 256 colours, ones that are told apart on light and on dark ground. */
static int pick(bool color, int of_8, int of_256)
{
	if (!color)
		return -1;
	return COLORS >= 256 ? of_256 : of_8;
}

static void set_inks(void)
{
	bool color = wants_color();

	set_ink(RF_INK_PLAIN, A_NORMAL, -1);
	set_ink(RF_INK_DIM, COLORS >= 256 || !color ? A_DIM : A_NORMAL, -1);
	set_ink(RF_INK_BOLD, A_BOLD, -1);
	set_ink(RF_INK_TITLE, A_REVERSE, pick(color, COLOR_GREEN, 71));
	set_ink(RF_INK_SORTED, A_REVERSE | A_BOLD, pick(color, COLOR_CYAN, 38));
	set_ink(RF_INK_SELECTED, A_REVERSE | (color ? A_NORMAL : A_BOLD), -1);
	set_ink(RF_INK_USER, A_NORMAL, pick(color, COLOR_GREEN, 71));
	set_ink(RF_INK_KERNEL, A_NORMAL, pick(color, COLOR_RED, 167));
	set_ink(RF_INK_WAITING, A_NORMAL, pick(color, COLOR_BLUE, 68));
	set_ink(RF_INK_IDLE, A_DIM, -1);
	set_ink(RF_INK_WARN, color ? A_NORMAL : A_BOLD, pick(color, COLOR_YELLOW, 172));
	set_ink(RF_INK_ALARM, A_BOLD | (color ? A_NORMAL : A_REVERSE), pick(color, COLOR_RED, 196));
	set_ink(RF_INK_KEY, A_BOLD, pick(color, COLOR_CYAN, 38));
	set_ink(RF_INK_GRAPH, A_NORMAL, pick(color, COLOR_CYAN, 38));
}

int rf_screen_open(char *err, size_t len)
{
	int ret = rf_screen_check(err, len);

	if (ret)
		return ret;
	if (tcgetattr(STDIN_FILENO, &rescue.before)) {
		ret = -errno;
		snprintf(err, len, "the terminal's state cannot be read: %s", strerror(-ret));
		return ret;
	}
	utf8 = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		snprintf(err, len, "the terminal cannot be taken over (TERM=%s)", getenv("TERM"));
		return -EOPNOTSUPP;
	}
	make_rescue();
	raw();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	set_inks();
	return 0;
}

void rf_screen_close(void)
{
	if (!screen)
		return;
	endwin();
	rescue.open = 0;
	delscreen(screen);
	rf_canvas_free(&shown);
	screen = NULL;
}

bool rf_screen_utf8(void)
{
	return utf8;
}

void rf_screen_size(int *width, int *height)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_row &&
	    (size.ws_col != COLS || size.ws_row != LINES))
		resizeterm(size.ws_row, size.ws_col);
	*width = COLS;
	*height = LINES;
}

static void show_glyph(int y, int x, const struct rf_glyph *g)
{
	wchar_t chars[RF_GLYPH_CHARS + 1] = { 0 };
	cchar_t cell;

	memcpy(chars, g->chars, sizeof(g->chars));
	if (setcchar(&cell, chars, attributes[g->ink], pairs[g->ink], NULL) == OK)
		mvadd_wch(y, x, &cell);
}

static bool is_same(const struct rf_glyph *a, const struct rf_glyph *b)
{
	return a->ink == b->ink && !memcmp(a->chars, b->chars, sizeof(a->chars));
}

/* Makes the copy of what is shown as large as c, and blank as the window is then. */
static bool fit_shown(const struct rf_canvas *c)
{
	if (shown.glyphs && shown.width == c->width && shown.height == c->height)
		return true;
	erase();
	rf_canvas_free(&shown);
	return !rf_canvas_init(&shown, c->width, c->height, c->utf8);
}

/* A line in which a wide character comes or goes is drawn as a whole: halves are no glyphs. */
static bool has_wide(const struct rf_canvas *c, int y)
{
	for (int x = 0; x < c->width; x++) {
		if (!rf_canvas_at(c, y, x)->chars[0])
			return true;
	}
	return false;
}

static void show_line(const struct rf_canvas *c, int y)
{
	struct rf_glyph *old = &shown.glyphs[y * shown.width];
	bool whole = has_wide(c, y) || has_wide(&shown, y);

	for (int x = 0; x < c->width && x < COLS; x++) {
		const struct rf_glyph *g = rf_canvas_at(c, y, x);

		if (g->chars[0] && (whole || !is_same(g, &old[x])))
			show_glyph(y, x, g);
	}
	memcpy(old, rf_canvas_at(c, y, 0), (size_t)c->width * sizeof(*old));
}

void rf_screen_show(const struct rf_canvas *c)
{
	if (!fit_shown(c))
		return;
	for (int y = 0; y < c->height && y < LINES; y++)
		show_line(c, y);
	refresh();
}

void rf_screen_repaint(void)
{
	clearok(stdscr, TRUE);
}

static uint32_t function_key(wint_t key)
{
	static const struct {
		wint_t theirs;
		uint32_t ours;
	} keys[] = {
		{ KEY_UP, RF_KEY_UP },         { KEY_DOWN, RF_KEY_DOWN },
		{ KEY_LEFT, RF_KEY_LEFT },     { KEY_RIGHT, RF_KEY_RIGHT },
		{ KEY_PPAGE, RF_KEY_PAGE_UP }, { KEY_NPAGE, RF_KEY_PAGE_DOWN },
		{ KEY_HOME, RF_KEY_HOME },     { KEY_END, RF_KEY_END },
		{ KEY_ENTER, RF_KEY_ENTER },   { KEY_BACKSPACE, RF_KEY_BACKSPACE },
		{ KEY_BTAB, RF_KEY_BACKTAB },  { KEY_F(1), RF_KEY_F1 },
		{ KEY_F(10), RF_KEY_F10 },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].theirs == key)
			return keys[i].ours;
	}
	return RF_KEY_OTHER;
}

bool rf_screen_key(uint32_t *key)
{
	wint_t c;
	int kind = get_wch(&c);

	if (kind == ERR)
		return false;
	if (kind == KEY_CODE_YES)
		*key = function_key(c);
	else if (c == '\r' || c == '\n')
		*key = RF_KEY_ENTER;
	else if (c == '\t')
		*key = RF_KEY_TAB;
	else if (c == 0x7f || c == '\b')
		*key = RF_KEY_BACKSPACE;
	else
		*key = c;
	return true;
}

void rf_screen_leave(void)
{
	if (!screen)
		return;
	def_prog_mode();
	endwin();
	rescue.open = 0;
}

void rf_screen_return(void)
{
	if (!screen)
		return;
	rescue.open = 1;
	reset_prog_mode();
	clearok(stdscr, TRUE);
	curs_set(0);
}

#else

int rf_screen_check(char *err, size_t len)
{
	snprintf(err, len, "this ringfence was built without ncursesw; use ringfence stat -i 1s");
	return -EOPNOTSUPP;
}

int rf_screen_open(char *err, size_t len)
{
	return rf_screen_check(err, len);
}

void rf_screen_close(void)
{
}

void rf_screen_rescue(void)
{
}

bool rf_screen_utf8(void)
{
	return false;
}

void rf_screen_size(int *width, int *height)
{
	*width = *height = 0;
}

void rf_screen_show(const struct rf_canvas *c)
{
	(void)c;
}

void rf_screen_repaint(void)
{
}

bool rf_screen_key(uint32_t *key)
{
	(void)key;
	return false;
}

void rf_screen_leave(void)
{
}

void rf_screen_return(void)
{
}

#endif
