// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/rf_time.h"
#include "identity/escape.h"

/* Narrower terminals get lines that wrap: a table of less than this cannot be read anyway. */
#define MIN_WIDTH 40
/* From here on a count is shortened. */
#define COUNT_EXACT 100000
#define DURATION_HOURS (10000 * RF_NSEC_PER_SEC)

void rf_style_detect(struct rf_style *style, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size;
	bool tty = isatty(fd);

	style->utf8 = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
	style->color = tty && !(no_color && *no_color) && term && strcmp(term, "dumb");
	style->width = RF_TEXT_WIDTH;
	if (tty && !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		style->width = size.ws_col < MIN_WIDTH ? MIN_WIDTH : size.ws_col;
}

/* One character at s: its bytes, and its columns. */
static size_t next_character(const char *s, bool utf8, mbstate_t *state, unsigned int *columns)
{
	wchar_t wc;
	size_t n;
	int width;

	*columns = 1;
	if (!utf8)
		return 1;
	n = mbrtowc(&wc, s, MB_LEN_MAX, state);
	if (n == 0 || n > MB_LEN_MAX) {
		memset(state, 0, sizeof(*state));
		return 1;
	}
	width = wcwidth(wc);
	if (width >= 0)
		*columns = (unsigned int)width;
	return n;
}

unsigned int rf_text_width(const char *text, bool utf8)
{
	mbstate_t state = { 0 };
	unsigned int width = 0, columns;

	while (*text) {
		text += next_character(text, utf8, &state, &columns);
		width += columns;
	}
	return width;
}

size_t rf_text_fit(const char *text, unsigned int columns, bool utf8, unsigned int *used)
{
	mbstate_t state = { 0 };
	const char *s = text;

	*used = 0;
	while (*s) {
		unsigned int width;
		size_t n = next_character(s, utf8, &state, &width);

		if (*used + width > columns)
			break;
		*used += width;
		s += n;
	}
	return (size_t)(s - text);
}

const char *rf_text_name(char *buf, size_t len, const char *name, bool utf8)
{
	char escaped[RF_ESCAPE_MAX(PATH_MAX)];
	size_t n = 0;

	rf_escape_str(escaped, sizeof(escaped), name, RF_ESCAPE_TABLE);
	if (!len)
		return buf;
	for (const char *s = escaped; *s; s++) {
		bool plain = utf8 || !(*s & 0x80);
		size_t need = plain ? 1 : 4;

		if (n + need >= len)
			break;
		if (plain)
			buf[n] = *s;
		else
			snprintf(buf + n, len - n, "\\x%02x", (unsigned char)*s);
		n += need;
	}
	buf[n] = '\0';
	return buf;
}

const char *rf_text_number(char *buf, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *out = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

/* Three significant digits; the bounds are where rounding would make a fourth. */
static const char *three_digits(char *buf, double v, const char *unit)
{
	int decimals = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;

	snprintf(buf, RF_TEXT_LEN, "%.*f%s", decimals, v, unit);
	return buf;
}

static const char *scaled(char *buf, double v)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };
	size_t i = 0;

	while (v >= 999.5 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000;
		i++;
	}
	return three_digits(buf, v, units[i]);
}

const char *rf_text_count(char *buf, uint64_t n)
{
	return n < COUNT_EXACT ? rf_text_number(buf, n) : scaled(buf, (double)n);
}

const char *rf_text_rate(char *buf, uint64_t n, uint64_t ns)
{
	double rate = ns ? (double)n * (double)RF_NSEC_PER_SEC / (double)ns : 0;

	if (!n || !ns)
		return strcpy(buf, n ? "-" : "0");
	if (rate >= 999.5 && rate < COUNT_EXACT)
		return rf_text_number(buf, (uint64_t)(rate + 0.5));
	return scaled(buf, rate);
}

const char *rf_text_duration(char *buf, uint64_t ns, bool utf8)
{
	double v = (double)ns;

	if (ns < 1000) {
		snprintf(buf, RF_TEXT_LEN, "%" PRIu64 "ns", ns);
		return buf;
	}
	if (v < 999.5e3)
		return three_digits(buf, v / 1e3, utf8 ? "µs" : "us");
	if (v < 999.5e6)
		return three_digits(buf, v / 1e6, "ms");
	if (v < 999.5e9)
		return three_digits(buf, v / 1e9, "s");
	if (ns < DURATION_HOURS) {
		rf_text_number(buf, (ns + RF_NSEC_PER_SEC / 2) / RF_NSEC_PER_SEC);
		return strcat(buf, "s");
	}
	return three_digits(buf, v / (double)RF_NSEC_PER_HOUR, "h");
}

const char *rf_text_percent(char *buf, uint64_t part, uint64_t whole)
{
	double percent;

	if (!whole)
		return strcpy(buf, "-");
	if (!part)
		return strcpy(buf, "0");
	percent = 100.0 * (double)part / (double)whole;
	snprintf(buf, RF_TEXT_LEN, percent < 9.95 ? "%.1f" : "%.0f", percent);
	return buf;
}
