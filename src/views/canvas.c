// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/canvas.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "views/text.h"

#define TEXT_MAX 1024
#define NAME_MAX_BYTES 1024
#define REPLACEMENT_UTF8 L'\xfffd'
#define REPLACEMENT_ASCII L'?'

int rf_canvas_init(struct rf_canvas *c, int width, int height, bool utf8)
{
	*c = (struct rf_canvas){ .utf8 = utf8 };
	if (width < 1)
		width = 1;
	if (height < 1)
		height = 1;
	c->glyphs = calloc((size_t)width * (size_t)height, sizeof(*c->glyphs));
	if (!c->glyphs)
		return -ENOMEM;
	c->width = width;
	c->height = height;
	rf_canvas_clear(c);
	return 0;
}

void rf_canvas_free(struct rf_canvas *c)
{
	free(c->glyphs);
	*c = (struct rf_canvas){ 0 };
}

void rf_canvas_clear(struct rf_canvas *c)
{
	for (int i = 0; i < c->width * c->height; i++)
		c->glyphs[i] = (struct rf_glyph){ .chars = { L' ' } };
	rf_canvas_clip(c, 0, c->height);
}

void rf_canvas_clip(struct rf_canvas *c, int top, int bottom)
{
	c->clip_top = top;
	c->clip_bottom = bottom;
}

static struct rf_glyph *glyph(const struct rf_canvas *c, int y, int x)
{
	if (x < 0 || x >= c->width || y < 0 || y >= c->height)
		return NULL;
	return &c->glyphs[y * c->width + x];
}

const struct rf_glyph *rf_canvas_at(const struct rf_canvas *c, int y, int x)
{
	return glyph(c, y, x);
}

static bool takes(const struct rf_canvas *c, int y)
{
	return y >= c->clip_top && y < c->clip_bottom && y >= 0 && y < c->height;
}

static void set(struct rf_canvas *c, int y, int x, wchar_t ch, enum rf_ink ink)
{
	struct rf_glyph *g = glyph(c, y, x);
	struct rf_glyph *left = glyph(c, y, x - 1), *right = glyph(c, y, x + 1);

	/* half of a wide character is none: what is overwritten in part goes as a whole */
	if (!g->chars[0] && left)
		left->chars[0] = L' ', left->chars[1] = 0;
	if (right && !right->chars[0])
		right->chars[0] = L' ', right->chars[1] = 0;
	*g = (struct rf_glyph){ .chars = { ch }, .ink = (uint8_t)ink };
}

static void set_wide(struct rf_canvas *c, int y, int x, wchar_t ch, enum rf_ink ink)
{
	set(c, y, x + 1, L' ', ink);
	set(c, y, x, ch, ink);
	*glyph(c, y, x + 1) = (struct rf_glyph){ .ink = (uint8_t)ink };
}

/* Adds a character of no width to the one before it; without one it is dropped. */
static void combine(struct rf_canvas *c, int y, int x, wchar_t ch)
{
	struct rf_glyph *g = glyph(c, y, x - 1);
	size_t n = 0;

	if (g && !g->chars[0])
		g = glyph(c, y, x - 2);
	if (!g)
		return;
	while (n < RF_GLYPH_CHARS && g->chars[n])
		n++;
	if (n < RF_GLYPH_CHARS)
		g->chars[n] = ch;
}

/* One character at s; its bytes. */
static size_t next_wide(const struct rf_canvas *c, const char *s, mbstate_t *state, wchar_t *ch,
                        int *columns)
{
	size_t n = 1;

	*columns = 1;
	if (!c->utf8) {
		*ch = (unsigned char)*s >= ' ' && (unsigned char)*s < 0x7f ? (wchar_t)*s :
		                                                             REPLACEMENT_ASCII;
		return 1;
	}
	n = mbrtowc(ch, s, MB_LEN_MAX, state);
	if (n == 0 || n > MB_LEN_MAX) {
		memset(state, 0, sizeof(*state));
		*ch = REPLACEMENT_UTF8;
		return 1;
	}
	*columns = wcwidth(*ch);
	if (*columns < 0) {
		*ch = REPLACEMENT_UTF8;
		*columns = 1;
	}
	return n;
}

int rf_canvas_put(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, const char *text)
{
	int end = width < 0 || width > c->width - x ? c->width : x + width;
	mbstate_t state = { 0 };
	int begin = x;

	while (*text) {
		wchar_t ch;
		int columns;

		text += next_wide(c, text, &state, &ch, &columns);
		if (x + columns > end)
			break;
		if (takes(c, y) && x >= 0) {
			if (columns == 2)
				set_wide(c, y, x, ch, ink);
			else if (columns == 1)
				set(c, y, x, ch, ink);
			else if (x > begin)
				combine(c, y, x, ch);
		}
		x += columns;
	}
	return x;
}

int rf_canvas_putf(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, const char *fmt,
                   ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return rf_canvas_put(c, y, x, width, ink, text);
}

void rf_canvas_right(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink,
                     const char *text)
{
	int columns = (int)rf_text_width(text, c->utf8);
	int blank = columns < width ? width - columns : 0;

	rf_canvas_put(c, y, x + blank, width - blank, ink, text);
}

int rf_canvas_name(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, const char *raw)
{
	char name[NAME_MAX_BYTES];

	if (width < 0 || width > c->width - x)
		width = c->width - x;
	if (width <= 0)
		return x;
	rf_text_name(name, sizeof(name), raw, c->utf8);
	if ((int)rf_text_width(name, c->utf8) <= width)
		return rf_canvas_put(c, y, x, width, ink, name);
	x = rf_canvas_put(c, y, x, width - 1, ink, name);
	return rf_canvas_put(c, y, x, 1, ink, c->utf8 ? "…" : "~");
}

void rf_canvas_fill(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, wchar_t ch)
{
	if (!takes(c, y))
		return;
	for (int i = 0; i < width; i++) {
		if (x + i >= 0 && x + i < c->width)
			set(c, y, x + i, ch, ink);
	}
}

void rf_canvas_ink(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink)
{
	if (!takes(c, y))
		return;
	for (int i = 0; i < width; i++) {
		struct rf_glyph *g = glyph(c, y, x + i);

		if (g)
			g->ink = (uint8_t)ink;
	}
}

static bool is_blank(const struct rf_glyph *g)
{
	return g->chars[0] == L' ' && !g->chars[1];
}

static void print_glyph(const struct rf_glyph *g, FILE *out)
{
	for (size_t i = 0; i < RF_GLYPH_CHARS && g->chars[i]; i++) {
		char bytes[MB_LEN_MAX];
		mbstate_t state = { 0 };
		size_t n = wcrtomb(bytes, g->chars[i], &state);

		if (n != (size_t)-1)
			fwrite(bytes, 1, n, out);
	}
}

void rf_canvas_print(const struct rf_canvas *c, FILE *out)
{
	for (int y = 0; y < c->height; y++) {
		int end = c->width;

		while (end && is_blank(glyph(c, y, end - 1)))
			end--;
		for (int x = 0; x < end; x++)
			print_glyph(glyph(c, y, x), out);
		fputc('\n', out);
	}
}
