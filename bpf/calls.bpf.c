// SPDX-License-Identifier: GPL-2.0
/*
 * System calls: sys_enter and sys_exit. The hot path; docs/architecture.md
 * accounts for every helper on it.
 */
#include "call.bpf.h"
#include "isolation.bpf.h"
#include "select.bpf.h"

static __always_inline int rf_call_begins(struct pt_regs *regs, long nr)
{
	struct rf_cpu *c;
	__u32 flags, epoch;
	__u64 now;

	if (rf_off())
		return 0;
	c = rf_caller(regs, RF_SIDE_USER);
	if (!c)
		return 0;
	epoch = rf_epoch();
	flags = c->flags;
	if (unlikely(flags & RF_T_COUNTED)) /* sys_exit was skipped */
		rf_book_unfinished(c, epoch);
	flags &= ~(RF_T_COUNTED | RF_T_IN_CALL | RF_T_NEW | RF_T_TIMED | RF_T_FAULT_LEFT);
	if (!rf_sampling || flags & RF_T_IN_FAULT || !rf_left_out(&c->calls)) {
		now = rf_now();
		if (rf_sampling)
			rf_choose_skip(c, &c->calls, now);
		c->flags = flags;
		rf_close_span(c, now);
		c->call_start_ns = now;
		flags = (flags & ~RF_T_IN_FAULT) | RF_T_TIMED;
	}
	c->call = rf_call_number(rf_abi_at_entry(regs, nr), nr);
	c->call_waiting_ns = 0;
	flags |= RF_T_IN_CALL;
	if (rf_call_selected(c->call)) {
		c->counts[epoch].entered++;
		flags |= RF_T_COUNTED;
	}
	c->flags = flags;
	return 0;
}

/* The errno cell of a failure, claimed if need be; NULL: the ring is full. */
static __always_inline struct rf_errno_cell *rf_errno_cell(struct rf_cpu *c, __u32 epoch, __u32 err,
                                                           __u32 errno_flags)
{
	__u32 slot = rf_table_base(epoch, rf_errno_bits) |
	             (rf_hash(c->entity, c->call ^ err << 20) & ((1U << rf_errno_bits) - 1));
	struct rf_errno_cell *cell, *least = NULL;
	__u32 i, at;

	for (i = 0; i < RF_CELL_WAYS; i++) {
		at = slot ^ i;
		cell = bpf_map_lookup_elem(&rf_errno_cells, &at);
		if (!cell)
			return NULL;
		if (cell->rec.entity == c->entity && cell->call == c->call && cell->err == err &&
		    cell->flags == errno_flags)
			return cell;
		if (!least || !cell->rec.entity || cell->rec.count < least->rec.count)
			least = cell;
		if (!cell->rec.entity)
			break;
	}
	if (!least)
		return NULL;
	if (least->rec.entity) {
		if (bpf_ringbuf_output(&rf_ring, least, sizeof(*least), rf_ring_flags()))
			return NULL;
		c->counts[epoch & 1].evicted++;
	}
	rf_claim(&least->rec, RF_REC_ERRNO, epoch, c->entity);
	least->call = c->call;
	least->err = err;
	least->flags = errno_flags;
	return least;
}

/* One more failure; the call itself is booked already. */
RF_NOINLINE int rf_book_errno(struct rf_cpu *c, __u32 epoch, __u32 err, __u32 errno_flags)
{
	struct rf_errno_cell *cell;

	if (!c)
		return 0;
	cell = rf_errno_cell(c, epoch, err, errno_flags);
	if (cell)
		cell->rec.count++;
	else
		c->counts[epoch & 1].lost_errnos++;
	return 0;
}

/*
 * sys_exit without sys_enter. Three things look like this: a thread comes out
 * of the fork that made it; a call entered before the window ends (then
 * RF_T_IN_CALL is set without RF_T_COUNTED and we are not here); seccomp or
 * ptrace answered the call before sys_enter. Only the last is a crossing that
 * is counted here.
 */
RF_NOINLINE int rf_exit_alone(struct rf_cpu *c, struct task_struct *task, long nr, long ret)
{
	__u32 epoch = rf_epoch();

	if (!c)
		return 0;
	if (c->flags & RF_T_NEW) {
		c->flags &= ~RF_T_NEW;
		return 0;
	}
	c->call = rf_call_of(task, nr);
	c->call_waiting_ns = 0;
	if (!rf_call_selected(c->call))
		return 0;
	c->counts[epoch].refused++;
	if (!rf_book_call(c, epoch, RF_UNTIMED, 0))
		return 0;
	if (ret < 0 && ret >= -4095)
		rf_book_errno(c, epoch, -ret, RF_ERRNO_REFUSED);
	else if (rf_rolled_back(task, nr, ret))
		rf_book_errno(c, epoch, 0, RF_ERRNO_REFUSED);
	return 0;
}

static __always_inline int rf_call_ends(struct pt_regs *regs, long ret)
{
	enum rf_timing timing = RF_LEFT_OUT;
	__u64 now, ns = 0;
	struct rf_cpu *c;
	__u32 flags, epoch;

	if (rf_off())
		return 0;
	c = rf_caller(regs, RF_SIDE_CALL);
	if (!c)
		return 0;
	flags = c->flags;
	if (!rf_sampling || (flags & (RF_T_COUNTED | RF_T_TIMED)) != RF_T_COUNTED) {
		now = rf_now();
		rf_close_span(c, now);
		if (unlikely(!(flags & RF_T_IN_CALL)))
			return rf_exit_alone(c, rf_current(), rf_regs_nr(regs), ret);
		timing = rf_latency ? RF_TIMED : RF_UNTIMED;
		ns = now - c->call_start_ns;
	}
	c->flags = flags & ~(RF_T_IN_CALL | RF_T_COUNTED | RF_T_NEW | RF_T_TIMED);
	if (unlikely(!(flags & RF_T_COUNTED)))
		return 0; /* entered before the window, or not selected */
	if (rf_sampling && timing == RF_TIMED && !c->call_waiting_ns)
		rf_sample_mean(&c->calls, ns);
	epoch = rf_epoch();
	if (!rf_book_call(c, epoch, timing, ns))
		return 0;
	/* rt_sigreturn gives back the register of the interrupted code, not a result */
	if (unlikely(ret < 0 && ret >= -4095) && !RF_IS_SIGRETURN(c->call)) {
		rf_book_errno(c, epoch, -ret, 0);
		if (rf_isolation) /* from here: eight calls deep is all that the verifier allows */
			rf_refused(-ret);
	}
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(rf_sys_enter, struct pt_regs *regs, long nr)
{
	return rf_call_begins(regs, nr);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(rf_sys_exit, struct pt_regs *regs, long ret)
{
	return rf_call_ends(regs, ret);
}

/*
 * Since 7.2 the two above may be preempted, and since 7.1 programs on most other
 * BTF tracepoints. A thread that is switched out inside a program takes it along:
 * the kernel skips it for everybody else on that CPU until the thread comes back,
 * and the CPU's state is not the program's own any more. Programs on the classic
 * tracepoints still run with preemption off. They are dearer, and do not get the
 * registers.
 */
SEC("tracepoint")
int rf_sys_enter_classic(struct rf_classic_call *ctx)
{
	return rf_call_begins(rf_current_regs(), ctx->nr);
}

SEC("tracepoint")
int rf_sys_exit_classic(struct rf_classic_call *ctx)
{
	return rf_call_ends(rf_current_regs(), ctx->ret);
}
