// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>

#include <linux/types.h>

#include "bpf/records.h"
#include "identity/errno.h"
#include "identity/syscall.h"
#include "views/faults.h"
#include "views/json.h"
#include "views/process_json.h"
#include "views/stat.h"

/*
 * Keys of an object must differ: an errno that came from the call itself and from seccomp is one
 * number here, and "refused" tells how many calls seccomp or ptrace answered.
 */
static void put_errnos(struct rf_json *j, const struct rf_cell *cell)
{
	uint64_t refused = 0;

	rf_json_object(j, "errnos");
	for (size_t i = 0; i < cell->nr_errnos; i++) {
		const struct rf_errno_count *e = &cell->errnos[i];
		uint64_t count = e->count;
		char label[RF_ERRNO_NAME_LEN];
		bool again = false;

		refused += e->refused ? e->count : 0;
		for (size_t k = 0; k < i; k++)
			again |= cell->errnos[k].err == e->err;
		for (size_t k = i + 1; k < cell->nr_errnos; k++)
			count += cell->errnos[k].err == e->err ? cell->errnos[k].count : 0;
		if (!again)
			rf_json_u64(j, rf_stat_errno(e, label, sizeof(label)), count);
	}
	rf_json_end(j);
	rf_json_u64(j, "refused", refused);
}

static void put_call_name(struct rf_json *j, uint32_t call)
{
	char label[RF_SYSCALL_NAME_LEN];

	rf_json_string(j, "name", rf_stat_call(call, label, sizeof(label)));
	rf_json_string(j, "abi", rf_abi_name(RF_CALL_ABI(call)));
	rf_json_u64(j, "nr", RF_CALL_NR(call));
}

static void put_cell(struct rf_json *j, const struct rf_cell *cell)
{
	rf_json_object(j, NULL);
	put_call_name(j, cell->call);
	rf_json_u64(j, "calls", cell->calls);
	rf_json_u64(j, "open", cell->open);
	rf_json_u64(j, "ended", cell->ended);
	rf_json_u64(j, "untimed", cell->untimed);
	rf_json_u64(j, "failed", cell->failed);
	rf_json_u64(j, "denied", cell->denied);
	put_errnos(j, cell);
	rf_json_u64(j, "total_ns", cell->total_ns);
	rf_json_u64(j, "waiting_ns", cell->waiting_ns);
	rf_json_u64(j, "min_ns", cell->min_ns);
	rf_json_u64(j, "max_ns", cell->max_ns);
	rf_json_u64(j, "p50_ns", rf_stat_quantile(cell, 0.5));
	rf_json_u64(j, "p99_ns", rf_stat_quantile(cell, 0.99));
	rf_json_end(j);
}

static void put_user(struct rf_json *j, const struct rf_stat_view *v, uint32_t uid)
{
	char user[RF_STAT_USER_LEN];

	rf_json_u64(j, "uid", uid);
	rf_json_string(j, "user", rf_stat_user(v, uid, user, sizeof(user)));
}

static void put_cgroup(struct rf_json *j, const struct rf_stat_view *v, const struct rf_process *p)
{
	char path[PATH_MAX];

	rf_json_string(j, "cgroup", rf_stat_cgroup(v, p, path, sizeof(path)));
	rf_json_u64(j, "cgroup_id", p->cgroup);
}

/* Of the whole process, as the kernel counted it, whatever the window. */
static void put_exit(struct rf_json *j, const struct rf_process *p)
{
	rf_json_bool(j, "exited", p->exited);
	if (!p->exited)
		return;
	rf_json_object(j, "exit");
	rf_json_u64(j, "status", p->exit_status);
	rf_json_u64(j, "minor_faults", p->kernel_minflt);
	rf_json_u64(j, "major_faults", p->kernel_majflt);
	rf_json_end(j);
}

static void put_process(struct rf_json *j, const struct rf_stat_view *v, const struct rf_process *p)
{
	rf_json_u64(j, "pid", p->tgid);
	if (v->by == RF_BY_THREAD)
		rf_json_u64(j, "tid", p->tid);
	rf_json_u64(j, "ppid", p->ppid);
	rf_json_u64(j, "start_time_ns", p->start_ns);
	rf_json_string(j, "comm", p->comm);
	rf_json_string(j, "exe", p->exe ? p->exe : "");
	put_user(j, v, p->uid);
	put_cgroup(j, v, p);
	put_exit(j, p);
}

static void put_group(struct rf_json *j, const struct rf_stat_view *v, const struct rf_row *row)
{
	switch (v->by) {
	case RF_BY_COMM:
		rf_json_string(j, "comm", row->sum.comm);
		break;
	case RF_BY_CGROUP:
		put_cgroup(j, v, &row->sum);
		break;
	case RF_BY_USER:
		put_user(j, v, row->sum.uid);
		break;
	default:
		if (row->sum.nr_cells)
			put_call_name(j, row->sum.cells[0]->call);
		break;
	}
	rf_json_u64(j, "processes", row->processes);
}

static void put_sides(struct rf_json *j, const struct rf_process *p)
{
	rf_json_page_faults(j, &p->faults);
	rf_json_times(j, p);
}

static void put_row(struct rf_json *j, const struct rf_stat_view *v, const struct rf_row *row)
{
	const struct rf_process *p = &row->sum;

	rf_json_object(j, NULL);
	if (v->by == RF_BY_PROCESS || v->by == RF_BY_THREAD)
		put_process(j, v, p);
	else
		put_group(j, v, row);
	rf_json_u64(j, "calls", p->calls);
	rf_json_u64(j, "failed", p->failed);
	rf_json_u64(j, "denied", p->denied);
	if (v->isolation && (v->by == RF_BY_PROCESS || v->by == RF_BY_THREAD))
		rf_isolation_json(j, rf_isolation_find(v->isolation, p->entity), false);
	/* time and page faults belong to no call */
	if (v->by != RF_BY_CALL)
		put_sides(j, p);
	rf_json_array(j, "by_call");
	for (size_t i = 0; i < p->nr_cells; i++)
		put_cell(j, p->cells[i]);
	rf_json_end(j);
	rf_json_end(j);
}

static void put_totals(struct rf_json *j, const struct rf_ledger *l)
{
	struct rf_totals totals;

	rf_ledger_totals(l, &totals);
	rf_json_object(j, "totals");
	rf_json_u64(j, "calls", totals.calls);
	rf_json_u64(j, "failed", totals.failed);
	rf_json_u64(j, "denied", totals.denied);
	rf_json_u64(j, "page_faults", totals.page_faults);
	rf_json_object(j, "time_ns");
	rf_json_u64(j, "user", totals.time.user);
	rf_json_u64(j, "kernel", totals.time.kernel);
	rf_json_u64(j, "waiting", totals.time.waiting);
	rf_json_end(j);
	rf_json_end(j);
}

static void put_accounting(struct rf_json *j, const struct rf_stat_view *v)
{
	struct rf_accounting acc;

	rf_ledger_accounting(v->ledger, &acc);
	rf_json_object(j, "accounting");
	rf_json_u64(j, "seen", acc.seen);
	rf_json_u64(j, "attributed", acc.attributed);
	rf_json_i64(j, "lost", acc.lost);
	rf_json_object(j, "lost_by");
	rf_json_u64(j, "cell", acc.lost_cell);
	rf_json_u64(j, "state", acc.lost_state);
	rf_json_u64(j, "skipped", acc.lost_skipped);
	rf_json_u64(j, "batch", acc.lost_batch);
	rf_json_i64(j, "unexplained", acc.lost_unexplained);
	rf_json_end(j);
	rf_json_u64(j, "lost_errnos", acc.lost_errnos);
	rf_json_u64(j, "lost_records", acc.lost_records);
	rf_json_u64(j, "evicted", acc.evicted);
	rf_json_string(j, "missing", v->missing ? v->missing : "");
	rf_json_end(j);
}

static void put_overhead(struct rf_json *j, const struct rf_overhead *o)
{
	if (!o)
		return;
	rf_json_object(j, "overhead");
	if (o->timed) {
		rf_json_u64(j, "bpf_ns", o->bpf_ns);
		rf_json_u64(j, "bpf_runs", o->bpf_runs);
	} else {
		rf_json_null(j, "bpf_ns");
		rf_json_null(j, "bpf_runs");
	}
	rf_json_u64(j, "loader_cpu_ns", o->loader_cpu_ns);
	rf_json_u64(j, "kernel_bytes", o->kernel_bytes);
	rf_json_u64(j, "load_ns", o->load_ns);
	rf_json_u64(j, "sweeps", o->sweeps);
	rf_json_u64(j, "sweep_ns", o->sweep_ns);
	rf_json_u64(j, "sweep_max_ns", o->sweep_max_ns);
	rf_json_end(j);
}

int rf_stat_ndjson(FILE *out, const struct rf_stat_view *v)
{
	struct rf_rows rows;
	struct rf_json j;
	int ret = rf_rows_build(&rows, v->ledger, v->by, v->sort, v->top, true);

	if (ret)
		return ret;
	rf_json_init(&j, out);
	for (size_t i = 0; i < rows.nr; i++)
		put_row(&j, v, &rows.rows[i]);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "schema", "ringfence.stat/1");
	rf_json_u64(&j, "window_ns", rf_ledger_window_ns(v->ledger));
	rf_json_string(&j, "by", rf_by_name(v->by));
	rf_json_u64(&j, "left_out", rows.cut);
	put_totals(&j, v->ledger);
	put_accounting(&j, v);
	if (v->isolation)
		rf_isolation_json_account(&j, v->isolation);
	rf_json_end(&j);
	rf_rows_clear(&rows);
	return ferror(out) ? -EIO : 0;
}

int rf_stat_json(FILE *out, const struct rf_stat_view *v)
{
	struct rf_rows rows;
	struct rf_json j;
	/* a process without a crossing is a row all the same: it may be all user time or waiting */
	int ret = rf_rows_build(&rows, v->ledger, v->by, v->sort, v->top, true);

	if (ret)
		return ret;
	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "schema", "ringfence.stat/1");
	rf_json_u64(&j, "window_ns", rf_ledger_window_ns(v->ledger));
	if (v->interval)
		rf_json_u64(&j, "interval", v->interval);
	rf_json_string(&j, "by", rf_by_name(v->by));
	rf_json_array(&j, v->by == RF_BY_PROCESS ? "processes" : "rows");
	for (size_t i = 0; i < rows.nr; i++)
		put_row(&j, v, &rows.rows[i]);
	rf_json_end(&j);
	rf_json_u64(&j, "left_out", rows.cut);
	put_totals(&j, v->ledger);
	put_accounting(&j, v);
	if (v->isolation)
		rf_isolation_json_account(&j, v->isolation);
	put_overhead(&j, v->overhead);
	rf_json_end(&j);
	rf_rows_clear(&rows);
	return ferror(out) ? -EIO : 0;
}
