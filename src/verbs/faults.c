// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence faults: options in, probe to the books of crossings and of isolation, events out as
 * they complete and a summary at the end.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/log.h"
#include "base/rf_time.h"
#include "base/str.h"
#include "bpf/isolation.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"
#include "probe/detect.h"
#include "probe/health.h"
#include "probe/probe.h"
#include "verbs/faults_options.h"
#include "verbs/feed.h"
#include "verbs/missing.h"
#include "verbs/output.h"
#include "verbs/session.h"
#include "verbs/verbs.h"
#include "views/faults.h"

/* How often events that wait for their end are looked at. */
#define LOOK_NS (200 * RF_NSEC_PER_MSEC)
/* Cells count in 32 bits, so a long window without intervals is swept now and then all the same. */
#define SWEEP_NS (30 * RF_NSEC_PER_SEC)
#define CGROUPS_MAX 4096
#define SYMBOLS_MAX 4096

struct faults_run {
	struct rf_faults_options options;
	struct rf_output output;
	struct rf_session session;
	struct rf_feeder feeder;
	struct rf_ledger *ledger;
	struct rf_isolation *isolation;
	struct rf_cgroups *cgroups;
	struct rf_symbols *symbols;
	struct rf_faults_view view;
	struct rf_faults_summary summary;
	struct rf_style style;
	struct rf_str missing;
	uint64_t next_sweep_ns;
	int err; /* of the output, kept until the sink's caller can act on it */
};

static bool is_wanted(const struct rf_faults_options *o, const struct rf_violation *v)
{
	if (o->causes && !(o->causes >> v->judgement.cause & 1))
		return false;
	if (o->signals && !(o->signals >> (v->rec.rec.count & 63) & 1))
		return false;
	return !o->outcomes || o->outcomes >> v->outcome & 1;
}

/* An rf_violation_sink. */
static void show_event(void *ctx, const struct rf_violation *v)
{
	struct faults_run *run = ctx;
	FILE *out = run->output.file;

	run->summary.causes[v->judgement.cause][v->outcome & 3]++;
	if (run->err || !is_wanted(&run->options, v))
		return;
	run->err = rf_output_begin(&run->output);
	if (run->err)
		return;
	if (run->options.live.format == RF_FORMAT_JSON)
		run->err = rf_faults_json_event(out, &run->view, v);
	else
		run->err = rf_faults_text_event(out, &run->view, v, &run->style);
	if (rf_output_flush(&run->output))
		run->err = -EIO;
}

static int show_summary(struct faults_run *run)
{
	FILE *out = run->output.file;
	int ret;

	if (run->options.no_summary)
		return 0;
	ret = rf_output_begin(&run->output);
	if (ret)
		return ret;
	rf_health_read(&run->summary.after);
	run->summary.interval += run->options.live.interval_ns ? 1 : 0;
	if (run->options.live.format == RF_FORMAT_JSON)
		ret = rf_faults_json_summary(out, &run->view, &run->summary);
	else
		ret = rf_faults_text_summary(out, &run->view, &run->summary, &run->style);
	return rf_output_flush(&run->output) ? -EIO : ret;
}

static void name_program(struct faults_run *run, const struct rf_violation_rec *rec)
{
	const struct rf_process *p = rf_ledger_find(run->ledger, rec->rec.entity);

	if (p && p->exe)
		rf_isolation_set_exe(run->isolation, rec->id, p->exe);
}

/* An rf_sink. */
static int feed(void *ctx, const void *rec, size_t size)
{
	struct faults_run *run = ctx;
	const struct rf_rec *head = rec;
	int ret = rf_feed(&run->feeder, rec, size);

	if (ret)
		return ret;
	if (head->type == RF_REC_VIOLATION)
		name_program(run, rec);
	return 0;
}

/* Takes in all that was counted up to now; final: and nothing is counted after it. */
static int sweep(struct faults_run *run, bool final)
{
	int ret = rf_ledger_sweep_begin(run->ledger);
	uint64_t now = 0;

	if (!ret)
		ret = final ? rf_probe_stop(run->session.probe, &now) :
		              rf_probe_sweep(run->session.probe, &now);
	rf_ledger_set_skipped(run->ledger, rf_probe_skipped(run->session.probe));
	rf_isolation_set_skipped(run->isolation, rf_probe_violations_skipped(run->session.probe));
	if (!ret)
		ret = rf_ledger_sweep_end(run->ledger, now, final);
	rf_isolation_sweep_end(run->isolation);
	if (ret)
		rf_err("a sweep failed: %s", strerror(-ret));
	run->next_sweep_ns +=
		run->options.live.interval_ns ? run->options.live.interval_ns : SWEEP_NS;
	return ret;
}

static int end_interval(struct faults_run *run)
{
	int ret = sweep(run, false);

	if (ret || !run->options.live.interval_ns)
		return ret;
	ret = show_summary(run);
	rf_ledger_next_interval(run->ledger, rf_now_ns());
	rf_isolation_next_interval(run->isolation);
	memset(run->summary.causes, 0, sizeof(run->summary.causes));
	run->summary.before = run->summary.after;
	return ret;
}

static int tick(struct faults_run *run)
{
	uint64_t now = rf_now_ns();

	rf_isolation_advance(run->isolation, now);
	if (!run->err && now >= run->next_sweep_ns)
		return end_interval(run);
	return run->err;
}

static int take_records(struct faults_run *run)
{
	int ret = rf_probe_poll(run->session.probe, 0);

	if (ret && ret != -EINTR) {
		rf_err("reading from the kernel failed: %s", strerror(-ret));
		return ret;
	}
	rf_isolation_advance(run->isolation, rf_now_ns());
	return run->err;
}

static int finish_window(struct faults_run *run)
{
	int ret = sweep(run, true);

	if (!ret) {
		rf_isolation_flush(run->isolation);
		ret = run->err;
	}
	return ret ? ret : show_summary(run);
}

static int measure(struct faults_run *run)
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
	return ret ? ret : finish_window(run);
}

static int start(struct faults_run *run)
{
	const struct rf_live *live = &run->options.live;
	int ret = rf_session_start(&run->session, LOOK_NS);

	if (ret)
		return ret;
	rf_ledger_start(run->ledger, run->session.start_ns);
	run->next_sweep_ns = run->session.start_ns;
	if (run->session.window.progress && !live->command)
		rf_info("watching %s%s", run->session.target,
		        live->duration_ns ? ", Ctrl-C ends it" : " until Ctrl-C");
	/* who is there now can be gone when it is asked for, and its program with it */
	if (!live->command)
		return sweep(run, false);
	run->next_sweep_ns += live->interval_ns ? live->interval_ns : SWEEP_NS;
	return 0;
}

static int run_probe(struct faults_run *run)
{
	struct rf_probe_options options = { .isolation = RF_ISOLATION_EVENTS };
	int status = rf_session_open(&run->session, &options, feed, run), ret;

	if (status)
		return status;
	rf_find_missing(&run->session.host, &run->missing);
	run->summary.missing = rf_str_get(&run->missing);
	ret = start(run);
	if (!ret)
		ret = measure(run);
	return rf_session_finish(&run->session, ret);
}

static int prepare(struct faults_run *run)
{
	run->ledger = rf_ledger_new();
	run->isolation = rf_isolation_new(show_event, run);
	run->feeder = (struct rf_feeder){ .ledger = run->ledger,
		                          .isolation = run->isolation,
		                          .wants_exe = true };
	if (!run->options.no_symbols)
		run->symbols = rf_symbols_new(SYMBOLS_MAX);
	if (!run->ledger || !run->isolation || rf_cgroups_new(&run->cgroups, CGROUPS_MAX)) {
		rf_err("out of memory");
		return RF_EXIT_FAILED;
	}
	run->view = (struct rf_faults_view){
		.cgroups = run->cgroups,
		.hierarchy = run->options.live.hierarchy,
		.symbols = run->symbols,
		.wall_ns = rf_clock_ns(CLOCK_REALTIME) - rf_now_ns(),
		.stack = run->options.stack,
	};
	run->summary.ledger = run->ledger;
	run->summary.isolation = run->isolation;
	run->summary.target = run->session.target;
	rf_health_read(&run->summary.before);
	rf_style_detect(&run->style, fileno(run->output.file));
	return RF_EXIT_DONE;
}

static int run_faults(struct faults_run *run)
{
	int status;

	if (rf_output_open(&run->output, run->options.live.output))
		return RF_EXIT_FAILED;
	status = rf_session_prepare(&run->session, &run->options.live);
	run->session.verb = RF_VERB_FAULTS;
	if (!status)
		status = prepare(run);
	return status ? status : run_probe(run);
}

int rf_verb_faults(int argc, char **argv)
{
	static struct faults_run run;
	int status;

	rf_faults_options_parse(&run.options, argc, argv);
	status = run_faults(&run);
	rf_session_close(&run.session);
	if (rf_output_close(&run.output) && !status)
		status = RF_EXIT_FAILED;
	rf_isolation_free(run.isolation);
	rf_ledger_free(run.ledger);
	rf_cgroups_free(run.cgroups);
	rf_symbols_free(run.symbols);
	rf_str_free(&run.missing);
	rf_live_clear(&run.options.live);
	return status;
}
