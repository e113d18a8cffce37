// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/rf_time.h"
#include "bpf/records.h"
#include "identity/capability.h"
#include "identity/errno.h"
#include "identity/escape.h"
#include "identity/signal.h"
#include "identity/syscall.h"
#include "identity/taint.h"
#include "views/faults.h"
#include "views/grid.h"

#define NAME_LEN 256
#define ROWS 20 /* of each table in a summary */
#define MIB (1 << 20)

/* ---- one event ---- */

static void print_raw(FILE *out, const char *text, const struct rf_style *style)
{
	size_t len = RF_ESCAPE_MAX(strlen(text));
	__free char *safe = malloc(len);

	if (safe)
		fputs(rf_text_name(safe, len, text, style->utf8), out);
}

static void print_clock(FILE *out, const struct rf_faults_view *view, uint64_t ns)
{
	struct timespec ts = rf_ns_to_timespec(ns + view->wall_ns);
	char text[16];
	struct tm tm;

	if (!localtime_r(&ts.tv_sec, &tm) || !strftime(text, sizeof(text), "%H:%M:%S", &tm))
		return;
	fprintf(out, "%s.%06ld ", text, ts.tv_nsec / 1000);
}

static void print_comm(FILE *out, const char *comm, const struct rf_style *style)
{
	char raw[RF_COMM_LEN + 1] = "", text[NAME_LEN];

	memcpy(raw, comm, RF_COMM_LEN);
	rf_color_print(out, style, RF_COLOR_NAME,
	               rf_text_name(text, sizeof(text), raw, style->utf8));
}

/* "12:00:00.123456 cat[123] SIGSEGV SEGV_MAPERR null-page: killed" */
static void print_head(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v,
                       const struct rf_style *style)
{
	char label[RF_SIGNAL_NAME_LEN], code[RF_SIGNAL_NAME_LEN];
	int sig = (int)v->rec.rec.count;

	print_clock(out, view, v->rec.time_ns);
	print_comm(out, v->rec.comm, style);
	fprintf(out, "[%u", v->rec.tgid);
	if (v->rec.tid != v->rec.tgid) {
		fputs(", thread ", out);
		print_comm(out, v->rec.thread_comm, style);
		fprintf(out, " %u", v->rec.tid);
	}
	fputs("] ", out);
	if (sig)
		fprintf(out, "%s %s ", rf_signal_label(sig, label, sizeof(label)),
		        rf_si_code_label(sig, v->rec.code, code, sizeof(code)));
	else
		fputs("EFAULT ", out);
	rf_color_print(out, style, RF_COLOR_TITLE, rf_cause_name(v->judgement.cause));
	fputs(": ", out);
	rf_color_print(out, style, v->outcome == RF_OUTCOME_KILLED ? RF_COLOR_WARN : RF_COLOR_NONE,
	               rf_outcome_name(v->outcome));
	if (v->outcome == RF_OUTCOME_KILLED && !v->whole_process)
		fputs(" (that thread alone)", out);
	fputc('\n', out);
}

static void print_field(FILE *out, const char *name, const char *raw, const struct rf_style *style)
{
	if (!raw[0])
		return;
	fprintf(out, "    %-8s", name);
	print_raw(out, raw, style);
	fputc('\n', out);
}

static void append_bytes(struct rf_str *s, uint64_t bytes)
{
	if (bytes >= 10 * MIB)
		rf_str_appendf(s, "%llu MiB", (unsigned long long)(bytes / MIB));
	else
		rf_str_appendf(s, "%llu KiB", (unsigned long long)(bytes >> 10));
}

static void append_signals(const struct rf_violation *v, struct rf_str *s)
{
	char label[RF_SIGNAL_NAME_LEN];

	for (size_t i = 0; i < v->nr_signals; i++)
		rf_str_appendf(s, "%s%s %s[%u]%s", i ? ", " : "",
		               rf_signal_label((int)v->signals[i].sig, label, sizeof(label)),
		               v->signals[i].comm, v->signals[i].pid,
		               v->signals[i].died ? " (died of it)" : "");
	if (v->more_signals)
		rf_str_appendf(s, " and %zu more", v->more_signals);
}

void rf_violation_blast(const struct rf_violation *v, struct rf_str *s)
{
	if (v->outcome != RF_OUTCOME_KILLED) {
		rf_str_append(s, "none");
		return;
	}
	rf_str_appendf(s, "%u thread%s, %u orphaned child%s, ", v->threads,
	               v->threads == 1 ? "" : "s", v->children, v->children == 1 ? "" : "ren");
	append_bytes(s, v->released_bytes);
	rf_str_appendf(s, " released, %s", rf_violation_dumped(v) ? "core dumped" : "no core");
	if (v->nr_signals) {
		rf_str_append(s, "; signalled: ");
		append_signals(v, s);
	}
}

static void print_stack(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v,
                        const struct rf_style *style)
{
	for (size_t i = 0; i < v->rec.nr_frames; i++) {
		__rf_str struct rf_str where = RF_STR_INIT;
		char name[24];

		rf_violation_frame(view, v, i, &where);
		snprintf(name, sizeof(name), "#%zu", i);
		print_field(out, name, rf_str_get(&where), style);
	}
}

int rf_faults_text_event(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v,
                         const struct rf_style *style)
{
	__rf_str struct rf_str sentence = RF_STR_INIT;
	__rf_str struct rf_str where = RF_STR_INIT;
	__rf_str struct rf_str blast = RF_STR_INIT;

	print_head(out, view, v, style);
	rf_violation_explain(view, v, &sentence);
	print_field(out, "what", rf_str_get(&sentence), style);
	rf_violation_where(view, v, &where);
	print_field(out, "where", rf_str_get(&where), style);
	print_field(out, "exe", v->exe ? v->exe : "", style);
	if (v->outcome == RF_OUTCOME_KILLED) {
		rf_violation_blast(v, &blast);
		print_field(out, "blast", rf_str_get(&blast), style);
	}
	if (!v->outcome_told)
		print_field(out, "note", "how it ended was lost; this is what had to follow",
		            style);
	if (view->stack)
		print_stack(out, view, v, style);
	fflush(out);
	if (sentence.err || where.err || blast.err)
		return -ENOMEM;
	return ferror(out) ? -EIO : 0;
}

/* ---- the summary ---- */

static void cleanup_grid(struct rf_grid **g)
{
	rf_grid_free(*g);
}

#define __grid __cleanup(cleanup_grid)

static void add(struct rf_grid *g, const char *text)
{
	rf_grid_add(g, text, RF_COLOR_NONE);
}

static void add_number(struct rf_grid *g, uint64_t n)
{
	char buf[RF_TEXT_LEN];

	add(g, rf_text_count(buf, n));
}

static void add_name(struct rf_grid *g, const char *raw, const struct rf_style *style)
{
	char buf[NAME_LEN];

	rf_grid_add(g, rf_text_name(buf, sizeof(buf), raw, style->utf8), RF_COLOR_NAME);
}

static void add_pid(struct rf_grid *g, uint32_t pid)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%u", pid);
	add(g, buf);
}

static void add_call(struct rf_grid *g, uint32_t call)
{
	char label[RF_SYSCALL_NAME_LEN];

	add(g, rf_syscall_label((enum rf_abi)RF_CALL_ABI(call), RF_CALL_NR(call), label,
	                        sizeof(label)));
}

/* Title, column titles and up to ROWS of the nr rows. */
static int print_grid(FILE *out, const char *title, struct rf_grid *g, size_t nr,
                      const struct rf_style *style)
{
	int ret = g ? rf_grid_fit(g, style) : -ENOMEM;
	size_t shown = nr < ROWS ? nr : ROWS;
	char buf[RF_TEXT_LEN];

	if (ret || !nr)
		return ret;
	fprintf(out, "\n%s\n", title);
	rf_grid_print_titles(g, out, style);
	for (size_t i = 0; i < shown; i++)
		rf_grid_print_row(g, i, out, style);
	if (nr > shown)
		fprintf(out, "%s more left out; --format json has all\n",
		        rf_text_number(buf, nr - shown));
	return 0;
}

static int print_causes(FILE *out, const struct rf_faults_summary *s, const struct rf_style *style)
{
	static const struct rf_column columns[] = {
		{ .title = "CAUSE", .left = true },
		{ .title = "HANDLED" },
		{ .title = "KILLED" },
		{ .title = "REFUSED" },
	};
	__grid struct rf_grid *g = rf_grid_new(columns, 4, 0);
	size_t nr = 0;

	for (int c = 0; g && c < RF_CAUSE_COUNT; c++) {
		const uint64_t *n = s->causes[c];

		if (!n[RF_OUTCOME_HANDLED] && !n[RF_OUTCOME_KILLED] && !n[RF_OUTCOME_REFUSED])
			continue;
		add(g, rf_cause_name((enum rf_cause)c));
		for (int o = RF_OUTCOME_HANDLED; o <= RF_OUTCOME_REFUSED; o++)
			add_number(g, n[o]);
		nr++;
	}
	return print_grid(out, "violations", g, nr, style);
}

/* What a process' faults hit, and how they were resolved. */
struct fault_sums {
	const struct rf_isolated *iso;
	uint64_t all;
	uint64_t user, major, write, execute, protection;
	uint64_t hit[RF_HIT_KINDS];
	uint64_t max_ns;
};

static void sum_faults(const struct rf_isolated *iso, struct fault_sums *sums)
{
	*sums = (struct fault_sums){ .iso = iso };
	for (size_t i = 0; i < iso->nr_faults; i++) {
		const struct rf_fault_count *f = &iso->faults[i];
		uint32_t access = f->class & RF_FAULT_ACCESS;

		sums->all += f->count;
		sums->user += f->class & RF_FAULT_KERNEL ? 0 : f->count;
		sums->major += f->class & RF_FAULT_MAJOR ? f->count : 0;
		sums->write += access == RF_FAULT_WRITE ? f->count : 0;
		sums->execute += access == RF_FAULT_EXECUTE ? f->count : 0;
		sums->protection +=
			(f->class & RF_FAULT_PAGE) == RF_FAULT_PROTECTION ? f->count : 0;
		sums->hit[RF_FAULT_HIT(f->class) % RF_HIT_KINDS] += f->count;
		if (f->max_ns > sums->max_ns)
			sums->max_ns = f->max_ns;
	}
}

static int by_faults(const void *a, const void *b)
{
	const struct fault_sums *x = a, *y = b;

	return (x->all < y->all) - (x->all > y->all);
}

static void add_who(struct rf_grid *g, const struct rf_ledger *l, uint64_t entity,
                    const struct rf_style *style)
{
	const struct rf_process *p = rf_ledger_find(l, entity);

	add_pid(g, p ? p->tgid : RF_ENTITY_PID(entity));
	add_name(g, p ? p->comm : "?", style);
}

static void add_faults(struct rf_grid *g, const struct fault_sums *f, const struct rf_style *style)
{
	char buf[RF_TEXT_LEN];

	add_number(g, f->user);
	add_number(g, f->all - f->user);
	add_number(g, f->all - f->major);
	add_number(g, f->major);
	add_number(g, f->write);
	add_number(g, f->execute);
	add_number(g, f->protection);
	for (int i = RF_HIT_STACK; i < RF_HIT_KINDS; i++)
		add_number(g, f->hit[i]);
	add(g, rf_text_duration(buf, rf_hist_quantile(&f->iso->fault_hist, 0.5, 0, f->max_ns),
	                        style->utf8));
	add(g, rf_text_duration(buf, rf_hist_quantile(&f->iso->fault_hist, 0.99, 0, f->max_ns),
	                        style->utf8));
}

static int print_faults(FILE *out, const struct rf_faults_summary *s, const struct rf_style *style)
{
	static const struct rf_column columns[] = {
		{ .title = "PID" },
		{ .title = "COMMAND", .left = true, .min = 8 },
		{ .title = "USER" },
		{ .title = "KERNEL" },
		{ .title = "MINOR" },
		{ .title = "MAJOR" },
		{ .title = "WRITE", .drop = 3 },
		{ .title = "EXEC", .drop = 4 },
		{ .title = "PROT", .drop = 5 },
		{ .title = "STACK" },
		{ .title = "HEAP" },
		{ .title = "ANON" },
		{ .title = "FILE" },
		{ .title = "SHARED" },
		{ .title = "COPY" },
		{ .title = "P50", .drop = 2 },
		{ .title = "P99", .drop = 1 },
	};
	size_t nr = rf_isolation_nr(s->isolation), used = 0;
	__free struct fault_sums *sums = calloc(nr + 1, sizeof(*sums));
	__grid struct rf_grid *g = rf_grid_new(columns, 17, 0);

	if (!sums || !g)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		sum_faults(rf_isolation_process(s->isolation, i), &sums[used]);
		used += sums[used].all ? 1 : 0;
	}
	qsort(sums, used, sizeof(*sums), by_faults);
	for (size_t i = 0; i < used && i < ROWS; i++) {
		add_who(g, s->ledger, sums[i].iso->entity, style);
		add_faults(g, &sums[i], style);
	}
	return print_grid(
		out, "page faults that were resolved: by mode, cost, access, and what they hit", g,
		used, style);
}

/* One line of what was refused. */
struct refusal {
	uint64_t entity;
	uint32_t call;
	uint64_t count;
	char reason[NAME_LEN];
};

struct refusals {
	struct refusal *items;
	size_t nr;
};

static struct refusal *new_refusal(struct refusals *r)
{
	struct refusal *items = reallocarray(r->items, r->nr + 1, sizeof(*items));

	if (!items)
		return NULL;
	r->items = items;
	items[r->nr] = (struct refusal){ 0 };
	return &items[r->nr++];
}

static int by_count(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static int print_refusals(FILE *out, const char *title, const struct rf_faults_summary *s,
                          struct refusals *r, const struct rf_style *style)
{
	static const struct rf_column columns[] = {
		{ .title = "PID" },
		{ .title = "COMMAND", .left = true, .min = 8 },
		{ .title = "COUNT" },
		{ .title = "CALL", .left = true },
		{ .title = "REASON", .left = true, .min = 8 },
	};
	__grid struct rf_grid *g = rf_grid_new(columns, 5, 0);

	if (!r->nr)
		return 0;
	qsort(r->items, r->nr, sizeof(*r->items), by_count);
	for (size_t i = 0; g && i < r->nr && i < ROWS; i++) {
		add_who(g, s->ledger, r->items[i].entity, style);
		add_number(g, r->items[i].count);
		add_call(g, r->items[i].call);
		add(g, r->items[i].reason);
	}
	return print_grid(out, title, g, r->nr, style);
}

/* " for want of CAP_A or CAP_B": every capability that this call was found to lack. */
static void append_capabilities(const struct rf_isolated *iso, uint32_t call, char *reason,
                                size_t len)
{
	char label[RF_CAPABILITY_NAME_LEN];
	size_t at = strlen(reason);
	bool first = true;

	for (size_t i = 0; iso && i < iso->nr_capabilities; i++) {
		if (iso->capabilities[i].call != call || at >= len)
			continue;
		at += (size_t)snprintf(reason + at, len - at, "%s%s",
		                       first ? ", for want of " : " or ",
		                       rf_capability_label((int)iso->capabilities[i].capability,
		                                           label, sizeof(label)));
		first = false;
	}
}

static int collect_denied(const struct rf_faults_summary *s, const struct rf_process *p,
                          struct refusals *r)
{
	char label[RF_ERRNO_NAME_LEN];

	for (size_t k = 0; k < p->nr_cells; k++) {
		const struct rf_cell *c = p->cells[k];

		for (size_t e = 0; e < c->nr_errnos; e++) {
			const struct rf_errno_count *n = &c->errnos[e];
			struct refusal *to;

			if (!n->refused && n->err != EPERM && n->err != EACCES)
				continue;
			to = new_refusal(r);
			if (!to)
				return -ENOMEM;
			to->entity = p->entity;
			to->call = c->call;
			to->count = n->count;
			snprintf(to->reason, sizeof(to->reason), "%s%s",
			         n->refused ? "seccomp: " : "",
			         n->err ? rf_errno_label(n->err, label, sizeof(label)) : "SIGSYS");
			if (!n->refused)
				append_capabilities(rf_isolation_find(s->isolation, p->entity),
				                    c->call, to->reason, sizeof(to->reason));
		}
	}
	return 0;
}

static int print_denied(FILE *out, const struct rf_faults_summary *s, const struct rf_style *style)
{
	struct refusals r = { 0 };
	int ret = 0;

	for (size_t i = 0; i < rf_ledger_nr_processes(s->ledger) && !ret; i++)
		ret = collect_denied(s, rf_ledger_process(s->ledger, i), &r);
	if (!ret)
		ret = print_refusals(out, "denied requests", s, &r, style);
	free(r.items);
	return ret;
}

static int print_pointers(FILE *out, const struct rf_faults_summary *s,
                          const struct rf_style *style)
{
	struct refusals r = { 0 };
	int ret = 0;

	for (size_t i = 0; i < rf_isolation_nr(s->isolation) && !ret; i++) {
		const struct rf_isolated *iso = rf_isolation_process(s->isolation, i);

		for (size_t k = 0; k < iso->nr_violations && !ret; k++) {
			struct refusal *to;

			if (iso->violations[k].sig)
				continue;
			to = new_refusal(&r);
			if (!to) {
				ret = -ENOMEM;
				continue;
			}
			to->entity = iso->entity;
			to->call = iso->violations[k].call;
			to->count = iso->violations[k].count;
			snprintf(to->reason, sizeof(to->reason), "EFAULT");
		}
	}
	if (!ret)
		ret = print_refusals(out, "bad pointers handed to the kernel", s, &r, style);
	free(r.items);
	return ret;
}

static bool append_change(struct rf_str *s, const char *what, const struct rf_health_count *before,
                          const struct rf_health_count *after)
{
	rf_str_append(s, s->len ? ", " : "");
	if (after->known)
		rf_str_appendf(s, "%llu %s", (unsigned long long)(after->count - before->count),
		               what);
	else
		rf_str_appendf(s, "%s not told by this kernel", what);
	return after->count != before->count;
}

static void print_health(FILE *out, const struct rf_faults_summary *s, const struct rf_style *style)
{
	const struct rf_health *a = &s->before, *b = &s->after;
	__rf_str struct rf_str line = RF_STR_INIT;
	char words[NAME_LEN];
	bool hurt = append_change(&line, "oopses", &a->oopses, &b->oopses);

	hurt |= append_change(&line, "warnings", &a->warnings, &b->warnings);
	hurt |= append_change(&line, "out-of-memory kills", &a->oom_kills, &b->oom_kills);
	rf_str_appendf(&line, "; taint: %s", rf_taint_words(b->taint.count, words, sizeof(words)));
	if (b->taint.count & ~a->taint.count)
		rf_str_append(&line, " (new)");
	fputs("\nthe kernel itself: ", out);
	rf_color_print(out, style,
	               hurt || b->taint.count != a->taint.count ? RF_COLOR_WARN : RF_COLOR_NONE,
	               rf_str_get(&line));
	fputc('\n', out);
}

static void print_accounting(FILE *out, const struct rf_faults_summary *s,
                             const struct rf_style *style)
{
	struct rf_isolation_account acc;
	__rf_str struct rf_str line = RF_STR_INIT;

	rf_isolation_accounting(s->isolation, &acc);
	rf_str_appendf(&line,
	               "violations seen %llu = handled %llu + killed %llu + refused %llu + open "
	               "%llu + lost %llu",
	               (unsigned long long)acc.seen, (unsigned long long)acc.handled,
	               (unsigned long long)acc.killed, (unsigned long long)acc.refused,
	               (unsigned long long)acc.open, (unsigned long long)acc.lost);
	if (acc.unexplained)
		rf_str_appendf(&line, " + unexplained %lld", (long long)acc.unexplained);
	rf_color_print(out, style, acc.lost || acc.unexplained ? RF_COLOR_WARN : RF_COLOR_NONE,
	               rf_str_get(&line));
	fputc('\n', out);
	if (acc.lost_events || acc.untold)
		fprintf(out, "%llu told of, %llu not: no room in the ring%s\n",
		        (unsigned long long)acc.told, (unsigned long long)acc.lost_events,
		        acc.untold ? "; and some unexplained" : "");
	if (acc.skipped)
		fprintf(out, "%llu violations skipped by the kernel\n",
		        (unsigned long long)acc.skipped);
	if (acc.lost_details)
		fprintf(out, "%llu page faults or capabilities found no room\n",
		        (unsigned long long)acc.lost_details);
	if (s->missing[0])
		fprintf(out, "not told on this host: %s\n", s->missing);
}

int rf_faults_text_summary(FILE *out, const struct rf_faults_view *view,
                           const struct rf_faults_summary *s, const struct rf_style *style)
{
	char window[RF_TEXT_LEN], target[NAME_LEN];
	int ret;

	(void)view;
	rf_text_duration(window, rf_ledger_window_ns(s->ledger), style->utf8);
	rf_text_name(target, sizeof(target), s->target, style->utf8);
	fputs("\nringfence faults: ", out);
	if (s->interval)
		fprintf(out, "interval %llu, ", (unsigned long long)s->interval);
	fprintf(out, "%s of %s\n", window, target);
	ret = print_causes(out, s, style);
	if (!ret)
		ret = print_pointers(out, s, style);
	if (!ret)
		ret = print_denied(out, s, style);
	if (!ret)
		ret = print_faults(out, s, style);
	print_health(out, s, style);
	print_accounting(out, s, style);
	fflush(out);
	return ret ? ret : ferror(out) ? -EIO : 0;
}
