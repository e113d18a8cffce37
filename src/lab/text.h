/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of the labs (docs/labs/NN-*.md) and the shown lines of their programs, on a terminal.
 *
 * The texts are Markdown of the plainest kind: "## Section", paragraphs, "- " and "1. " items,
 * lines indented by four blanks as they are, `code`, **bold**, [links](…).
 */
#ifndef RF_LAB_TEXT_H
#define RF_LAB_TEXT_H

#include <stdio.h>

#include "views/text.h"

/* Columns of running text at most: longer lines are hard to read, and 80 must do. */
#define RF_LAB_COLUMNS 78

/* The title (after "# Lab N: ") of a text into buf; returns buf. */
const char *rf_lab_title(const char *text, char *buf, size_t len);

/* The section under "## NAME"; -ENOENT if there is none. */
int rf_lab_section(FILE *out, const struct rf_style *style, const char *text, const char *name);

/* text filled into lines; the first begins after indent columns that are written already. */
void rf_lab_fill(FILE *out, const struct rf_style *style, const char *text, unsigned int indent);

/* The lines of a program between its marks. */
void rf_lab_code(FILE *out, const struct rf_style *style, const char *source);

#endif
