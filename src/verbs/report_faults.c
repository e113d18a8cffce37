// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/report_faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <linux/types.h>

#include "bpf/isolation.h"

#define SYMBOLS_MAX 4096

static const char *name_cgroup(void *ctx, uint64_t entity, uint64_t id)
{
	const struct rf_report_faults *f = ctx;

	return rf_names_cgroup(f->names, entity, id);
}

/* Files of another host are not those that the recorded processes mapped. */
static bool is_from_here(const struct rf_names *names)
{
	const char *host = rf_names_fact(names, "host"), *machine = rf_names_fact(names, "machine");
	struct utsname name;

	return host && machine && !uname(&name) && !strcmp(host, name.nodename) &&
	       !strcmp(machine, name.machine);
}

/* The recording has the counts of epochs, not of moments. */
static int count(struct rf_report_faults *f, const struct rf_violation *v)
{
	struct rf_isolation_cell cell = {
		.rec = { .type = RF_REC_ISOLATION, .count = 1, .entity = v->rec.rec.entity },
		.kind = RF_ISOLATION_VIOLATION,
		.key = RF_VIOLATION_KEY(v->rec.rec.count, v->outcome),
		.call = v->rec.rec.count ? 0 : v->rec.call,
	};

	if (!f->by_time || !v->outcome)
		return 0;
	return rf_isolation_feed(f->isolation, &cell, RF_ISOLATION_REC_SIZE(0));
}

/* An rf_violation_sink. */
static void show_event(void *ctx, const struct rf_violation *v)
{
	struct rf_report_faults *f = ctx;

	f->summary.causes[v->judgement.cause][v->outcome & 3]++;
	if (!f->err)
		f->err = count(f, v);
	if (f->err)
		return;
	if (!f->view.symbols && is_from_here(f->names))
		f->view.symbols = rf_symbols_new(SYMBOLS_MAX);
	if (f->format == RF_REPORT_TABLE)
		f->err = rf_faults_text_event(f->out, &f->view, v, &f->style);
	else if (f->format == RF_REPORT_CSV)
		f->err = rf_faults_csv_event(f->out, &f->view, v);
	else
		f->err = rf_faults_json_event(f->out, &f->view, v);
}

int rf_report_faults_begin(struct rf_report_faults *f)
{
	f->isolation = rf_isolation_new(show_event, f);
	return f->isolation ? 0 : -ENOMEM;
}

void rf_report_faults_of(struct rf_report_faults *f, const struct rf_file_header *h,
                         const struct rf_names *names)
{
	f->names = names;
	f->view.cgroup_name = name_cgroup;
	f->view.ctx = f;
	f->view.wall_ns = h->start_real - h->start_ns;
	if (f->format == RF_REPORT_CSV)
		f->err = rf_faults_csv_event(f->out, &f->view, NULL);
}

static struct rf_health_count count_of(const struct rf_names *names, const char *key)
{
	const char *text = rf_names_fact(names, key);
	char *end;
	unsigned long long n;

	if (!text || *text < '0' || *text > '9')
		return (struct rf_health_count){ 0 };
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end)
		return (struct rf_health_count){ 0 };
	return (struct rf_health_count){ .known = true, .count = n };
}

static void find_health(struct rf_faults_summary *s, const struct rf_names *names)
{
	s->before = (struct rf_health){ .oopses = count_of(names, "oopses"),
		                        .warnings = count_of(names, "warnings"),
		                        .oom_kills = count_of(names, "oom-kills"),
		                        .taint = count_of(names, "taint") };
	s->after = (struct rf_health){ .oopses = count_of(names, "oopses-after"),
		                       .warnings = count_of(names, "warnings-after"),
		                       .oom_kills = count_of(names, "oom-kills-after"),
		                       .taint = count_of(names, "taint-after") };
}

int rf_report_faults_end(struct rf_report_faults *f, const struct rf_ledger *ledger,
                         const struct rf_names *names)
{
	const char *missing = rf_names_fact(names, "missing");

	f->summary.ledger = ledger;
	f->summary.isolation = f->isolation;
	f->summary.target = f->target;
	f->summary.missing = missing ? missing : "";
	find_health(&f->summary, names);
	if (f->err || f->format == RF_REPORT_CSV)
		return f->err;
	if (f->format == RF_REPORT_TABLE)
		return rf_faults_text_summary(f->out, &f->view, &f->summary, &f->style);
	return rf_faults_json_summary(f->out, &f->view, &f->summary);
}

void rf_report_faults_clear(struct rf_report_faults *f)
{
	rf_isolation_free(f->isolation);
	rf_symbols_free(f->view.symbols);
}
