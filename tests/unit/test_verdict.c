// SPDX-License-Identifier: GPL-2.0-or-later
/* src/probe/verdict.c: from what was found to what runs. Nothing here touches the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "probe/detect.h"

#define BIT(f) (1U << (f))

static const enum rf_feature required[] = {
	RF_FEATURE_ROOT,    RF_FEATURE_BPF,       RF_FEATURE_BTF,
	RF_FEATURE_MEMLOCK, RF_FEATURE_TP_SYS,    RF_FEATURE_TP_SCHED,
	RF_FEATURE_RINGBUF, RF_FEATURE_TASK_ITER, RF_FEATURE_MEMBARRIER,
};
#define NR_REQUIRED (sizeof(required) / sizeof(*required))

static void find_all(struct rf_finding *found)
{
	memset(found, 0, RF_FEATURE_COUNT * sizeof(*found));
	for (int f = 0; f < RF_FEATURE_COUNT; f++)
		found[f] = (struct rf_finding){ .found = RF_FOUND_YES, .tried = true };
}

/* A host that has everything but these. */
static void judge_without(struct rf_host *host, unsigned int missing)
{
	struct rf_finding found[RF_FEATURE_COUNT];

	memset(host, 0, sizeof(*host));
	find_all(found);
	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		if (missing & BIT(f))
			found[f].found = RF_FOUND_NO;
	}
	rf_host_judge(host, found);
}

static bool is_required(enum rf_feature f)
{
	for (size_t i = 0; i < NR_REQUIRED; i++) {
		if (required[i] == f)
			return true;
	}
	return false;
}

static void with_everything_every_verb_runs(void **state)
{
	struct rf_host host;

	judge_without(&host, 0);
	assert_null(rf_host_blocker(&host));
	for (int v = 0; v < RF_VERB_COUNT; v++) {
		assert_int_equal(host.verbs[v].verdict, RF_VERB_RUNS);
		assert_int_equal(host.verbs[v].without, 0);
		assert_non_null(host.verbs[v].name);
	}
	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		assert_int_equal(host.features[f].verdict, RF_FEATURE_PRESENT);
		assert_true(rf_host_has(&host, (enum rf_feature)f));
		assert_string_equal(host.features[f].remedy, "");
		assert_true(host.features[f].name[0] && host.features[f].what[0]);
	}
}

static void each_required_feature_stops_every_live_verb(void **state)
{
	struct rf_host host;

	for (size_t i = 0; i < NR_REQUIRED; i++) {
		judge_without(&host, BIT(required[i]));
		assert_int_equal(host.features[required[i]].verdict, RF_FEATURE_ABSENT_REQUIRED);
		assert_ptr_equal(rf_host_blocker(&host), &host.features[required[i]]);
		for (int v = 0; v < RF_VERB_COUNT; v++) {
			if (v == RF_VERB_REPORT) {
				assert_int_equal(host.verbs[v].verdict, RF_VERB_RUNS);
				continue;
			}
			assert_int_equal(host.verbs[v].verdict, RF_VERB_CANNOT);
			assert_ptr_equal(rf_verb_blocker(&host, (enum rf_verb_id)v),
			                 &host.features[required[i]]);
		}
	}
}

static void each_other_feature_stops_no_count(void **state)
{
	struct rf_host host;

	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		if (is_required((enum rf_feature)f))
			continue;
		judge_without(&host, BIT(f));
		assert_int_equal(host.features[f].verdict, RF_FEATURE_ABSENT_OPTIONAL);
		assert_false(rf_host_has(&host, (enum rf_feature)f));
		assert_null(rf_host_blocker(&host));
	}
}

/* No reason without a remedy, or the reader is left standing there. */
static void every_absence_has_a_reason_and_a_remedy_in_one_line(void **state)
{
	struct rf_host host;
	char line[400];

	judge_without(&host, ~0U);
	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		assert_true(host.features[f].detail[0] && host.features[f].remedy[0]);
		rf_feature_explain(&host.features[f], line, sizeof(line));
		assert_null(strchr(line, '\n'));
		assert_int_equal(strlen(line), strlen(host.features[f].detail) + 2 +
		                                       strlen(host.features[f].remedy));
		/* nothing was cut */
		assert_true(strlen(host.features[f].detail) < sizeof(host.features[f].detail) - 1);
		assert_true(strlen(host.features[f].remedy) < sizeof(host.features[f].remedy) - 1);
	}
}

static void names_are_distinct(void **state)
{
	struct rf_host host;

	judge_without(&host, 0);
	for (int a = 0; a < RF_FEATURE_COUNT; a++) {
		for (int b = 0; b < a; b++)
			assert_string_not_equal(host.features[a].name, host.features[b].name);
	}
}

static void faults_and_lab_need_signals_and_the_rest_does_not(void **state)
{
	struct rf_host host;

	judge_without(&host, BIT(RF_FEATURE_SIGNAL_GENERATE));
	for (int v = 0; v < RF_VERB_COUNT; v++) {
		enum rf_verb_verdict want = RF_VERB_RUNS;

		if (v == RF_VERB_FAULTS || v == RF_VERB_LAB)
			want = RF_VERB_CANNOT;
		else if (v == RF_VERB_EXPORT)
			want = RF_VERB_COARSER;
		assert_int_equal(host.verbs[v].verdict, want);
	}
	assert_ptr_equal(rf_verb_blocker(&host, RF_VERB_FAULTS),
	                 &host.features[RF_FEATURE_SIGNAL_GENERATE]);
	assert_null(rf_verb_blocker(&host, RF_VERB_STAT));
}

/* Debian's 5.10 on x86-64. */
static void without_task_storage_and_helpers_stat_is_coarser(void **state)
{
	const unsigned int missing = BIT(RF_FEATURE_TASK_STORAGE) | BIT(RF_FEATURE_TASK_BTF) |
	                             BIT(RF_FEATURE_TASK_PT_REGS) | BIT(RF_FEATURE_CAP_CAPABLE);
	const unsigned int isolation = BIT(RF_FEATURE_CAP_CAPABLE);
	struct rf_host host;

	judge_without(&host, missing);
	assert_int_equal(host.verbs[RF_VERB_STAT].verdict, RF_VERB_COARSER);
	assert_int_equal(host.verbs[RF_VERB_STAT].without, missing & ~isolation);
	assert_int_equal(host.verbs[RF_VERB_FAULTS].without, missing);
	assert_int_equal(host.verbs[RF_VERB_REPORT].verdict, RF_VERB_RUNS);
}

/* arm64: faults come from the software events alone, and are still counted. */
static void one_source_of_page_faults_stands_in_for_the_other(void **state)
{
	struct rf_host host;

	judge_without(&host, BIT(RF_FEATURE_PF_TRACEPOINTS));
	assert_non_null(strstr(host.features[RF_FEATURE_PF_TRACEPOINTS].remedy, "are counted"));
	judge_without(&host, BIT(RF_FEATURE_PF_EVENTS));
	assert_non_null(strstr(host.features[RF_FEATURE_PF_EVENTS].remedy, "minor and major"));

	judge_without(&host, BIT(RF_FEATURE_PF_TRACEPOINTS) | BIT(RF_FEATURE_PF_EVENTS));
	assert_string_equal(host.features[RF_FEATURE_PF_TRACEPOINTS].remedy,
	                    "page faults are not counted");
	assert_string_equal(host.features[RF_FEATURE_PF_EVENTS].remedy,
	                    "page faults are not counted");
	assert_int_equal(host.verbs[RF_VERB_STAT].verdict, RF_VERB_COARSER);
}

static void the_first_absence_is_the_reason(void **state)
{
	struct rf_host host;

	judge_without(&host, BIT(RF_FEATURE_TP_SYS) | BIT(RF_FEATURE_BTF) | BIT(RF_FEATURE_OOM));
	assert_ptr_equal(rf_host_blocker(&host), &host.features[RF_FEATURE_BTF]);
}

/* What could not be tried counts as absent, but never hides the absence that explains it. */
static void unknown_blocks_behind_every_absence(void **state)
{
	struct rf_finding found[RF_FEATURE_COUNT];
	struct rf_host host = { 0 };

	find_all(found);
	found[RF_FEATURE_BPF] = (struct rf_finding){ .found = RF_FOUND_UNKNOWN };
	rf_host_judge(&host, found);
	assert_int_equal(host.features[RF_FEATURE_BPF].verdict, RF_FEATURE_UNKNOWN);
	assert_false(rf_host_has(&host, RF_FEATURE_BPF));
	assert_ptr_equal(rf_host_blocker(&host), &host.features[RF_FEATURE_BPF]);
	assert_true(host.features[RF_FEATURE_BPF].detail[0]);

	found[RF_FEATURE_RINGBUF].found = RF_FOUND_NO;
	rf_host_judge(&host, found);
	assert_ptr_equal(rf_host_blocker(&host), &host.features[RF_FEATURE_RINGBUF]);
}

static void a_cause_of_its_own_has_its_own_words(void **state)
{
	struct rf_finding found[RF_FEATURE_COUNT];
	struct rf_host host = { 0 };
	char line[400];

	find_all(found);
	found[RF_FEATURE_BPF] = (struct rf_finding){
		.found = RF_FOUND_NO,
		.detail = "kernel lockdown is 'confidentiality'",
		.remedy = "boot without it",
	};
	rf_host_judge(&host, found);
	rf_feature_explain(rf_host_blocker(&host), line, sizeof(line));
	assert_string_equal(line, "kernel lockdown is 'confidentiality': boot without it");
}

static void the_usual_words_are_those_of_the_manual(void **state)
{
	struct rf_host host;
	char line[400];

	judge_without(&host, BIT(RF_FEATURE_ROOT));
	rf_feature_explain(rf_host_blocker(&host), line, sizeof(line));
	assert_string_equal(line, "not enough privileges: run as root (sudo) or grant CAP_BPF, "
	                          "CAP_PERFMON and CAP_SYS_PTRACE");
	judge_without(&host, BIT(RF_FEATURE_BTF));
	rf_feature_explain(rf_host_blocker(&host), line, sizeof(line));
	assert_string_equal(line, "the kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel "
	                          "built with CONFIG_DEBUG_INFO_BTF");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_everything_every_verb_runs),
		cmocka_unit_test(each_required_feature_stops_every_live_verb),
		cmocka_unit_test(each_other_feature_stops_no_count),
		cmocka_unit_test(every_absence_has_a_reason_and_a_remedy_in_one_line),
		cmocka_unit_test(names_are_distinct),
		cmocka_unit_test(faults_and_lab_need_signals_and_the_rest_does_not),
		cmocka_unit_test(without_task_storage_and_helpers_stat_is_coarser),
		cmocka_unit_test(one_source_of_page_faults_stands_in_for_the_other),
		cmocka_unit_test(the_first_absence_is_the_reason),
		cmocka_unit_test(unknown_blocks_behind_every_absence),
		cmocka_unit_test(a_cause_of_its_own_has_its_own_words),
		cmocka_unit_test(the_usual_words_are_those_of_the_manual),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
