/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that every live verb shares: targets, calls, window, output. An argp child: a verb
 * lists rf_live_argp among its children and sets state->child_inputs[i] to a struct rf_live in
 * ARGP_KEY_INIT. A bad value ends the process with exit status 2 after one line.
 *
 * Parse with ARGP_IN_ORDER, so that a word that is no option is told from COMMAND after `--`.
 */
#ifndef RF_VERBS_LIVE_H
#define RF_VERBS_LIVE_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "identity/call_set.h"
#include "identity/cgroup.h"
#include "probe/probe.h"
#include "verbs/parse.h"

enum rf_format { RF_FORMAT_TABLE, RF_FORMAT_JSON, RF_FORMAT_CSV };

struct rf_live {
	struct rf_pid_list pids;
	const char *comm; /* valid glob; NULL: any */
	bool by_uid;
	uid_t uid;
	const char *user;                         /* as it was named */
	uint64_t cgroup;                          /* 0: any */
	int cgroup_v1_subsys;                     /* of the hierarchy in use; -1: v2 */
	char hierarchy[RF_CGROUP_CONTROLLER_LEN]; /* the same by its controllers; "": v2 */
	const char *cgroup_path;
	bool has_calls;
	struct rf_call_set calls;
	char **command;       /* after `--`, NULL-terminated; NULL: none */
	uint64_t duration_ns; /* 0: until a signal or the command's end */
	uint64_t interval_ns; /* 0: one result at the end */
	enum rf_format format;
	const char *output; /* NULL: stdout */
	bool self;
	enum rf_latency latency;
	size_t memory; /* bytes for the maps; 0: the default */
};

#define RF_LIVE_INIT ((struct rf_live){ .cgroup_v1_subsys = -1 })

extern const struct argp rf_live_argp;

void rf_live_clear(struct rf_live *live);

/* Fills in what the probe needs; pointers stay live's. tree: the command's pid or 0. */
void rf_live_probe_options(const struct rf_live *live, pid_t tree, struct rf_probe_options *o);

/* "the whole host", "2 processes", "processes of root named ssh*": what is measured. */
void rf_live_describe(const struct rf_live *live, char *buf, size_t len);

#endif
