/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A canvas: a rectangle of characters that a screen is composed on before a terminal sees any of
 * it, so that what a view draws is tested, saved and shown by the same code.
 *
 * Whatever is put on it is clipped: to the room given, to the clip rows, to the canvas. A character
 * that takes two columns is there as a whole or not at all. What the C library knows no width of
 * becomes a replacement, since nobody could tell how far it would push its neighbours.
 */
#ifndef RF_VIEWS_CANVAS_H
#define RF_VIEWS_CANVAS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

/* What a character means; the terminal makes colours and attributes of it. */
enum rf_ink {
	RF_INK_PLAIN,
	RF_INK_DIM,
	RF_INK_BOLD,
	RF_INK_TITLE,    /* a line of column titles */
	RF_INK_SORTED,   /* of them, the one that is sorted by */
	RF_INK_SELECTED, /* the row under the cursor */
	RF_INK_USER,     /* the four sides of time */
	RF_INK_KERNEL,
	RF_INK_WAITING,
	RF_INK_IDLE,
	RF_INK_WARN,
	RF_INK_ALARM,
	RF_INK_KEY, /* what to press */
	RF_INK_GRAPH,
	RF_INK_COUNT
};

/* A character and the ones that combine with it. */
#define RF_GLYPH_CHARS 4

struct rf_glyph {
	wchar_t chars
		[RF_GLYPH_CHARS]; /* ends with a NUL unless full; none: right half of a wide one */
	uint8_t ink;              /* enum rf_ink */
};

struct rf_canvas {
	int width;
	int height;
	bool utf8;    /* what is put is UTF-8; else plain ASCII, and so is what a view draws */
	int clip_top; /* rows outside [clip_top, clip_bottom) take nothing */
	int clip_bottom;
	struct rf_glyph *glyphs; /* row by row */
};

/* A blank canvas. 0, or -ENOMEM and *c is empty. Free with rf_canvas_free(). */
int rf_canvas_init(struct rf_canvas *c, int width, int height, bool utf8);
void rf_canvas_free(struct rf_canvas *c);

/* Blank again, without clip rows. */
void rf_canvas_clear(struct rf_canvas *c);
void rf_canvas_clip(struct rf_canvas *c, int top, int bottom);

/* One glyph; NULL outside. */
const struct rf_glyph *rf_canvas_at(const struct rf_canvas *c, int y, int x);

/*
 * Text from x on, in width columns at most (-1: to the end of the row). Returns the column after
 * it. Text is ours or escaped already; what is not printable becomes a replacement all the same.
 */
int rf_canvas_put(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, const char *text);
int rf_canvas_putf(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, const char *fmt,
                   ...) __attribute__((format(printf, 6, 7)));
/* The same, aligned right in width columns. */
void rf_canvas_right(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink,
                     const char *text);
/* A hostile name, escaped; one that is cut ends in an ellipsis (~ without UTF-8). */
int rf_canvas_name(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, const char *raw);
/* The same character in width columns; it takes one. */
void rf_canvas_fill(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink, wchar_t ch);
/* Another ink for what is there. */
void rf_canvas_ink(struct rf_canvas *c, int y, int x, int width, enum rf_ink ink);

/* As text, a line a row, without the blanks at the ends of lines; ink is lost. */
void rf_canvas_print(const struct rf_canvas *c, FILE *out);

#endif
