// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Weights are thousandths. */
#define Q_MAX 1000

struct range {
	const char *name; /* text/plain, gzip ... */
	size_t len;
	int q;
	const char *version; /* NULL: none given */
	size_t version_len;
};

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* A weight: 0 to 1 with three digits at most; 0 if it is none. */
static int parse_q(const char *text, size_t len)
{
	int q = 0, unit = Q_MAX;

	if (!len || (text[0] != '0' && text[0] != '1'))
		return 0;
	q = (text[0] - '0') * unit;
	if (len > 1 && text[1] != '.')
		return 0;
	for (size_t i = 2; i < len && i < 5; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		unit /= 10;
		q += (text[i] - '0') * unit;
	}
	return q > Q_MAX ? 0 : q;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(text, word, len);
}

/* A token, and where it goes on after blanks. */
static const char *token(const char *at, const char *stops, const char **begin, size_t *len)
{
	*begin = skip_blanks(at);
	*len = strcspn(*begin, stops);
	at = *begin + *len;
	while (*len && ((*begin)[*len - 1] == ' ' || (*begin)[*len - 1] == '\t'))
		--*len;
	return at;
}

static const char *parse_parameter(const char *at, struct range *r)
{
	const char *name, *value = "";
	size_t name_len, value_len = 0;

	at = token(at, "=;,", &name, &name_len);
	if (*at == '=')
		at = token(at + 1, ";,", &value, &value_len);
	if (is_word(name, name_len, "q"))
		r->q = parse_q(value, value_len);
	if (is_word(name, name_len, "version")) {
		r->version = value;
		r->version_len = value_len;
	}
	return at;
}

/* Reads one range of a list. What comes after it, or NULL at the end. */
static const char *parse_range(const char *at, struct range *r)
{
	if (!*at)
		return NULL;
	*r = (struct range){ .q = Q_MAX };
	at = token(at, ";,", &r->name, &r->len);
	while (*at == ';')
		at = parse_parameter(at + 1, r);
	return *at ? at + 1 : at;
}

static bool is_known_version(const struct range *r)
{
	return !r->version || is_word(r->version, r->version_len, "1.0.0") ||
	       is_word(r->version, r->version_len, "0.0.1");
}

bool rf_accepts_openmetrics(const char *accept)
{
	int open = 0, text = 0;
	struct range r;

	for (const char *at = accept ? accept : ""; (at = parse_range(at, &r));) {
		if (is_word(r.name, r.len, "application/openmetrics-text") &&
		    is_known_version(&r) && r.q > open)
			open = r.q;
		if (is_word(r.name, r.len, "text/plain") && r.q > text)
			text = r.q;
	}
	return open && open >= text;
}

bool rf_accepts_gzip(const char *accept_encoding)
{
	int named = -1, any = 0;
	struct range r;

	for (const char *at = accept_encoding ? accept_encoding : ""; (at = parse_range(at, &r));) {
		if (is_word(r.name, r.len, "gzip") || is_word(r.name, r.len, "x-gzip"))
			named = r.q;
		if (is_word(r.name, r.len, "*"))
			any = r.q;
	}
	return named >= 0 ? named > 0 : any > 0;
}
