// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/result.h"

#include <string.h>

#include <linux/types.h>

#include "bpf/records.h"
#include "ledger/cell.h"

static const char *const GATE[] = { "sendto", "recvfrom" };

const struct rf_lab_part *rf_lab_part(const struct rf_lab_result *r, char letter)
{
	static const struct rf_lab_part none;

	for (size_t i = 0; i < r->nr_parts; i++)
		if (r->parts[i].name[0] == letter)
			return &r->parts[i];
	return &none;
}

struct rf_lab_call rf_lab_call(const struct rf_lab_part *p, const char *name)
{
	for (size_t i = 0; i < p->nr_calls; i++)
		if (!strcmp(p->by_call[i].name, name))
			return p->by_call[i];
	return (struct rf_lab_call){ 0 };
}

uint64_t rf_lab_failed_with(const struct rf_lab_part *p, int err)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->nr_errnos; i++)
		if (p->errnos[i].err == err)
			n += p->errnos[i].count;
	return n;
}

size_t rf_lab_ended(const struct rf_lab_part *p, uint32_t status)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nr_ends; i++)
		n += p->ends[i].status == status;
	return n;
}

uint64_t rf_lab_violations(const struct rf_lab_part *p, enum rf_cause cause,
                           enum rf_outcome outcome, uint64_t *threads)
{
	uint64_t n = 0, died = 0;

	for (size_t i = 0; i < p->nr_violations; i++) {
		const struct rf_lab_violation *v = &p->violations[i];

		if (v->cause != cause || v->outcome != outcome)
			continue;
		n += v->count;
		died += v->threads;
	}
	if (threads)
		*threads = died;
	return n;
}

static struct rf_lab_violation *violation_of(struct rf_lab_part *p, const struct rf_violation *v)
{
	struct rf_lab_violation *slot;

	for (size_t i = 0; i < p->nr_violations; i++) {
		slot = &p->violations[i];
		if (slot->cause == v->judgement.cause && slot->outcome == v->outcome &&
		    slot->access == v->judgement.access && slot->insn == v->judgement.insn)
			return slot;
	}
	if (p->nr_violations == RF_LAB_VIOLATIONS_MAX) {
		p->left_out++;
		return NULL;
	}
	slot = &p->violations[p->nr_violations++];
	*slot = (struct rf_lab_violation){ .cause = v->judgement.cause,
		                           .access = v->judgement.access,
		                           .outcome = v->outcome,
		                           .insn = v->judgement.insn };
	return slot;
}

void rf_lab_violation_add(struct rf_lab_result *r, const struct rf_violation *v)
{
	for (size_t i = 0; i < r->nr_parts; i++) {
		struct rf_lab_part *p = &r->parts[i];
		struct rf_lab_violation *slot;

		if (v->rec.time_ns < p->begun_ns || v->rec.time_ns >= p->ended_ns)
			continue;
		slot = violation_of(p, v);
		if (slot) {
			slot->count++;
			slot->threads += v->threads;
		}
		return;
	}
}

uint64_t rf_lab_crossings(const struct rf_lab_part *p)
{
	return p->calls + p->faults.user + p->faults.kernel;
}

static bool is_gate(const char *name)
{
	for (size_t i = 0; i < sizeof(GATE) / sizeof(GATE[0]); i++)
		if (!strcmp(name, GATE[i]))
			return true;
	return false;
}

static struct rf_lab_call *call_of(struct rf_lab_part *p, const char *name)
{
	struct rf_lab_call *call;

	for (size_t i = 0; i < p->nr_calls; i++)
		if (!strcmp(p->by_call[i].name, name))
			return &p->by_call[i];
	if (p->nr_calls == RF_LAB_CALLS_MAX) {
		p->left_out++;
		return NULL;
	}
	call = &p->by_call[p->nr_calls++];
	*call = (struct rf_lab_call){ 0 };
	snprintf(call->name, sizeof(call->name), "%s", name);
	return call;
}

static void add_errno(struct rf_lab_part *p, const char *name, const struct rf_errno_count *e)
{
	struct rf_lab_errno *slot;

	for (size_t i = 0; i < p->nr_errnos; i++) {
		slot = &p->errnos[i];
		if (slot->err == e->err && slot->refused == e->refused &&
		    !strcmp(slot->call, name)) {
			slot->count += e->count;
			return;
		}
	}
	if (p->nr_errnos == RF_LAB_ERRNOS_MAX) {
		p->left_out++;
		return;
	}
	slot = &p->errnos[p->nr_errnos++];
	*slot = (struct rf_lab_errno){ .err = e->err, .refused = e->refused, .count = e->count };
	snprintf(slot->call, sizeof(slot->call), "%s", name);
}

static void add_cell(struct rf_lab_part *p, const struct rf_cell *cell)
{
	char buf[RF_SYSCALL_NAME_LEN];
	const char *name = rf_syscall_label((enum rf_abi)RF_CALL_ABI(cell->call),
	                                    RF_CALL_NR(cell->call), buf, sizeof(buf));
	struct rf_lab_call *call;

	if (rf_cell_is_empty(cell) || is_gate(name))
		return;
	call = call_of(p, name);
	if (!call)
		return;
	call->calls += cell->calls;
	call->failed += cell->failed;
	call->denied += cell->denied;
	p->calls += cell->calls;
	p->failed += cell->failed;
	p->denied += cell->denied;
	for (size_t i = 0; i < cell->nr_errnos; i++)
		add_errno(p, name, &cell->errnos[i]);
}

static void add_end(struct rf_lab_part *p, const struct rf_process *process)
{
	struct rf_lab_end *end;

	if (p->nr_ends == RF_LAB_ENDS_MAX) {
		p->left_out++;
		return;
	}
	end = &p->ends[p->nr_ends++];
	*end = (struct rf_lab_end){ .pid = process->tgid, .status = process->exit_status };
	snprintf(end->comm, sizeof(end->comm), "%s", process->comm);
}

static void add_process(struct rf_lab_part *p, const struct rf_process *process)
{
	uint64_t before = rf_lab_crossings(p);

	p->time.user += process->time.user;
	p->time.kernel += process->time.kernel;
	p->time.waiting += process->time.waiting;
	p->faults.user += process->faults.user;
	p->faults.kernel += process->faults.kernel;
	p->faults.minor += process->faults.minor;
	p->faults.major += process->faults.major;
	for (size_t i = 0; i < process->nr_cells; i++)
		add_cell(p, process->cells[i]);
	if (process->exited)
		add_end(p, process);
	p->processes += rf_lab_crossings(p) > before;
}

void rf_lab_part_fill(struct rf_lab_part *p, const struct rf_ledger *ledger)
{
	for (size_t i = 0; i < rf_ledger_nr_processes(ledger); i++)
		add_process(p, rf_ledger_process(ledger, i));
}
