// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults. The tracepoints fire on entry and tell the mode the fault was
 * raised in (x86 and riscv only); the software events fire when it has been
 * resolved and tell minor from major. The time between both is the handling
 * time. Without the tracepoints the events tell the mode too, by the saved
 * instruction pointer, and the handling time cannot be had.
 */
#include "thread.bpf.h"

static __always_inline void rf_fault_seen(struct rf_cpu *c, bool user)
{
	__u32 epoch = rf_epoch();
	struct rf_time_cell *cell;

	if (user)
		c->counts[epoch].faults_user++;
	else
		c->counts[epoch].faults_kernel++;
	cell = rf_time_cell(c, epoch);
	if (!cell) {
		c->counts[epoch].lost[RF_LOST_CELL]++;
		return;
	}
	cell->rec.count++;
	if (user)
		cell->faults_user++;
	else
		cell->faults_kernel++;
}

static __always_inline int rf_fault_from_user(unsigned long address, unsigned long error_code)
{
	struct rf_cpu *c;
	__u64 now;

	if (rf_off())
		return 0;
	now = rf_now();
	c = rf_current_cpu(RF_SIDE_USER, now);
	if (!c)
		return 0;
	c->flags &= ~(RF_T_IN_FAULT | RF_T_NEW);
	if (rf_stream) {
		rf_stream_fault(c, address, (error_code & 31) | RF_HOW_USER, now);
		c->flags |= RF_T_IN_FAULT;
		return 0;
	}
	rf_close_span(c, now);
	c->flags |= RF_T_IN_FAULT;
	rf_fault_seen(c, true);
	return 0;
}

static __always_inline int rf_fault_from_kernel(unsigned long address, unsigned long error_code)
{
	struct rf_cpu *c;
	__u64 now;

	if (rf_off())
		return 0;
	now = rf_now();
	c = rf_current_cpu(RF_SIDE_KERNEL, now);
	if (c && rf_stream)
		rf_stream_fault(c, address, error_code & 31, now);
	else if (c)
		rf_fault_seen(c, false);
	return 0;
}

static __always_inline int rf_fault_resolved(struct bpf_perf_event_data *ctx, bool major)
{
	/* the kernel's half of the address space is the upper one, on every architecture here */
	bool user = (long)PT_REGS_IP(&ctx->regs) >= 0;
	struct rf_time_cell *cell;
	struct rf_cpu *c;
	__u64 now;

	if (rf_off())
		return 0;
	now = user || rf_stream ? rf_now() : 0;
	c = rf_current_cpu(user ? RF_SIDE_USER : RF_SIDE_KERNEL, now);
	if (!c)
		return 0;
	if (rf_stream) {
		if (!rf_have_pf_tracepoints)
			rf_stream_fault(c, ctx->addr, user ? RF_HOW_USER : 0, now);
		rf_stream_solved(c,
		                 (major ? RF_SOLVED_MAJOR : RF_SOLVED_MINOR) |
		                         (user ? RF_SOLVED_USER : 0),
		                 now);
		if (user)
			c->flags &= ~RF_T_IN_FAULT;
		return 0;
	}
	if (!rf_have_pf_tracepoints)
		rf_fault_seen(c, user);
	if (user && c->flags & RF_T_IN_FAULT) {
		c->fault_ns += now - c->since_ns;
		rf_close_span(c, now);
		c->flags &= ~RF_T_IN_FAULT;
	}
	cell = rf_time_cell(c, rf_epoch());
	if (!cell)
		return 0;
	cell->rec.count++;
	if (major)
		cell->faults_major++;
	else
		cell->faults_minor++;
	return 0;
}

SEC("perf_event")
int rf_pf_minor(struct bpf_perf_event_data *ctx)
{
	return rf_fault_resolved(ctx, false);
}

SEC("perf_event")
int rf_pf_major(struct bpf_perf_event_data *ctx)
{
	return rf_fault_resolved(ctx, true);
}

/*
 * A fault that became a signal with a handler is never resolved: the thread
 * goes back to user mode through the delivery.
 */
/* code: where there is no info */
static __always_inline int rf_delivered(int sig, struct kernel_siginfo *info, int code)
{
	struct rf_cpu *c;
	__u64 now;

	if (rf_off())
		return 0;
	c = rf_this_cpu();
	if (!c || c->task != (__u64)rf_current() ||
	    !(c->flags & (rf_stream ? RF_T_TRACKED : RF_T_IN_FAULT)))
		return 0;
	now = rf_now();
	if (rf_stream) {
		rf_stream_event(c, RF_STREAM_SIGNAL,
		                (sig & 127) | ((info ? BPF_CORE_READ(info, si_code) : code) & 511) << 7, now);
		c->flags &= ~RF_T_IN_FAULT;
		return 0;
	}
	rf_close_span(c, now);
	c->flags &= ~RF_T_IN_FAULT;
	return 0;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(rf_pf_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return rf_fault_from_user(address, error_code);
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(rf_pf_kernel, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return rf_fault_from_kernel(address, error_code);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(rf_sig_deliver, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	return rf_delivered(sig, info, 0);
}

/*
 * Where programs on the BTF tracepoints may be preempted; see calls.bpf.c. What
 * the classic ones are given is in their format files in tracefs, and fixed.
 */
struct rf_classic_fault {
	__u64 common;
	unsigned long address;
	unsigned long ip;
	unsigned long error_code;
};

struct rf_classic_signal {
	__u64 common;
	int sig;
	int error;
	int code;
};

SEC("tracepoint")
int rf_pf_user_classic(struct rf_classic_fault *ctx)
{
	return rf_fault_from_user(ctx->address, ctx->error_code);
}

SEC("tracepoint")
int rf_pf_kernel_classic(struct rf_classic_fault *ctx)
{
	return rf_fault_from_kernel(ctx->address, ctx->error_code);
}

SEC("tracepoint")
int rf_sig_deliver_classic(struct rf_classic_signal *ctx)
{
	return rf_delivered(ctx->sig, NULL, ctx->code);
}
