// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/types.h>

#include "base/rf_time.h"
#include "identity/capability.h"
#include "identity/errno.h"
#include "identity/signal.h"
#include "identity/syscall.h"
#include "identity/taint.h"
#include "views/faults.h"

#define NAME_LEN 64

static void put_hex(struct rf_json *j, const char *key, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)n);
	rf_json_string(j, key, text);
}

static void put_str(struct rf_json *j, const char *key, struct rf_str *s)
{
	rf_json_string(j, key, rf_str_get(s));
}

static void put_comm(struct rf_json *j, const char *key, const char *comm)
{
	char text[RF_COMM_LEN + 1] = "";

	memcpy(text, comm, RF_COMM_LEN);
	rf_json_string(j, key, text);
}

static void put_call(struct rf_json *j, uint32_t call)
{
	char label[RF_SYSCALL_NAME_LEN];
	enum rf_abi abi = (enum rf_abi)RF_CALL_ABI(call);

	rf_json_string(j, "call", rf_syscall_label(abi, RF_CALL_NR(call), label, sizeof(label)));
	rf_json_string(j, "abi", rf_abi_name(abi));
}

static void put_time(struct rf_json *j, const struct rf_faults_view *view, uint64_t ns)
{
	struct timespec ts = rf_ns_to_timespec(ns + view->wall_ns);
	char date[32], text[64];
	struct tm tm;

	rf_json_u64(j, "time_ns", ns);
	if (!gmtime_r(&ts.tv_sec, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	snprintf(text, sizeof(text), "%s.%09ldZ", date, ts.tv_nsec);
	rf_json_string(j, "time", text);
}

static void put_who(struct rf_json *j, const struct rf_faults_view *view,
                    const struct rf_violation *v)
{
	const struct rf_violation_rec *rec = &v->rec;
	char path[PATH_MAX] = "";

	rf_json_u64(j, "pid", rec->tgid);
	rf_json_u64(j, "tid", rec->tid);
	rf_json_u64(j, "ppid", rec->ppid);
	rf_json_u64(j, "start_time_ns", rec->start_ns);
	put_comm(j, "comm", rec->comm);
	put_comm(j, "thread_comm", rec->thread_comm);
	rf_json_string(j, "exe", v->exe ? v->exe : "");
	rf_json_u64(j, "uid", rec->uid);
	if (view->cgroup_name) {
		const char *name = view->cgroup_name(view->ctx, rec->rec.entity, rec->cgroup);

		snprintf(path, sizeof(path), "%s", name ? name : "");
	} else if (view->cgroups &&
	           rf_cgroup_path(view->cgroups, view->hierarchy, rec->cgroup, path, sizeof(path)))
		path[0] = '\0';
	rf_json_string(j, "cgroup", path);
}

static void put_signal(struct rf_json *j, const struct rf_violation *v)
{
	char label[RF_SIGNAL_NAME_LEN];
	int sig = (int)v->rec.rec.count;

	if (!sig) {
		rf_json_null(j, "signal");
		rf_json_null(j, "code");
		return;
	}
	rf_json_string(j, "signal", rf_signal_label(sig, label, sizeof(label)));
	rf_json_string(j, "code", rf_si_code_label(sig, v->rec.code, label, sizeof(label)));
}

static void put_cause(struct rf_json *j, const struct rf_violation *v)
{
	const struct rf_judgement *judged = &v->judgement;
	const char *access = rf_access_name(judged->access);

	rf_json_string(j, "cause", rf_cause_name(judged->cause));
	rf_json_string(j, "mode", judged->kernel_mode ? "kernel" : "user");
	if (access)
		rf_json_string(j, "access", access);
	else
		rf_json_null(j, "access");
	if (judged->has_address)
		put_hex(j, "address", judged->address);
	else
		rf_json_null(j, "address");
}

static void put_build_id(struct rf_json *j, const uint8_t *id)
{
	char text[2 * 20 + 1];

	for (size_t i = 0; i < 20; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	rf_json_string(j, "build_id", text);
}

static void put_mapping(struct rf_json *j, const struct rf_violation *v)
{
	const struct rf_mapping_rec *map = &v->rec.maps[RF_MAP_OF_ADDRESS];
	__rf_str struct rf_str path = RF_STR_INIT;
	char access[5] = "---";

	if (!map->end || !v->judgement.has_address)
		return;
	rf_mapping_path(map, &path);
	rf_json_object(j, "mapping");
	put_str(j, "path", &path);
	put_hex(j, "start", map->start);
	put_hex(j, "end", map->end);
	if (map->flags & RF_MAP_READ)
		access[0] = 'r';
	if (map->flags & RF_MAP_WRITE)
		access[1] = 'w';
	if (map->flags & RF_MAP_EXECUTE)
		access[2] = 'x';
	access[3] = map->flags & RF_MAP_SHARED ? 's' : 'p';
	rf_json_string(j, "access", access);
	rf_json_end(j);
}

static void put_stack(struct rf_json *j, const struct rf_faults_view *view,
                      const struct rf_violation *v)
{
	rf_json_array(j, "stack");
	for (size_t i = 0; i < v->rec.nr_frames; i++) {
		__rf_str struct rf_str where = RF_STR_INIT;

		rf_json_object(j, NULL);
		put_hex(j, "ip", v->rec.frames[i]);
		rf_violation_frame(view, v, i, &where);
		put_str(j, "where", &where);
		if (v->rec.ids[i].status == 1) {
			put_build_id(j, v->rec.ids[i].build_id);
			put_hex(j, "offset", v->rec.ids[i].offset);
		}
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_place(struct rf_json *j, const struct rf_faults_view *view,
                      const struct rf_violation *v)
{
	__rf_str struct rf_str where = RF_STR_INIT;
	char insn[2 * RF_INSN_BYTES + 1] = "";

	if (!(v->rec.flags & RF_V_REGS)) {
		rf_json_null(j, "ip");
		rf_json_string(j, "where", "");
		return;
	}
	put_hex(j, "ip", v->rec.ip);
	put_hex(j, "sp", v->rec.sp);
	rf_violation_where(view, v, &where);
	put_str(j, "where", &where);
	for (uint32_t i = 0; i < v->rec.insn_bytes; i++)
		snprintf(insn + 2 * i, 3, "%02x", v->rec.insn[i]);
	rf_json_string(j, "instruction", insn);
	put_mapping(j, v);
	if (v->rec.nr_frames && v->rec.ids[0].status == 1)
		put_build_id(j, v->rec.ids[0].build_id);
}

static void put_sender(struct rf_json *j, const struct rf_violation *v)
{
	if (!(v->rec.flags & RF_V_SENT))
		return;
	rf_json_object(j, "sender");
	rf_json_u64(j, "pid", v->rec.sender);
	put_comm(j, "comm", v->rec.sender_comm);
	rf_json_u64(j, "uid", v->rec.sender_uid);
	rf_json_end(j);
}

static void put_blast(struct rf_json *j, const struct rf_violation *v)
{
	char label[RF_SIGNAL_NAME_LEN];

	rf_json_object(j, "blast_radius");
	rf_json_u64(j, "threads", v->threads);
	rf_json_u64(j, "orphaned_children", v->children);
	rf_json_u64(j, "released_bytes", v->released_bytes);
	rf_json_array(j, "also_died");
	for (size_t i = 0; i < v->nr_signals; i++)
		if (v->signals[i].died)
			rf_json_u64(j, NULL, v->signals[i].pid);
	rf_json_end(j);
	rf_json_array(j, "signalled");
	for (size_t i = 0; i < v->nr_signals; i++) {
		rf_json_object(j, NULL);
		rf_json_u64(j, "pid", v->signals[i].pid);
		rf_json_string(j, "comm", v->signals[i].comm);
		rf_json_string(j, "signal",
		               rf_signal_label((int)v->signals[i].sig, label, sizeof(label)));
		rf_json_end(j);
	}
	rf_json_end(j);
	if (v->more_signals)
		rf_json_u64(j, "more_signalled", v->more_signals);
	rf_json_end(j);
}

int rf_faults_json_event(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v)
{
	__rf_str struct rf_str sentence = RF_STR_INIT;
	struct rf_json j;

	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "type", "violation");
	put_time(&j, view, v->rec.time_ns);
	put_who(&j, view, v);
	put_signal(&j, v);
	put_cause(&j, v);
	if (v->rec.flags & RF_V_CALL)
		put_call(&j, v->rec.call);
	put_place(&j, view, v);
	put_sender(&j, v);
	rf_json_string(&j, "outcome", rf_outcome_name(v->outcome));
	if (v->outcome == RF_OUTCOME_KILLED) {
		rf_json_u64(&j, "status", v->status);
		rf_json_bool(&j, "core_dumped", rf_violation_dumped(v));
		rf_json_bool(&j, "whole_process", v->whole_process);
	}
	if (!v->outcome_told)
		rf_json_bool(&j, "outcome_inferred", true);
	put_blast(&j, v);
	rf_violation_explain(view, v, &sentence);
	put_str(&j, "sentence", &sentence);
	if (view->stack)
		put_stack(&j, view, v);
	rf_json_end(&j);
	fflush(out);
	return ferror(out) ? -EIO : 0;
}

/* ---- totals ---- */

static void put_violations(struct rf_json *j, const struct rf_isolated *p)
{
	char label[RF_SIGNAL_NAME_LEN];

	rf_json_array(j, "by_signal");
	for (size_t i = 0; i < p->nr_violations; i++) {
		const struct rf_violation_count *c = &p->violations[i];

		rf_json_object(j, NULL);
		if (c->sig) {
			rf_json_string(j, "signal",
			               rf_signal_label((int)c->sig, label, sizeof(label)));
		} else {
			rf_json_null(j, "signal");
			put_call(j, c->call);
		}
		rf_json_string(j, "outcome", rf_outcome_name(c->outcome));
		rf_json_u64(j, "count", c->count);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_fault_class(struct rf_json *j, const struct rf_fault_count *f)
{
	static const char *const accesses[] = { "unknown", "read", "write", "execute" };
	static const char *const pages[] = { "unknown", "not-present", "protection" };

	rf_json_object(j, NULL);
	rf_json_string(j, "mode", f->class & RF_FAULT_KERNEL ? "kernel" : "user");
	rf_json_string(j, "resolved", f->class & RF_FAULT_MAJOR ? "major" : "minor");
	rf_json_string(j, "access", accesses[(f->class & RF_FAULT_ACCESS) / RF_FAULT_READ]);
	rf_json_string(j, "page", pages[(f->class & RF_FAULT_PAGE) / RF_FAULT_NOT_PRESENT % 3]);
	rf_json_string(j, "hit", rf_hit_name((enum rf_hit)RF_FAULT_HIT(f->class)));
	rf_json_u64(j, "count", f->count);
	rf_json_u64(j, "untimed", f->untimed);
	rf_json_u64(j, "total_ns", f->total_ns);
	rf_json_u64(j, "max_ns", f->max_ns);
	rf_json_end(j);
}

static void put_faults(struct rf_json *j, const struct rf_isolated *p)
{
	uint64_t max = 0;

	rf_json_array(j, "page_faults");
	for (size_t i = 0; i < p->nr_faults; i++) {
		put_fault_class(j, &p->faults[i]);
		if (p->faults[i].max_ns > max)
			max = p->faults[i].max_ns;
	}
	rf_json_end(j);
	rf_json_object(j, "handling_ns");
	rf_json_u64(j, "p50", rf_hist_quantile(&p->fault_hist, 0.5, 0, max));
	rf_json_u64(j, "p99", rf_hist_quantile(&p->fault_hist, 0.99, 0, max));
	rf_json_u64(j, "max", max);
	rf_json_array(j, "histogram");
	for (unsigned int i = 0; i < RF_HIST_BUCKETS; i++) {
		uint64_t count = rf_hist_count(&p->fault_hist, i);

		if (!count)
			continue;
		rf_json_object(j, NULL);
		rf_json_u64(j, "from_ns", rf_hist_bucket_ns(i));
		rf_json_u64(j, "count", count);
		rf_json_end(j);
	}
	rf_json_end(j);
	rf_json_end(j);
}

static void put_capabilities(struct rf_json *j, const struct rf_isolated *p)
{
	char label[RF_CAPABILITY_NAME_LEN];

	rf_json_array(j, "missing_capabilities");
	for (size_t i = 0; i < p->nr_capabilities; i++) {
		rf_json_object(j, NULL);
		rf_json_string(j, "capability",
		               rf_capability_label((int)p->capabilities[i].capability, label,
		                                   sizeof(label)));
		put_call(j, p->capabilities[i].call);
		rf_json_u64(j, "count", p->capabilities[i].count);
		rf_json_end(j);
	}
	rf_json_end(j);
}

void rf_isolation_json(struct rf_json *j, const struct rf_isolated *p, bool details)
{
	static const struct rf_isolated none;

	if (!p)
		p = &none;
	rf_json_object(j, "isolation");
	rf_json_u64(j, "violations", p->handled + p->killed + p->refused);
	rf_json_u64(j, "handled", p->handled);
	rf_json_u64(j, "killed", p->killed);
	rf_json_u64(j, "refused", p->refused);
	put_violations(j, p);
	if (details) {
		put_faults(j, p);
		put_capabilities(j, p);
	}
	rf_json_end(j);
}

/* seen = handled + killed + refused + open + lost */
static void put_balance(struct rf_json *j, const struct rf_isolation_account *acc)
{
	rf_json_u64(j, "seen", acc->seen);
	rf_json_u64(j, "handled", acc->handled);
	rf_json_u64(j, "killed", acc->killed);
	rf_json_u64(j, "refused", acc->refused);
	rf_json_u64(j, "open", acc->open);
	rf_json_u64(j, "lost", acc->lost);
	rf_json_u64(j, "skipped", acc->skipped);
	rf_json_i64(j, "unexplained", acc->unexplained);
}

void rf_isolation_json_account(struct rf_json *j, const struct rf_isolation *iso)
{
	struct rf_isolation_account acc;

	rf_isolation_accounting(iso, &acc);
	rf_json_object(j, "isolation");
	put_balance(j, &acc);
	rf_json_u64(j, "lost_details", acc.lost_details);
	rf_json_end(j);
}

static void put_denied_cell(struct rf_json *j, const struct rf_process *p, const struct rf_cell *c,
                            const struct rf_errno_count *e)
{
	char label[RF_ERRNO_NAME_LEN];

	rf_json_object(j, NULL);
	rf_json_u64(j, "pid", p->tgid);
	rf_json_u64(j, "start_time_ns", p->start_ns);
	rf_json_string(j, "comm", p->comm);
	put_call(j, c->call);
	rf_json_string(j, "reason", e->refused ? "seccomp" : "kernel");
	if (e->err)
		rf_json_string(j, "errno", rf_errno_label(e->err, label, sizeof(label)));
	else
		rf_json_string(j, "errno", "SIGSYS");
	rf_json_u64(j, "count", e->count);
	rf_json_end(j);
}

static void put_denied(struct rf_json *j, const struct rf_ledger *l)
{
	rf_json_array(j, "denied");
	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++) {
		const struct rf_process *p = rf_ledger_process(l, i);

		for (size_t k = 0; k < p->nr_cells; k++) {
			const struct rf_cell *c = p->cells[k];

			for (size_t e = 0; e < c->nr_errnos; e++)
				if (c->errnos[e].refused || c->errnos[e].err == EPERM ||
				    c->errnos[e].err == EACCES)
					put_denied_cell(j, p, c, &c->errnos[e]);
		}
	}
	rf_json_end(j);
}

static void put_processes(struct rf_json *j, const struct rf_faults_summary *s)
{
	rf_json_array(j, "processes");
	for (size_t i = 0; i < rf_isolation_nr(s->isolation); i++) {
		const struct rf_isolated *iso = rf_isolation_process(s->isolation, i);
		const struct rf_process *p = rf_ledger_find(s->ledger, iso->entity);

		rf_json_object(j, NULL);
		rf_json_u64(j, "pid", p ? p->tgid : RF_ENTITY_PID(iso->entity));
		rf_json_u64(j, "start_time_ns", p ? p->start_ns : 0);
		rf_json_string(j, "comm", p ? p->comm : "");
		rf_json_string(j, "exe", p && p->exe ? p->exe : "");
		rf_isolation_json(j, iso, true);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_change(struct rf_json *j, const char *key, const struct rf_health_count *before,
                       const struct rf_health_count *after)
{
	if (after->known)
		rf_json_u64(j, key, after->count - before->count);
	else
		rf_json_null(j, key);
}

static void put_health(struct rf_json *j, const struct rf_faults_summary *s)
{
	const struct rf_health *a = &s->before, *b = &s->after;
	char words[NAME_LEN * 8];

	rf_json_object(j, "kernel");
	put_change(j, "oopses", &a->oopses, &b->oopses);
	put_change(j, "warnings", &a->warnings, &b->warnings);
	put_change(j, "oom_kills", &a->oom_kills, &b->oom_kills);
	rf_json_u64(j, "taint", b->taint.count);
	rf_json_u64(j, "newly_tainted", b->taint.count & ~a->taint.count);
	rf_json_string(j, "taint_reasons", rf_taint_words(b->taint.count, words, sizeof(words)));
	rf_json_end(j);
}

static void put_causes(struct rf_json *j, const struct rf_faults_summary *s)
{
	rf_json_object(j, "by_cause");
	for (int c = 0; c < RF_CAUSE_COUNT; c++) {
		const uint64_t *n = s->causes[c];

		if (!n[RF_OUTCOME_HANDLED] && !n[RF_OUTCOME_KILLED] && !n[RF_OUTCOME_REFUSED])
			continue;
		rf_json_object(j, rf_cause_name((enum rf_cause)c));
		for (int o = RF_OUTCOME_HANDLED; o <= RF_OUTCOME_REFUSED; o++)
			rf_json_u64(j, rf_outcome_name((enum rf_outcome)o), n[o]);
		rf_json_end(j);
	}
	rf_json_end(j);
}

static void put_accounting(struct rf_json *j, const struct rf_isolation *iso)
{
	struct rf_isolation_account acc;

	rf_isolation_accounting(iso, &acc);
	rf_json_object(j, "accounting");
	put_balance(j, &acc);
	rf_json_u64(j, "events", acc.told);
	rf_json_u64(j, "lost_events", acc.lost_events);
	rf_json_i64(j, "untold", acc.untold);
	rf_json_u64(j, "lost_details", acc.lost_details);
	rf_json_end(j);
}

int rf_faults_json_summary(FILE *out, const struct rf_faults_view *view,
                           const struct rf_faults_summary *s)
{
	struct rf_json j;

	(void)view;
	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "type", "summary");
	rf_json_string(&j, "schema", "ringfence.faults/1");
	rf_json_u64(&j, "window_ns", rf_ledger_window_ns(s->ledger));
	if (s->interval)
		rf_json_u64(&j, "interval", s->interval);
	put_causes(&j, s);
	put_processes(&j, s);
	put_denied(&j, s->ledger);
	put_health(&j, s);
	put_accounting(&j, s->isolation);
	rf_json_string(&j, "missing", s->missing);
	rf_json_end(&j);
	fflush(out);
	return ferror(out) ? -EIO : 0;
}
