/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of options: text in, a checked value out. Each returns 0, or -EINVAL with the reason and
 * what would be right in err (one line, without the option's name).
 */
#ifndef RF_VERBS_PARSE_H
#define RF_VERBS_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for every message. */
#define RF_PARSE_ERR 512

/* "500ms", "1.5s", "2m", "1h", or plain seconds; more than 0. In ns. */
int rf_parse_duration(const char *text, uint64_t *ns, char *err, size_t errlen);

/* A whole number from 0 to max. */
int rf_parse_count(const char *text, size_t max, size_t *n, char *err, size_t errlen);

/* "64M", "1G", "512K" or plain bytes, between min and max bytes. */
int rf_parse_size(const char *text, size_t min, size_t max, size_t *bytes, char *err,
                  size_t errlen);

struct rf_pid_list {
	pid_t *pids; /* processes, each once; owned */
	size_t nr;
};

/*
 * "PID[,PID...]": adds processes that are alive; a thread's id stands for its process. -ENOMEM too.
 * A list that failed keeps what it had before.
 */
int rf_parse_pids(const char *text, struct rf_pid_list *list, char *err, size_t errlen);

#endif
