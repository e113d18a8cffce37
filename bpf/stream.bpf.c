// SPDX-License-Identifier: GPL-2.0
/*
 * System calls in stream mode: sys_enter and sys_exit again, as programs of
 * their own, so that the ledger's hot path carries no test of the mode.
 */
#include "isolation.bpf.h"
#include "select.bpf.h"

extern const volatile bool rf_trace;
extern const volatile __u16 rf_arg_strings[RF_STRING_ABIS][RF_NR_MAX + 1];

/* The arguments as the call's own convention has them. */
static __always_inline void rf_read_args(struct rf_args_rec *rec, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	if (RF_CALL_ABI(rec->call) == 1) {
		rec->args[0] = (__u32)regs->bx;
		rec->args[1] = (__u32)regs->cx;
		rec->args[2] = (__u32)regs->dx;
		rec->args[3] = (__u32)regs->si;
		rec->args[4] = (__u32)regs->di;
		rec->args[5] = (__u32)regs->bp;
		return;
	}
	rec->args[0] = regs->di;
	rec->args[1] = regs->si;
	rec->args[2] = regs->dx;
	rec->args[3] = regs->r10;
	rec->args[4] = regs->r8;
	rec->args[5] = regs->r9;
#else
	rec->args[0] = regs->orig_x0;
	rec->args[1] = regs->regs[1];
	rec->args[2] = regs->regs[2];
	rec->args[3] = regs->regs[3];
	rec->args[4] = regs->regs[4];
	rec->args[5] = regs->regs[5];
#endif
}

static __always_inline void rf_read_string(struct rf_args_rec *rec, __u32 i, __u64 which)
{
	__u64 at = which - 1;
	long len;

	rec->which[i] = which;
	rec->len[i] = 0;
	if (!which || which > RF_ARGS)
		return;
	/* known, but not to the verifier of 5.10 */
	asm volatile("%0 &= 7" : "+r"(at));
	len = bpf_probe_read_user_str(rec->text[i], RF_ARG_STRING_LEN, (const void *)rec->args[at]);
	if (len > 0)
		rec->len[i] = len;
}

/* Trace: says at once what is entered, and with what. */
RF_NOINLINE int rf_say_args(struct rf_cpu *c, struct pt_regs *regs, __u64 now)
{
	__u32 zero = 0, abi, nr, strings = 0, size = RF_ARGS_REC_SIZE;
	struct rf_args_rec *rec = bpf_map_lookup_elem(&rf_args, &zero);

	if (!rec || !c)
		return 0;
	rf_claim(&rec->rec, RF_REC_ARGS, rf_epoch(), c->entity);
	rec->rec.count = c->tid;
	rec->thread = RF_ENTITY(c->tid, BPF_CORE_READ(rf_current(), start_boottime));
	rec->time_ns = now;
	rec->call = c->call;
	rec->cpu = bpf_get_smp_processor_id();
	rf_read_args(rec, regs);
	abi = RF_CALL_ABI(c->call);
	nr = RF_CALL_NR(c->call);
	if (abi < RF_STRING_ABIS && nr <= RF_NR_MAX)
		strings = rf_arg_strings[abi][nr & RF_NR_MAX];
	rf_read_string(rec, 0, strings & 7);
	rf_read_string(rec, 1, strings >> 3 & 7);
	if (rec->len[1])
		size = RF_ARGS_REC_SIZE + 2 * RF_ARG_STRING_LEN;
	else if (rec->len[0])
		size = RF_ARGS_REC_SIZE + RF_ARG_STRING_LEN;
	if (bpf_ringbuf_output(&rf_ring, rec, size, rf_ring_flags()))
		c->counts[rf_epoch()].lost_records++;
	return 0;
}

static __always_inline int rf_stream_begins(struct pt_regs *regs, long nr)
{
	struct rf_cpu *c;
	__u32 flags, epoch;
	__u64 now;

	if (rf_off())
		return 0;
	c = rf_caller(regs, RF_SIDE_USER);
	if (!c)
		return 0;
	now = rf_now();
	epoch = rf_epoch();
	flags = c->flags;
	if (unlikely(flags & RF_T_COUNTED)) /* sys_exit was skipped */
		rf_stream_unfinished(c, epoch, now);
	flags &= ~(RF_T_COUNTED | RF_T_HIDDEN | RF_T_TOLD | RF_T_NEW | RF_T_IN_FAULT);
	c->call = rf_call_number(rf_abi_at_entry(regs, nr), nr);
	c->call_start_ns = now;
	c->call_waiting_ns = 0;
	flags |= RF_T_IN_CALL;
	if (rf_call_selected(c->call)) {
		c->counts[epoch].entered++;
		flags |= RF_T_COUNTED;
		if (rf_trace)
			rf_say_args(c, regs, now);
	} else {
		flags |= RF_T_HIDDEN;
	}
	c->flags = flags;
	return 0;
}

/* sys_exit without sys_enter; see rf_exit_alone() of the ledger mode. */
RF_NOINLINE int rf_stream_alone(struct rf_cpu *c, struct task_struct *task, long nr, long ret,
                                __u64 now)
{
	__u32 epoch = rf_epoch(), flags = RF_CALL_REFUSED;

	if (!c)
		return 0;
	if (c->flags & RF_T_NEW) {
		rf_stream_event(c, RF_STREAM_LEFT, 0, now);
		c->flags &= ~RF_T_NEW;
		return 0;
	}
	c->call = rf_call_of(task, nr);
	c->call_waiting_ns = 0;
	if (!rf_call_selected(c->call))
		return 0;
	c->counts[epoch].refused++;
	c->counts[epoch].finished++;
	if (rf_rolled_back(task, nr, ret)) {
		flags |= RF_CALL_SIGSYS;
		ret = 0;
	}
	rf_stream_call_wide(c, epoch, now, ret, flags);
	return 0;
}

static __always_inline int rf_stream_returns(struct pt_regs *regs, long ret)
{
	struct rf_cpu *c;
	__u32 flags, epoch;
	__u64 now;

	if (rf_off())
		return 0;
	c = rf_caller(regs, RF_SIDE_CALL);
	if (!c)
		return 0;
	now = rf_now();
	flags = c->flags;
	if (unlikely(!(flags & RF_T_IN_CALL)))
		return rf_stream_alone(c, rf_current(), rf_regs_nr(regs), ret, now);
	if (unlikely(!(flags & RF_T_COUNTED))) {
		if (flags & RF_T_HIDDEN)
			c->kernel_ns += now - c->call_start_ns;
		else
			rf_stream_event(c, RF_STREAM_LEFT, 0, now);
		c->flags = flags & ~(RF_T_IN_CALL | RF_T_HIDDEN | RF_T_NEW);
		return 0;
	}
	epoch = rf_epoch();
	c->counts[epoch].finished++;
	/* rt_sigreturn gives back the register of the interrupted code, not a result */
	if (unlikely(RF_IS_SIGRETURN(c->call)))
		ret = 0;
	rf_stream_call(c, epoch, now, ret);
	c->flags = flags & ~(RF_T_IN_CALL | RF_T_COUNTED | RF_T_NEW | RF_T_TOLD);
	if (rf_isolation && unlikely(ret < 0 && ret >= -4095))
		rf_refused(-ret);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(rf_stream_enter, struct pt_regs *regs, long nr)
{
	return rf_stream_begins(regs, nr);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(rf_stream_exit, struct pt_regs *regs, long ret)
{
	return rf_stream_returns(regs, ret);
}

/* Where these may be preempted; see calls.bpf.c. */
SEC("tracepoint")
int rf_stream_enter_classic(struct rf_classic_call *ctx)
{
	return rf_stream_begins(rf_current_regs(), ctx->nr);
}

SEC("tracepoint")
int rf_stream_exit_classic(struct rf_classic_call *ctx)
{
	return rf_stream_returns(rf_current_regs(), ctx->ret);
}
