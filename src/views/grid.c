// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/grid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cell {
	char *text;
	enum rf_color color;
};

struct rf_grid {
	const struct rf_column *columns;
	size_t nr_columns;
	unsigned int indent;
	unsigned int *widths; /* 0: left out */
	struct cell *cells;
	size_t nr_cells, cap;
	int err;
};

struct rf_grid *rf_grid_new(const struct rf_column *columns, size_t nr, unsigned int indent)
{
	struct rf_grid *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->columns = columns;
	g->nr_columns = nr;
	g->indent = indent;
	g->widths = calloc(nr, sizeof(*g->widths));
	if (!g->widths) {
		free(g);
		return NULL;
	}
	return g;
}

void rf_grid_free(struct rf_grid *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->nr_cells; i++)
		free(g->cells[i].text);
	free(g->cells);
	free(g->widths);
	free(g);
}

void rf_grid_add(struct rf_grid *g, const char *text, enum rf_color color)
{
	char *copy;

	if (g->err)
		return;
	if (g->nr_cells == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;
		struct cell *grown = realloc(g->cells, cap * sizeof(*grown));

		if (!grown) {
			g->err = -ENOMEM;
			return;
		}
		g->cells = grown;
		g->cap = cap;
	}
	copy = strdup(text);
	if (!copy) {
		g->err = -ENOMEM;
		return;
	}
	g->cells[g->nr_cells++] = (struct cell){ copy, color };
}

static unsigned int total_width(const struct rf_grid *g, bool shrunk)
{
	unsigned int total = g->indent, shown = 0;

	for (size_t i = 0; i < g->nr_columns; i++) {
		unsigned int width = g->widths[i], min = g->columns[i].min;

		if (!width)
			continue;
		total += shrunk && min && min < width ? min : width;
		shown++;
	}
	return total + (shown ? shown - 1 : 0);
}

static bool drop_one(struct rf_grid *g)
{
	size_t victim = g->nr_columns;

	for (size_t i = 0; i < g->nr_columns; i++)
		if (g->widths[i] && g->columns[i].drop &&
		    (victim == g->nr_columns || g->columns[i].drop > g->columns[victim].drop))
			victim = i;
	if (victim == g->nr_columns)
		return false;
	g->widths[victim] = 0;
	return true;
}

/* Takes one column of text from the widest that can spare it. */
static bool shrink_one(struct rf_grid *g)
{
	size_t widest = g->nr_columns;

	for (size_t i = 0; i < g->nr_columns; i++)
		if (g->columns[i].min && g->widths[i] > g->columns[i].min &&
		    (widest == g->nr_columns || g->widths[i] > g->widths[widest]))
			widest = i;
	if (widest == g->nr_columns)
		return false;
	g->widths[widest]--;
	return true;
}

int rf_grid_fit(struct rf_grid *g, const struct rf_style *style)
{
	if (g->err)
		return g->err;
	for (size_t i = 0; i < g->nr_columns; i++)
		g->widths[i] = rf_text_width(g->columns[i].title, style->utf8);
	for (size_t i = 0; i < g->nr_cells; i++) {
		unsigned int width = rf_text_width(g->cells[i].text, style->utf8);

		if (width > g->widths[i % g->nr_columns])
			g->widths[i % g->nr_columns] = width;
	}
	while (total_width(g, true) > style->width && drop_one(g))
		;
	while (total_width(g, false) > style->width && shrink_one(g))
		;
	return 0;
}

static const char *color_code(enum rf_color color)
{
	switch (color) {
	case RF_COLOR_TITLE:
		return "\x1b[7m";
	case RF_COLOR_NAME:
		return "\x1b[1m";
	case RF_COLOR_WARN:
		return "\x1b[31m";
	case RF_COLOR_DIM:
		return "\x1b[2m";
	default:
		return "";
	}
}

static void print_part(FILE *out, const struct rf_style *style, enum rf_color color,
                       const char *text, size_t len, const char *end)
{
	bool colored = style->color && color != RF_COLOR_NONE;

	fprintf(out, "%s%.*s%s%s", colored ? color_code(color) : "", (int)len, text, end,
	        colored ? "\x1b[0m" : "");
}

void rf_color_print(FILE *out, const struct rf_style *style, enum rf_color color, const char *text)
{
	print_part(out, style, color, text, strlen(text), "");
}

/* pending: blanks owed before the next text, so that no line ends in blanks. */
static void print_cell(const struct rf_grid *g, size_t column, const char *text,
                       enum rf_color color, unsigned int *pending, FILE *out,
                       const struct rf_style *style)
{
	unsigned int width = g->widths[column], has = rf_text_width(text, style->utf8);
	const char *end = "";
	size_t len = strlen(text);
	unsigned int blanks;

	if (has > width) {
		end = style->utf8 ? "…" : "+";
		len = rf_text_fit(text, width - 1, style->utf8, &has);
		has++;
	}
	blanks = width - has;
	if (!g->columns[column].left)
		*pending += blanks;
	if (len || *end) {
		fprintf(out, "%*s", (int)*pending, "");
		*pending = 0;
		print_part(out, style, color, text, len, end);
	}
	if (g->columns[column].left)
		*pending += blanks;
	++*pending;
}

void rf_grid_print_titles(const struct rf_grid *g, FILE *out, const struct rf_style *style)
{
	unsigned int pending = g->indent;

	for (size_t i = 0; i < g->nr_columns; i++)
		if (g->widths[i])
			print_cell(g, i, g->columns[i].title, RF_COLOR_NAME, &pending, out, style);
	fputc('\n', out);
}

void rf_grid_print_row(const struct rf_grid *g, size_t row, FILE *out, const struct rf_style *style)
{
	unsigned int pending = g->indent;

	for (size_t i = 0; i < g->nr_columns; i++) {
		const struct cell *cell = &g->cells[row * g->nr_columns + i];

		if (g->widths[i])
			print_cell(g, i, cell->text, cell->color, &pending, out, style);
	}
	fputc('\n', out);
}
