// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Series and the text made of them. What is promised (exact sums, no counter that falls or
 * vanishes, a bound that holds) is checked on the text, as a reader gets it.
 */
#include <malloc.h>
#include <stdio.h>

#include "ledger_feed.h"

#include "identity/escape.h"
#include "ledger/isolation.h"
#include "ledger/series.h"
#include "views/prometheus.h"

#define EPERM_NR 1
#define EACCES_NR 13
#define ENOENT_NR 2

static void by_comm(void *ctx, const struct rf_process *p, char *label)
{
	rf_escape_str(label, RF_SERIES_LABEL, p->comm, RF_ESCAPE_PROM);
}

static struct rf_series_options options(size_t groups, size_t calls, size_t spare)
{
	struct rf_series_options o = { .groups = groups,
		                       .calls = calls,
		                       .fixed = RF_PROMETHEUS_FIXED };

	o.max_series = rf_series_least(&o) + spare;
	return o;
}

static struct rf_series *new_series(struct rf_series_options o)
{
	struct rf_series *s = rf_series_new(&o);

	assert_non_null(s);
	return s;
}

/* Ends the ledger's interval, and the period with it. */
static void add(struct rf_series *s, struct rf_ledger *l, uint64_t period)
{
	sweep(l, period * 1000, false);
	assert_int_equal(rf_series_add(s, l, period, by_comm, NULL), 0);
	rf_ledger_next_interval(l, period * 1000);
}

static char *text_of(const struct rf_series *s, bool openmetrics)
{
	struct rf_prometheus_view v = { .series = s,
		                        .version = "1",
		                        .group_by = "comm",
		                        .own = { .timed = true },
		                        .violations = { .watched = true },
		                        .openmetrics = openmetrics };
	struct rf_str out = RF_STR_INIT;
	char *text;

	v.health.oopses.known = v.health.warnings.known = true;
	v.health.oom_kills.known = v.health.taint.known = true;
	assert_int_equal(rf_prometheus_write(&out, &v), 0);
	text = rf_str_steal(&out);
	assert_non_null(text);
	return text;
}

/* Samples of a text: its lines that are no comments. */
static size_t samples_in(const char *text)
{
	size_t nr = 0;

	for (; *text; text = strchr(text, '\n') + 1)
		nr += *text != '#';
	return nr;
}

/* The value of the sample whose line begins so, -1 if there is none; all of them, added up. */
static double sum_of(const char *text, const char *beginning)
{
	double sum = 0;
	bool found = false;

	for (; *text; text = strchr(text, '\n') + 1) {
		if (strncmp(text, beginning, strlen(beginning)) != 0)
			continue;
		/* values have no blanks, labels may */
		const char *end = strchr(text, '\n'), *at = end;

		while (at[-1] != ' ')
			at--;
		sum += strtod(at, NULL);
		found = true;
	}
	return found ? sum : -1;
}

#define assert_sum(text, beginning, value) assert_true(sum_of(text, beginning) == (double)(value))

struct sample {
	char *name; /* with its labels */
	double value;
};

struct samples {
	struct sample *all;
	size_t nr;
};

static int by_name(const void *left, const void *right)
{
	return strcmp(((const struct sample *)left)->name, ((const struct sample *)right)->name);
}

static struct samples parse(const char *text)
{
	struct samples s = { .all = calloc(samples_in(text) + 1, sizeof(struct sample)) };

	assert_non_null(s.all);
	for (; *text; text = strchr(text, '\n') + 1) {
		const char *at = strchr(text, '\n');

		if (*text == '#')
			continue;
		while (at[-1] != ' ')
			at--;
		s.all[s.nr].name = strndup(text, (size_t)(at - text) - 1);
		s.all[s.nr++].value = strtod(at, NULL);
	}
	qsort(s.all, s.nr, sizeof(*s.all), by_name);
	for (size_t i = 1; i < s.nr; i++)
		assert_string_not_equal(s.all[i].name, s.all[i - 1].name);
	return s;
}

static void samples_free(struct samples *s)
{
	for (size_t i = 0; i < s->nr; i++)
		free(s->all[i].name);
	free(s->all);
}

/* Every counter of before is still there, and not lower. */
static void assert_risen(const struct samples *before, const struct samples *now)
{
	for (size_t i = 0; i < before->nr; i++) {
		struct sample *s =
			bsearch(&before->all[i], now->all, now->nr, sizeof(*now->all), by_name);

		if (!s)
			fail_msg("%s is gone", before->all[i].name);
		if (s->value < before->all[i].value)
			fail_msg("%s fell from %f to %f", s->name, before->all[i].value, s->value);
	}
}

static void known_counts(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(10, 10, 100));
	uint64_t e = introduce(l, 7, 100, "load");
	char *text;

	feed_calls(l, e, X86(39), 100, 12345);
	feed_calls(l, e, X86(257), 2000, 10);
	feed_errnos(l, e, X86(257), ENOENT_NR, 0, 3);
	feed_errnos(l, e, X86(257), EACCES_NR, 0, 2);
	feed_errnos(l, e, X86(257), EPERM_NR, RF_ERRNO_REFUSED, 1);
	feed_errnos(l, e, X86(257), 0, RF_ERRNO_REFUSED, 1);
	feed_calls(l, e, RF_CALL(1, 3), 64, 5);
	feed_faults(l, e, 20, 1, 19, 2);
	feed_times(l, e, 1500000000, 2500000000, 1);
	add(s, l, 1);
	text = text_of(s, false);
	assert_sum(text, "ringfence_crossings_total{group=\"load\",kind=\"call\"}", 12360);
	assert_sum(text, "ringfence_crossings_total{group=\"load\",kind=\"page_fault\"}", 21);
	assert_sum(text, "ringfence_calls_total{group=\"load\",call=\"getpid\"}", 12345);
	assert_sum(text, "ringfence_calls_total{group=\"load\",call=\"i386:read\"}", 5);
	assert_sum(text,
	           "ringfence_call_failures_total{group=\"load\",call=\"openat\",errno=\"ENOENT\"}",
	           3);
	assert_sum(text,
	           "ringfence_call_failures_total{group=\"load\",call=\"openat\",errno=\"SIGSYS\"}",
	           1);
	assert_sum(text, "ringfence_denied_total{group=\"load\",reason=\"EACCES\"}", 2);
	assert_sum(text, "ringfence_denied_total{group=\"load\",reason=\"EPERM\"}", 0);
	assert_sum(text, "ringfence_denied_total{group=\"load\",reason=\"seccomp\"}", 2);
	assert_sum(text, "ringfence_page_faults_total{group=\"load\",mode=\"user\"}", 20);
	assert_sum(text, "ringfence_page_faults_total{group=\"load\",mode=\"kernel\"}", 1);
	assert_sum(text, "ringfence_page_faults_resolved_total{group=\"load\",kind=\"minor\"}", 19);
	assert_sum(text, "ringfence_page_faults_resolved_total{group=\"load\",kind=\"major\"}", 2);
	assert_non_null(strstr(
		text,
		"ringfence_time_seconds_total{group=\"load\",state=\"kernel\"} 2.500000000\n"));
	assert_non_null(strstr(
		text,
		"ringfence_time_seconds_total{group=\"load\",state=\"waiting\"} 0.000000001\n"));
	free(text);
	rf_series_free(s);
}

static void buckets(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(2, 4, 10));
	uint64_t e = introduce(l, 7, 100, "load");
	char *text;

	/* a duration of exactly a bound is in the bucket above */
	feed_calls(l, e, X86(39), 63, 1);
	feed_calls(l, e, X86(39), 64, 1);
	feed_calls(l, e, X86(39), 255, 1);
	feed_calls(l, e, X86(39), 10000000000, 1);
	feed_calls(l, e, X86(39), 100000000000, 1);
	add(s, l, 1);
	text = text_of(s, false);
#define BUCKET(le) "ringfence_call_duration_seconds_bucket{call=\"getpid\",le=\"" le "\"}"
	assert_sum(text, BUCKET("6.4e-08"), 1);
	assert_sum(text, BUCKET("2.56e-07"), 3);
	assert_sum(text, BUCKET("4.294967296"), 3);
	assert_sum(text, BUCKET("17.179869184"), 4);
	assert_sum(text, BUCKET("+Inf"), 5);
	assert_sum(text, "ringfence_call_duration_seconds_count{call=\"getpid\"}", 5);
	assert_non_null(strstr(
		text, "ringfence_call_duration_seconds_sum{call=\"getpid\"} 110.000000382\n"));
	free(text);
	rf_series_free(s);
}

static void durations_by_group(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series_options o = {
		.groups = 1, .calls = 4, .fixed = RF_PROMETHEUS_FIXED, .durations_by_group = true
	};
	struct rf_series *s;
	char *text;

	/* room for one histogram that is not set aside, and four counters */
	o.max_series = rf_series_least(&o) + RF_SERIES_PER_HISTOGRAM + 4;
	s = new_series(o);
	for (uint32_t pid = 1; pid < 3; pid++) {
		uint64_t e = introduce(l, pid, 100, pid == 1 ? "first" : "second");

		feed_calls(l, e, X86(39), 100, 10 / pid);
		feed_calls(l, e, X86(1), 200, 4);
	}
	add(s, l, 1);
	text = text_of(s, false);
	assert_true(samples_in(text) <= o.max_series);
#define COUNT_OF(labels) "ringfence_call_duration_seconds_count{" labels "}"
	assert_sum(text, COUNT_OF("group=\"first\",call=\"write\""), 4);
	assert_sum(text, COUNT_OF("group=\"first\",call=\"other\""), 10);
	assert_sum(text, COUNT_OF("group=\"other\",call=\"other\""), 9);
	assert_sum(text, "ringfence_call_duration_seconds_count{", 23);
	free(text);
	rf_series_free(s);
}

/* "other" keeps what it has counted when a group gets a place, and a group its place. */
static void in_and_out_of_the_top(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(2, 4, 100));
	uint64_t big = introduce(l, 1, 100, "big"), small = introduce(l, 2, 100, "small"), other;
	char *text;

	feed_calls(l, big, X86(39), 100, 100);
	feed_calls(l, small, X86(39), 100, 1);
	add(s, l, 1);
	feed_calls(l, small, X86(39), 100, 10);
	add(s, l, 2);
	text = text_of(s, false);
	assert_sum(text, "ringfence_calls_total{group=\"big\",", 100);
	assert_sum(text, "ringfence_calls_total{group=\"small\",", -1);
	assert_sum(text, "ringfence_calls_total{group=\"other\",", 11);
	free(text);
	feed_calls(l, small, X86(39), 100, 1000);
	add(s, l, 3);
	/* a name that is taken */
	other = introduce(l, 3, 100, "other");
	feed_calls(l, other, X86(39), 100, 5);
	add(s, l, 4);
	text = text_of(s, false);
	assert_sum(text, "ringfence_calls_total{group=\"big\",", 100);
	assert_sum(text, "ringfence_calls_total{group=\"small\",", 1000);
	assert_sum(text, "ringfence_calls_total{group=\"other\",", 16);
	assert_sum(text, "ringfence_crossings_total{", 1116);
	free(text);
	rf_series_free(s);
}

/* A place of the second half takes three periods, however many intervals they have. */
static void a_period_counts_once(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(2, 4, 10));
	uint64_t big = introduce(l, 1, 100, "big"), small = introduce(l, 2, 100, "small");

	for (uint64_t i = 0; i < 5; i++) {
		feed_calls(l, big, X86(39), 100, 100);
		feed_calls(l, small, X86(39), 100, 1);
		add(s, l, 1);
	}
	assert_int_equal(rf_series_nr_groups(s), 2);
	for (uint64_t period = 2; period <= 3; period++) {
		feed_calls(l, small, X86(39), 100, 1);
		add(s, l, period);
		assert_int_equal(rf_series_nr_groups(s), period);
	}
	rf_series_free(s);
}

static void all_at_sight(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series_options o = options(20, 20, 400);
	struct rf_series *s;

	o.at_sight = true;
	s = new_series(o);
	for (uint32_t i = 0; i < 30; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "group-%u", i);
		feed_calls(l, introduce(l, 10 + i, 100, comm), X86(i), 100, i + 1);
	}
	add(s, l, 1);
	assert_int_equal(rf_series_nr_groups(s), 21);
	assert_int_equal(rf_series_nr_calls(s), 21);
	/* the busiest */
	assert_string_equal(rf_series_group(s, 1)->label, "group-29");
	assert_string_equal(rf_series_group(s, 20)->label, "group-10");
	rf_series_free(s);
}

/* As feed_exit(), but under the name that it had. */
static void leave(struct rf_ledger *l, uint32_t pid, uint64_t start_ns, const char *comm)
{
	struct rf_process_rec p = process_rec(RF_REC_EXIT, pid, start_ns, UINT64_MAX / 2, comm);

	assert_int_equal(feed_process_rec(l, &p), 0);
}

static uint32_t seed = 12345;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

struct expected {
	uint64_t violations, calls, failed, faults, user_ns, denied, timed, duration_ns;
};

/* One interval of processes that come, do something, and mostly go. */
static void random_interval(struct rf_ledger *l, struct expected *sum, uint32_t names)
{
	for (unsigned int i = 0; i < 30; i++) {
		uint32_t pid = 100 + roll(5000), start = 1000 + roll(1000), n = 1 + roll(1000);
		uint16_t err = (uint16_t)(1 + roll(40));
		uint32_t call = X86(roll(300));
		char comm[16];
		uint64_t e;

		snprintf(comm, sizeof(comm), "name-%u", roll(names));
		e = introduce(l, pid, start, comm);
		feed_calls(l, e, call, 1 + roll(100000), n);
		feed_errnos(l, e, call, err, 0, n / 2);
		feed_faults(l, e, n, 2, n + 1, 1);
		feed_times(l, e, n, 0, 0);
		if (roll(4))
			leave(l, pid, start, comm);
	}
	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++) {
		const struct rf_process *p = rf_ledger_process(l, i);

		sum->calls += p->calls;
		sum->failed += p->failed;
		sum->faults += p->faults.user + p->faults.kernel;
		sum->denied += p->denied;
		for (size_t j = 0; j < p->nr_cells; j++) {
			sum->timed += p->cells[j]->hist.total;
			sum->duration_ns += p->cells[j]->total_ns;
		}
	}
}

static void random_violations(struct rf_series *s, struct expected *sum, uint64_t period)
{
	for (unsigned int i = 0; i < 3; i++) {
		char label[RF_SERIES_LABEL];
		uint16_t kind = RF_SERIES_VIOLATION(roll(RF_CAUSE_COUNT), 1 + roll(3));

		snprintf(label, sizeof(label), "name-%u", roll(60));
		if (!roll(2))
			assert_int_equal(rf_series_prefer(s, label, period), 0);
		assert_int_equal(rf_series_count(s, RF_SERIES_VIOLATIONS, label, kind, 2), 0);
		sum->violations += 2;
	}
}

static void churn(void **state, bool by_group)
{
	struct rf_ledger *l = *state;
	struct rf_series_options o = options(12, 12, 150);
	struct expected sum = { 0 };
	struct samples before = { 0 };
	struct rf_series *s;

	o.durations_by_group = by_group;
	o.max_series = rf_series_least(&o) + 150;
	s = new_series(o);
	for (uint64_t i = 1; i <= 300; i++) {
		struct samples now;
		char *text;

		random_interval(l, &sum, i < 100 ? 8 : 60);
		random_violations(s, &sum, i);
		add(s, l, i);
		text = text_of(s, i & 1);
		assert_true(samples_in(text) <= o.max_series);
		assert_true(samples_in(text) <= rf_series_samples(s));
		assert_sum(text, "ringfence_crossings_total{", sum.calls + sum.faults);
		assert_sum(text, "ringfence_calls_total{", sum.calls);
		assert_sum(text, "ringfence_call_failures_total{", sum.failed);
		assert_sum(text, "ringfence_denied_total{", sum.denied);
		assert_sum(text, "ringfence_violations_total{", sum.violations);
		assert_sum(text, "ringfence_page_faults_total{", sum.faults);
		assert_sum(text, "ringfence_page_faults_resolved_total{", sum.faults);
		assert_sum(text, "ringfence_call_duration_seconds_count{", sum.timed);
		now = parse(text);
		assert_risen(&before, &now);
		samples_free(&before);
		before = now;
		free(text);
	}
	/* the bound was reached, or none of this was shown */
	assert_int_equal(rf_series_nr_groups(s), 13);
	assert_true(rf_series_samples(s) > o.max_series - RF_SERIES_PER_HISTOGRAM - 15);
	samples_free(&before);
	rf_series_free(s);
}

static void sums_and_no_fall(void **state)
{
	churn(state, false);
}

static void sums_and_no_fall_by_group(void **state)
{
	churn(state, true);
}

/* 100,000 names in a storm: the bound holds, memory too, and whoever stays gets in all the same. */
static void storm(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series_options o = options(16, 16, 60);
	struct rf_series *s = new_series(o);
	size_t held = 0;
	char *text;

	for (uint64_t i = 1; i <= 200; i++) {
		for (uint32_t j = 0; j < 500; j++) {
			uint32_t pid = 100 + (uint32_t)i * 500 + j;
			char comm[16];
			uint64_t e;

			snprintf(comm, sizeof(comm), "%08x%04x", roll(1u << 24), j);
			e = introduce(l, pid, 1000, comm);
			feed_calls(l, e, X86(roll(400)), 100, 10);
			leave(l, pid, 1000, comm);
		}
		if (i > 150)
			feed_calls(l, introduce(l, 50, 1000, "steady"), X86(39), 100, 50);
		add(s, l, i);
		/* the ledger keeps names of the dead up to a number of its own */
		if (i == 60)
			held = mallinfo2().uordblks;
	}
	assert_true(mallinfo2().uordblks <= held + 4096);
	text = text_of(s, false);
	assert_true(samples_in(text) <= o.max_series);
	assert_int_equal(rf_series_nr_groups(s), 1 + 8 + 1);
	assert_sum(text, "ringfence_crossings_total{group=\"steady\",kind=\"call\"}", 48 * 50);
	assert_sum(text, "ringfence_calls_total{", 200 * 500 * 10 + 50 * 50);
	free(text);
	rf_series_free(s);
}

/* Two hours of sweeps and more. */
static void ten_thousand_intervals(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series_options o = options(12, 12, 100);
	struct rf_series *s = new_series(o);
	struct expected sum = { 0 };
	size_t held = 0;
	char *text;

	for (uint64_t i = 1; i <= 10000; i++) {
		random_interval(l, &sum, 200);
		/* those that did not go, so that it is the series that are measured */
		for (size_t j = 0; j < rf_ledger_nr_processes(l); j++) {
			const struct rf_process *p = rf_ledger_process(l, j);

			if (!p->exited)
				leave(l, p->tgid, p->start_ns, p->comm);
		}
		add(s, l, i);
		if (i == 1000)
			held = mallinfo2().uordblks;
	}
	assert_true(mallinfo2().uordblks <= held + 16384);
	text = text_of(s, false);
	assert_true(samples_in(text) <= o.max_series);
	assert_sum(text, "ringfence_calls_total{", sum.calls);
	assert_sum(text, "ringfence_call_duration_seconds_count{", sum.timed);
	free(text);
	rf_series_free(s);
}

static void hostile_names(void **state)
{
	static const char *const comms[] = { "quo\"te",     "back\\slash",
		                             "new\nline",   "bad\xff\xfeutf",
		                             "} 1\nforged", "caf\xc3\xa9",
		                             "\x1b[31mred", "" };
	static const char *const labels[] = {
		"quo\\\"te",           "back\\\\slash",
		"new\\nline",          "bad\xef\xbf\xbd\xef\xbf\xbdutf",
		"} 1\\nforged",        "caf\xc3\xa9",
		"\xef\xbf\xbd[31mred", ""
	};
	struct rf_ledger *l = *state;
	struct rf_series_options o = options(20, 20, 100);
	struct rf_series *s;
	char *text;

	o.at_sight = true;
	s = new_series(o);
	for (uint32_t i = 0; i < sizeof(comms) / sizeof(comms[0]); i++)
		feed_calls(l, introduce(l, 10 + i, 100, comms[i]), X86(39), 100, i + 1);
	add(s, l, 1);
	text = text_of(s, false);
	for (uint32_t i = 0; i < sizeof(comms) / sizeof(comms[0]); i++) {
		char line[200];

		snprintf(line, sizeof(line),
		         "\nringfence_calls_total{group=\"%s\",call=\"getpid\"} %u\n", labels[i],
		         i + 1);
		assert_non_null(strstr(text, line));
	}
	assert_null(strstr(text, "\nforged"));
	free(text);
	rf_series_free(s);
}

static void formats(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(4, 4, 100));
	char *text, *open;

	feed_calls(l, introduce(l, 1, 100, "load"), X86(39), 100, 1);
	add(s, l, 1);
	text = text_of(s, false);
	open = text_of(s, true);
	assert_non_null(strstr(text, "# TYPE ringfence_calls_total counter\n"));
	assert_non_null(strstr(text, "# TYPE ringfence_build_info gauge\n"));
	assert_null(strstr(text, "# EOF"));
	assert_non_null(strstr(open, "# TYPE ringfence_calls counter\n"));
	assert_non_null(strstr(open, "# HELP ringfence_calls System"));
	assert_non_null(strstr(open, "\nringfence_calls_total{"));
	assert_non_null(strstr(open, "# TYPE ringfence_build info\n"));
	assert_non_null(
		strstr(open, "\nringfence_build_info{version=\"1\",group_by=\"comm\"} 1\n"));
	assert_string_equal(open + strlen(open) - 6, "# EOF\n");
	assert_int_equal(samples_in(text), samples_in(open));
	free(text);
	free(open);
	rf_series_free(s);
}

static void violations(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series_options o = options(2, 4, 2);
	struct rf_series *s = new_series(o);
	uint16_t kind = RF_SERIES_VIOLATION(RF_CAUSE_NULL_PAGE, RF_OUTCOME_KILLED);
	char *text;

	/* who crashes comes before who crosses */
	assert_int_equal(rf_series_prefer(s, "crash", 1), 0);
	feed_calls(l, introduce(l, 1, 100, "busy"), X86(39), 100, 100);
	add(s, l, 1);
	assert_int_equal(rf_series_count(s, RF_SERIES_VIOLATIONS, "crash", kind, 3), 0);
	assert_int_equal(rf_series_count(s, RF_SERIES_VIOLATIONS, "busy", kind, 1), 0);
	assert_int_equal(
		rf_series_count(s, RF_SERIES_CAPABILITIES, "crash", RF_SERIES_CAPABILITY(21), 7),
		0);
	assert_int_equal(rf_series_prefer(s, "other", 2), 0);
	text = text_of(s, false);
	assert_sum(
		text,
		"ringfence_violations_total{group=\"crash\",cause=\"null-page\",outcome=\"killed\"}",
		3);
	/* there were two series left, and one is that of a call */
	assert_sum(text,
	           "ringfence_violations_total{group=\"other\",cause=\"other\",outcome=\"other\"}",
	           1);
	assert_sum(text,
	           "ringfence_capabilities_missing_total{group=\"crash\",capability=\"other\"}", 7);
	assert_int_equal(rf_series_nr_groups(s), 2);
	free(text);
	rf_series_free(s);
	s = new_series(o);
	assert_int_equal(
		rf_series_count(s, RF_SERIES_CAPABILITIES, "x", RF_SERIES_CAPABILITY(21), 7), 0);
	text = text_of(s, false);
	assert_sum(
		text,
		"ringfence_capabilities_missing_total{group=\"other\",capability=\"CAP_SYS_ADMIN\"}",
		7);
	free(text);
	rf_series_free(s);
}

static void accounting(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(4, 4, 100));
	uint64_t e = introduce(l, 1, 100, "load");
	char *text;

	rf_ledger_start(l, 0);
	feed_calls(l, e, X86(39), 100, 8);
	feed_counts(l, .entered = 13, .finished = 13, .lost = { 2, 0, 0 }, .lost_errnos = 4,
	            .lost_records = 3, .evicted = 1);
	rf_ledger_set_skipped(l, 7);
	add(s, l, 1);
	/* more was booked than was seen */
	feed_calls(l, e, X86(39), 100, 5);
	feed_counts(l, .entered = 2, .finished = 2);
	add(s, l, 2);
	text = text_of(s, false);
	assert_sum(text, "ringfence_crossings_seen_total ", 13 + 7 + 2);
	assert_sum(text, "ringfence_crossings_attributed_total ", 13);
	assert_sum(text, "ringfence_crossings_lost_total{reason=\"cell\"}", 2);
	assert_sum(text, "ringfence_crossings_lost_total{reason=\"state\"}", 0);
	assert_sum(text, "ringfence_crossings_lost_total{reason=\"skipped\"}", 7);
	assert_sum(text, "ringfence_crossings_lost_total{reason=\"unexplained\"}", 3);
	assert_sum(text, "ringfence_crossings_overattributed_total ", 3);
	assert_sum(text, "ringfence_errnos_lost_total ", 4);
	assert_sum(text, "ringfence_records_lost_total ", 3);
	assert_sum(text, "ringfence_cells_evicted_total ", 1);
	assert_non_null(strstr(text, "\nringfence_observed_seconds_total 0.000002000\n"));
	free(text);
	rf_series_free(s);
}

/* Time of a process that is already forgotten has no name, and is not lost. */
static void late_time(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_series *s = new_series(options(4, 4, 100));
	uint64_t e = introduce(l, 1, 100, "gone");
	char *text;

	feed_calls(l, e, X86(39), 100, 1);
	feed_exit(l, 1, 100, 0);
	add(s, l, 1);
	feed_times(l, e, 3000000000, 0, 0);
	add(s, l, 2);
	text = text_of(s, false);
	assert_sum(text, "ringfence_time_seconds_total{group=\"other\",state=\"user\"}", 3);
	free(text);
	rf_series_free(s);
}

static void too_small(void **state)
{
	struct rf_series_options o = options(4, 4, 0);

	rf_series_free(new_series(o));
	o.max_series--;
	assert_null(rf_series_new(&o));
}

/* What the view writes whatever was measured is what it says it is at most. */
static void fixed_samples(void **state)
{
	struct rf_series_options o = { .fixed = RF_PROMETHEUS_FIXED };
	struct rf_series *s;
	char *text;

	o.max_series = rf_series_least(&o);
	s = new_series(o);
	text = text_of(s, false);
	assert_true(samples_in(text) <= rf_series_samples(s));
	assert_true(samples_in(text) + 10 > rf_series_samples(s));
	free(text);
	rf_series_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ledger_test(known_counts),
		ledger_test(buckets),
		ledger_test(durations_by_group),
		ledger_test(in_and_out_of_the_top),
		ledger_test(a_period_counts_once),
		ledger_test(all_at_sight),
		ledger_test(sums_and_no_fall),
		ledger_test(sums_and_no_fall_by_group),
		ledger_test(storm),
		ledger_test(ten_thousand_intervals),
		ledger_test(hostile_names),
		ledger_test(formats),
		ledger_test(violations),
		ledger_test(accounting),
		ledger_test(late_time),
		cmocka_unit_test(too_small),
		cmocka_unit_test(fixed_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
