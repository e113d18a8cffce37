// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence stat: options in, probe to ledger to view.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rf_time.h"
#include "base/str.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"
#include "probe/detect.h"
#include "probe/probe.h"
#include "verbs/feed.h"
#include "verbs/output.h"
#include "verbs/overhead.h"
#include "verbs/session.h"
#include "verbs/stat_options.h"
#include "verbs/verbs.h"
#include "views/stat.h"

/*
 * Cells count in 32 bits and open spans grow until a sweep takes them in, so a long window without
 * intervals is swept now and then all the same.
 */
#define SWEEP_NS (30 * RF_NSEC_PER_SEC)
#define USERS_MAX 1024
#define CGROUPS_MAX 16384
#define ROWS_IN_TABLE 20

struct stat_run {
	struct rf_stat_options options;
	struct rf_output output;
	struct rf_session session;
	struct rf_ledger *ledger;
	struct rf_isolation *isolation;
	struct rf_feeder feeder;
	struct rf_users *users;
	struct rf_cgroups *cgroups;
	struct rf_overhead_meter meter;
	struct rf_str missing;
	uint64_t interval;    /* of the next result, from 1 */
	uint64_t sweeps_left; /* until the interval is over */
};

/* What an absent feature keeps from the result; what is only dearer without one is not said here. */
static void find_missing(struct stat_run *run)
{
	static const struct {
		enum rf_feature feature;
		const char *what;
	} wanted[] = {
		{ RF_FEATURE_PF_TRACEPOINTS,
		  "page faults that nothing resolved, and how long the others took (no page-fault "
		  "tracepoints)" },
		{ RF_FEATURE_PF_EVENTS, "minor from major page faults (no software events)" },
		{ RF_FEATURE_READ_PROCESSES, "paths of other users' programs (no CAP_SYS_PTRACE)" },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!rf_host_has(&run->session.host, wanted[i].feature))
			rf_str_appendf(&run->missing, "%s%s", run->missing.len ? "; " : "",
			               wanted[i].what);
	}
}

static int show(struct stat_run *run)
{
	const struct rf_stat_options *o = &run->options;
	struct rf_stat_view view = {
		.ledger = run->ledger,
		.isolation = run->isolation,
		.by = o->by,
		.sort = o->sort,
		.top = o->top,
		.calls = o->calls,
		.interval = o->live.interval_ns ? run->interval : 0,
		.target = run->session.target,
		.users = run->users,
		.cgroups = run->cgroups,
		.hierarchy = o->live.hierarchy,
		.live = true,
		.missing = rf_str_get(&run->missing),
	};
	struct rf_overhead overhead;
	struct rf_style style;
	FILE *out = run->output.file;
	int ret = rf_output_begin(&run->output);

	if (ret)
		return ret;
	/* before the result is made, so that making it is in the next interval's cost */
	if (o->overhead && !rf_overhead_read(&run->meter, run->session.probe, &overhead))
		view.overhead = &overhead;
	if (!o->has_top)
		view.top = o->live.format == RF_FORMAT_TABLE ? ROWS_IN_TABLE : 0;
	switch (o->live.format) {
	case RF_FORMAT_JSON:
		ret = rf_stat_json(out, &view);
		break;
	case RF_FORMAT_CSV:
		ret = rf_stat_csv(out, &view);
		break;
	default:
		rf_style_detect(&style, fileno(out));
		if (run->interval > 1)
			fputc('\n', out);
		ret = rf_stat_table(out, &view, &style);
		break;
	}
	run->interval++;
	if (ret == -ENOMEM)
		rf_err("the result does not fit in memory; --by comm takes less");
	/* what was printed so far goes out, and a file's error gets its message there */
	return rf_output_flush(&run->output) ? -EIO : ret;
}

/* Takes in all that was counted up to now; final: and nothing is counted after it. */
static int sweep(struct stat_run *run, bool final, uint64_t *now)
{
	uint64_t begin = rf_now_ns();
	int ret = rf_ledger_sweep_begin(run->ledger);

	if (!ret)
		ret = final ? rf_probe_stop(run->session.probe, now) :
		              rf_probe_sweep(run->session.probe, now);
	rf_ledger_set_skipped(run->ledger, rf_probe_skipped(run->session.probe));
	rf_isolation_set_skipped(run->isolation, rf_probe_violations_skipped(run->session.probe));
	if (!ret)
		ret = rf_ledger_sweep_end(run->ledger, *now, final);
	rf_isolation_sweep_end(run->isolation);
	if (ret)
		rf_err("a sweep failed: %s", strerror(-ret));
	rf_overhead_sweep(&run->meter, rf_now_ns() - begin);
	return ret;
}

/* Sweeps in an interval: as many as keep them SWEEP_NS apart or less. 0: no intervals. */
static uint64_t sweeps_per_interval(const struct rf_live *live)
{
	return (live->interval_ns + SWEEP_NS - 1) / SWEEP_NS;
}

static uint64_t sweep_distance(const struct rf_live *live)
{
	return live->interval_ns ? live->interval_ns / sweeps_per_interval(live) : SWEEP_NS;
}

static int tick(struct stat_run *run)
{
	uint64_t now;
	int ret = sweep(run, false, &now);

	if (ret || !run->options.live.interval_ns || --run->sweeps_left)
		return ret;
	run->sweeps_left = sweeps_per_interval(&run->options.live);
	ret = show(run);
	rf_ledger_next_interval(run->ledger, now);
	rf_isolation_next_interval(run->isolation);
	return ret;
}

static int poll_ring(struct stat_run *run)
{
	int ret = rf_probe_poll(run->session.probe, 0);

	if (ret && ret != -EINTR) {
		rf_err("reading from the kernel failed: %s", strerror(-ret));
		return ret;
	}
	return 0;
}

/* From the first moment of the window to its end. */
static int measure(struct stat_run *run)
{
	const struct rf_live *live = &run->options.live;
	int events = 0, ret = 0;
	uint64_t now;

	while (!ret && !(events & RF_EVENT_END)) {
		events = rf_window_wait(&run->session.window, rf_probe_fd(run->session.probe));
		if (events < 0)
			return events;
		if (events & RF_EVENT_RECORDS)
			ret = poll_ring(run);
		if (!ret && (events & RF_EVENT_TICK))
			ret = tick(run);
	}
	if (!ret)
		ret = sweep(run, true, &now);
	/* an end that fell on a tick leaves nothing to show */
	if (!ret &&
	    !(live->interval_ns && run->interval > 1 && rf_ledger_window_ns(run->ledger) == 0))
		ret = show(run);
	return ret;
}

static void tell_progress(const struct stat_run *run)
{
	const struct rf_live *live = &run->options.live;
	char duration[RF_TEXT_LEN];

	/* a command has the terminal to itself */
	if (!run->session.window.progress || live->command)
		return;
	if (live->duration_ns)
		rf_info("measuring %s for %s, Ctrl-C ends it", run->session.target,
		        rf_text_duration(duration, live->duration_ns, false));
	else
		rf_info("measuring %s until Ctrl-C", run->session.target);
}

static int start(struct stat_run *run)
{
	const struct rf_live *live = &run->options.live;
	int ret = rf_session_begin(&run->session, sweep_distance(live));
	uint64_t swept;

	if (ret)
		return ret;
	rf_ledger_start(run->ledger, run->session.start_ns);
	run->sweeps_left = sweeps_per_interval(live);
	ret = run->options.overhead ? rf_overhead_start(&run->meter, run->session.probe) : 0;
	if (ret) {
		rf_err("the kernel does not tell what the programs cost: %s", strerror(-ret));
		return ret;
	}
	ret = rf_session_go(&run->session);
	if (ret)
		return ret;
	tell_progress(run);
	/* who is there now can be gone at the end, and its exe with it */
	return run->feeder.wants_exe && !live->command ? sweep(run, false, &swept) : 0;
}

static int run_probe(struct stat_run *run)
{
	struct rf_probe_options options = { .by_thread = run->options.by == RF_BY_THREAD,
		                            .timed = run->options.overhead,
		                            .isolation = RF_ISOLATION_COUNTS };
	int status, ret;

	rf_overhead_opening(&run->meter);
	status = rf_session_open(&run->session, &options, rf_feed, &run->feeder);
	if (status)
		return status;
	find_missing(run);
	ret = start(run);
	if (!ret)
		ret = measure(run);
	return rf_session_finish(&run->session, ret);
}

static int prepare(struct stat_run *run)
{
	run->ledger = rf_ledger_new();
	run->isolation = rf_isolation_new(NULL, NULL);
	run->feeder.ledger = run->ledger;
	run->feeder.isolation = run->isolation;
	run->users = rf_users_new(USERS_MAX);
	if (!run->ledger || !run->isolation || !run->users ||
	    rf_cgroups_new(&run->cgroups, CGROUPS_MAX)) {
		rf_err("out of memory");
		return RF_EXIT_FAILED;
	}
	return RF_EXIT_DONE;
}

static int run_stat(struct stat_run *run)
{
	int status;

	if (rf_output_open(&run->output, run->options.live.output))
		return RF_EXIT_FAILED;
	status = rf_session_prepare(&run->session, &run->options.live);
	if (!status)
		status = prepare(run);
	return status ? status : run_probe(run);
}

int rf_verb_stat(int argc, char **argv)
{
	static struct stat_run run = { .interval = 1 };
	int status;

	rf_stat_options_parse(&run.options, argc, argv);
	run.feeder.wants_exe = run.options.live.format != RF_FORMAT_TABLE;
	status = run_stat(&run);
	rf_session_close(&run.session);
	if (rf_output_close(&run.output) && !status)
		status = RF_EXIT_FAILED;
	rf_isolation_free(run.isolation);
	rf_ledger_free(run.ledger);
	rf_users_free(run.users);
	rf_cgroups_free(run.cgroups);
	rf_str_free(&run.missing);
	rf_live_clear(&run.options.live);
	return status;
}
