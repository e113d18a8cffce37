// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "identity/escape.h"

/* Text goes through the escaper in pieces that fit on the stack. */
#define PIECE 512

void rf_json_init(struct rf_json *j, FILE *out)
{
	*j = (struct rf_json){ .out = out };
}

/* Length of a piece of at most PIECE bytes that ends between two UTF-8 characters. */
static size_t piece_length(const char *text, size_t len)
{
	size_t n = PIECE;

	if (len <= PIECE)
		return len;
	while (n > PIECE - 3 && (text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void put_string(struct rf_json *j, const char *text)
{
	size_t len = strlen(text);

	fputc('"', j->out);
	while (len) {
		char escaped[RF_ESCAPE_MAX(PIECE)];
		size_t n = piece_length(text, len);

		rf_escape(escaped, sizeof(escaped), text, n, RF_ESCAPE_JSON);
		fputs(escaped, j->out);
		text += n;
		len -= n;
	}
	fputc('"', j->out);
}

/* What stands before each value: a comma, a key. */
static void begin_value(struct rf_json *j, const char *key)
{
	if (j->depth) {
		if (!j->empty[j->depth - 1])
			fputc(',', j->out);
		j->empty[j->depth - 1] = false;
	}
	if (key) {
		put_string(j, key);
		fputc(':', j->out);
	}
}

static void end_value(struct rf_json *j)
{
	if (!j->depth)
		fputc('\n', j->out);
}

static void open_level(struct rf_json *j, const char *key, char opening, char closing)
{
	assert(j->depth < RF_JSON_DEPTH);
	begin_value(j, key);
	fputc(opening, j->out);
	j->closing[j->depth] = closing;
	j->empty[j->depth] = true;
	j->depth++;
}

void rf_json_object(struct rf_json *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void rf_json_array(struct rf_json *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void rf_json_end(struct rf_json *j)
{
	assert(j->depth > 0);
	j->depth--;
	fputc(j->closing[j->depth], j->out);
	end_value(j);
}

void rf_json_string(struct rf_json *j, const char *key, const char *text)
{
	begin_value(j, key);
	put_string(j, text);
	end_value(j);
}

void rf_json_u64(struct rf_json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	fprintf(j->out, "%" PRIu64, value);
	end_value(j);
}

void rf_json_i64(struct rf_json *j, const char *key, int64_t value)
{
	begin_value(j, key);
	fprintf(j->out, "%" PRId64, value);
	end_value(j);
}

void rf_json_bool(struct rf_json *j, const char *key, bool value)
{
	begin_value(j, key);
	fputs(value ? "true" : "false", j->out);
	end_value(j);
}

void rf_json_null(struct rf_json *j, const char *key)
{
	begin_value(j, key);
	fputs("null", j->out);
	end_value(j);
}
