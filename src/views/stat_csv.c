// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bpf/records.h"
#include "identity/errno.h"
#include "identity/escape.h"
#include "identity/syscall.h"
#include "views/stat.h"

static const char header[] =
	"interval,window_ns,kind,pid,tid,start_time_ns,comm,exe,uid,user,cgroup,processes,"
	"name,abi,nr,count,failed,denied,errnos,open,ended,untimed,"
	"total_ns,waiting_ns,min_ns,max_ns,p50_ns,p99_ns\n";

/* Fields after the name for lines that have a count, or a total, and nothing else. */
#define COUNT_ONLY ",,,%" PRIu64 ",,,,,,,,,,,,\n"
#define LOST_ONLY ",,,%" PRId64 ",,,,,,,,,,,,\n"
#define TOTAL_ONLY ",,,,,,,,,,%" PRIu64 ",,,,,\n"

static void append_field(struct rf_str *s, const char *raw)
{
	size_t size = RF_ESCAPE_MAX(strlen(raw));
	__free char *field = malloc(size);

	if (!field) {
		s->err = -ENOMEM;
		return;
	}
	rf_escape_str(field, size, raw, RF_ESCAPE_CSV);
	rf_str_append(s, field);
}

static void append_number(struct rf_str *s, bool there, uint64_t n)
{
	if (there)
		rf_str_appendf(s, "%" PRIu64, n);
	rf_str_append_char(s, ',');
}

static void append_text(struct rf_str *s, bool there, const char *raw)
{
	if (there)
		append_field(s, raw);
	rf_str_append_char(s, ',');
}

/* The fields pid ... processes: who the line is about. What means nothing for v->by stays empty. */
static void append_who(struct rf_str *s, const struct rf_stat_view *v, const struct rf_row *row)
{
	const struct rf_process *p = &row->sum;
	bool thread = v->by == RF_BY_THREAD, process = v->by == RF_BY_PROCESS || thread;
	bool user = process || v->by == RF_BY_USER, cgroup = process || v->by == RF_BY_CGROUP;
	char name[RF_STAT_USER_LEN], path[PATH_MAX];

	append_number(s, process, p->tgid);
	append_number(s, thread, p->tid);
	append_number(s, process, p->start_ns);
	append_text(s, process || v->by == RF_BY_COMM, p->comm);
	append_text(s, process, p->exe ? p->exe : "");
	append_number(s, user, p->uid);
	append_text(s, user, user ? rf_stat_user(v, p->uid, name, sizeof(name)) : "");
	append_text(s, cgroup, cgroup ? rf_stat_cgroup(v, p, path, sizeof(path)) : "");
	append_number(s, true, row->processes);
}

/* "ENOENT 12;EAGAIN 3" */
static void print_errnos(FILE *out, const struct rf_cell *cell)
{
	for (size_t i = 0; i < cell->nr_errnos; i++) {
		const struct rf_errno_count *e = &cell->errnos[i];
		char label[RF_ERRNO_NAME_LEN];

		fprintf(out, "%s%s%s %" PRIu64, i ? ";" : "",
		        rf_stat_errno(e, label, sizeof(label)),
		        e->refused && e->err ? " refused" : "", e->count);
	}
}

static void print_cell(FILE *out, const char *start, const char *who, const struct rf_cell *cell)
{
	char label[RF_SYSCALL_NAME_LEN];

	fprintf(out, "%scall,%s%s,%s,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", start, who,
	        rf_stat_call(cell->call, label, sizeof(label)),
	        rf_abi_name(RF_CALL_ABI(cell->call)), RF_CALL_NR(cell->call), cell->calls,
	        cell->failed, cell->denied);
	print_errnos(out, cell);
	fprintf(out,
	        ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
	        ",%" PRIu64 ",%" PRIu64 "\n",
	        cell->open, cell->ended, cell->untimed, cell->total_ns, cell->waiting_ns,
	        cell->min_ns, cell->max_ns, rf_stat_quantile(cell, 0.5),
	        rf_stat_quantile(cell, 0.99));
}

static void print_sides(FILE *out, const char *start, const char *who, const struct rf_process *p)
{
	fprintf(out, "%spage_fault,%suser" COUNT_ONLY, start, who, p->faults.user);
	fprintf(out, "%spage_fault,%skernel" COUNT_ONLY, start, who, p->faults.kernel);
	fprintf(out, "%spage_fault_outcome,%sminor" COUNT_ONLY, start, who, p->faults.minor);
	fprintf(out, "%spage_fault_outcome,%smajor" COUNT_ONLY, start, who, p->faults.major);
	fprintf(out, "%stime,%suser" TOTAL_ONLY, start, who, p->time.user);
	fprintf(out, "%stime,%skernel" TOTAL_ONLY, start, who, p->time.kernel);
	fprintf(out, "%stime,%swaiting" TOTAL_ONLY, start, who, p->time.waiting);
}

static int print_row(FILE *out, const char *start, const struct rf_stat_view *v,
                     const struct rf_row *row)
{
	__rf_str struct rf_str who = RF_STR_INIT;

	append_who(&who, v, row);
	if (who.err)
		return who.err;
	for (size_t i = 0; i < row->sum.nr_cells; i++)
		print_cell(out, start, rf_str_get(&who), row->sum.cells[i]);
	/* time and page faults belong to no call */
	if (v->by != RF_BY_CALL)
		print_sides(out, start, rf_str_get(&who), &row->sum);
	return 0;
}

static void print_accounting(FILE *out, const char *start, const struct rf_ledger *l)
{
	static const char nobody[] = ",,,,,,,,,";
	struct rf_accounting acc;

	rf_ledger_accounting(l, &acc);
	fprintf(out, "%saccounting,%sseen" COUNT_ONLY, start, nobody, acc.seen);
	fprintf(out, "%saccounting,%sattributed" COUNT_ONLY, start, nobody, acc.attributed);
	fprintf(out, "%saccounting,%slost" LOST_ONLY, start, nobody, acc.lost);
	fprintf(out, "%slost,%scell" COUNT_ONLY, start, nobody, acc.lost_cell);
	fprintf(out, "%slost,%sstate" COUNT_ONLY, start, nobody, acc.lost_state);
	fprintf(out, "%slost,%sskipped" COUNT_ONLY, start, nobody, acc.lost_skipped);
	if (acc.lost_batch)
		fprintf(out, "%slost,%sbatch" COUNT_ONLY, start, nobody, acc.lost_batch);
	fprintf(out, "%slost,%sunexplained" LOST_ONLY, start, nobody, acc.lost_unexplained);
}

static void print_overhead(FILE *out, const char *start, const struct rf_overhead *o)
{
	static const char nobody[] = ",,,,,,,,,";

	if (!o)
		return;
	if (o->timed)
		fprintf(out, "%soverhead,%sbpf,,,%" PRIu64 ",,,,,,,%" PRIu64 ",,,,,\n", start,
		        nobody, o->bpf_runs, o->bpf_ns);
	fprintf(out, "%soverhead,%sloader" TOTAL_ONLY, start, nobody, o->loader_cpu_ns);
	fprintf(out, "%soverhead,%ssweep,,,%" PRIu64 ",,,,,,,%" PRIu64 ",,,%" PRIu64 ",,\n", start,
	        nobody, o->sweeps, o->sweep_ns, o->sweep_max_ns);
	fprintf(out, "%soverhead,%smemory" COUNT_ONLY, start, nobody, o->kernel_bytes);
}

int rf_stat_csv(FILE *out, const struct rf_stat_view *v)
{
	char start[64];
	struct rf_rows rows;
	int ret = rf_rows_build(&rows, v->ledger, v->by, v->sort, v->top, true);

	if (ret)
		return ret;
	if (v->interval <= 1)
		fputs(header, out);
	snprintf(start, sizeof(start), "%" PRIu64 ",%" PRIu64 ",", v->interval ? v->interval : 1,
	         rf_ledger_window_ns(v->ledger));
	for (size_t i = 0; !ret && i < rows.nr; i++)
		ret = print_row(out, start, v, &rows.rows[i]);
	if (!ret) {
		print_accounting(out, start, v->ledger);
		print_overhead(out, start, v->overhead);
	}
	rf_rows_clear(&rows);
	return ret ? ret : ferror(out) ? -EIO : 0;
}
