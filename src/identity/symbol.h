/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of functions: a file and an offset in it become "main".
 *
 * Files that processes map are hostile input: they may be corrupt, huge, no regular file at all,
 * or another file by now. So a file is opened without waiting and without following a link, has to
 * be the very file that was mapped (by its build id, or by device and inode), and is read by a
 * short-lived process of its own that has given up its privileges and has bounds on time and
 * memory; whatever happens to it costs a name. Names are hostile as well: escape before showing.
 */
#ifndef RF_IDENTITY_SYMBOL_H
#define RF_IDENTITY_SYMBOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RF_SYMBOL_LEN 256
#define RF_BUILD_ID_LEN 20

struct rf_symbol_query {
	const char *path; /* as the process sees it */
	pid_t pid;        /* its root directory is looked in first, while it lives; 0: none */
	uint64_t offset;  /* in the file, bytes */
	const uint8_t *build_id; /* RF_BUILD_ID_LEN bytes, zero-padded; NULL unknown */
	uint64_t inode;
	dev_t dev;
};

struct rf_symbols;

/* Keeps up to max answers. NULL when out of memory. Free with rf_symbols_free(), which takes NULL. */
struct rf_symbols *rf_symbols_new(size_t max);
void rf_symbols_free(struct rf_symbols *s);

/*
 * The function's name in buf, cut to fit. 0; -ENOENT: it cannot be had. Takes RF_SYMBOL_MS at most,
 * and a file that once took so long is not read again.
 */
#define RF_SYMBOL_MS 2000
int rf_symbol_find(struct rf_symbols *s, const struct rf_symbol_query *q, char *buf, size_t len);

#endif
