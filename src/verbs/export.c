// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence export: options in, probe to ledger to series to view, for as long as it runs.
 *
 * The ledger's intervals are shorter than the ones that are shown, where that keeps it small: a
 * host that starts thousands of processes a second fills no memory here between two writes.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rf_time.h"
#include "base/str.h"
#include "identity/cgroup.h"
#include "identity/user.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"
#include "ledger/series.h"
#include "probe/detect.h"
#include "probe/health.h"
#include "probe/probe.h"
#include "rf_version.h"
#include "verbs/export_options.h"
#include "verbs/feed.h"
#include "verbs/http.h"
#include "verbs/live.h"
#include "verbs/notify.h"
#include "verbs/session.h"
#include "verbs/textfile.h"
#include "verbs/verbs.h"
#include "views/prometheus.h"

/*
 * Cells count in 32 bits and open spans grow until a sweep takes them in, so a long interval is
 * swept now and then all the same.
 */
#define SWEEP_NS (10 * RF_NSEC_PER_SEC)
/* Entries beyond those that live on, after which the ledger is emptied early. */
#define CROWD 4096
#define USERS_MAX 1024
#define CGROUPS_MAX 16384

struct export_run {
	struct rf_export_options options;
	struct rf_session session;
	struct rf_ledger *ledger;
	struct rf_feeder feeder;
	struct rf_isolation *isolation;
	struct rf_series *series;
	struct rf_prometheus_violations violations;
	struct rf_group_namer namer;
	struct rf_textfile textfile;
	struct rf_http *http;
	struct rf_prometheus_own own;
	int failed;           /* counting a violation; 0 or a negative errno */
	uint64_t period;      /* number of the interval that is shown next */
	uint64_t sweeps_left; /* until it is over */
	size_t lived_on;      /* entries that the ledger kept when it was emptied */
};

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * RF_NSEC_PER_SEC + (uint64_t)tv.tv_usec * RF_NSEC_PER_USEC;
}

static uint64_t resident_bytes(void)
{
	unsigned long size, resident = 0;
	__fclose FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%lu %lu", &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What ringfence costs up to now. */
static void look_at_self(struct export_run *run)
{
	struct rf_probe_cost cost;
	struct rusage usage;

	if (!getrusage(RUSAGE_SELF, &usage)) {
		run->own.user_ns = timeval_ns(usage.ru_utime);
		run->own.system_ns = timeval_ns(usage.ru_stime);
	}
	run->own.resident_bytes = resident_bytes();
	if (rf_probe_cost(run->session.probe, &cost))
		return;
	run->own.timed = cost.timed;
	run->own.bpf_ns = cost.bpf_ns;
	run->own.bpf_runs = cost.bpf_runs;
	run->own.bpf_bytes = cost.kernel_bytes;
}

/* Brings what was measured up to now to where it is read. A failed write is told and not fatal. */
static int publish(struct export_run *run)
{
	struct rf_prometheus_view view = { .series = run->series,
		                           .version = RF_VERSION,
		                           .group_by = rf_group_name(run->options.group) };
	__rf_str struct rf_str text = RF_STR_INIT, open = RF_STR_INIT;
	int ret;

	look_at_self(run);
	rf_health_read(&view.health);
	view.own = run->own;
	view.violations = run->violations;
	ret = rf_prometheus_write(&text, &view);
	view.openmetrics = true;
	if (!ret && run->http)
		ret = rf_prometheus_write(&open, &view);
	if (!ret && run->http)
		ret = rf_http_publish(run->http, rf_str_get(&text), rf_str_get(&open));
	if (ret) {
		rf_err("out of memory");
		return ret;
	}
	if (run->options.textfile && rf_textfile_write(&run->textfile, text.data, text.len))
		run->own.write_failures++;
	return 0;
}

/* A violation is named after its process, which may be forgotten by the time that all is known. */
static void on_violation(void *ctx, const struct rf_violation *v)
{
	struct rf_process p = { .entity = v->rec.rec.entity,
		                .tgid = v->rec.tgid,
		                .uid = v->rec.uid,
		                .cgroup = v->rec.cgroup,
		                .exe = v->exe,
		                .known = true };
	struct export_run *run = ctx;
	const struct rf_process *known = rf_ledger_find(run->ledger, p.entity);
	char label[RF_SERIES_LABEL];

	memcpy(p.comm, v->rec.comm, sizeof(v->rec.comm));
	rf_group_label(&run->namer, known && known->known ? known : &p, label);
	if (!run->failed)
		run->failed = rf_series_prefer(run->series, label, run->period);
	if (!run->failed)
		run->failed =
			rf_series_count(run->series, RF_SERIES_VIOLATIONS, label,
		                        RF_SERIES_VIOLATION(v->judgement.cause, v->outcome), 1);
}

static int count_capabilities(struct export_run *run, const struct rf_isolated *isolated)
{
	static const struct rf_process unknown;
	const struct rf_process *p = rf_ledger_find(run->ledger, isolated->entity);
	char label[RF_SERIES_LABEL];
	int ret = 0;

	if (!isolated->nr_capabilities)
		return 0;
	rf_group_label(&run->namer, p ? p : &unknown, label);
	for (size_t i = 0; i < isolated->nr_capabilities && !ret; i++)
		ret = rf_series_count(run->series, RF_SERIES_CAPABILITIES, label,
		                      RF_SERIES_CAPABILITY(isolated->capabilities[i].capability),
		                      isolated->capabilities[i].count);
	return ret;
}

/* What was swept of fault isolation; final: without waiting for what may follow a violation. */
static int add_isolation(struct export_run *run, uint64_t now, bool final)
{
	struct rf_isolation_account acc;
	int ret = 0;

	rf_isolation_set_skipped(run->isolation, rf_probe_violations_skipped(run->session.probe));
	rf_isolation_sweep_end(run->isolation);
	if (final)
		rf_isolation_flush(run->isolation);
	else
		rf_isolation_advance(run->isolation, now);
	rf_isolation_accounting(run->isolation, &acc);
	run->violations.seen += acc.seen;
	run->violations.lost_events += acc.lost_events;
	run->violations.lost_outcomes += acc.lost;
	run->violations.skipped += acc.skipped;
	for (size_t i = 0; i < rf_isolation_nr(run->isolation) && !ret; i++)
		ret = count_capabilities(run, rf_isolation_process(run->isolation, i));
	rf_isolation_next_interval(run->isolation);
	return ret ? ret : run->failed;
}

/* Moves all that was counted up to now from the kernel side to the series; final: for good. */
static int sweep(struct export_run *run, bool final)
{
	uint64_t now = 0;
	int ret = rf_ledger_sweep_begin(run->ledger);

	if (!ret)
		ret = final ? rf_probe_stop(run->session.probe, &now) :
		              rf_probe_sweep(run->session.probe, &now);
	rf_ledger_set_skipped(run->ledger, rf_probe_skipped(run->session.probe));
	if (!ret)
		ret = rf_ledger_sweep_end(run->ledger, now, final);
	if (!ret)
		ret = add_isolation(run, now, final);
	if (!ret)
		ret = rf_series_add(run->series, run->ledger, run->period, rf_group_label,
		                    &run->namer);
	if (ret) {
		rf_err("a sweep failed: %s", strerror(-ret));
		return ret;
	}
	rf_ledger_next_interval(run->ledger, now);
	run->lived_on = rf_ledger_nr_processes(run->ledger);
	run->own.sweeps++;
	run->own.last_sweep_ns = rf_clock_ns(CLOCK_REALTIME);
	return 0;
}

/* Sweeps in an interval: as many as keep them SWEEP_NS apart or less. */
static uint64_t sweeps_per_interval(const struct rf_live *live)
{
	return (live->interval_ns + SWEEP_NS - 1) / SWEEP_NS;
}

static int tick(struct export_run *run)
{
	int ret = sweep(run, false);

	/* a manager that watches hears of every sweep */
	rf_notify("WATCHDOG=1");
	if (ret || run->options.once || --run->sweeps_left)
		return ret;
	run->sweeps_left = sweeps_per_interval(&run->options.live);
	run->period++;
	return publish(run);
}

static int take_records(struct export_run *run)
{
	int ret = rf_probe_poll(run->session.probe, 0);

	if (ret && ret != -EINTR) {
		rf_err("reading from the kernel failed: %s", strerror(-ret));
		return ret;
	}
	if (rf_ledger_nr_processes(run->ledger) > 2 * run->lived_on + CROWD)
		return sweep(run, false);
	return 0;
}

/* From the first moment of the window to its end, the last write included. */
static int measure(struct export_run *run)
{
	int events = 0, ret = 0;

	while (!ret && !(events & RF_EVENT_END)) {
		events = rf_window_wait(&run->session.window, rf_probe_fd(run->session.probe));
		if (events < 0)
			return events;
		if (events & RF_EVENT_RECORDS)
			ret = take_records(run);
		if (!ret && (events & RF_EVENT_TICK))
			ret = tick(run);
	}
	rf_notify("STOPPING=1");
	if (!ret)
		ret = sweep(run, true);
	if (!ret)
		ret = publish(run);
	return ret ? ret : -run->textfile.failing;
}

static void tell_progress(const struct export_run *run)
{
	const struct rf_export_options *o = &run->options;

	if (o->listen)
		rf_info("serving %s", rf_http_url(run->http));
	if (o->textfile && run->session.window.progress)
		rf_info("writing %s: %s%s", o->textfile, run->session.target,
		        o->once ? "" : ", until Ctrl-C");
}

static int start(struct export_run *run)
{
	const struct rf_live *live = &run->options.live;
	int ret = rf_session_start(&run->session, live->interval_ns / sweeps_per_interval(live));

	if (ret)
		return ret;
	rf_ledger_start(run->ledger, run->session.start_ns);
	run->own.start_ns = rf_clock_ns(CLOCK_REALTIME);
	run->own.last_sweep_ns = run->own.start_ns;
	run->sweeps_left = sweeps_per_interval(live);
	tell_progress(run);
	/* readers find all metrics from the start; who writes once has nothing to say yet */
	ret = run->options.once ? 0 : publish(run);
	rf_notify("READY=1");
	return ret;
}

static int run_probe(struct export_run *run)
{
	struct rf_probe_options options = { .isolation = RF_ISOLATION_EVENTS,
		                            .timed = !run->options.no_bpf_stats };
	int status = rf_session_open(&run->session, &options, rf_feed, &run->feeder), ret;

	if (status)
		return status;
	run->violations.watched = rf_host_has(&run->session.host, RF_FEATURE_SIGNAL_GENERATE);
	ret = start(run);
	if (!ret)
		ret = measure(run);
	return rf_session_finish(&run->session, ret);
}

static int prepare(struct export_run *run)
{
	run->ledger = rf_ledger_new();
	run->series = rf_series_new(&run->options.series);
	run->isolation = rf_isolation_new(on_violation, run);
	run->namer.users = rf_users_new(USERS_MAX);
	if (!run->ledger || !run->series || !run->isolation || !run->namer.users ||
	    rf_cgroups_new(&run->namer.cgroups, CGROUPS_MAX)) {
		rf_err("out of memory");
		return RF_EXIT_FAILED;
	}
	run->namer.by = run->options.group;
	run->namer.hierarchy = run->options.live.hierarchy;
	run->feeder.ledger = run->ledger;
	run->feeder.isolation = run->isolation;
	run->feeder.wants_exe = run->options.group == RF_GROUP_EXE;
	return RF_EXIT_DONE;
}

/* Where results go is settled before anything is measured. */
static int open_targets(struct export_run *run)
{
	const struct rf_export_options *o = &run->options;
	char err[RF_TEXTFILE_ERR];

	if (o->textfile && rf_textfile_open(&run->textfile, o->textfile, err, sizeof(err))) {
		rf_err("--textfile: %s", err);
		return RF_EXIT_FAILED;
	}
	/* a reader that goes away early ends its connection, not us */
	signal(SIGPIPE, SIG_IGN);
	if (o->listen && rf_http_open(&run->http, o->listen, err, sizeof(err))) {
		rf_err("--listen: %s", err);
		return RF_EXIT_FAILED;
	}
	return RF_EXIT_DONE;
}

static int run_export(struct export_run *run)
{
	/* the command first: it shall have none of what is opened here */
	int status = rf_session_prepare(&run->session, &run->options.live);

	if (!status)
		status = prepare(run);
	if (!status)
		status = open_targets(run);
	return status ? status : run_probe(run);
}

int rf_verb_export(int argc, char **argv)
{
	static struct export_run run;
	int status;

	rf_export_options_parse(&run.options, argc, argv);
	status = run_export(&run);
	rf_http_close(run.http);
	rf_textfile_clear(&run.textfile);
	rf_session_close(&run.session);
	rf_isolation_free(run.isolation);
	rf_series_free(run.series);
	rf_ledger_free(run.ledger);
	rf_users_free(run.namer.users);
	rf_cgroups_free(run.namer.cgroups);
	rf_live_clear(&run.options.live);
	return status;
}
