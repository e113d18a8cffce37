/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small streaming JSON writer: what is written goes straight to the file, nothing is kept but
 * the nesting. One value a line: no white space inside, a newline after the outermost value, so
 * that a sequence of values is NDJSON.
 *
 *	struct rf_json j;
 *
 *	rf_json_init(&j, stdout);
 *	rf_json_object(&j, NULL);
 *	rf_json_u64(&j, "calls", 3);
 *	rf_json_array(&j, "pids");
 *	rf_json_u64(&j, NULL, 1);
 *	rf_json_end(&j);
 *	rf_json_end(&j);
 *
 * In an object every value has a key, in an array key is NULL. Keys and strings may be any bytes:
 * they are escaped (RF_ESCAPE_JSON). Errors are the file's: see ferror(3).
 */
#ifndef RF_VIEWS_JSON_H
#define RF_VIEWS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RF_JSON_DEPTH 32

struct rf_json {
	FILE *out;
	unsigned int depth;
	char closing[RF_JSON_DEPTH]; /* what ends each open level */
	bool empty[RF_JSON_DEPTH];   /* nothing was written in it yet */
};

void rf_json_init(struct rf_json *j, FILE *out);

void rf_json_object(struct rf_json *j, const char *key);
void rf_json_array(struct rf_json *j, const char *key);
/* Closes the innermost object or array. */
void rf_json_end(struct rf_json *j);

void rf_json_string(struct rf_json *j, const char *key, const char *text);
void rf_json_u64(struct rf_json *j, const char *key, uint64_t value);
void rf_json_i64(struct rf_json *j, const char *key, int64_t value);
void rf_json_bool(struct rf_json *j, const char *key, bool value);
void rf_json_null(struct rf_json *j, const char *key);

#endif
