/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread's state: in struct rf_cpu while it runs, in struct rf_thread while
 * it does not. Loading, saving, closing spans.
 */
#ifndef RF_THREAD_BPF_H
#define RF_THREAD_BPF_H

#include "core.bpf.h"
#include "sampling.bpf.h"
#include "stream.bpf.h"
#include "target.bpf.h"

/* One of both exists; the loader leaves the other out. */
struct rf_threads_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct rf_thread);
};
extern struct rf_threads_map rf_threads SEC(".maps");

struct rf_threads_hash_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64); /* the task_struct: a tid can change in execve */
	__type(value, struct rf_thread);
};
extern struct rf_threads_hash_map rf_threads_hash SEC(".maps");

/*
 * Threads that were found gone from their CPU without a sched_switch: some
 * hypervisors' guest kernels switch from or to certain threads without the
 * event. Their state waits here, by task, until they are met again.
 */
struct rf_displaced_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct rf_thread);
};
extern struct rf_displaced_map rf_displaced SEC(".maps");

/* Too large for the stack where calls nest deep: all frames together have 512 bytes. */
struct rf_gone_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_thread);
};
extern struct rf_gone_map rf_gone SEC(".maps");

extern const volatile struct rf_thread rf_no_thread;

/* On the kernel's side of the boundary. */
#define RF_T_KERNEL_SIDE (RF_T_IN_CALL | RF_T_IN_FAULT | RF_T_NEW | RF_T_EXITING)

/* What is known of a thread that is met for the first time. */
enum rf_side {
	RF_SIDE_USER,   /* just came from user mode */
	RF_SIDE_CALL,   /* inside a call that began before the window */
	RF_SIDE_KERNEL, /* in the kernel: its saved registers tell by which way */
};

static __always_inline __u64 rf_entity_of(struct task_struct *task)
{
	struct task_struct *who = rf_by_thread ? task : BPF_CORE_READ(task, group_leader);

	return RF_ENTITY(BPF_CORE_READ(who, pid), BPF_CORE_READ(who, start_boottime));
}

/* The thread's own storage; NULL when there is none, or none can be made. */
static __always_inline struct rf_thread *rf_thread_get(struct task_struct *task, bool create)
{
	struct rf_thread *t;
	__u64 key = (__u64)task;

	if (rf_have_task_storage)
		return bpf_task_storage_get(&rf_threads, task, 0,
		                            create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	t = bpf_map_lookup_elem(&rf_threads_hash, &key);
	if (t || !create)
		return t;
	bpf_map_update_elem(&rf_threads_hash, &key, (const void *)&rf_no_thread, BPF_NOEXIST);
	return bpf_map_lookup_elem(&rf_threads_hash, &key);
}

/* __X32_SYSCALL_BIT, and not a number that has all bits set or any */
static __always_inline bool rf_is_x32(long nr)
{
	return nr & 0x40000000 && ((__u32)nr & ~0x40000000U) <= RF_NR_MAX;
}

/* enum rf_abi of src/identity/syscall.h */
static __always_inline __u32 rf_abi_of(struct task_struct *task, long nr)
{
#if defined(__TARGET_ARCH_x86)
	/* TS_COMPAT; not the code segment: int $0x80 is open to 64-bit code too */
	if (rf_task_read(task, thread_info.status) & 0x0002)
		return 1;
	return rf_is_x32(nr) ? 2 : 0;
#else
	return rf_task_read(task, thread_info.flags) & (1 << 22) ? 4 : 3; /* TIF_32BIT */
#endif
}

/*
 * The same from the registers alone where they tell, which saves the hot path
 * a helper call. SYSCALL leaves the instruction pointer in cx and the flags in
 * r11. int $0x80 and SYSENTER do not, and neither does FRED: then the task is
 * asked. (A program can load both registers by hand to have its int $0x80 taken
 * for a 64-bit call; it misnames no call but its own.)
 */
static __always_inline __u32 rf_abi_at_entry(struct pt_regs *regs, long nr)
{
#if defined(__TARGET_ARCH_x86)
	if (likely(regs->cx == regs->ip && regs->r11 == regs->flags))
		return rf_is_x32(nr) ? 2 : 0;
	return rf_abi_of(rf_current(), nr);
#else
	return regs->pstate & 0x10 ? 4 : 3;                               /* PSR_MODE32_BIT */
#endif
}

static __always_inline __u32 rf_call_number(__u32 abi, long nr)
{
	__u32 n = (__u32)nr;

	if (abi == 2)
		n &= ~0x40000000U;
	return RF_CALL(abi, n <= RF_NR_MAX ? n : RF_NR_INVALID);
}

static __always_inline __u32 rf_call_of(struct task_struct *task, long nr)
{
	return rf_call_number(rf_abi_of(task, nr), nr);
}

/* The number of the call that the registers saved at entry belong to; -1: not a call. */
static __always_inline long rf_regs_nr(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (long)regs->orig_ax;
#else
	return (int)regs->syscallno;
#endif
}

/* The same without bpf_task_pt_regs(): the registers are saved at the top of the kernel stack. */
static __always_inline long rf_stack_nr(struct task_struct *task, __u32 stack_bytes)
{
	struct pt_regs *regs =
		BPF_CORE_READ(task, stack) + stack_bytes - bpf_core_type_size(struct pt_regs);

#if defined(__TARGET_ARCH_x86)
	return (long)BPF_CORE_READ(regs, orig_ax);
#else
	return (int)BPF_CORE_READ(regs, syscallno);
#endif
}

/* The call that an off-CPU or interrupted thread is inside of; -1: none, or not to be learnt. */
static __always_inline long rf_open_nr(struct task_struct *task)
{
	if (!rf_have_pt_regs)
		return rf_control.stack_bytes ? rf_stack_nr(task, rf_control.stack_bytes) : -1;
	return rf_regs_nr((struct pt_regs *)bpf_task_pt_regs(task));
}

/*
 * Fills the CPU's state for a thread not met before. It has been on the side
 * it is on since the window or its life began, whichever is later; if it was
 * switched in just now it has waited until now.
 */
static __always_inline void rf_load_fresh(struct rf_cpu *c, struct task_struct *task,
                                          enum rf_side side, bool switched_in, __u64 now)
{
	__u64 start = rf_control.start_ns, born = BPF_CORE_READ(task, start_time);
	long nr = -1;

	c->entity = rf_entity_of(task);
	c->flags = RF_T_TRACKED;
	c->call_start_ns = 0;
	c->call_waiting_ns = 0;
	c->user_ns = c->kernel_ns = c->waiting_ns = c->fault_ns = 0;
	if (c->joined_ns)
		start = c->joined_ns;
	c->since_ns = born > start ? born : start;
	if (switched_in) {
		if (rf_latency && now > c->since_ns)
			c->waiting_ns = now - c->since_ns;
		c->since_ns = now;
	}
	if (rf_task_read(task, flags) & (PF_IO_WORKER | PF_USER_WORKER))
		c->flags |= RF_T_NEW; /* never in user mode */
	else if (side != RF_SIDE_USER)
		nr = rf_open_nr(task);
	if (side == RF_SIDE_CALL || nr != -1) {
		c->flags |= RF_T_IN_CALL;
		c->call = rf_call_of(task, nr);
	}
}

/* Closes the span that is open on this CPU and begins the next one. */
static __always_inline void rf_close_span(struct rf_cpu *c, __u64 now)
{
	__u64 span, calls, faults;

	if (!rf_latency)
		return;
	span = now - c->since_ns;
	c->since_ns = now;
	if (rf_sampling && c->calls.skipped | c->faults.skipped) {
		faults = rf_share(&c->faults, span);
		calls = rf_share(&c->calls, span - faults);
		c->fault_ns += faults;
		c->kernel_ns += faults + calls;
		c->user_ns += span - faults - calls;
		return;
	}
	if (c->flags & RF_T_KERNEL_SIDE)
		c->kernel_ns += span;
	else
		c->user_ns += span;
}

/* A call or fault that sampling left out is about to wait: from here on it is timed. */
static __always_inline void rf_time_waiting(struct rf_cpu *c, __u64 since)
{
	if (rf_sampling && c->flags & RF_T_FAULT_LEFT)
		c->flags ^= RF_T_FAULT_LEFT | RF_T_IN_FAULT;
	if (!rf_sampling || (c->flags & (RF_T_COUNTED | RF_T_TIMED)) != RF_T_COUNTED)
		return;
	c->flags |= RF_T_TIMED;
	c->call_start_ns = since;
}

/* Moves the closed spans into the thread's cell. Without room they stay and go with the thread. */
static __always_inline void rf_book_spans(struct rf_cpu *c, __u32 epoch)
{
	struct rf_time_cell *cell;

	if (!(c->user_ns | c->kernel_ns | c->waiting_ns))
		return;
	cell = rf_time_cell(c, epoch);
	if (!cell)
		return;
	cell->rec.count++;
	cell->user_ns += c->user_ns;
	cell->kernel_ns += c->kernel_ns;
	cell->waiting_ns += c->waiting_ns;
	cell->fault_ns += c->fault_ns;
	c->user_ns = c->kernel_ns = c->waiting_ns = c->fault_ns = 0;
}

/* ran: the task's sum_exec_runtime, 0 without times */
static __always_inline void rf_park(struct rf_thread *t, const struct rf_cpu *c, __u64 ran,
                                    __u64 now)
{
	t->ran_ns = ran;
	t->entity = c->entity;
	t->since_ns = now;
	t->call_start_ns = c->call_start_ns;
	t->call_waiting_ns = c->call_waiting_ns;
	t->user_ns = c->user_ns;
	t->kernel_ns = c->kernel_ns;
	t->waiting_ns = c->waiting_ns;
	t->fault_ns = c->fault_ns;
	t->call = c->call;
	t->flags = c->flags;
	t->loaded = 0;
}

static __always_inline void rf_lost_state(struct rf_cpu *c)
{
	__u32 epoch = rf_epoch();

	if (!(c->flags & RF_T_COUNTED))
		return;
	c->counts[epoch].lost[RF_LOST_STATE]++;
	c->counts[epoch].finished++;
}

/* Takes the thread off the CPU's state, into its storage. */
static __always_inline void rf_save(struct rf_cpu *c, struct task_struct *task, __u64 now,
                                    __u32 epoch)
{
	struct rf_thread *t;

	if (rf_stream) {
		rf_stream_leave(c, epoch, now);
	} else {
		rf_close_span(c, now);
		rf_time_waiting(c, now);
		rf_book_spans(c, epoch);
	}
	t = rf_thread_get(task, true);
	if (t)
		rf_park(t, c, rf_latency ? rf_task_read(task, se.sum_exec_runtime) : 0, now);
	else
		rf_lost_state(c);
	c->flags = 0;
}

/* How long a task has run that is known by its address alone. */
static __always_inline __u64 rf_ran_ns(__u64 task)
{
	return rf_latency ? BPF_CORE_READ((struct task_struct *)task, se.sum_exec_runtime) : 0;
}

/*
 * Another thread runs here than the one that c is about, and no switch was
 * seen. When that one left is not known: since its last event it has waited, if
 * it was inside a call, or computed.
 */
RF_NOINLINE int rf_displace(struct rf_cpu *c, __u64 now)
{
	struct rf_thread *gone;
	__u32 zero = 0;
	__u64 key;

	if (!c || !(c->flags & RF_T_TRACKED))
		return 0;
	if (c->stolen == c->generation) {
		c->switched = RF_SWITCH_STOLEN;
		return 0;
	}
	key = c->task;
	rf_time_waiting(c, c->since_ns);
	if (c->flags & RF_T_IN_CALL && rf_latency) {
		c->waiting_ns += now - c->since_ns;
		c->call_waiting_ns += now - c->since_ns;
		c->since_ns = now;
	}
	if (rf_stream) {
		rf_stream_leave(c, rf_epoch(), now);
		c->switched = RF_SWITCH_DISPLACED;
	} else {
		rf_close_span(c, now);
		rf_book_spans(c, rf_epoch());
	}
	gone = bpf_map_lookup_elem(&rf_gone, &zero);
	if (gone) {
		rf_park(gone, c, rf_ran_ns(key), now);
		gone->generation = c->generation;
	}
	if (!gone || bpf_map_update_elem(&rf_displaced, &key, gone, BPF_ANY))
		rf_lost_state(c);
	c->flags = 0;
	return 0;
}

/*
 * t says that its thread is loaded on a CPU, yet it is met elsewhere: its state
 * was displaced, or still stands on that CPU. Brings it back into t.
 */
RF_NOINLINE int rf_recover(struct rf_thread *t, __u64 task, __u64 now)
{
	struct rf_thread *gone;
	struct rf_cpu *other;
	__u32 cpu;

	if (!t)
		return 0;
	cpu = t->cpu;
	other = bpf_map_lookup_elem(&rf_cpus, &cpu);
	if (other && other->task == task && other->generation == t->generation &&
	    other->flags & RF_T_TRACKED) {
		rf_park(t, other, rf_ran_ns(task), other->since_ns);
		other->stolen = t->generation; /* what stands there is a copy from now on */
		return 0;
	}
	gone = bpf_map_lookup_elem(&rf_displaced, &task);
	if (!gone)
		return 0;
	if (gone->generation == t->generation) {
		t->since_ns = gone->since_ns;
		t->ran_ns = gone->ran_ns;
		t->call_start_ns = gone->call_start_ns;
		t->call_waiting_ns = gone->call_waiting_ns;
		t->user_ns = gone->user_ns;
		t->kernel_ns = gone->kernel_ns;
		t->waiting_ns = gone->waiting_ns;
		t->fault_ns = gone->fault_ns;
		t->call = gone->call;
		t->flags = gone->flags;
		t->entity = gone->entity;
	}
	bpf_map_delete_elem(&rf_displaced, &task);
	return 0;
}

/* Makes task, which runs on this CPU, the thread that c is about. */
static __always_inline void rf_load(struct rf_cpu *c, struct task_struct *task, enum rf_side side,
                                    bool switched_in, __u64 now)
{
	__u32 pid = rf_task_read(task, pid);
	struct rf_thread *t;
	bool wanted;
	__u64 off, ran = 0;

	if (unlikely(c->flags & RF_T_TRACKED))
		rf_displace(c, now);
	c->task = (__u64)task;
	c->tid = pid;
	c->flags = 0;
	c->generation = 1;
	c->stolen = 0;
	c->regs = 0;
	if (rf_sampling) {
		rf_forget_samples(&c->calls);
		rf_forget_samples(&c->faults);
	}
	if (!pid || rf_task_read(task, flags) & PF_KTHREAD)
		return;
	wanted = rf_is_target(task);
	t = rf_thread_get(task, wanted);
	if (!wanted && !(t && t->flags & (rf_use_tree ? RF_T_TRACKED : RF_T_COUNTED)))
		return; /* a call that was counted is followed to its end whoever makes it now */
	if (t && unlikely(t->loaded))
		rf_recover(t, (__u64)task, now);
	if (!t || !t->entity) {
		rf_load_fresh(c, task, side, switched_in, now);
	} else {
		off = rf_latency && now > t->since_ns ? now - t->since_ns : 0;
		/* it came back unseen: what it has run since is not waiting */
		if (rf_latency && !switched_in)
			ran = rf_task_read(task, se.sum_exec_runtime) - t->ran_ns;
		if (ran > off)
			ran = off;
		off -= ran;
		c->entity = t->entity;
		c->flags = t->flags | RF_T_TRACKED;
		c->call = t->call;
		c->call_start_ns = t->call_start_ns;
		c->call_waiting_ns = t->call_waiting_ns + off;
		c->user_ns = t->user_ns;
		c->kernel_ns = t->kernel_ns;
		c->waiting_ns = t->waiting_ns + off;
		c->fault_ns = t->fault_ns;
		c->since_ns = now;
		if (c->flags & RF_T_KERNEL_SIDE)
			c->kernel_ns += ran;
		else
			c->user_ns += ran;
	}
	if (t) {
		t->cpu = bpf_get_smp_processor_id();
		t->loaded = 1;
		c->generation = ++t->generation;
	}
	c->joined_ns = 0;
}

/* Loads a thread that is met on this CPU without a switch to it. */
static __always_inline void rf_load_met(struct rf_cpu *c, struct task_struct *task,
                                        enum rf_side side, __u64 now)
{
	rf_load(c, task, side, false, now);
	if (rf_stream)
		rf_stream_switched(c, rf_epoch(), now);
}

/* Out of line: taken when the first event of a thread on its CPU is not its switch. */
RF_NOINLINE int rf_load_current(struct rf_cpu *c, enum rf_side side)
{
	if (c)
		rf_load_met(c, rf_current(), side, rf_now());
	return 0;
}

/* The state of the current thread; NULL: not a target. */
static __always_inline struct rf_cpu *rf_current_cpu(enum rf_side side)
{
	struct rf_cpu *c = rf_this_cpu();

	if (!c)
		return NULL;
	if (unlikely(c->task != (__u64)rf_current()))
		rf_load_current(c, side);
	return c->flags & RF_T_TRACKED ? c : NULL;
}

#endif
