// SPDX-License-Identifier: GPL-2.0
/*
 * The task iterator: every thread that is a target, with the spans and the
 * call that are open. Read by the loader at each sweep.
 */
#include "thread.bpf.h"

static __always_inline void rf_who(struct rf_thread_rec *rec, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	rec->start_ns = BPF_CORE_READ(leader, start_boottime);
	rec->cgroup = rf_cgroup_id(task);
	rec->tgid = BPF_CORE_READ(task, tgid);
	rec->tid = BPF_CORE_READ(task, pid);
	rec->ppid = BPF_CORE_READ(task, real_parent, tgid);
	rec->uid = BPF_CORE_READ(task, cred, uid.val);
	BPF_CORE_READ_INTO(&rec->comm, task, comm);
	BPF_CORE_READ_INTO(&rec->leader_comm, leader, comm);
	rec->thread_start_ns = BPF_CORE_READ(task, start_boottime);
}

static __always_inline void rf_from_cpu(struct rf_thread_rec *rec, const struct rf_cpu *c)
{
	rec->rec.entity = c->entity;
	rec->since_ns = c->since_ns;
	/* left out by sampling: it began after the last time that was taken */
	rec->call_start_ns =
		!rf_stream && (c->flags & (RF_T_COUNTED | RF_T_TIMED)) == RF_T_COUNTED ?
			c->since_ns :
			c->call_start_ns;
	rec->user_ns = c->user_ns;
	rec->kernel_ns = c->kernel_ns;
	rec->waiting_ns = c->waiting_ns;
	rec->call = c->call;
	rec->flags = c->flags | RF_T_ON_CPU;
}

static __always_inline void rf_from_thread(struct rf_thread_rec *rec, const struct rf_thread *t)
{
	rec->rec.entity = t->entity;
	rec->since_ns = t->since_ns;
	rec->call_start_ns = t->call_start_ns;
	rec->user_ns = t->user_ns;
	rec->kernel_ns = t->kernel_ns;
	rec->waiting_ns = t->waiting_ns;
	rec->call = t->call;
	rec->flags = t->flags;
}

/*
 * When a thread that is off the CPU last came onto one, which is when its wait began but for its last
 * slice. The scheduler's clock is not ours: the reader, which has just come onto the CPU, tells how
 * they differ. 0: not known.
 */
static __always_inline __u64 rf_last_ran(struct task_struct *task)
{
	__u64 mine, theirs;

	if (!bpf_core_field_exists(task->sched_info.last_arrival))
		return 0;
	mine = BPF_CORE_READ(rf_current(), sched_info.last_arrival);
	theirs = BPF_CORE_READ(task, sched_info.last_arrival);
	return theirs && theirs < mine ? bpf_ktime_get_ns() - (mine - theirs) : 0;
}

/* Nothing has happened to it since the window began: its registers tell where it is. */
static __always_inline void rf_from_task(struct rf_thread_rec *rec, struct task_struct *task)
{
	__u64 start = rf_control.start_ns, born = BPF_CORE_READ(task, start_time), ran;
	long nr = -1;

	rec->rec.entity = rf_entity_of(task);
	ran = rf_last_ran(task);
	/* a wait that is older than the window shows how old */
	rec->since_ns = ran && ran < start ? ran : start;
	if (rec->since_ns < born)
		rec->since_ns = born;
	rec->flags = RF_T_TRACKED;
	if (bpf_core_field_exists(task->on_cpu) && BPF_CORE_READ(task, on_cpu))
		rec->flags |= RF_T_ON_CPU | RF_T_UNKNOWN;
	else
		nr = rf_open_nr(task);
	if (nr != -1) {
		rec->flags |= RF_T_IN_CALL;
		rec->call = rf_call_of(task, nr);
	}
}

/*
 * Stream mode closes no span when a call is entered that was not told: up to
 * its start the thread was in user mode.
 */
static __always_inline void rf_open_spans(struct rf_thread_rec *rec)
{
	if (!(rec->flags & RF_T_IN_CALL) || rec->flags & RF_T_TOLD ||
	    rec->call_start_ns <= rec->since_ns || !(rec->flags & RF_T_ON_CPU))
		return;
	rec->user_ns += rec->call_start_ns - rec->since_ns;
	rec->since_ns = rec->call_start_ns;
}

SEC("iter/task")
int rf_threads_iter(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct rf_thread_rec rec = {};
	struct rf_cpu *c = NULL;
	struct rf_thread *t, *gone = NULL;
	__u64 key = (__u64)task;
	bool wanted;
	__u32 cpu;

	if (!task || rf_task_read(task, flags) & PF_KTHREAD)
		return 0;
	wanted = rf_is_target(task);
	t = rf_thread_get(task, false);
	if (!wanted && !(t && t->flags & (rf_use_tree ? RF_T_TRACKED : RF_T_COUNTED)))
		return 0;
	if (t && t->loaded) {
		cpu = t->cpu;
		c = bpf_map_lookup_elem(&rf_cpus, &cpu);
		if (c && (c->task != key || !(c->flags & RF_T_TRACKED)))
			c = NULL;
		if (!c) /* gone without a switch, or this moment */
			gone = bpf_map_lookup_elem(&rf_displaced, &key);
		if (gone && gone->generation == t->generation)
			t = gone;
	}
	if (c)
		rf_from_cpu(&rec, c);
	else if (t && t->entity)
		rf_from_thread(&rec, t);
	else
		rf_from_task(&rec, task);
	if (rf_stream)
		rf_open_spans(&rec);
	rec.rec.type = RF_REC_THREAD;
	rec.rec.epoch = rf_epoch();
	rec.rec.count = !!(rec.flags & RF_T_COUNTED);
	rec.time_ns = bpf_ktime_get_ns();
	rf_who(&rec, task);
	bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec));
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define NR_READ 0
#else
#define NR_READ 63
#endif

/* The loader is inside the read(2) that runs this: the size that shows it there is the right one. */
static __always_inline void rf_learn_stack(void)
{
	struct task_struct *task = rf_current();

	if (rf_stack_nr(task, 16384) == NR_READ)
		rf_control.stack_bytes = 16384;
	else if (rf_stack_nr(task, 32768) == NR_READ)
		rf_control.stack_bytes = 32768;
}

/*
 * Run once before the window opens: the loader's own process as the kernel
 * knows it, whatever pid namespace the loader lives in.
 */
SEC("iter/task")
int rf_self_iter(struct bpf_iter__task *ctx)
{
	rf_control.self_tgid = bpf_get_current_pid_tgid() >> 32;
	if (!rf_have_pt_regs)
		rf_learn_stack();
	return 0;
}
