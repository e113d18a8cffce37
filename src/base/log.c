// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_bool log_quiet;

/* Bytes of the UTF-8 character at s, 0 if there is none: a terminal may make anything of that. */
static size_t character_length(const unsigned char *s)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *s < 0x80 ? 1 :
	             *s < 0xc0 ? 0 :
	             *s < 0xe0 ? 2 :
	             *s < 0xf0 ? 3 :
	             *s < 0xf8 ? 4 :
	                         0;
	unsigned int code = len > 1 ? *s & (0x7fU >> len) : *s;

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (len > 1 && (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
		return 0;
	return len;
}

/*
 * Bytes at s that must be escaped, 0 if none: a control character or no character at all. C1 controls count too: terminals obey
 * U+0080..U+009F, which UTF-8 writes as c2 80 .. c2 9f.
 */
static size_t control_length(const unsigned char *s)
{
	if (!character_length(s) || *s < 0x20 || *s == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	return 0;
}

static size_t escape_byte(char *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '\n' || c == '\t') {
		memcpy(out, c == '\n' ? "\\n" : "\\t", 2);
		return 2;
	}
	memcpy(out, "\\x", 2);
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

static size_t escape_line(char *out, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0;

	while (*s) {
		size_t control = control_length(s);

		/* Room for this step's worst case, the ellipsis and the newline. */
		if (len + 8 + 3 + 1 > size) {
			memcpy(out + len, "...", 3);
			return len + 3;
		}
		for (size_t plain = control ? 0 : character_length(s); plain; plain--)
			out[len++] = (char)*s++;
		for (; control; control--)
			len += escape_byte(out + len, *s++);
	}
	return len;
}

static void write_all(const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

static void log_line(const char *kind, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void log_line(const char *kind, const char *fmt, va_list ap)
{
	char text[RF_LOG_MAX], line[RF_LOG_MAX];
	int saved = errno;
	size_t len;

	len = (size_t)snprintf(line, sizeof(line), "ringfence: %s", kind);
	if (vsnprintf(text, sizeof(text), fmt, ap) >= 0)
		len += escape_line(line + len, sizeof(line) - len, text);
	line[len++] = '\n';
	write_all(line, len);
	errno = saved;
}

void rf_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}

void rf_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap);
	va_end(ap);
}

void rf_info(const char *fmt, ...)
{
	va_list ap;

	if (atomic_load(&log_quiet))
		return;
	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}

void rf_log_set_quiet(bool quiet)
{
	atomic_store(&log_quiet, quiet);
}
