// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rf_time.h"
#include "base/str.h"
#include "identity/cgroup.h"
#include "identity/glob.h"
#include "identity/user.h"
#include "probe/cgroup_subsys.h"
#include "verbs/verbs.h"

/* Below this the sweeps would be most of what is measured. */
#define INTERVAL_MIN_NS (10 * RF_NSEC_PER_MSEC)

enum {
	KEY_COMM = 0x100,
	KEY_CGROUP,
	KEY_FORMAT,
	KEY_SELF,
	KEY_LATENCY,
	KEY_NO_LATENCY,
	KEY_MEMORY,
};

#define MEMORY_MIN ((size_t)1 << 20)
#define MEMORY_MAX ((size_t)1 << 32)

static const struct argp_option options[] = {
	{ .doc = "Targets (the whole host, if none is given; all that are given must hold):",
	  .group = 1 },
	{ "pid", 'p', "PID[,PID...]", 0,
	  "These processes, all threads; a thread's id stands for "
	  "its process",
	  1 },
	{ "comm", KEY_COMM, "GLOB", 0, "Threads of that name: *, ?, [a-z], [!a-z]", 1 },
	{ "user", 'u', "USER", 0, "Processes of that user: a name or a number", 1 },
	{ "cgroup", KEY_CGROUP, "PATH", 0,
	  "Processes in that cgroup and below it: "
	  "/sys/fs/cgroup/... or the path inside it",
	  1 },
	{ "self", KEY_SELF, NULL, 0, "Do not leave ringfence itself out", 1 },
	{ .doc = "Calls:", .group = 2 },
	{ NULL, 'e', "LIST", 0,
	  "Only these calls: names and classes as strace has them: "
	  "openat,read  %file  %network  !futex  /^epoll_",
	  2 },
	{ "latency", KEY_LATENCY, "HOW", 0,
	  "auto (default): time all calls, but only samples of a thread that calls very often; "
	  "full: time every call; none: count only. Counts are exact in all three",
	  2 },
	{ "no-latency", KEY_NO_LATENCY, NULL, 0,
	  "The same as --latency=none: no durations and no time split, at a lower cost", 2 },
	{ .doc = "Window:", .group = 3 },
	{ "duration", 'd', "TIME", 0,
	  "End after TIME: 500ms, 1.5s, 2m, 1h or plain seconds "
	  "(default: at Ctrl-C, or when COMMAND and all that it started have ended)",
	  3 },
	{ "interval", 'i', "TIME", 0, "A result for every TIME", 3 },
	{ "memory", KEY_MEMORY, "SIZE", 0,
	  "Kernel memory for the maps: 64M, 1G (default: 16M a CPU, at most 256M)", 3 },
	{ .doc = "Output:", .group = 4 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "table (default), json or csv", 4 },
	{ "output", 'o', "FILE", 0, "Write to FILE (no symbolic link) instead of standard output",
	  4 },
	{ 0 },
};

static void parse_calls(struct rf_live *live, const char *list)
{
	char err[RF_PARSE_ERR];
	int ret = rf_call_set_parse(&live->calls, list, err, sizeof(err));

	if (ret == -ENOMEM)
		rf_usage_error("-e %s: %s", list, strerror(-ret));
	if (ret)
		rf_usage_error("-e: %s", err);
	live->has_calls = true;
}

static void parse_pids(struct rf_live *live, const char *text)
{
	char err[RF_PARSE_ERR];
	int ret = rf_parse_pids(text, &live->pids, err, sizeof(err));

	if (ret)
		rf_usage_error("-p: %s", ret == -EINVAL ? err : strerror(-ret));
}

static void parse_comm(struct rf_live *live, const char *glob)
{
	char err[RF_PARSE_ERR];

	if (rf_glob_valid(glob, err, sizeof(err)))
		rf_usage_error("--comm takes a glob: %s", err);
	live->comm = glob;
}

static void parse_user(struct rf_live *live, const char *name)
{
	if (rf_user_parse(name, &live->uid))
		rf_usage_error("-u: there is no user \"%s\"; give a name that getent passwd lists, "
		               "or a number",
		               name);
	live->by_uid = true;
	live->user = name;
}

static enum rf_latency parse_latency(const char *how)
{
	if (!strcmp(how, "auto"))
		return RF_LATENCY_AUTO;
	if (!strcmp(how, "full"))
		return RF_LATENCY_FULL;
	if (!strcmp(how, "none"))
		return RF_LATENCY_NONE;
	rf_usage_error("--latency: there is no \"%s\"; it is auto, full or none", how);
}

static size_t parse_memory(const char *text)
{
	char err[RF_PARSE_ERR];
	size_t bytes;

	if (rf_parse_size(text, MEMORY_MIN, MEMORY_MAX, &bytes, err, sizeof(err)))
		rf_usage_error("--memory: %s", err);
	return bytes;
}

static void parse_cgroup(struct rf_live *live, const char *path)
{
	struct rf_cgroups *cgroups;
	struct rf_cgroup cgroup;
	char err[RF_PARSE_ERR];

	if (rf_cgroups_new(&cgroups, 1))
		rf_usage_error("--cgroup: the hierarchies of this host cannot be read");
	if (rf_cgroup_open(cgroups, path, &cgroup, err, sizeof(err)))
		rf_usage_error("--cgroup: %s", err);
	rf_cgroups_free(cgroups);
	live->cgroup = cgroup.id;
	live->cgroup_v1_subsys = cgroup.v2 ? -1 : rf_cgroup_subsys(cgroup.controller);
	if (!cgroup.v2 && live->cgroup_v1_subsys < 0)
		rf_usage_error("--cgroup: processes cannot be followed in the hierarchy %s; give a "
		               "path in the v2 hierarchy, or in that of memory or pids",
		               cgroup.controller);
	live->cgroup_path = path;
	memcpy(live->hierarchy, cgroup.controller, sizeof(live->hierarchy));
}

/* Without --cgroup: the hierarchy whose cgroups say most about this host's processes. */
static void choose_hierarchy(struct rf_live *live)
{
	struct rf_cgroups *cgroups;

	if (live->cgroup_path || rf_cgroups_new(&cgroups, 1))
		return;
	rf_cgroups_main(cgroups, live->hierarchy, sizeof(live->hierarchy));
	rf_cgroups_free(cgroups);
	if (*live->hierarchy)
		live->cgroup_v1_subsys = rf_cgroup_subsys(live->hierarchy);
	if (live->cgroup_v1_subsys < 0)
		*live->hierarchy = '\0';
}

static uint64_t parse_time(const char *option, const char *text, uint64_t min)
{
	char err[RF_PARSE_ERR];
	uint64_t ns;

	if (rf_parse_duration(text, &ns, err, sizeof(err)))
		rf_usage_error("%s: %s", option, err);
	if (ns < min)
		rf_usage_error("%s: \"%s\" is too short; use 10ms or more", option, text);
	return ns;
}

static enum rf_format parse_format(const char *name)
{
	static const char *const names[] = { "table", "json", "csv" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return (enum rf_format)i;
	rf_usage_error("--format: there is no format \"%s\"; use table, json or csv", name);
}

static void take_command(struct rf_live *live, struct argp_state *state)
{
	if (!state->quoted || state->next <= state->quoted)
		rf_usage_error("unexpected word \"%s\"; a command to run goes after --: %s -- %s",
		               state->argv[state->next - 1], state->name,
		               state->argv[state->next - 1]);
	live->command = &state->argv[state->next - 1];
	state->next = state->argc;
}

static void check_whole(const struct rf_live *live, const struct argp_state *state)
{
	if (state->quoted && !live->command)
		rf_usage_error("nothing after --; a command goes there: %s -- ls -l", state->name);
	if (live->command && live->pids.nr)
		rf_usage_error("-p and -- %s exclude each other: with a command, it and what it "
		               "starts are the targets; leave one of them out",
		               live->command[0]);
	if (live->duration_ns && live->interval_ns > live->duration_ns)
		rf_usage_error("-i is longer than -d; leave -i out for one result at the end");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rf_live *live = state->input;

	switch (key) {
	case 'p':
		parse_pids(live, arg);
		return 0;
	case KEY_COMM:
		parse_comm(live, arg);
		return 0;
	case 'u':
		parse_user(live, arg);
		return 0;
	case KEY_CGROUP:
		parse_cgroup(live, arg);
		return 0;
	case 'e':
		parse_calls(live, arg);
		return 0;
	case 'd':
		live->duration_ns = parse_time("-d", arg, 0);
		return 0;
	case 'i':
		live->interval_ns = parse_time("-i", arg, INTERVAL_MIN_NS);
		return 0;
	case KEY_FORMAT:
		live->format = parse_format(arg);
		return 0;
	case 'o':
		live->output = arg;
		return 0;
	case KEY_SELF:
		live->self = true;
		return 0;
	case KEY_LATENCY:
		live->latency = parse_latency(arg);
		return 0;
	case KEY_NO_LATENCY:
		live->latency = RF_LATENCY_NONE;
		return 0;
	case KEY_MEMORY:
		live->memory = parse_memory(arg);
		return 0;
	case ARGP_KEY_ARG:
		take_command(live, state);
		return 0;
	case ARGP_KEY_END:
		check_whole(live, state);
		choose_hierarchy(live);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp rf_live_argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "[-- COMMAND [ARG...]]",
};

void rf_live_clear(struct rf_live *live)
{
	free(live->pids.pids);
	*live = RF_LIVE_INIT;
}

void rf_live_probe_options(const struct rf_live *live, pid_t tree, struct rf_probe_options *o)
{
	*o = (struct rf_probe_options){
		.targets = {
			.pids = live->pids.pids,
			.nr_pids = live->pids.nr,
			.tree = tree,
			.comm = live->comm,
			.by_uid = live->by_uid,
			.uid = live->uid,
			.cgroup = live->cgroup,
			.cgroup_v1_subsys = live->cgroup_v1_subsys,
			.self = live->self,
		},
		.calls = live->has_calls ? live->calls.bits : NULL,
		.latency = live->latency,
		.memory = live->memory,
	};
}

void rf_live_describe(const struct rf_live *live, char *buf, size_t len)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	if (live->command)
		rf_str_appendf(&s, "%s and what it starts", live->command[0]);
	else if (live->pids.nr == 1)
		rf_str_appendf(&s, "process %d", (int)live->pids.pids[0]);
	else if (live->pids.nr)
		rf_str_appendf(&s, "%zu processes", live->pids.nr);
	else if (live->comm || live->by_uid || live->cgroup_path)
		rf_str_append(&s, "processes");
	else
		rf_str_append(&s, "the whole host");
	if (live->by_uid)
		rf_str_appendf(&s, " of user %s", live->user);
	if (live->comm)
		rf_str_appendf(&s, " named %s", live->comm);
	if (live->cgroup_path)
		rf_str_appendf(&s, " in %s", live->cgroup_path);
	snprintf(buf, len, "%s", rf_str_get(&s));
}
