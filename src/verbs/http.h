/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small HTTP server for one page, /metrics, in two formats: what was published last. It has a
 * thread of its own, so that a reader never waits for a sweep, nor a sweep for a reader.
 *
 * Bounded: GET and HEAD only, 16 connections, each closed after its answer, after 10 s without
 * a byte, and after 20 s in any case; 16 KiB for a request.
 */
#ifndef RF_VERBS_HTTP_H
#define RF_VERBS_HTTP_H

#include <stddef.h>

struct rf_http;

/* Room for every message. */
#define RF_HTTP_ERR 512

/*
 * Looks at an address, "ADDRESS:PORT", "[ADDRESS]:PORT", ":PORT" or "PORT"; without an ADDRESS it
 * is 127.0.0.1. ADDRESS is a number or "localhost". 0; -EINVAL with the reason in err.
 */
int rf_http_check(const char *address, char *err, size_t errlen);

/*
 * Takes the port. Until something is published, answers are 503. Port 0 is any that is free:
 * rf_http_url() tells. 0; -ENOSYS: built without libmicrohttpd; another negative errno; with
 * the reason and the remedy in err.
 */
int rf_http_open(struct rf_http **http, const char *address, char *err, size_t errlen);
/* Ends the thread and all connections; takes NULL. */
void rf_http_close(struct rf_http *http);

const char *rf_http_url(const struct rf_http *http);

/* What is answered from now on: copies. 0; -ENOMEM, and the former is answered as before. */
int rf_http_publish(struct rf_http *http, const char *text, const char *openmetrics);

#endif
