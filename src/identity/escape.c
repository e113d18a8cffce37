// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

struct out {
	char *dst;
	size_t room; /* bytes that may still be written */
	size_t need; /* length of the whole form */
	bool full;   /* something was left out: nothing after it may follow */
};

/* One indivisible piece. */
static void put(struct out *o, const char *piece, size_t n)
{
	o->need += n;
	if (n > o->room)
		o->full = true;
	if (o->full)
		return;
	memcpy(o->dst, piece, n);
	o->dst += n;
	o->room -= n;
}

static void put_str(struct out *o, const char *piece)
{
	put(o, piece, strlen(piece));
}

static void put_byte(struct out *o, unsigned int byte)
{
	char piece[8];

	put(o, piece, (size_t)snprintf(piece, sizeof(piece), "\\x%02x", byte));
}

static void put_number(struct out *o, uint32_t c)
{
	char piece[16];

	put(o, piece, (size_t)snprintf(piece, sizeof(piece), "\\u{%x}", c));
}

/*
 * The character at s, n bytes long, in *c and its length; 0 if the first byte begins none: a stray
 * or missing continuation, an overlong form, a surrogate, or beyond U+10FFFF.
 */
static size_t decode(const unsigned char *s, size_t n, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;

	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return 0;
	*c = s[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return len;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Characters that no reader sees, or that change where its neighbours stand. */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0xad, 0xad },     { 0x34f, 0x34f },   { 0x61c, 0x61c },     { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },   { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfdd0, 0xfdef },   { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return (c & 0xfffe) == 0xfffe;
}

static void put_table(struct out *o, uint32_t c, const char *raw, size_t n)
{
	if (c < 0x80 && is_control(c))
		put_byte(o, c);
	else if (is_control(c) || is_hidden(c))
		put_number(o, c);
	else if (c == '\\')
		put_str(o, "\\\\");
	else
		put(o, raw, n);
}

/* \uNNNN, as a surrogate pair beyond the basic plane: one piece. */
static void put_json_number(struct out *o, uint32_t c)
{
	char piece[16];
	int n;

	if (c < 0x10000)
		n = snprintf(piece, sizeof(piece), "\\u%04x", c);
	else
		n = snprintf(piece, sizeof(piece), "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
		             0xdc00 + ((c - 0x10000) & 0x3ff));
	put(o, piece, (size_t)n);
}

static void put_json(struct out *o, uint32_t c, const char *raw, size_t n)
{
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	const char *hit = c && c < 0x80 ? strchr(named, (int)c) : NULL;

	if (hit)
		put(o, (const char[]){ '\\', letter[hit - named] }, 2);
	else if (is_control(c) || is_hidden(c))
		put_json_number(o, c);
	else
		put(o, raw, n);
}

static void put_prom(struct out *o, uint32_t c, const char *raw, size_t n)
{
	if (c == '\\')
		put_str(o, "\\\\");
	else if (c == '"')
		put_str(o, "\\\"");
	else if (c == '\n')
		put_str(o, "\\n");
	else if (is_control(c) || is_hidden(c))
		put_str(o, REPLACEMENT);
	else
		put(o, raw, n);
}

static void put_char(struct out *o, uint32_t c, const char *raw, size_t n, enum rf_escape_mode mode)
{
	if (mode == RF_ESCAPE_JSON)
		put_json(o, c, raw, n);
	else if (mode == RF_ESCAPE_PROM)
		put_prom(o, c, raw, n);
	else if (mode == RF_ESCAPE_CSV && c == '"')
		put_str(o, "\"\"");
	else
		put_table(o, c, raw, n);
}

static void put_broken(struct out *o, unsigned char byte, enum rf_escape_mode mode)
{
	if (mode == RF_ESCAPE_JSON)
		put_str(o, "\\ufffd");
	else if (mode == RF_ESCAPE_PROM)
		put_str(o, REPLACEMENT);
	else
		put_byte(o, byte);
}

static bool starts_formula(char c)
{
	return c == '=' || c == '+' || c == '-' || c == '@';
}

static bool csv_needs_quotes(const char *src, size_t n)
{
	return n &&
	       (memchr(src, ',', n) || memchr(src, '"', n) || src[0] == ' ' || src[n - 1] == ' ');
}

static void put_all(struct out *o, const char *src, size_t srclen, enum rf_escape_mode mode)
{
	size_t at = 0;

	if (mode == RF_ESCAPE_CSV && srclen && starts_formula(src[0]))
		put_byte(o, (unsigned char)src[at++]);
	while (at < srclen) {
		uint32_t c = 0;
		size_t n = decode((const unsigned char *)src + at, srclen - at, &c);

		if (n)
			put_char(o, c, src + at, n, mode);
		else
			put_broken(o, (unsigned char)src[at], mode);
		at += n ? n : 1;
	}
}

size_t rf_escape(char *dst, size_t len, const char *src, size_t srclen, enum rf_escape_mode mode)
{
	bool quoted = mode == RF_ESCAPE_CSV && csv_needs_quotes(src, srclen);
	struct out o = { dst, len ? len - 1 : 0, 0, false };

	if (quoted && o.room < 2)
		o.full = true;
	if (quoted) {
		put_str(&o, "\"");
		if (!o.full)
			o.room--; /* kept for the closing quote, whatever is cut */
	}
	put_all(&o, src, srclen, mode);
	if (quoted) {
		o.need++;
		if (len > 2)
			*o.dst++ = '"';
	}
	if (len)
		*o.dst = '\0';
	return o.need;
}

size_t rf_escape_str(char *dst, size_t len, const char *src, enum rf_escape_mode mode)
{
	return rf_escape(dst, len, src, strlen(src), mode);
}
