// SPDX-License-Identifier: GPL-2.0-or-later
/* src/views/check_*.c: what check prints, from hosts made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "views/check_view.h"

/* A host that lacks these, and nothing else. */
static void host_without(struct rf_host *host, unsigned int missing)
{
	struct rf_finding found[RF_FEATURE_COUNT] = { 0 };

	memset(host, 0, sizeof(*host));
	snprintf(host->kernel, sizeof(host->kernel), "6.1.0-40-amd64");
	snprintf(host->machine, sizeof(host->machine), "x86_64");
	snprintf(host->lockdown, sizeof(host->lockdown), "none");
	host->cpus = 4;
	host->map_bytes = 3 << 19;
	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		found[f].found = missing >> f & 1 ? RF_FOUND_NO : RF_FOUND_YES;
		found[f].tried = true;
	}
	rf_host_judge(host, found);
}

static char *render(void (*view)(FILE *, const struct rf_host *), const struct rf_host *host)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	view(out, host);
	assert_int_equal(fclose(out), 0);
	return text;
}

static json_t *parse(const struct rf_host *host)
{
	__free char *text = render(rf_view_check_json, host);
	json_error_t err;
	json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, &err);

	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "schema")), "ringfence.check/1");
	return doc;
}

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_t *verb(json_t *doc, enum rf_verb_id v)
{
	return json_array_get(json_object_get(doc, "verbs"), v);
}

static void json_carries_the_host(void **state)
{
	struct rf_host host;
	json_t *doc, *h;

	host_without(&host, 0);
	doc = parse(&host);
	h = json_object_get(doc, "host");
	assert_string_equal(text_of(h, "kernel"), "6.1.0-40-amd64");
	assert_string_equal(text_of(h, "machine"), "x86_64");
	assert_string_equal(text_of(h, "lockdown"), "none");
	assert_string_equal(text_of(h, "lockdown_note"), "");
	assert_int_equal(json_integer_value(json_object_get(h, "cpus")), 4);
	assert_int_equal(json_integer_value(json_object_get(h, "map_bytes")), 3 << 19);
	assert_int_equal(json_array_size(json_object_get(doc, "features")), RF_FEATURE_COUNT);
	assert_int_equal(json_array_size(json_object_get(doc, "verbs")), RF_VERB_COUNT);
	json_decref(doc);
}

static void json_tells_what_a_verb_goes_without(void **state)
{
	struct rf_host host;
	json_t *doc, *stat, *without;

	host_without(&host, 1U << RF_FEATURE_TASK_STORAGE | 1U << RF_FEATURE_PF_TRACEPOINTS);
	doc = parse(&host);
	stat = verb(doc, RF_VERB_STAT);
	without = json_object_get(stat, "without");
	assert_string_equal(text_of(stat, "verdict"), "coarser");
	assert_true(json_is_null(json_object_get(stat, "blocker")));
	assert_int_equal(json_array_size(without), 2);
	assert_string_equal(json_string_value(json_array_get(without, 0)), "task_storage");
	assert_string_equal(json_string_value(json_array_get(without, 1)),
	                    "page_fault_tracepoints");
	assert_string_equal(text_of(verb(doc, RF_VERB_REPORT), "verdict"), "runs");
	json_decref(doc);
}

static void json_names_the_blocker(void **state)
{
	struct rf_host host;
	json_t *doc, *stat, *btf;

	host_without(&host, 1U << RF_FEATURE_BTF);
	doc = parse(&host);
	stat = verb(doc, RF_VERB_STAT);
	btf = json_array_get(json_object_get(doc, "features"), RF_FEATURE_BTF);
	assert_string_equal(text_of(stat, "verdict"), "cannot-run");
	assert_string_equal(text_of(stat, "blocker"), "btf");
	assert_string_equal(text_of(stat, "reason"), host.features[RF_FEATURE_BTF].detail);
	assert_string_equal(text_of(stat, "remedy"), host.features[RF_FEATURE_BTF].remedy);
	assert_string_equal(text_of(btf, "verdict"), "missing");
	json_decref(doc);
}

static void json_marks_a_verb_that_is_not_built(void **state)
{
	struct rf_host host;
	json_t *doc;

	host_without(&host, 0);
	host.verbs[RF_VERB_LAB].verdict = RF_VERB_NOT_BUILT;
	doc = parse(&host);
	assert_string_equal(text_of(verb(doc, RF_VERB_LAB), "verdict"), "not-built");
	json_decref(doc);
}

static void assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void table_of_a_whole_host(void **state)
{
	struct rf_host host;

	host_without(&host, 0);
	__free char *text = render(rf_view_check_table, &host);
	assert_line(text, "Kernel 6.1.0-40-amd64 on x86_64, 4 CPUs. Lockdown: none.");
	assert_line(text, "Maps take 1.5 MiB of kernel memory by default.");
	assert_line(text,
	            "btf                     present  the kernel's own description of its types");
	assert_line(text, "stat    runs");
}

static void table_joins_what_is_coarser(void **state)
{
	struct rf_host host;

	host_without(&host, 1U << RF_FEATURE_TASK_PT_REGS | 1U << RF_FEATURE_PF_EVENTS);
	__free char *text = render(rf_view_check_table, &host);
	assert_line(text,
	            "stat    runs, coarser: the registers are looked for on the thread's stack; "
	            "page faults are not split into minor and major");
	assert_line(text, "task_pt_regs            absent   the kernel has no bpf_task_pt_regs(): "
	                  "the registers are looked for on the thread's stack");
}

static void table_gives_the_reason_and_the_remedy(void **state)
{
	struct rf_host host;

	host_without(&host, 1U << RF_FEATURE_BTF);
	host.features[RF_FEATURE_TP_SYS].tried = false;
	host.verbs[RF_VERB_TOP].verdict = RF_VERB_NOT_BUILT;
	__free char *text = render(rf_view_check_table, &host);
	assert_line(text,
	            "stat    cannot run: the kernel has no BTF (/sys/kernel/btf/vmlinux): use "
	            "a kernel built with CONFIG_DEBUG_INFO_BTF");
	assert_line(text, "btf                     MISSING  the kernel has no BTF "
	                  "(/sys/kernel/btf/vmlinux): use a kernel built with "
	                  "CONFIG_DEBUG_INFO_BTF");
	assert_line(text, "top     not in this build");
	assert_non_null(strstr(text, "sys_exit) (not tried)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_carries_the_host),
		cmocka_unit_test(json_tells_what_a_verb_goes_without),
		cmocka_unit_test(json_names_the_blocker),
		cmocka_unit_test(json_marks_a_verb_that_is_not_built),
		cmocka_unit_test(table_of_a_whole_host),
		cmocka_unit_test(table_joins_what_is_coarser),
		cmocka_unit_test(table_gives_the_reason_and_the_remedy),
	};

	return cmocka_run_group_tests_name("check_view", tests, NULL, NULL);
}
