// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bpf/records.h"
#include "identity/errno.h"
#include "identity/syscall.h"
#include "views/grid.h"
#include "views/stat.h"

#if defined(__x86_64__)
#define NATIVE_ABI RF_ABI_X86_64
#else
#define NATIVE_ABI RF_ABI_ARM64
#endif

#define CALL_INDENT 4
#define NAME_LEN 256
#define VIOLATORS_MAX 10

/* One table being built: what its cells need to know. */
struct table {
	FILE *out;
	const struct rf_stat_view *view;
	const struct rf_style *style;
	uint64_t window_ns;
	struct rf_grid *grid;
};

/* What a column shows of a row; who is first, then the sides, then the counts. */
enum field {
	FIELD_PID,
	FIELD_TID,
	FIELD_COMM,
	FIELD_USER,
	FIELD_CGROUP,
	FIELD_PROCESSES,
	FIELD_CPU,
	FIELD_TIME_USER,
	FIELD_TIME_KERNEL,
	FIELD_TIME_WAITING,
	FIELD_CROSSINGS,
	FIELD_CALLS,
	FIELD_FAILED,
	FIELD_DENIED,
	FIELD_MINOR,
	FIELD_MAJOR,
	FIELD_COUNT
};

static const struct rf_column row_columns[FIELD_COUNT] = {
	[FIELD_PID] = { .title = "PID" },
	[FIELD_TID] = { .title = "TID" },
	[FIELD_COMM] = { .title = "COMMAND", .left = true, .min = 8 },
	[FIELD_USER] = { .title = "USER", .left = true, .min = 5 },
	[FIELD_CGROUP] = { .title = "CGROUP", .left = true, .min = 8 },
	[FIELD_PROCESSES] = { .title = "PROCS" },
	[FIELD_CPU] = { .title = "CPU%" },
	[FIELD_TIME_USER] = { .title = "USER%" },
	[FIELD_TIME_KERNEL] = { .title = "KERN%" },
	[FIELD_TIME_WAITING] = { .title = "WAIT%" },
	[FIELD_CROSSINGS] = { .title = "CROSS/s" },
	[FIELD_CALLS] = { .title = "CALLS/s", .drop = 3 },
	[FIELD_FAILED] = { .title = "FAILED" },
	[FIELD_DENIED] = { .title = "DENIED" },
	[FIELD_MINOR] = { .title = "MINOR", .drop = 1 },
	[FIELD_MAJOR] = { .title = "MAJOR", .drop = 2 },
};

/* The columns that say who, by enum rf_by; the rest follows for all. */
static const enum field who_fields[][4] = {
	[RF_BY_PROCESS] = { FIELD_PID, FIELD_USER, FIELD_COMM, FIELD_COUNT },
	[RF_BY_THREAD] = { FIELD_PID, FIELD_TID, FIELD_COMM, FIELD_COUNT },
	[RF_BY_COMM] = { FIELD_COMM, FIELD_PROCESSES, FIELD_COUNT },
	[RF_BY_CGROUP] = { FIELD_CGROUP, FIELD_PROCESSES, FIELD_COUNT },
	[RF_BY_USER] = { FIELD_USER, FIELD_PROCESSES, FIELD_COUNT },
};

/* The second and third stand in the table of calls alone: under a process they say little. */
static const struct rf_column call_columns[] = {
	{ .title = "CALL", .left = true, .min = 8 },
	{ .title = "PROCS", .drop = 3 },
	{ .title = "CALLS/s" },
	{ .title = "CALLS" },
	{ .title = "OPEN", .drop = 1 },
	{ .title = "P50" },
	{ .title = "P99" },
	{ .title = "MAX", .drop = 2 },
	{ .title = "TOTAL" },
	{ .title = "WAIT%" },
	{ .title = "FAILED", .left = true, .min = 6 },
};

#define CALL_COLUMNS (sizeof(call_columns) / sizeof(call_columns[0]))

static void add(struct table *t, const char *text)
{
	rf_grid_add(t->grid, text, RF_COLOR_NONE);
}

static void add_count(struct table *t, uint64_t n, bool warn)
{
	char buf[RF_TEXT_LEN];

	rf_grid_add(t->grid, rf_text_count(buf, n), warn && n ? RF_COLOR_WARN : RF_COLOR_NONE);
}

static void add_duration(struct table *t, bool timed, uint64_t ns)
{
	char buf[RF_TEXT_LEN];

	add(t, timed ? rf_text_duration(buf, ns, t->style->utf8) : "-");
}

static void add_name(struct table *t, const char *raw)
{
	char buf[NAME_LEN];

	rf_grid_add(t->grid, rf_text_name(buf, sizeof(buf), raw, t->style->utf8), RF_COLOR_NAME);
}

static void add_who(struct table *t, const struct rf_row *row, enum field field)
{
	char buf[PATH_MAX];

	switch (field) {
	case FIELD_PID:
		snprintf(buf, sizeof(buf), "%u", row->sum.tgid);
		add(t, buf);
		break;
	case FIELD_TID:
		snprintf(buf, sizeof(buf), "%u", row->sum.tid);
		add(t, buf);
		break;
	case FIELD_USER:
		add_name(t, rf_stat_user(t->view, row->sum.uid, buf, sizeof(buf)));
		break;
	case FIELD_CGROUP:
		add_name(t, rf_stat_cgroup(t->view, &row->sum, buf, sizeof(buf)));
		break;
	case FIELD_COMM:
		add_name(t, row->sum.known ? row->sum.comm : "?");
		break;
	default:
		add_count(t, row->processes, false);
		break;
	}
}

static void add_percent(struct table *t, uint64_t part, uint64_t whole)
{
	char buf[RF_TEXT_LEN];

	add(t, rf_text_percent(buf, part, whole));
}

static void add_rate(struct table *t, uint64_t n)
{
	char buf[RF_TEXT_LEN];

	add(t, rf_text_rate(buf, n, t->window_ns));
}

/* Fields from FIELD_CPU on, in their order. */
static void add_sides(struct table *t, const struct rf_process *p)
{
	uint64_t own = p->time.user + p->time.kernel + p->time.waiting;

	add_percent(t, p->time.user + p->time.kernel, own ? t->window_ns : 0);
	add_percent(t, p->time.user, own);
	add_percent(t, p->time.kernel, own);
	add_percent(t, p->time.waiting, own);
	add_rate(t, p->calls + p->faults.user + p->faults.kernel);
	add_rate(t, p->calls);
	add_count(t, p->failed, true);
	add_count(t, p->denied, true);
	add_count(t, p->faults.minor, false);
	add_count(t, p->faults.major, true);
}

static int by_count(const void *a, const void *b)
{
	const struct rf_errno_count *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

/* "ENOENT 12"; of several, the sum first, so that it survives being cut: "15: ENOENT 12; EIO 3" */
static void add_errnos(struct table *t, const struct rf_cell *cell)
{
	size_t size = cell->nr_errnos * sizeof(*cell->errnos);
	__free struct rf_errno_count *errnos = malloc(size + 1);
	__rf_str struct rf_str s = RF_STR_INIT;
	char label[RF_ERRNO_NAME_LEN], count[RF_TEXT_LEN];

	if (!errnos)
		return;
	if (size)
		memcpy(errnos, cell->errnos, size);
	qsort(errnos, cell->nr_errnos, sizeof(*errnos), by_count);
	if (cell->nr_errnos > 1)
		rf_str_appendf(&s, "%s: ", rf_text_count(count, cell->failed));
	for (size_t i = 0; i < cell->nr_errnos; i++)
		rf_str_appendf(&s, "%s%s%s %s", i ? "; " : "",
		               rf_stat_errno(&errnos[i], label, sizeof(label)),
		               errnos[i].refused && errnos[i].err ? " refused" : "",
		               rf_text_count(count, errnos[i].count));
	/* the errnos may have been lost, the failures were not */
	if (!cell->nr_errnos && cell->failed)
		rf_str_append(&s, rf_text_count(count, cell->failed));
	rf_grid_add(t->grid, rf_str_get(&s), RF_COLOR_WARN);
}

/* row: the one that the call is, where a row is a call; else NULL. */
static void add_cell(struct table *t, const struct rf_cell *cell, const struct rf_row *row)
{
	bool timed = cell->hist.total > 0;
	enum rf_abi abi = RF_CALL_ABI(cell->call);
	char label[RF_SYSCALL_NAME_LEN], name[2 * RF_SYSCALL_NAME_LEN];

	snprintf(name, sizeof(name), "%s%s%s", rf_stat_call(cell->call, label, sizeof(label)),
	         abi == NATIVE_ABI ? "" : "@", abi == NATIVE_ABI ? "" : rf_abi_name(abi));
	add(t, name);
	if (row) {
		add_count(t, row->processes, false);
		add_rate(t, cell->calls);
	}
	add_count(t, cell->calls, false);
	add_count(t, cell->open, false);
	add_duration(t, timed, rf_stat_quantile(cell, 0.5));
	add_duration(t, timed, rf_stat_quantile(cell, 0.99));
	add_duration(t, timed, cell->max_ns);
	add_duration(t, timed || cell->total_ns, cell->total_ns);
	add_percent(t, cell->waiting_ns, cell->total_ns);
	add_errnos(t, cell);
}

static size_t shown_calls(const struct table *t, const struct rf_row *row)
{
	return row->sum.nr_cells < t->view->calls ? row->sum.nr_cells : t->view->calls;
}

/* The grid of the calls of all rows, in their order. */
static struct rf_grid *build_calls(struct table *t, const struct rf_rows *rows,
                                   struct rf_column columns[CALL_COLUMNS])
{
	bool alone = t->view->by == RF_BY_CALL;
	size_t nr = 0;

	for (size_t i = 0; i < CALL_COLUMNS; i++)
		if (alone || (i != 1 && i != 2))
			columns[nr++] = call_columns[i];
	t->grid = rf_grid_new(columns, nr, alone ? 0 : CALL_INDENT);
	for (size_t i = 0; t->grid && i < rows->nr; i++)
		for (size_t k = 0; k < shown_calls(t, &rows->rows[i]); k++)
			add_cell(t, rows->rows[i].sum.cells[k], alone ? &rows->rows[i] : NULL);
	return t->grid;
}

static struct rf_grid *build_rows(struct table *t, const struct rf_rows *rows,
                                  struct rf_column columns[FIELD_COUNT])
{
	const enum field *who = who_fields[t->view->by];
	size_t nr = 0;

	for (; who[nr] != FIELD_COUNT; nr++)
		columns[nr] = row_columns[who[nr]];
	for (size_t f = FIELD_CPU; f < FIELD_COUNT; f++)
		columns[nr++] = row_columns[f];
	t->grid = rf_grid_new(columns, nr, 0);
	for (size_t i = 0; t->grid && i < rows->nr; i++) {
		for (size_t k = 0; who[k] != FIELD_COUNT; k++)
			add_who(t, &rows->rows[i], who[k]);
		add_sides(t, &rows->rows[i].sum);
	}
	return t->grid;
}

static int fit(struct rf_grid *g, const struct rf_style *style)
{
	return g ? rf_grid_fit(g, style) : -ENOMEM;
}

static void cleanup_grid(struct rf_grid **g)
{
	rf_grid_free(*g);
}

#define __grid __cleanup(cleanup_grid)

static int print_by_call(struct table *t, const struct rf_rows *rows)
{
	struct rf_column columns[CALL_COLUMNS];
	__grid struct rf_grid *calls = build_calls(t, rows, columns);
	int ret = fit(calls, t->style);

	if (ret)
		return ret;
	rf_grid_print_titles(calls, t->out, t->style);
	for (size_t i = 0; i < rows->nr; i++)
		rf_grid_print_row(calls, i, t->out, t->style);
	return 0;
}

static int print_rows(struct table *t, const struct rf_rows *rows)
{
	struct rf_column columns[FIELD_COUNT], call_column[CALL_COLUMNS];
	__grid struct rf_grid *heads = build_rows(t, rows, columns);
	__grid struct rf_grid *calls = build_calls(t, rows, call_column);
	size_t next = 0;
	int ret = fit(heads, t->style);

	if (!ret)
		ret = fit(calls, t->style);
	if (ret)
		return ret;
	rf_grid_print_titles(heads, t->out, t->style);
	if (t->view->calls)
		rf_grid_print_titles(calls, t->out, t->style);
	for (size_t i = 0; i < rows->nr; i++) {
		rf_grid_print_row(heads, i, t->out, t->style);
		for (size_t k = shown_calls(t, &rows->rows[i]); k; k--)
			rf_grid_print_row(calls, next++, t->out, t->style);
	}
	return 0;
}

/* Sums over all processes, shown or not. */
static void sum_faults(const struct rf_ledger *l, struct rf_faults *faults)
{
	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++) {
		const struct rf_process *p = rf_ledger_process(l, i);

		faults->minor += p->faults.minor;
		faults->major += p->faults.major;
	}
}

static void print_title(const struct table *t)
{
	char window[RF_TEXT_LEN], target[NAME_LEN];
	__rf_str struct rf_str s = RF_STR_INIT;
	unsigned int used;

	rf_text_name(target, sizeof(target), t->view->target, t->style->utf8);
	rf_str_append(&s, "ringfence stat: ");
	rf_text_duration(window, t->window_ns, t->style->utf8);
	if (t->view->interval)
		rf_str_appendf(&s, "interval %llu, ", (unsigned long long)t->view->interval);
	rf_str_appendf(&s, "%s of %s", window, target);
	fprintf(t->out, "%.*s\n",
	        (int)rf_text_fit(rf_str_get(&s), t->style->width, t->style->utf8, &used),
	        rf_str_get(&s));
}

static void print_summary(const struct table *t)
{
	char a[RF_TEXT_LEN], b[RF_TEXT_LEN], c[RF_TEXT_LEN], d[RF_TEXT_LEN];
	const struct rf_ledger *l = t->view->ledger;
	struct rf_faults faults = { 0 };
	struct rf_totals totals;
	bool utf8 = t->style->utf8;

	rf_ledger_totals(l, &totals);
	sum_faults(l, &faults);
	print_title(t);
	fprintf(t->out, "calls        %s (%s/s), %s failed, %s denied\n",
	        rf_text_number(a, totals.calls), rf_text_rate(b, totals.calls, t->window_ns),
	        rf_text_number(c, totals.failed), rf_text_number(d, totals.denied));
	fprintf(t->out, "page faults  %s (%s/s), %s minor, %s major\n",
	        rf_text_number(a, totals.page_faults),
	        rf_text_rate(b, totals.page_faults, t->window_ns), rf_text_number(c, faults.minor),
	        rf_text_number(d, faults.major));
	if (totals.time.user + totals.time.kernel + totals.time.waiting)
		fprintf(t->out, "time         user %s, kernel %s, waiting %s\n",
		        rf_text_duration(a, totals.time.user, utf8),
		        rf_text_duration(b, totals.time.kernel, utf8),
		        rf_text_duration(c, totals.time.waiting, utf8));
	fputc('\n', t->out);
}

/* Less than nothing lost is a defect, and shown as what it is. */
static const char *signed_number(char *buf, int64_t n)
{
	if (n >= 0)
		return rf_text_number(buf, (uint64_t)n);
	buf[0] = '-';
	rf_text_number(buf + 1, -(uint64_t)n);
	return buf;
}

static void append_kind(struct rf_str *s, const char *kind, int64_t n)
{
	char buf[RF_TEXT_LEN + 1];

	if (n)
		rf_str_appendf(s, "%s%s %s", s->len ? ", " : "", kind, signed_number(buf, n));
}

static void print_accounting(const struct table *t)
{
	char seen[RF_TEXT_LEN], attributed[RF_TEXT_LEN], lost[RF_TEXT_LEN + 1];
	__rf_str struct rf_str kinds = RF_STR_INIT;
	__rf_str struct rf_str line = RF_STR_INIT;
	struct rf_accounting acc;

	rf_ledger_accounting(t->view->ledger, &acc);
	append_kind(&kinds, "cell", (int64_t)acc.lost_cell);
	append_kind(&kinds, "state", (int64_t)acc.lost_state);
	append_kind(&kinds, "skipped", (int64_t)acc.lost_skipped);
	append_kind(&kinds, "batch", (int64_t)acc.lost_batch);
	append_kind(&kinds, "unexplained", acc.lost_unexplained);
	rf_str_appendf(&line, "seen %s = attributed %s + lost %s%s%s%s",
	               rf_text_number(seen, acc.seen), rf_text_number(attributed, acc.attributed),
	               signed_number(lost, acc.lost), kinds.len ? " (" : "", rf_str_get(&kinds),
	               kinds.len ? ")" : "");
	rf_color_print(t->out, t->style, acc.lost ? RF_COLOR_WARN : RF_COLOR_NONE,
	               rf_str_get(&line));
	fputc('\n', t->out);
	if (acc.lost_errnos)
		fprintf(t->out, "%s failures whose errno was lost: no room for it\n",
		        rf_text_number(lost, acc.lost_errnos));
	if (acc.lost_records)
		fprintf(t->out, "%s process events lost: names and exits may be missing\n",
		        rf_text_number(lost, acc.lost_records));
	if (t->view->missing && t->view->missing[0])
		fprintf(t->out, "not told on this host: %s\n", t->view->missing);
}

static void print_overhead(const struct table *t)
{
	char a[RF_TEXT_LEN], b[RF_TEXT_LEN], c[RF_TEXT_LEN];
	const struct rf_overhead *o = t->view->overhead;
	bool utf8 = t->style->utf8;

	if (!o)
		return;
	fputs("overhead     BPF ", t->out);
	if (o->timed)
		fprintf(t->out, "%s in %s runs (%s%% of one CPU), ",
		        rf_text_duration(a, o->bpf_ns, utf8), rf_text_number(b, o->bpf_runs),
		        rf_text_percent(c, o->bpf_ns, t->window_ns));
	else
		fputs("unknown to this kernel, ", t->out);
	fprintf(t->out, "loader %s (%s%%), ", rf_text_duration(a, o->loader_cpu_ns, utf8),
	        rf_text_percent(b, o->loader_cpu_ns, t->window_ns));
	fprintf(t->out, "maps %s KiB\n", rf_text_number(a, o->kernel_bytes / 1024));
}

static void print_left_out(const struct table *t, size_t cut)
{
	char buf[RF_TEXT_LEN];

	if (cut)
		fprintf(t->out, "%s more rows left out; --top 0 shows all\n",
		        rf_text_number(buf, cut));
}

static void append_outcome(struct rf_str *s, const char *what, uint64_t n)
{
	char buf[RF_TEXT_LEN];

	if (n)
		rf_str_appendf(s, "%s%s %s", s->len ? ", " : "", rf_text_number(buf, n), what);
}

/* "violations   cat[12]: 1 killed": a line for each process that had any, up to so many. */
static void print_violations(const struct table *t)
{
	const struct rf_isolation *iso = t->view->isolation;
	size_t shown = 0, more = 0;

	for (size_t i = 0; iso && i < rf_isolation_nr(iso); i++) {
		const struct rf_isolated *n = rf_isolation_process(iso, i);
		const struct rf_process *p = rf_ledger_find(t->view->ledger, n->entity);
		__rf_str struct rf_str line = RF_STR_INIT;
		char name[NAME_LEN];

		append_outcome(&line, "handled", n->handled);
		append_outcome(&line, "killed", n->killed);
		append_outcome(&line, "bad pointers refused", n->refused);
		if (!line.len)
			continue;
		if (shown++ >= VIOLATORS_MAX) {
			more++;
			continue;
		}
		fprintf(t->out, "violations   %s[%u]: ",
		        rf_text_name(name, sizeof(name), p ? p->comm : "?", t->style->utf8),
		        p ? p->tgid : RF_ENTITY_PID(n->entity));
		rf_color_print(t->out, t->style, n->killed ? RF_COLOR_WARN : RF_COLOR_NONE,
		               rf_str_get(&line));
		fputc('\n', t->out);
	}
	if (more)
		fprintf(t->out, "violations   of %zu more processes; ringfence faults tells all\n",
		        more);
}

int rf_stat_table(FILE *out, const struct rf_stat_view *v, const struct rf_style *style)
{
	struct table t = {
		.out = out, .view = v, .style = style, .window_ns = rf_ledger_window_ns(v->ledger)
	};
	struct rf_stat_view one_call = *v;
	struct rf_rows rows;
	int ret = rf_rows_build(&rows, v->ledger, v->by, v->sort, v->top, false);

	if (ret)
		return ret;
	if (v->by == RF_BY_CALL) {
		/* the call is the row: there is nothing to list under it */
		one_call.calls = 1;
		t.view = &one_call;
	}
	print_summary(&t);
	ret = v->by == RF_BY_CALL ? print_by_call(&t, &rows) : print_rows(&t, &rows);
	if (!ret) {
		print_left_out(&t, rows.cut);
		fputc('\n', out);
		print_violations(&t);
		print_accounting(&t);
		print_overhead(&t);
		fflush(out);
	}
	rf_rows_clear(&rows);
	return ret ? ret : ferror(out) ? -EIO : 0;
}
