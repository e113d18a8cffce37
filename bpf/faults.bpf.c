// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults. The tracepoints fire on entry and tell the mode the fault was
 * raised in (x86 and riscv only); the software events fire when it has been
 * resolved and tell minor from major. The time between both is the handling
 * time. Without the tracepoints the events tell the mode too, by the saved
 * instruction pointer, and the handling time cannot be had.
 */
#include "hist.bpf.h"
#include "isolation.bpf.h"
#include "mapping.bpf.h"
#include "select.bpf.h"

#define SIGKILL 9

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

/* The error code goes with the thread while it waits for its page: in its flags' upper bits. */
#define RF_T_CODE_SHIFT 24
#define RF_T_CODE (0x1fU << RF_T_CODE_SHIFT)

static __always_inline void rf_keep_code(struct rf_cpu *c, __u64 code)
{
	c->flags = (c->flags & ~RF_T_CODE) | ((__u32)code << RF_T_CODE_SHIFT & RF_T_CODE);
}

/* Sampling leaves out faults as it does calls, where nobody asks for the handling time of each. */
static __always_inline bool rf_sampling_faults(void)
{
	return rf_sampling && !rf_events;
}

/* c: the faulting thread's */
static __always_inline int rf_fault_from_user(struct rf_cpu *c, unsigned long address,
                                              unsigned long error_code)
{
	__u64 now;

	c->flags &= ~(RF_T_IN_FAULT | RF_T_FAULT_LEFT | RF_T_NEW);
	if (rf_sampling_faults() && rf_left_out(&c->faults)) {
		c->flags |= RF_T_FAULT_LEFT;
		rf_fault_seen(c, true);
		return 0;
	}
	now = rf_now();
	if (rf_events)
		rf_keep_code(c, error_code);
	if (rf_stream) {
		rf_stream_fault(c, address, (error_code & 31) | RF_HOW_USER, now);
		c->flags |= RF_T_IN_FAULT;
		return 0;
	}
	if (rf_sampling_faults())
		rf_choose_skip(c, &c->faults, now);
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
	c = rf_current_cpu(RF_SIDE_KERNEL);
	if (!c || (rf_events && c->looking))
		return 0;
	now = rf_events || rf_stream ? rf_now() : 0;
	if (rf_events) {
		rf_keep_code(c, error_code);
		c->kfault_address = address;
		c->kfault_code = error_code;
		c->kfault_mark = rf_open_mark(c);
		c->kfault_ns = now;
	}
	if (rf_stream)
		rf_stream_fault(c, address, error_code & 31, now);
	else
		rf_fault_seen(c, false);
	return 0;
}

#define PF_PROTECTION 1 /* x86's error code */
#define PF_WRITE 2
#define PF_INSTRUCTION 16

static __always_inline __u32 rf_access_class(__u32 code)
{
	__u32 class = code & PF_PROTECTION ? RF_FAULT_PROTECTION : RF_FAULT_NOT_PRESENT;

	if (!rf_have_pf_tracepoints)
		return 0;
	if (code & PF_INSTRUCTION)
		return class | RF_FAULT_EXECUTE;
	return class | (code & PF_WRITE ? RF_FAULT_WRITE : RF_FAULT_READ);
}

/*
 * An address space counts the changes to its mappings, so that a fault can be
 * handled without its lock: an int from 6.4 on, a seqcount from 6.14 on.
 */
struct mm_struct___int {
	int mm_lock_seq;
} __attribute__((preserve_access_index));

struct seqcount___rf {
	__u32 sequence;
} __attribute__((preserve_access_index));

struct mm_struct___seqcount {
	struct seqcount___rf mm_lock_seq;
} __attribute__((preserve_access_index));

/* false: this kernel does not count them. */
static __always_inline bool rf_mapping_changes(struct task_struct *task, __u32 *changes)
{
	struct mm_struct___seqcount *seqcount;
	struct mm_struct___int *plain;
	struct mm_struct *mm;

	if (!rf_have_task_btf)
		return false;
	mm = task->mm;
	if (!mm)
		return false;
	plain = (void *)mm;
	seqcount = (void *)mm;
	if (bpf_core_field_exists(seqcount->mm_lock_seq.sequence))
		*changes = seqcount->mm_lock_seq.sequence;
	else if (bpf_core_field_exists(plain->mm_lock_seq))
		*changes = plain->mm_lock_seq;
	else
		return false;
	return true;
}

#define RF_HIT_IS_SHARED 0x100 /* with a kind: no write to it makes a copy */

/* What the address belongs to, and in c->hit from where to where. */
RF_NOINLINE __u32 rf_look_up_hit(struct rf_cpu *c, __u64 address)
{
	struct mm_struct *mm = BPF_CORE_READ(rf_current(), mm);
	struct rf_lookup found = {};
	struct vm_area_struct *vma;
	__u64 flags, start, end, brk;
	bool file;

	rf_find_mapping(mm, address, &found);
	vma = found.vma;
	if (!vma || !c)
		return RF_HIT_UNKNOWN;
	flags = BPF_CORE_READ(vma, vm_flags);
	file = BPF_CORE_READ(vma, vm_file);
	start = BPF_CORE_READ(vma, vm_start);
	end = BPF_CORE_READ(vma, vm_end);
	c->hit.start = start;
	c->hit.end = end;
	if (flags & RF_MAP_SHARED)
		return RF_HIT_IS_SHARED | (file ? RF_HIT_FILE_SHARED : RF_HIT_ANONYMOUS);
	if (file)
		return RF_HIT_FILE_PRIVATE;
	brk = BPF_CORE_READ(mm, start_stack);
	if (flags & RF_MAP_STACK || (brk >= start && brk < end))
		return RF_HIT_STACK;
	brk = BPF_CORE_READ(mm, brk);
	return start < brk && end > BPF_CORE_READ(mm, start_brk) ? RF_HIT_HEAP : RF_HIT_ANONYMOUS;
}

/*
 * The same, without a walk where the last fault on this CPU was one of the same
 * program in the same mapping, and no mapping has changed since.
 */
static __always_inline __u32 rf_hit_kind(struct rf_cpu *c, __u64 address)
{
	struct task_struct *task = rf_current();
	struct rf_last_hit *hit = &c->hit;
	__u32 changes = 0;

	if (!rf_mapping_changes(task, &changes))
		return rf_look_up_hit(c, address);
	if (hit->entity == c->entity && hit->changes == changes && address >= hit->start &&
	    address < hit->end && hit->exec_id == rf_task_read(task, self_exec_id))
		return hit->kind;
	hit->kind = rf_look_up_hit(c, address);
	hit->entity = hit->kind == RF_HIT_UNKNOWN ? 0 : c->entity;
	hit->exec_id = rf_task_read(task, self_exec_id);
	hit->changes = changes;
	return hit->kind;
}

static __always_inline __u32 rf_hit_class(struct rf_cpu *c, __u64 address, __u32 class)
{
	bool write = (class & RF_FAULT_ACCESS) == RF_FAULT_WRITE;
	bool present = class & RF_FAULT_PROTECTION;
	__u32 kind = rf_hit_kind(c, address);

	if (kind & RF_HIT_IS_SHARED || kind == RF_HIT_UNKNOWN)
		return kind & ~RF_HIT_IS_SHARED;
	return write && (present || kind == RF_HIT_FILE_PRIVATE) ? RF_HIT_COPY : kind;
}

static __always_inline void rf_book_fault(struct rf_cpu *c, __u64 address, bool user, bool major,
                                          __u64 ns)
{
	struct rf_isolation_key k = { .kind = RF_ISOLATION_FAULT, .epoch = rf_epoch() };
	struct rf_isolation_cell *cell;
	__u32 bucket;

	k.key = rf_access_class((c->flags & RF_T_CODE) >> RF_T_CODE_SHIFT);
	k.key |= rf_hit_class(c, address, k.key) << RF_FAULT_HIT_SHIFT;
	k.key |= (user ? 0 : RF_FAULT_KERNEL) | (major ? RF_FAULT_MAJOR : 0);
	cell = rf_isolation_cell(c, c->entity, &k);
	if (!cell) {
		c->counts[k.epoch & 1].lost_details++;
		return;
	}
	cell->rec.count++;
	if (!ns) {
		cell->untimed++;
		return;
	}
	cell->total_ns += ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	bucket = rf_bucket(ns) & (RF_HIST_BUCKETS - 1);
	if (bucket > cell->top)
		cell->top = bucket;
	cell->hist[bucket]++;
}

static __always_inline void rf_stream_resolved(struct rf_cpu *c, __u64 address, bool user,
                                               bool major)
{
	__u64 now = rf_now();

	if (!rf_have_pf_tracepoints)
		rf_stream_fault(c, address, user ? RF_HOW_USER : 0, now);
	rf_stream_solved(
		c, (major ? RF_SOLVED_MAJOR : RF_SOLVED_MINOR) | (user ? RF_SOLVED_USER : 0), now);
	if (user)
		c->flags &= ~RF_T_IN_FAULT;
	else if (rf_events && c->kfault_mark == rf_open_mark(c))
		c->kfault_mark = 0;
}

/* The handling time of the thread's open fault; 0: it is not known. */
static __always_inline __u64 rf_fault_ends(struct rf_cpu *c, bool user)
{
	__u64 now, ns;

	if (!user) {
		if (!rf_events || c->kfault_mark != rf_open_mark(c))
			return 0;
		c->kfault_mark = 0; /* resolved: not what a later EFAULT is about */
		return rf_now() - c->kfault_ns;
	}
	if (!(c->flags & RF_T_IN_FAULT)) {
		c->flags &= ~RF_T_FAULT_LEFT;
		return 0;
	}
	now = rf_now();
	ns = now - c->since_ns;
	if (rf_sampling_faults() && c->since_ns == c->faults.begin_ns) /* it did not wait */
		rf_sample_mean(&c->faults, ns);
	c->fault_ns += ns;
	rf_close_span(c, now);
	c->flags &= ~RF_T_IN_FAULT;
	return ns;
}

static __always_inline int rf_fault_resolved(struct bpf_perf_event_data *ctx, bool major)
{
	/* the kernel's half of the address space is the upper one, on every architecture here */
	bool user = (long)PT_REGS_IP(&ctx->regs) >= 0;
	struct rf_time_cell *cell;
	struct rf_cpu *c;
	__u64 ns;

	if (rf_off())
		return 0;
	c = rf_current_cpu(user ? RF_SIDE_USER : RF_SIDE_KERNEL);
	if (!c)
		return 0;
	if (rf_stream) {
		rf_stream_resolved(c, ctx->addr, user, major);
		return 0;
	}
	if (!rf_have_pf_tracepoints)
		rf_fault_seen(c, user);
	ns = rf_fault_ends(c, user);
	if (rf_events)
		rf_book_fault(c, ctx->addr, user, major, ns);
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
 * A signal that ends the process is delivered as SIGKILL to each of its threads;
 * the process knows which one it was.
 */
static __always_inline __u32 rf_fatal_signal(__u32 sig)
{
	__u32 fatal;

	if (sig != SIGKILL)
		return sig;
	fatal = BPF_CORE_READ((struct task_struct *)rf_current(), signal, group_exit_code) & 127;
	return fatal ? fatal : sig;
}

/*
 * A fault that became a signal with a handler is never resolved: the thread
 * goes back to user mode through the delivery. code: where there is no info.
 */
static __always_inline int rf_delivered(int sig, struct kernel_siginfo *info, int code)
{
	struct rf_cpu *c;

	if (rf_off())
		return 0;
	if (rf_stream) {
		/* it may run since a switch that no event told of */
		c = rf_current_cpu(RF_SIDE_KERNEL);
		if (!c)
			return 0;
		rf_stream_event(c, RF_STREAM_SIGNAL,
		                (rf_fatal_signal(sig) & 127) |
		                        ((info ? BPF_CORE_READ(info, si_code) : code) & 511) << 7,
		                rf_now());
		c->flags &= ~RF_T_IN_FAULT;
		return 0;
	}
	c = rf_this_cpu();
	if (!c || c->task != (__u64)rf_current())
		return 0;
	c->flags &= ~RF_T_FAULT_LEFT;
	if (!(c->flags & RF_T_IN_FAULT))
		return 0;
	rf_close_span(c, rf_now());
	c->flags &= ~RF_T_IN_FAULT;
	return 0;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(rf_pf_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	struct rf_cpu *c;

	if (rf_off())
		return 0;
	/* saved where those of a call are */
	c = rf_caller(regs, RF_SIDE_USER);
	return c ? rf_fault_from_user(c, address, error_code) : 0;
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
	struct rf_cpu *c;

	if (rf_off())
		return 0;
	c = rf_current_cpu(RF_SIDE_USER);
	return c ? rf_fault_from_user(c, ctx->address, ctx->error_code) : 0;
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
