// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/export_options.h"

#include "base/rf_time.h"
#include "verbs/http.h"
#include "verbs/option_check.h"
#include "verbs/verbs.h"
#include "views/prometheus.h"

#define INTERVAL_NS (15 * RF_NSEC_PER_SEC)
#define INTERVAL_MIN_NS (100 * RF_NSEC_PER_MSEC)
#define GROUPS 40
#define CALLS 25
#define SERIES 2000
#define PLACES_MAX 10000
#define SERIES_MAX 1000000

enum {
	KEY_TEXTFILE = 0x300,
	KEY_LISTEN,
	KEY_ONCE,
	KEY_GROUP,
	KEY_GROUPS,
	KEY_CALLS,
	KEY_MAX_SERIES,
	KEY_DURATIONS,
	KEY_NO_BPF_STATS,
};

static const struct argp_option options[] = {
	{ .doc = "Where to (one of the two, or both):", .group = 5 },
	{ "textfile", KEY_TEXTFILE, "FILE", 0,
	  "Write FILE, named *.prom, at every interval (default: -i 15s), for the node exporter's "
	  "textfile collector",
	  5 },
	{ "listen", KEY_LISTEN, "[ADDRESS:]PORT", 0,
	  "Serve http://ADDRESS:PORT/metrics (default: 127.0.0.1)", 5 },
	{ "once", KEY_ONCE, NULL, 0,
	  "Write FILE once, after -d TIME or one interval, and end: for cron", 5 },
	{ .doc = "Series:", .group = 6 },
	{ "group", KEY_GROUP, "WHAT", 0,
	  "Add processes up by systemd unit or container where there is one, else comm (auto, the "
	  "default); or by comm, exe, unit, container, cgroup, user",
	  6 },
	{ "groups", KEY_GROUPS, "N", 0,
	  "Groups with series of their own, the others are added up in \"other\" (default: 40)",
	  6 },
	{ "calls", KEY_CALLS, "N", 0, "The same for calls (default: 25)", 6 },
	{ "max-series", KEY_MAX_SERIES, "N", 0, "Never more series than that (default: 2000)", 6 },
	{ "durations-by-group", KEY_DURATIONS, NULL, 0,
	  "A histogram of durations for each group and call, not for each call alone", 6 },
	{ "no-bpf-stats", KEY_NO_BPF_STATS, NULL, 0,
	  "Do not let the kernel time BPF programs: cheaper, without ringfence_bpf_seconds_total",
	  6 },
	{ 0 },
};

static size_t parse_count(const char *option, const char *text, size_t max)
{
	char err[RF_PARSE_ERR];
	size_t n;

	if (rf_parse_count(text, max, &n, err, sizeof(err)))
		rf_usage_error("%s: %s", option, err);
	return n;
}

static enum rf_group_by parse_group(const char *name)
{
	int by = rf_group_parse(name);

	if (by < 0)
		rf_usage_error("--group: there is no \"%s\"; use one of %s", name,
		               rf_group_names());
	return (enum rf_group_by)by;
}

static const char *parse_listen(const char *address)
{
	char err[RF_HTTP_ERR];

	if (rf_http_check(address, err, sizeof(err)))
		rf_usage_error("--listen: %s", err);
	return address;
}

static void check_targets(const struct rf_export_options *o)
{
	if (!o->textfile && !o->listen)
		rf_usage_error("nowhere to export to; give --textfile FILE.prom, or --listen PORT");
	if (o->once && (o->listen || !o->textfile))
		rf_usage_error("--once goes with --textfile alone; without it, --listen serves on");
	if (o->live.output)
		rf_usage_error("-o is not for export; --textfile names the file");
	if (o->live.format != RF_FORMAT_TABLE)
		rf_usage_error("--format is not for export, which has one of its own");
}

static void check_whole(struct rf_export_options *o)
{
	size_t least = rf_series_least(&o->series);

	check_targets(o);
	if (o->live.interval_ns && o->live.interval_ns < INTERVAL_MIN_NS)
		rf_usage_error("-i: that is too short to write or read; use 100ms or more");
	if (!o->live.interval_ns)
		o->live.interval_ns = INTERVAL_NS;
	if (o->once && !o->live.duration_ns && !o->live.command)
		o->live.duration_ns = o->live.interval_ns;
	if (o->series.max_series < least)
		rf_usage_error("--max-series %zu is too small for --groups %zu and --calls %zu, "
		               "which take %zu; raise it, or lower them",
		               o->series.max_series, o->series.groups, o->series.calls, least);
	o->series.at_sight = o->once;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rf_export_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->live;
		return 0;
	case KEY_TEXTFILE:
		o->textfile = arg;
		return 0;
	case KEY_LISTEN:
		o->listen = parse_listen(arg);
		return 0;
	case KEY_ONCE:
		o->once = true;
		return 0;
	case KEY_GROUP:
		o->group = parse_group(arg);
		return 0;
	case KEY_GROUPS:
		o->series.groups = parse_count("--groups", arg, PLACES_MAX);
		return 0;
	case KEY_CALLS:
		o->series.calls = parse_count("--calls", arg, PLACES_MAX);
		return 0;
	case KEY_MAX_SERIES:
		o->series.max_series = parse_count("--max-series", arg, SERIES_MAX);
		return 0;
	case KEY_DURATIONS:
		o->series.durations_by_group = true;
		return 0;
	case KEY_NO_BPF_STATS:
		o->no_bpf_stats = true;
		return 0;
	case ARGP_KEY_SUCCESS:
		check_whole(o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void rf_export_options_parse(struct rf_export_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &rf_live_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = "Exports what stat counts as metrics for Prometheus: bounded in their number, "
		       "exact in their sums.\v"
		       "Examples:\n"
		       "  ringfence export --textfile /var/lib/prometheus/node-exporter/ringfence.prom\n"
		       "  ringfence export --listen 9950 -i 5s\n"
		       "  ringfence export --textfile /srv/metrics/ringfence.prom --once -d 30s\n"
		       "  ringfence export --listen 9950 --group user --max-series 500 --groups 10\n"
		       "\n"
		       "Ends at SIGINT or SIGTERM, after a last sweep and a last write. --format and "
		       "-o are not for this verb.",
	};

	*o = (struct rf_export_options){
		.live = RF_LIVE_INIT,
		.series = { .groups = GROUPS,
		            .calls = CALLS,
		            .max_series = SERIES,
		            .fixed = RF_PROMETHEUS_FIXED },
	};
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	/* in order: what follows -- belongs to the command, options included */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}
