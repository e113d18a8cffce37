/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a text view needs to know about where it is shown, and numbers as people read them.
 *
 * Every number formatter writes at most RF_TEXT_LEN bytes with the NUL and returns buf. Three significant
 * digits where a number is shortened; nothing depends on the locale.
 */
#ifndef RF_VIEWS_TEXT_H
#define RF_VIEWS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RF_TEXT_LEN 32
/* Columns when the output is no terminal. */
#define RF_TEXT_WIDTH 120

struct rf_style {
	unsigned int width; /* columns */
	bool utf8;          /* the reader's locale; else plain ASCII */
	bool color;         /* a terminal, and NO_COLOR is not set */
};

/* The style for what is written to fd, by the terminal, the locale and the environment. */
void rf_style_detect(struct rf_style *style, int fd);

/* Columns that text takes; in UTF-8 by wcwidth(3), an unknown character counting one. */
unsigned int rf_text_width(const char *text, bool utf8);

/* Bytes of the longest beginning of text that fits in so many columns; *used: those it takes. */
size_t rf_text_fit(const char *text, unsigned int columns, bool utf8, unsigned int *used);

/*
 * A hostile name made harmless for a screen, cut to fit buf: RF_ESCAPE_TABLE, and without UTF-8
 * every byte beyond ASCII as \xNN. Returns buf.
 */
const char *rf_text_name(char *buf, size_t len, const char *name, bool utf8);

const char *rf_text_number(char *buf, uint64_t n); /* 1,234,567 */
const char *rf_text_count(char *buf, uint64_t n);  /* 12,345; 123k; 1.23M: six columns */
/* n in so many ns, as a rate per second: 0.20; 12.3; 246k */
const char *rf_text_rate(char *buf, uint64_t n, uint64_t ns);
const char *rf_text_duration(char *buf, uint64_t ns, bool utf8); /* 230ns; 1.23µs (us); 12.3s */
/* part of whole in percent, without the sign: 0; 0.3; 12; "-" when whole is 0 */
const char *rf_text_percent(char *buf, uint64_t part, uint64_t whole);

#endif
