// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/wait.h>

#include "identity/errno.h"
#include "identity/signal.h"
#include "lab/show.h"
#include "views/json.h"
#include "views/process_json.h"

static void json_end(struct rf_json *j, const struct rf_lab_end *e)
{
	char name[RF_SIGNAL_NAME_LEN];
	int status = (int)e->status;

	rf_json_object(j, NULL);
	rf_json_u64(j, "pid", e->pid);
	rf_json_string(j, "comm", e->comm);
	rf_json_u64(j, "status", e->status);
	if (WIFSIGNALED(status))
		rf_json_string(j, "signal", rf_signal_label(WTERMSIG(status), name, sizeof(name)));
	rf_json_end(j);
}

static void json_errno(struct rf_json *j, const struct rf_lab_errno *e)
{
	char name[RF_ERRNO_NAME_LEN];

	rf_json_object(j, NULL);
	rf_json_string(j, "call", e->call);
	rf_json_string(j, "errno", e->err ? rf_errno_label(e->err, name, sizeof(name)) : "SIGSYS");
	rf_json_bool(j, "refused", e->refused);
	rf_json_u64(j, "count", e->count);
	rf_json_end(j);
}

static void json_violation(struct rf_json *j, const struct rf_lab_violation *v)
{
	const char *access = rf_access_name(v->access);

	rf_json_object(j, NULL);
	rf_json_string(j, "cause", rf_cause_name(v->cause));
	if (access)
		rf_json_string(j, "access", access);
	if (v->insn)
		rf_json_string(j, "instruction", v->insn);
	rf_json_string(j, "outcome", rf_outcome_name(v->outcome));
	rf_json_u64(j, "count", v->count);
	rf_json_u64(j, "threads", v->threads);
	rf_json_end(j);
}

static void json_part(struct rf_json *j, const struct rf_lab_part *p)
{
	rf_json_object(j, NULL);
	rf_json_string(j, "name", p->name);
	rf_json_u64(j, "items", p->items);
	rf_json_u64(j, "wall_ns", p->wall_ns);
	rf_json_u64(j, "calls", p->calls);
	rf_json_u64(j, "failed", p->failed);
	rf_json_u64(j, "denied", p->denied);
	rf_json_page_faults(j, &p->faults);
	rf_json_object(j, "time_ns");
	rf_json_u64(j, "user", p->time.user);
	rf_json_u64(j, "kernel", p->time.kernel);
	rf_json_u64(j, "waiting", p->time.waiting);
	rf_json_end(j);
	rf_json_object(j, "by_call");
	for (size_t i = 0; i < p->nr_calls; i++)
		rf_json_u64(j, p->by_call[i].name, p->by_call[i].calls);
	rf_json_end(j);
	rf_json_array(j, "errnos");
	for (size_t i = 0; i < p->nr_errnos; i++)
		json_errno(j, &p->errnos[i]);
	rf_json_end(j);
	rf_json_array(j, "ended");
	for (size_t i = 0; i < p->nr_ends; i++)
		json_end(j, &p->ends[i]);
	rf_json_end(j);
	rf_json_array(j, "violations");
	for (size_t i = 0; i < p->nr_violations; i++)
		json_violation(j, &p->violations[i]);
	rf_json_end(j);
	rf_json_u64(j, "left_out", p->left_out);
	rf_json_end(j);
}

static void json_claims(struct rf_json *j, const struct rf_lab_judgement *judgement)
{
	rf_json_array(j, "claims");
	for (size_t i = 0; i < judgement->nr_claims; i++) {
		rf_json_object(j, NULL);
		rf_json_string(j, "text", judgement->claims[i].text);
		rf_json_bool(j, "holds", judgement->claims[i].holds);
		rf_json_end(j);
	}
	rf_json_end(j);
}

void rf_lab_json(FILE *out, unsigned int number, const struct rf_lab_result *r,
                 const struct rf_lab_prediction *p, const struct rf_lab_judgement *judgement)
{
	const struct rf_lab *lab = &rf_labs[number - 1];
	struct rf_json j;

	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "schema", "ringfence.lab/1");
	rf_json_u64(&j, "lab", number);
	rf_json_array(&j, "parts");
	for (size_t i = 0; i < r->nr_parts; i++)
		json_part(&j, &r->parts[i]);
	rf_json_end(&j);
	rf_json_u64(&j, "status", (uint64_t)r->status);
	if (judgement) {
		if (lab->kind == RF_LAB_NUMBER)
			rf_json_u64(&j, "measured", judgement->number);
		else
			rf_json_string(&j, "measured", judgement->letters);
		if (p->given)
			rf_json_bool(&j, "predicted_right", rf_lab_is_right(lab, p, judgement));
		json_claims(&j, judgement);
	}
	rf_json_object(&j, "accounting");
	rf_json_u64(&j, "seen", r->seen);
	rf_json_u64(&j, "attributed", r->attributed);
	rf_json_i64(&j, "lost", r->lost);
	rf_json_end(&j);
	rf_json_end(&j);
}
