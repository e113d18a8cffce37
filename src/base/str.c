// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/str.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STR_MIN_CAP 64

static int str_fail(struct rf_str *s, int err)
{
	s->err = err;
	return err;
}

/* Make room for n more bytes and the NUL. */
static int str_reserve(struct rf_str *s, size_t n)
{
	size_t cap = s->cap ? s->cap : STR_MIN_CAP;
	char *data;

	if (s->err)
		return s->err;
	if (s->max && n > s->max - s->len)
		return str_fail(s, -E2BIG);
	if (n >= SIZE_MAX / 2 - s->len)
		return str_fail(s, -ENOMEM);
	while (cap <= s->len + n)
		cap *= 2;
	if (cap == s->cap)
		return 0;
	data = realloc(s->data, cap);
	if (!data)
		return str_fail(s, -ENOMEM);
	s->data = data;
	s->cap = cap;
	return 0;
}

int rf_str_append_n(struct rf_str *s, const char *bytes, size_t n)
{
	int err = str_reserve(s, n);

	if (err)
		return err;
	if (n)
		memcpy(s->data + s->len, bytes, n);
	s->len += n;
	s->data[s->len] = '\0';
	return 0;
}

int rf_str_append(struct rf_str *s, const char *text)
{
	return rf_str_append_n(s, text, strlen(text));
}

int rf_str_append_char(struct rf_str *s, char c)
{
	return rf_str_append_n(s, &c, 1);
}

int rf_str_vappendf(struct rf_str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n, err;

	if (s->err)
		return s->err;
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return str_fail(s, -EINVAL);
	err = str_reserve(s, (size_t)n);
	if (err)
		return err;
	vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
	return 0;
}

int rf_str_appendf(struct rf_str *s, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = rf_str_vappendf(s, fmt, ap);
	va_end(ap);
	return err;
}

const char *rf_str_get(const struct rf_str *s)
{
	return s->data ? s->data : "";
}

void rf_str_reset(struct rf_str *s)
{
	s->len = 0;
	s->err = 0;
	if (s->data)
		s->data[0] = '\0';
}

void rf_str_free(struct rf_str *s)
{
	free(s->data);
	*s = RF_STR_BOUNDED(s->max);
}

char *rf_str_steal(struct rf_str *s)
{
	char *data;

	/* An empty text has no memory of its own yet; the caller is promised some. */
	if (rf_str_append_n(s, "", 0))
		return NULL;
	data = s->data;
	*s = RF_STR_BOUNDED(s->max);
	return data;
}
