/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A grid of text cells that fits itself into a width: columns as wide as their content, then the
 * flexible ones cut, and where that is not enough the expendable ones left out. Cells are already escaped; rows can be
 * printed one by one, so that two grids may interleave.
 */
#ifndef RF_VIEWS_GRID_H
#define RF_VIEWS_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "views/text.h"

struct rf_column {
	const char *title;
	bool left;         /* aligned left; else right */
	unsigned int min;  /* may be cut down to so many columns; 0: never cut */
	unsigned int drop; /* the highest is left out first when space is short; 0: never */
};

enum rf_color { RF_COLOR_NONE, RF_COLOR_TITLE, RF_COLOR_NAME, RF_COLOR_WARN, RF_COLOR_DIM };

struct rf_grid;

/* columns is borrowed; indent: spaces before each row. NULL when out of memory. */
struct rf_grid *rf_grid_new(const struct rf_column *columns, size_t nr, unsigned int indent);
void rf_grid_free(struct rf_grid *g);

/*
 * Adds the next cell of the current row, row by row; text is copied. A failure (no memory) stays,
 * and rf_grid_fit() tells it.
 */
void rf_grid_add(struct rf_grid *g, const char *text, enum rf_color color);

/* Settles the widths. 0, or -ENOMEM if a cell could not be kept. */
int rf_grid_fit(struct rf_grid *g, const struct rf_style *style);

/* After rf_grid_fit(): one line each. */
void rf_grid_print_titles(const struct rf_grid *g, FILE *out, const struct rf_style *style);
void rf_grid_print_row(const struct rf_grid *g, size_t row, FILE *out,
                       const struct rf_style *style);

/* Text in colour, if the style has it. */
void rf_color_print(FILE *out, const struct rf_style *style, enum rf_color color, const char *text);

#endif
