// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/prometheus.h"

#include <inttypes.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>

#include "base/rf_time.h"
#include "bpf/records.h"
#include "identity/capability.h"
#include "identity/errno.h"
#include "identity/syscall.h"
#include "ledger/isolation.h"

#define CALL_LABEL_LEN (RF_SYSCALL_NAME_LEN + 16)

#if defined(__x86_64__)
#define NATIVE_ABI RF_ABI_X86_64
#else
#define NATIVE_ABI RF_ABI_ARM64
#endif

struct writer {
	struct rf_str *out;
	const struct rf_prometheus_view *v;
};

enum type { COUNTER, GAUGE, HISTOGRAM, INFO };

/*
 * OpenMetrics names a counter without its _total and an info without its _info; the text format
 * knows no infos.
 */
static void describe(struct writer *w, const char *name, enum type type, const char *help)
{
	static const char *const types[] = { "counter", "gauge", "histogram", "info" };
	static const char *const suffixes[] = { "_total", "", "", "_info" };
	size_t len = strlen(name);

	if (w->v->openmetrics)
		len -= strlen(suffixes[type]);
	else if (type == INFO)
		type = GAUGE;
	rf_str_appendf(w->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, name, help, (int)len,
	               name, types[type]);
}

static void append_seconds(struct rf_str *out, uint64_t ns)
{
	rf_str_appendf(out, "%" PRIu64 ".%09" PRIu64 "\n", ns / RF_NSEC_PER_SEC,
	               ns % RF_NSEC_PER_SEC);
}

static void number(struct writer *w, const char *name, enum type type, const char *help, uint64_t n)
{
	describe(w, name, type, help);
	rf_str_appendf(w->out, "%s %" PRIu64 "\n", name, n);
}

static void seconds(struct writer *w, const char *name, enum type type, const char *help,
                    uint64_t ns)
{
	describe(w, name, type, help);
	rf_str_appendf(w->out, "%s ", name);
	append_seconds(w->out, ns);
}

static void known(struct writer *w, const char *name, enum type type, const char *help,
                  struct rf_health_count c)
{
	if (c.known)
		number(w, name, type, help, c.count);
}

/* One value of a metric that each group has. */
struct part {
	const char *value; /* of the second label */
	uint64_t (*of)(const struct rf_series_group *g);
};

static uint64_t calls_of(const struct rf_series_group *g)
{
	return g->calls;
}

static uint64_t faults_of(const struct rf_series_group *g)
{
	return g->faults.user + g->faults.kernel;
}

static uint64_t faults_user(const struct rf_series_group *g)
{
	return g->faults.user;
}

static uint64_t faults_kernel(const struct rf_series_group *g)
{
	return g->faults.kernel;
}

static uint64_t faults_minor(const struct rf_series_group *g)
{
	return g->faults.minor;
}

static uint64_t faults_major(const struct rf_series_group *g)
{
	return g->faults.major;
}

static uint64_t time_user(const struct rf_series_group *g)
{
	return g->time.user;
}

static uint64_t time_kernel(const struct rf_series_group *g)
{
	return g->time.kernel;
}

static uint64_t time_waiting(const struct rf_series_group *g)
{
	return g->time.waiting;
}

static uint64_t denied_eperm(const struct rf_series_group *g)
{
	return g->denied[RF_DENIED_EPERM];
}

static uint64_t denied_eacces(const struct rf_series_group *g)
{
	return g->denied[RF_DENIED_EACCES];
}

static uint64_t denied_seccomp(const struct rf_series_group *g)
{
	return g->denied[RF_DENIED_SECCOMP];
}

/* A counter of every group, split by one more label into parts, the last of which has no value. */
static void by_group(struct writer *w, const char *name, const char *help, const char *label,
                     const struct part *parts)
{
	bool is_time = !strcmp(name, "ringfence_time_seconds_total");

	describe(w, name, COUNTER, help);
	for (size_t i = 0; i < rf_series_nr_groups(w->v->series); i++) {
		const struct rf_series_group *g = rf_series_group(w->v->series, i);

		for (const struct part *p = parts; p->value; p++) {
			rf_str_appendf(w->out, "%s{group=\"%s\",%s=\"%s\"} ", name, g->label, label,
			               p->value);
			if (is_time)
				append_seconds(w->out, p->of(g));
			else
				rf_str_appendf(w->out, "%" PRIu64 "\n", p->of(g));
		}
	}
}

static void write_groups(struct writer *w)
{
	by_group(w, "ringfence_crossings_total",
	         "Entries of a thread from user mode into the kernel.", "kind",
	         (const struct part[]){
			 { "call", calls_of }, { "page_fault", faults_of }, { NULL, NULL } });
	by_group(w, "ringfence_time_seconds_total",
	         "Time of threads: computing in user mode, in the kernel, or off the CPU.", "state",
	         (const struct part[]){ { "user", time_user },
	                                { "kernel", time_kernel },
	                                { "waiting", time_waiting },
	                                { NULL, NULL } });
	by_group(w, "ringfence_page_faults_total", "Page faults by the mode they were raised in.",
	         "mode",
	         (const struct part[]){
			 { "user", faults_user }, { "kernel", faults_kernel }, { NULL, NULL } });
	by_group(w, "ringfence_page_faults_resolved_total",
	         "Page faults by what it took to resolve them.", "kind",
	         (const struct part[]){
			 { "minor", faults_minor }, { "major", faults_major }, { NULL, NULL } });
	by_group(w, "ringfence_denied_total", "Requests that the kernel examined and refused.",
	         "reason",
	         (const struct part[]){ { "EPERM", denied_eperm },
	                                { "EACCES", denied_eacces },
	                                { "seccomp", denied_seccomp },
	                                { NULL, NULL } });
}

/* The label of a call's place; those of another ABI than the kernel's own carry its name. */
static const char *call_label(const struct writer *w, size_t place, char *buf)
{
	char name[RF_SYSCALL_NAME_LEN];
	const char *label;
	uint32_t call;

	if (!place)
		return "other";
	call = rf_series_call(w->v->series, place);
	label = rf_syscall_label(RF_CALL_ABI(call), RF_CALL_NR(call), name, sizeof(name));
	snprintf(buf, CALL_LABEL_LEN, "%s%s%s",
	         RF_CALL_ABI(call) == NATIVE_ABI ? "" : rf_abi_name(RF_CALL_ABI(call)),
	         RF_CALL_ABI(call) == NATIVE_ABI ? "" : ":", label);
	return buf;
}

static const char *errno_label(uint16_t third, char *buf)
{
	if (!third)
		return "other";
	if (third == RF_SERIES_ERRNO(0))
		return "SIGSYS";
	return rf_errno_label(third - RF_SERIES_ERRNO(0), buf, RF_ERRNO_NAME_LEN);
}

static void write_calls(struct writer *w)
{
	const struct rf_series *s = w->v->series;
	const struct rf_series_item *items;
	char call[CALL_LABEL_LEN], err[RF_ERRNO_NAME_LEN];
	size_t nr;

	describe(w, "ringfence_calls_total", COUNTER, "System calls entered.");
	items = rf_series_items(s, RF_SERIES_CALLS, &nr);
	for (size_t i = 0; i < nr; i++)
		rf_str_appendf(w->out,
		               "ringfence_calls_total{group=\"%s\",call=\"%s\"} %" PRIu64 "\n",
		               rf_series_group(s, items[i].group)->label,
		               call_label(w, items[i].call, call), items[i].value);
	describe(w, "ringfence_call_failures_total", COUNTER,
	         "System calls that returned an error, or that a signal refused (SIGSYS).");
	items = rf_series_items(s, RF_SERIES_FAILURES, &nr);
	for (size_t i = 0; i < nr; i++)
		rf_str_appendf(w->out,
		               "ringfence_call_failures_total{group=\"%s\",call=\"%s\","
		               "errno=\"%s\"} %" PRIu64 "\n",
		               rf_series_group(s, items[i].group)->label,
		               call_label(w, items[i].call, call), errno_label(items[i].third, err),
		               items[i].value);
}

static void write_histogram(struct writer *w, const struct rf_series_histogram *h)
{
	char labels[RF_SERIES_LABEL + CALL_LABEL_LEN + 32], call[CALL_LABEL_LEN];
	bool grouped = rf_series_options(w->v->series)->durations_by_group;
	uint64_t below = 0;

	snprintf(labels, sizeof(labels), "%s%s%scall=\"%s\"", grouped ? "group=\"" : "",
	         grouped ? rf_series_group(w->v->series, h->group)->label : "",
	         grouped ? "\"," : "", call_label(w, h->call, call));
	for (unsigned int i = 0; i < RF_SERIES_BOUNDS; i++) {
		below += h->counts[i];
		rf_str_appendf(w->out,
		               "ringfence_call_duration_seconds_bucket{%s,le=\"%.11g\"} %" PRIu64
		               "\n",
		               labels, (double)rf_series_bound_ns(i) / 1e9, below);
	}
	rf_str_appendf(w->out,
	               "ringfence_call_duration_seconds_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n",
	               labels, h->total);
	rf_str_appendf(w->out, "ringfence_call_duration_seconds_sum{%s} ", labels);
	append_seconds(w->out, h->sum_ns);
	rf_str_appendf(w->out, "ringfence_call_duration_seconds_count{%s} %" PRIu64 "\n", labels,
	               h->total);
}

static const char *capability_label(uint16_t third, char *buf)
{
	if (!third)
		return "other";
	return rf_capability_label((int)third - 1, buf, RF_CAPABILITY_NAME_LEN);
}

static void write_violations(struct writer *w)
{
	const struct rf_prometheus_violations *v = &w->v->violations;
	const struct rf_series *s = w->v->series;
	const struct rf_series_item *items;
	char capability[RF_CAPABILITY_NAME_LEN];
	size_t nr;

	if (!v->watched)
		return;
	describe(w, "ringfence_violations_total", COUNTER,
	         "Faults and traps that the kernel could not resolve, by cause and outcome.");
	items = rf_series_items(s, RF_SERIES_VIOLATIONS, &nr);
	for (size_t i = 0; i < nr; i++) {
		uint16_t third = items[i].third;

		rf_str_appendf(w->out,
		               "ringfence_violations_total{group=\"%s\",cause=\"%s\","
		               "outcome=\"%s\"} %" PRIu64 "\n",
		               rf_series_group(s, items[i].group)->label,
		               third ? rf_cause_name(RF_SERIES_CAUSE(third)) : "other",
		               third ? rf_outcome_name(RF_SERIES_OUTCOME(third)) : "other",
		               items[i].value);
	}
	describe(w, "ringfence_capabilities_missing_total", COUNTER,
	         "Times that a process lacked a capability for what it asked for.");
	items = rf_series_items(s, RF_SERIES_CAPABILITIES, &nr);
	for (size_t i = 0; i < nr; i++)
		rf_str_appendf(w->out,
		               "ringfence_capabilities_missing_total{group=\"%s\","
		               "capability=\"%s\"} %" PRIu64 "\n",
		               rf_series_group(s, items[i].group)->label,
		               capability_label(items[i].third, capability), items[i].value);
	number(w, "ringfence_violations_seen_total", COUNTER,
	       "Violations counted by the kernel side before anything could fail.", v->seen);
	describe(w, "ringfence_violations_lost_total", COUNTER,
	         "Violations without a cause (event), without an outcome, or not seen (skipped).");
	rf_str_appendf(w->out,
	               "ringfence_violations_lost_total{reason=\"event\"} %" PRIu64 "\n"
	               "ringfence_violations_lost_total{reason=\"outcome\"} %" PRIu64 "\n"
	               "ringfence_violations_lost_total{reason=\"skipped\"} %" PRIu64 "\n",
	               v->lost_events, v->lost_outcomes, v->skipped);
}

static void write_durations(struct writer *w)
{
	const struct rf_series_histogram *h;
	size_t nr;

	describe(w, "ringfence_call_duration_seconds", HISTOGRAM,
	         "Time inside a system call, from entry to return.");
	h = rf_series_histograms(w->v->series, &nr);
	for (size_t i = 0; i < nr; i++)
		write_histogram(w, &h[i]);
	number(w, "ringfence_calls_untimed_total", COUNTER,
	       "System calls that ended without a duration that could be taken.",
	       rf_series_totals(w->v->series)->untimed);
}

static void write_kernel(struct writer *w)
{
	const struct rf_health *h = &w->v->health;

	known(w, "ringfence_kernel_oopses_total", COUNTER,
	      "Errors inside the kernel itself since boot.", h->oopses);
	known(w, "ringfence_kernel_warnings_total", COUNTER,
	      "Warnings of the kernel about itself since boot.", h->warnings);
	known(w, "ringfence_kernel_oom_kills_total", COUNTER,
	      "Processes killed because memory was out, since boot.", h->oom_kills);
	known(w, "ringfence_kernel_taint", GAUGE,
	      "The kernel's taint flags as a number, 0 for none.", h->taint);
}

static void lost(struct writer *w, const char *reason, uint64_t n)
{
	rf_str_appendf(w->out, "ringfence_crossings_lost_total{reason=\"%s\"} %" PRIu64 "\n",
	               reason, n);
}

static void write_accounting(struct writer *w)
{
	const struct rf_series_totals *t = rf_series_totals(w->v->series);

	number(w, "ringfence_crossings_seen_total", COUNTER,
	       "Crossings counted by the kernel side before anything could fail.", t->seen);
	number(w, "ringfence_crossings_attributed_total", COUNTER,
	       "Crossings of those seen that a process was found for.", t->attributed);
	describe(w, "ringfence_crossings_lost_total", COUNTER,
	         "Crossings of those seen that no process was found for.");
	lost(w, "cell", t->lost_cell);
	lost(w, "state", t->lost_state);
	lost(w, "skipped", t->lost_skipped);
	lost(w, "unexplained", t->lost_unexplained);
	number(w, "ringfence_crossings_overattributed_total", COUNTER,
	       "Crossings attributed beyond those seen: a defect when not 0.", t->overattributed);
	number(w, "ringfence_errnos_lost_total", COUNTER,
	       "Failed calls whose errno is not known; the calls themselves are attributed.",
	       t->lost_errnos);
	number(w, "ringfence_records_lost_total", COUNTER,
	       "Process events that the ring had no room for, so that names may be missing.",
	       t->lost_records);
	number(w, "ringfence_cells_evicted_total", COUNTER,
	       "Cells moved out before a sweep: pressure on the kernel side's tables.", t->evicted);
}

static void write_cost(struct writer *w)
{
	const struct rf_prometheus_own *own = &w->v->own;

	if (own->timed) {
		seconds(w, "ringfence_bpf_seconds_total", COUNTER,
		        "Run time of ringfence's BPF programs, by the kernel's own clock.",
		        own->bpf_ns);
		number(w, "ringfence_bpf_runs_total", COUNTER, "Runs of ringfence's BPF programs.",
		       own->bpf_runs);
	}
	number(w, "ringfence_bpf_memory_bytes", GAUGE, "Kernel memory of ringfence's maps.",
	       own->bpf_bytes);
	describe(w, "ringfence_self_cpu_seconds_total", COUNTER,
	         "CPU time of the ringfence process.");
	rf_str_append(w->out, "ringfence_self_cpu_seconds_total{mode=\"user\"} ");
	append_seconds(w->out, own->user_ns);
	rf_str_append(w->out, "ringfence_self_cpu_seconds_total{mode=\"system\"} ");
	append_seconds(w->out, own->system_ns);
	number(w, "ringfence_self_resident_memory_bytes", GAUGE,
	       "Resident memory of the ringfence process.", own->resident_bytes);
}

static void write_own(struct writer *w)
{
	const struct rf_series_options *o = rf_series_options(w->v->series);
	const struct rf_prometheus_own *own = &w->v->own;
	describe(w, "ringfence_build_info", INFO,
	         "What is running: its version, and what its groups are.");
	rf_str_appendf(w->out, "ringfence_build_info{version=\"%s\",group_by=\"%s\"} 1\n",
	               w->v->version, w->v->group_by);
	seconds(w, "ringfence_start_time_seconds", GAUGE,
	        "When counting began, since 1970: all counters are from then on.", own->start_ns);
	seconds(w, "ringfence_observed_seconds_total", COUNTER, "Time that the counters stand for.",
	        rf_series_totals(w->v->series)->observed_ns);
	number(w, "ringfence_sweeps_total", COUNTER, "Sweeps of the kernel side's tables.",
	       own->sweeps);
	seconds(w, "ringfence_last_sweep_timestamp_seconds", GAUGE,
	        "When the last sweep was made, since 1970.", own->last_sweep_ns);
	number(w, "ringfence_write_failures_total", COUNTER,
	       "Times that the textfile could not be written.", own->write_failures);
	number(w, "ringfence_groups", GAUGE, "Groups that have series of their own.",
	       rf_series_nr_groups(w->v->series) - 1);
	number(w, "ringfence_groups_limit", GAUGE,
	       "Groups that can have series of their own; the rest is added up in other.",
	       o->groups);
	number(w, "ringfence_series", GAUGE, "Series that this output takes at most, for now.",
	       rf_series_samples(w->v->series));
	number(w, "ringfence_series_limit", GAUGE, "Series that it can ever take.", o->max_series);
}

int rf_prometheus_write(struct rf_str *out, const struct rf_prometheus_view *v)
{
	struct writer w = { .out = out, .v = v };

	write_own(&w);
	write_groups(&w);
	write_calls(&w);
	write_durations(&w);
	write_violations(&w);
	write_kernel(&w);
	write_accounting(&w);
	write_cost(&w);
	if (v->openmetrics)
		rf_str_append(out, "# EOF\n");
	return out->err;
}
