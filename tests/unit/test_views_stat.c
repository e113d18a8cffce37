// SPDX-License-Identifier: GPL-2.0-or-later
/* src/views/stat_*.c: what stat prints, from ledgers fed here. */
#include "ledger_feed.h"

#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rf_time.h"
#include "identity/errno.h"
#include "views/stat.h"

#define SEC RF_NSEC_PER_SEC
#define NR_READ 0
#define NR_OPENAT 257
#define NR_FUTEX 202

static const struct rf_style ascii80 = { .width = 80 };
static const struct rf_style utf80 = { .width = 80, .utf8 = true };
static const struct rf_style wide = { .width = 120, .utf8 = true };
static const struct rf_style colored = { .width = 120, .utf8 = true, .color = true };

static struct rf_stat_view view_of(const struct rf_ledger *l)
{
	return (struct rf_stat_view){ .ledger = l,
		                      .by = RF_BY_PROCESS,
		                      .sort = RF_SORT_CROSSINGS,
		                      .top = 20,
		                      .calls = 5,
		                      .target = "the whole host" };
}

static char *table(const struct rf_stat_view *v, const struct rf_style *style)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(rf_stat_table(out, v, style), 0);
	fclose(out);
	return text;
}

static char *other(const struct rf_stat_view *v, int (*view)(FILE *, const struct rf_stat_view *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(view(out, v), 0);
	fclose(out);
	return text;
}

/* A window of two seconds with two processes in it. */
static void feed_two(struct rf_ledger *l)
{
	uint64_t nginx = introduce(l, 4321, 1000000, "nginx");
	uint64_t cron = introduce(l, 77, 2000000, "cron");

	rf_ledger_start(l, 10 * SEC);
	feed_calls(l, nginx, X86(NR_READ), 2000, 300000);
	feed_calls(l, nginx, X86(NR_OPENAT), 5000, 15);
	feed_errnos(l, nginx, X86(NR_OPENAT), 2, 0, 10);
	feed_errnos(l, nginx, X86(NR_OPENAT), 13, 0, 3);
	feed_errnos(l, nginx, X86(NR_OPENAT), 1, RF_ERRNO_REFUSED, 2);
	feed_calls(l, nginx, RF_CALL(1, 3), 700, 4);
	feed_times(l, nginx, SEC, SEC / 2, SEC / 2);
	feed_faults(l, nginx, 12, 1, 11, 2);
	feed_calls(l, cron, X86(NR_READ), 40000000, 1);
	feed_times(l, cron, 0, 1000000, 999000000);
	feed_counts(l, .entered = 300020, .finished = 300020, .faults_user = 12,
	            .faults_kernel = 1);
	sweep(l, 12 * SEC, true);
}

static void check_table(const struct rf_stat_view *v, const struct rf_style *style,
                        const char *golden)
{
	__free char *text = table(v, style);

	assert_string_equal(text, golden);
}

static void table_utf8_80(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);

	feed_two(l);
	check_table(
		&v, &utf80,
		"ringfence stat: 2.00s of the whole host\n"
		"calls        300,020 (150k/s), 15 failed, 5 denied\n"
		"page faults  13 (6.50/s), 11 minor, 2 major\n"
		"time         user 1.00s, kernel 501ms, waiting 1.50s\n"
		"\n"
		" PID USER COMMAND CPU% USER% KERN% WAIT% CROSS/s FAILED DENIED MINOR MAJOR\n"
		"    CALL      CALLS OPEN    P50    P99    MAX  TOTAL WAIT% FAILED\n"
		"4321 1000 nginx     75    50    25    25    150k     15      5    11     2\n"
		"    read       300k    0 2.00µs 2.00µs 2.00µs  600ms     0\n"
		"    openat       15    0 5.00µs 5.00µs 5.00µs 75.0µs     0 15: ENOENT 10; EACCE…\n"
		"    read@i386     4    0  700ns  700ns  700ns 2.80µs     0\n"
		"  77 1000 cron     0.1     0   0.1   100    0.50      0      0     0     0\n"
		"    read          1    0 40.0ms 40.0ms 40.0ms 40.0ms     0\n"
		"\n"
		"seen 300,033 = attributed 300,033 + lost 0\n");
}

static void table_ascii_80(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__free char *text = NULL;

	feed_two(l);
	text = table(&v, &ascii80);
	assert_non_null(strstr(text, " 2.00us "));
	assert_non_null(strstr(text, "15: ENOENT 10; EACCE+\n"));
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
}

/* The wide table has what the narrow one left out. */
static void table_wide(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__free char *text = NULL;

	feed_two(l);
	v.interval = 3;
	v.top = 1;
	v.calls = 2;
	text = table(&v, &wide);
	assert_non_null(strstr(text, "ringfence stat: interval 3, 2.00s of the whole host\n"));
	assert_non_null(strstr(text, " CROSS/s CALLS/s FAILED DENIED MINOR MAJOR\n"));
	assert_non_null(strstr(text, "15: ENOENT 10; EACCES 3; EPERM refused 2\n"));
	assert_non_null(strstr(text, "\n1 more rows left out; --top 0 shows all\n"));
	assert_null(strstr(text, "cron"));
	assert_null(strstr(text, "i386"));
}

/* No line is wider than the terminal, and none ends in a blank, at any width. */
static void table_fits(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);

	feed_two(l);
	introduce(l, 4194303, 5000000, "fifteen-letters");
	feed_calls(l, entity_of(4194303, 5000000), X86(NR_FUTEX), 3, 99999);
	feed_errnos(l, entity_of(4194303, 5000000), X86(NR_FUTEX), 110, 0, 99999);
	feed_faults(l, entity_of(4194303, 5000000), 99999, 0, 99999, 99999);
	for (unsigned int width = 80; width < 130; width++) {
		struct rf_style style = { .width = width, .utf8 = true };
		__free char *text = table(&v, &style);
		char *rest = text, *line;

		while ((line = strsep(&rest, "\n"))) {
			assert_true(rf_text_width(line, true) <= width);
			assert_true(!*line || line[strlen(line) - 1] != ' ');
		}
	}
}

static void table_colors(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__free char *plain = NULL;
	__free char *text = NULL;
	char *to;

	feed_two(l);
	plain = table(&v, &wide);
	text = table(&v, &colored);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strstr(text, "\033[1mnginx\033[0m"));
	assert_non_null(strstr(text, "\033[31m15\033[0m"));
	/* and beside the colours nothing differs */
	to = text;
	for (const char *from = text; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(text, plain);
}

static void table_empty(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);

	rf_ledger_start(l, SEC);
	sweep(l, 2 * SEC, true);
	check_table(&v, &utf80,
	            "ringfence stat: 1.00s of the whole host\n"
	            "calls        0 (0/s), 0 failed, 0 denied\n"
	            "page faults  0 (0/s), 0 minor, 0 major\n"
	            "\n"
	            "PID USER COMMAND CPU% USER% KERN% WAIT% CROSS/s FAILED DENIED MINOR MAJOR\n"
	            "    CALL CALLS OPEN P50 P99 MAX TOTAL WAIT% FAILED\n"
	            "\n"
	            "seen 0 = attributed 0 + lost 0\n");
}

static void table_lost(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__free char *text = NULL;

	rf_ledger_start(l, SEC);
	feed_calls(l, introduce(l, 9, 1, "x"), X86(NR_READ), 100, 90);
	feed_counts(l, .entered = 12345, .finished = 12345,
	            .lost = { [RF_LOST_CELL] = 12000, [RF_LOST_STATE] = 255 }, .lost_errnos = 7,
	            .lost_records = 1234);
	rf_ledger_set_skipped(l, 5);
	sweep(l, 2 * SEC, true);
	text = table(&v, &wide);
	assert_non_null(strstr(text,
	                       "\nseen 12,350 = attributed 90 + lost 12,260 "
	                       "(cell 12,000, state 255, skipped 5)\n"
	                       "7 failures whose errno was lost: no room for it\n"
	                       "1,234 process events lost: names and exits may be missing\n"));
}

/* More attributed than seen is a defect, and is not hidden. */
static void table_unexplained(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__free char *text = NULL;
	__free char *json = NULL;

	rf_ledger_start(l, SEC);
	feed_calls(l, introduce(l, 9, 1, "x"), X86(NR_READ), 100, 2000);
	feed_counts(l, .entered = 500, .finished = 500);
	sweep(l, 2 * SEC, true);
	text = table(&v, &wide);
	assert_non_null(strstr(text, "seen 500 = attributed 2,000 + lost -1,500 "
	                             "(unexplained -1,500)\n"));
	json = other(&v, rf_stat_json);
	assert_non_null(strstr(json, "\"lost\":-1500,"));
}

static void table_by(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);

	feed_two(l);
	v.by = RF_BY_CALL;
	check_table(&v, &wide,
	            "ringfence stat: 2.00s of the whole host\n"
	            "calls        300,020 (150k/s), 15 failed, 5 denied\n"
	            "page faults  13 (6.50/s), 11 minor, 2 major\n"
	            "time         user 1.00s, kernel 501ms, waiting 1.50s\n"
	            "\n"
	            "CALL      PROCS CALLS/s CALLS OPEN    P50    P99    MAX  TOTAL WAIT% FAILED\n"
	            "read          2    150k  300k    0 2.02µs 2.05µs 40.0ms  640ms     0\n"
	            "openat        1    7.50    15    0 5.00µs 5.00µs 5.00µs 75.0µs     0 "
	            "15: ENOENT 10; EACCES 3; EPERM refused 2\n"
	            "read@i386     1    2.00     4    0  700ns  700ns  700ns 2.80µs     0\n"
	            "\n"
	            "seen 300,033 = attributed 300,033 + lost 0\n");
	v.by = RF_BY_USER;
	v.calls = 0;
	check_table(&v, &wide,
	            "ringfence stat: 2.00s of the whole host\n"
	            "calls        300,020 (150k/s), 15 failed, 5 denied\n"
	            "page faults  13 (6.50/s), 11 minor, 2 major\n"
	            "time         user 1.00s, kernel 501ms, waiting 1.50s\n"
	            "\n"
	            "USER PROCS CPU% USER% KERN% WAIT% CROSS/s CALLS/s FAILED DENIED MINOR MAJOR\n"
	            "1000     2   75    33    17    50    150k    150k     15      5    11     2\n"
	            "\n"
	            "seen 300,033 = attributed 300,033 + lost 0\n");
}

/* Names that a process may choose: two rows and their calls, whatever is in them. */
static void hostile_table(void **state)
{
	static const char *const names[] = { "a\nb\r\tc",
		                             "\033[31m\033[2J",
		                             "\xff\xc3\x28",
		                             "\"',;|\\",
		                             "\xe2\x80\xae"
		                             "evil",
		                             "",
		                             "\xe4\xb8\xad\xe6\x96\x87",
		                             "\xc2\x9b"
		                             "31m",
		                             "=1+1" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct rf_ledger *l = rf_ledger_new();
		struct rf_stat_view v = view_of(l);
		__free char *utf = NULL;
		__free char *ascii = NULL;
		size_t lines = 0;

		feed_calls(l, introduce(l, 5, 1, names[i]), X86(NR_READ), 100, 1);
		feed_counts(l, .entered = 1, .finished = 1);
		rf_ledger_start(l, SEC);
		sweep(l, 2 * SEC, true);
		utf = table(&v, &utf80);
		ascii = table(&v, &ascii80);
		for (const char *c = utf; *c; c++)
			lines += *c == '\n';
		assert_int_equal(lines, 10);
		assert_int_equal(mbstowcs(NULL, utf, 0) == (size_t)-1, 0);
		assert_null(strchr(utf, '\033'));
		assert_null(strstr(utf, "\xc2\x9b"));
		assert_null(strstr(utf, "\xe2\x80\xae"));
		for (const char *c = ascii; *c; c++)
			assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
		rf_ledger_free(l);
	}
}

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no number %s", key);
	return json_integer_value(value);
}

static const char *string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value)
		fail_msg("no string %s", key);
	return value;
}

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		fail_msg("%s at %d: %s", error.text, error.position, text);
	return root;
}

static void json_contract(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	const json_t *p, *c, *part;
	__free char *text = NULL;
	json_t *root;

	feed_two(l);
	assert_int_equal(rf_ledger_set_exe(l, entity_of(4321, 1000000), "/usr/sbin/nginx"), 0);
	feed_exit(l, 4321, 1000000, 9);
	text = other(&v, rf_stat_json);
	/* one line: NDJSON */
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	root = load(text);
	assert_string_equal(string(root, "schema"), "ringfence.stat/1");
	assert_int_equal(number(root, "window_ns"), 2 * SEC);
	assert_string_equal(string(root, "by"), "process");
	assert_null(json_object_get(root, "interval"));
	assert_int_equal(json_array_size(json_object_get(root, "processes")), 2);

	p = json_array_get(json_object_get(root, "processes"), 0);
	assert_int_equal(number(p, "pid"), 4321);
	assert_int_equal(number(p, "start_time_ns"), 1000000);
	assert_string_equal(string(p, "exe"), "/usr/sbin/nginx");
	assert_int_equal(number(p, "uid"), 1000);
	assert_string_equal(string(p, "cgroup"), "");
	assert_int_equal(number(p, "cgroup_id"), 77);
	assert_true(json_is_true(json_object_get(p, "exited")));
	assert_int_equal(number(json_object_get(p, "exit"), "status"), 9);
	assert_int_equal(number(p, "calls"), 300019);
	assert_int_equal(number(p, "failed"), 15);
	assert_int_equal(number(p, "denied"), 5);
	part = json_object_get(p, "page_faults");
	assert_int_equal(number(part, "user"), 12);
	assert_int_equal(number(part, "kernel"), 1);
	assert_int_equal(number(part, "minor"), 11);
	assert_int_equal(number(part, "major"), 2);
	part = json_object_get(p, "time_ns");
	assert_int_equal(number(part, "user"), SEC);
	assert_int_equal(number(part, "kernel"), SEC / 2);
	assert_int_equal(number(part, "waiting"), SEC / 2);

	assert_int_equal(json_array_size(json_object_get(p, "by_call")), 3);
	c = json_array_get(json_object_get(p, "by_call"), 1);
	assert_string_equal(string(c, "name"), "openat");
	assert_string_equal(string(c, "abi"), "x86_64");
	assert_int_equal(number(c, "nr"), NR_OPENAT);
	assert_int_equal(number(c, "calls"), 15);
	assert_int_equal(number(c, "failed"), 15);
	assert_int_equal(number(c, "refused"), 2);
	part = json_object_get(c, "errnos");
	assert_int_equal(json_object_size(part), 3);
	assert_int_equal(number(part, "ENOENT"), 10);
	assert_int_equal(number(part, "EACCES"), 3);
	assert_int_equal(number(part, "EPERM"), 2);
	assert_int_equal(number(c, "total_ns"), 75000);
	assert_int_equal(number(c, "min_ns"), 5000);
	assert_int_equal(number(c, "max_ns"), 5000);
	assert_int_equal(number(c, "p50_ns"), 5000);
	assert_int_equal(number(c, "p99_ns"), 5000);
	c = json_array_get(json_object_get(p, "by_call"), 2);
	assert_string_equal(string(c, "name"), "read");
	assert_string_equal(string(c, "abi"), "i386");

	part = json_object_get(root, "totals");
	assert_int_equal(number(part, "calls"), 300020);
	assert_int_equal(number(part, "failed"), 15);
	assert_int_equal(number(part, "page_faults"), 13);
	part = json_object_get(root, "accounting");
	assert_int_equal(number(part, "seen"), 300033);
	assert_int_equal(number(part, "attributed"), 300033);
	assert_int_equal(number(part, "lost"), 0);
	json_decref(root);
}

/* One errno, answered by the call and by seccomp: one key, or the object would hold it twice. */
static void json_refused(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	uint64_t e = introduce(l, 5, 1, "x");
	__free char *text = NULL;
	const json_t *c;
	json_t *root;

	rf_ledger_start(l, SEC);
	feed_calls(l, e, X86(NR_READ), 100, 10);
	feed_errnos(l, e, X86(NR_READ), 1, 0, 3);
	feed_errnos(l, e, X86(NR_READ), 1, RF_ERRNO_REFUSED, 4);
	feed_errnos(l, e, X86(NR_READ), 0, RF_ERRNO_REFUSED, 2);
	sweep(l, 2 * SEC, false);
	text = other(&v, rf_stat_json);
	root = load(text);
	c = json_array_get(json_object_get(root, "processes"), 0);
	c = json_array_get(json_object_get(c, "by_call"), 0);
	assert_int_equal(number(json_object_get(c, "errnos"), "EPERM"), 7);
	assert_int_equal(number(json_object_get(c, "errnos"), "SIGSYS"), 2);
	assert_int_equal(number(c, "refused"), 6);
	json_decref(root);
}

static void json_by_and_top(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	static const enum rf_by all[] = { RF_BY_THREAD, RF_BY_COMM, RF_BY_CGROUP, RF_BY_USER,
		                          RF_BY_CALL };

	feed_two(l);
	v.top = 1;
	v.interval = 4;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		__free char *text = NULL;
		const json_t *row;
		json_t *root;

		v.by = all[i];
		text = other(&v, rf_stat_json);
		root = load(text);
		assert_string_equal(string(root, "by"), rf_by_name(all[i]));
		assert_int_equal(number(root, "interval"), 4);
		assert_null(json_object_get(root, "processes"));
		assert_int_equal(json_array_size(json_object_get(root, "rows")), 1);
		row = json_array_get(json_object_get(root, "rows"), 0);
		assert_true(number(row, "calls") > 300000);
		json_decref(root);
	}
}

static void json_hostile(void **state)
{
	static const char comm[] = "\"\\\n\033[1m\xff\xc3\xa9";
	char exe[2000];
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	uint64_t e = introduce(l, 5, 1, comm);
	__free char *text = NULL;
	const json_t *p;
	json_t *root;

	/* two-byte characters at odd places: none may be cut where the writer works in pieces */
	exe[0] = '/';
	for (size_t i = 1; i + 1 < sizeof(exe) - 1; i += 2)
		memcpy(exe + i, "\xc3\xa9", 2);
	exe[sizeof(exe) - 1] = '\0';
	rf_ledger_start(l, SEC);
	feed_calls(l, e, X86(NR_READ), 100, 1);
	assert_int_equal(rf_ledger_set_exe(l, e, exe), 0);
	sweep(l, 2 * SEC, false);
	text = other(&v, rf_stat_json);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' ? !c[1] : (unsigned char)*c >= ' ');
	root = load(text);
	p = json_array_get(json_object_get(root, "processes"), 0);
	assert_string_equal(string(p, "comm"), "\"\\\n\033[1m\xef\xbf\xbd\xc3\xa9");
	assert_string_equal(string(p, "exe"), exe);
	json_decref(root);
}

static size_t fields(const char *line, size_t len)
{
	bool quoted = false;
	size_t n = 1;

	for (size_t i = 0; i < len; i++) {
		quoted ^= line[i] == '"';
		n += line[i] == ',' && !quoted;
	}
	return n;
}

static void csv_shape(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	uint64_t e = introduce(l, 5, 1, "a,\"b\n=c");
	static const enum rf_by all[] = { RF_BY_PROCESS, RF_BY_THREAD, RF_BY_COMM,
		                          RF_BY_CGROUP,  RF_BY_USER,   RF_BY_CALL };

	feed_two(l);
	feed_calls(l, e, X86(NR_READ), 100, 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		__free char *text = NULL;
		size_t lines = 0;

		v.by = all[i];
		text = other(&v, rf_stat_csv);
		for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
			assert_int_equal(fields(line, strcspn(line, "\n")), 28);
			lines++;
		}
		assert_true(lines > 8);
	}
	v.interval = 2;
	{
		__free char *text = other(&v, rf_stat_csv);

		assert_int_equal(strncmp(text, "2,2000000000,call,", 18), 0);
	}
}

static void csv_lines(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__free char *text = NULL;

	feed_two(l);
	text = other(&v, rf_stat_csv);
	assert_non_null(strstr(text, "interval,window_ns,kind,pid,tid,start_time_ns,comm,exe,uid,"
	                             "user,cgroup,processes,name,abi,nr,count,failed,denied,errnos,"
	                             "open,ended,untimed,total_ns,waiting_ns,min_ns,max_ns,p50_ns,"
	                             "p99_ns\n1,2000000000,call,4321,,1000000,nginx,,1000,1000,,1,"
	                             "read,x86_64,0,300000,"));
	assert_non_null(strstr(text, ",openat,x86_64,257,15,15,5,"
	                             "ENOENT 10;EACCES 3;EPERM refused 2,0,15,0,75000,0,5000,5000,"
	                             "5000,5000\n"));
	assert_non_null(strstr(text, "1,2000000000,page_fault,4321,,1000000,nginx,,1000,1000,,1,"
	                             "user,,,12,,,,,,,,,,,,\n"));
	assert_non_null(strstr(text, "1,2000000000,time,4321,,1000000,nginx,,1000,1000,,1,"
	                             "kernel,,,,,,,,,,500000000,,,,,\n"));
	assert_non_null(strstr(text, "1,2000000000,accounting,,,,,,,,,,seen,,,300033,,"));
}

/* A view that cannot write says so. */
static void full_disk(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	__fclose FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	feed_two(l);
	assert_int_equal(rf_stat_json(full, &v), -EIO);
	assert_int_equal(rf_stat_csv(full, &v), -EIO);
	assert_int_equal(rf_stat_table(full, &v, &utf80), -EIO);
}

/* What ringfence itself costs: told only when it was asked for. */
static void overhead(void **state)
{
	static const struct rf_overhead cost = { .timed = true,
		                                 .bpf_ns = 500000000,
		                                 .bpf_runs = 1234567,
		                                 .loader_cpu_ns = 4000000,
		                                 .kernel_bytes = 32 << 20,
		                                 .load_ns = 250000000,
		                                 .sweeps = 3,
		                                 .sweep_ns = 45000000,
		                                 .sweep_max_ns = 20000000 };
	struct rf_ledger *l = *state;
	struct rf_stat_view v = view_of(l);
	struct rf_overhead untimed = cost;
	__free char *without = NULL;
	const json_t *o;
	json_t *root;
	char *text;

	feed_two(l);
	without = other(&v, rf_stat_json);
	assert_null(strstr(without, "overhead"));
	v.overhead = &cost;
	text = other(&v, rf_stat_json);
	root = load(text);
	o = json_object_get(root, "overhead");
	assert_int_equal(json_object_size(o), 8);
	assert_int_equal(number(o, "bpf_ns"), 500000000);
	assert_int_equal(number(o, "bpf_runs"), 1234567);
	assert_int_equal(number(o, "loader_cpu_ns"), 4000000);
	assert_int_equal(number(o, "kernel_bytes"), 32 << 20);
	assert_int_equal(number(o, "load_ns"), 250000000);
	assert_int_equal(number(o, "sweeps"), 3);
	assert_int_equal(number(o, "sweep_ns"), 45000000);
	assert_int_equal(number(o, "sweep_max_ns"), 20000000);
	json_decref(root);
	free(text);

	text = table(&v, &wide);
	assert_string_equal(strstr(text, "overhead"),
	                    "overhead     BPF 500ms in 1,234,567 runs (25% of one CPU), "
	                    "loader 4.00ms (0.2%), maps 32,768 KiB\n");
	free(text);
	text = other(&v, rf_stat_csv);
	assert_non_null(strstr(text, "overhead,,,,,,,,,,bpf,,,1234567,,,,,,,500000000,,,,,\n"));
	assert_non_null(strstr(text, "overhead,,,,,,,,,,memory,,,33554432,,,,,,,,,,,,\n"));
	free(text);

	untimed.timed = false;
	v.overhead = &untimed;
	text = table(&v, &wide);
	assert_string_equal(strstr(text, "overhead"),
	                    "overhead     BPF unknown to this kernel, loader 4.00ms (0.2%), "
	                    "maps 32,768 KiB\n");
	free(text);
	text = other(&v, rf_stat_json);
	root = load(text);
	assert_true(json_is_null(json_object_get(json_object_get(root, "overhead"), "bpf_ns")));
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ledger_test(table_utf8_80),   ledger_test(table_ascii_80),
		ledger_test(table_wide),      ledger_test(table_fits),
		ledger_test(table_colors),    ledger_test(table_empty),
		ledger_test(table_lost),      ledger_test(table_unexplained),
		ledger_test(table_by),        cmocka_unit_test(hostile_table),
		ledger_test(json_contract),   ledger_test(json_refused),
		ledger_test(json_by_and_top), ledger_test(json_hostile),
		ledger_test(csv_shape),       ledger_test(csv_lines),
		ledger_test(full_disk),       ledger_test(overhead),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
