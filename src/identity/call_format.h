/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and types of a call's arguments, as the kernel's own tracepoint formats describe them
 * (tracefs, events/syscalls/sys_enter_NAME/format). Where tracefs cannot be read, or has no such
 * file, a call has no format, and its arguments are six numbers.
 */
#ifndef RF_IDENTITY_CALL_FORMAT_H
#define RF_IDENTITY_CALL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define RF_CALL_ARGS 6
#define RF_CALL_ARG_NAME 24

enum rf_arg_type {
	RF_ARG_NUMBER, /* unsigned: decimal while it is small, else hex */
	RF_ARG_SIGNED, /* a C int */
	RF_ARG_LONG,   /* a signed 64-bit number */
	RF_ARG_SIZE,   /* decimal */
	RF_ARG_FD,     /* a C int; AT_FDCWD by name */
	RF_ARG_BITS,   /* hex */
	RF_ARG_MODE,   /* octal */
	RF_ARG_SIGNAL, /* by name */
	RF_ARG_POINTER,
	RF_ARG_STRING, /* a pointer to a path or name */
};

struct rf_call_arg {
	char name[RF_CALL_ARG_NAME];
	enum rf_arg_type type;
};

struct rf_call_format {
	unsigned int nr; /* of args */
	struct rf_call_arg args[RF_CALL_ARGS];
};

struct rf_call_formats;

/* Where tracefs is by custom; NULL when out of memory. */
struct rf_call_formats *rf_call_formats_new(void);
/* The same from a directory that holds sys_enter_NAME/format. */
struct rf_call_formats *rf_call_formats_new_from(const char *dir);
void rf_call_formats_free(struct rf_call_formats *f);

/* By name, as in the tables of calls; looked up once. NULL: there is none. */
const struct rf_call_format *rf_call_format(struct rf_call_formats *f, const char *name);

/* The format in the text of such a file. 0 or -EINVAL. */
int rf_call_format_parse(struct rf_call_format *format, const char *text);

/*
 * Which arguments of a call are strings, for the probe: the first two of them, each counting from
 * 1, three bits each.
 */
uint16_t rf_call_format_strings(const struct rf_call_format *format);

/* An argument as text: a number, a name; without quotes. Returns buf. */
const char *rf_call_arg_text(enum rf_arg_type type, uint64_t value, char *buf, size_t len);

#endif
