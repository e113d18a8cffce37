// SPDX-License-Identifier: GPL-2.0
/*
 * Threads and processes: switched, born, renewed by execve, ended.
 */
#include "call.bpf.h"

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

/*
 * The body of a program on a BTF tracepoint that has no classic twin (see
 * calls.bpf.c). Nobody gets in between, but a thread that is due to leave the CPU
 * leaves it at the end of the body, still inside the program: the kernel may skip
 * this program for others then, and counts it. (In this file alone: bpftool 7.1
 * cannot link two objects that use one kernel function.)
 */
#define RF_UNDISTURBED(body)                   \
	({                                     \
		if (rf_preemptible)            \
			bpf_preempt_disable(); \
		body;                          \
		if (rf_preemptible)            \
			bpf_preempt_enable();  \
		0;                             \
	})

SEC("tp_btf/sched_switch")
int BPF_PROG(rf_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct rf_cpu *c;
	__u64 now;

	if (rf_off())
		return 0;
	c = rf_this_cpu();
	if (!c)
		return 0;
	now = rf_now();
	if (unlikely(c->task != (__u64)prev))
		rf_load_met(c, prev, RF_SIDE_KERNEL, now);
	if (c->flags & RF_T_TRACKED)
		rf_save(c, prev, now, rf_epoch());
	rf_load(c, next, RF_SIDE_KERNEL, true, now);
	if (rf_stream)
		rf_stream_switched(c, rf_epoch(), now);
	return 0;
}

static __always_inline struct rf_process_rec *rf_process_rec(struct task_struct *task, __u16 type)
{
	__u32 zero = 0;
	struct rf_process_rec *rec = bpf_map_lookup_elem(&rf_scratch, &zero);

	if (!rec)
		return NULL;
	rf_claim(&rec->rec, type, rf_epoch(), rf_entity_of(task));
	rec->time_ns = bpf_ktime_get_ns();
	rec->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	rec->cgroup = rf_cgroup_id(task);
	rec->minflt = rec->majflt = 0;
	rec->tgid = BPF_CORE_READ(task, tgid);
	rec->tid = BPF_CORE_READ(task, pid);
	rec->ppid = BPF_CORE_READ(task, real_parent, tgid);
	rec->uid = BPF_CORE_READ(task, cred, uid.val);
	if (rf_by_thread)
		BPF_CORE_READ_INTO(&rec->comm, task, comm);
	else
		BPF_CORE_READ_INTO(&rec->comm, task, group_leader, comm);
	return rec;
}

static __always_inline void rf_send(struct rf_process_rec *rec, __u64 size)
{
	struct rf_cpu *c;

	if (!bpf_ringbuf_output(&rf_ring, rec, size, rf_ring_flags()))
		return;
	c = rf_this_cpu();
	if (c)
		c->counts[rf_epoch()].lost_records++;
}

/* Stream mode: a thread by itself, whatever its process. */
static __always_inline void rf_send_thread(struct task_struct *task, __u16 type)
{
	struct rf_process_rec *rec = rf_process_rec(task, type);

	if (!rec)
		return;
	rec->rec.entity = RF_ENTITY(rec->tid, BPF_CORE_READ(task, start_boottime));
	BPF_CORE_READ_INTO(&rec->comm, task, comm);
	rf_send(rec, RF_PROCESS_REC_SIZE);
}

static __always_inline void rf_stream_ends(struct rf_cpu *c, struct task_struct *task, __u64 now)
{
	if (c->flags & RF_T_COUNTED)
		rf_stream_unfinished(c, rf_epoch(), now);
	c->flags &= ~(RF_T_IN_CALL | RF_T_COUNTED | RF_T_HIDDEN | RF_T_TOLD);
	rf_stream_event(c, RF_STREAM_EXITING, 0, now);
	rf_send_thread(task, RF_REC_THREAD_ENDED);
}

static __always_inline int rf_forked(struct task_struct *parent, struct task_struct *child)
{
	struct rf_process_rec *rec;
	bool wanted = false;
	struct rf_thread *t;
	struct rf_cpu *c;

	if (rf_off() || rf_task_read(child, flags) & PF_KTHREAD)
		return 0;
	if (rf_use_tree) {
		c = rf_this_cpu();
		if (c && c->task != (__u64)parent)
			rf_load_met(c, parent, RF_SIDE_KERNEL, rf_now());
		wanted = c && c->flags & RF_T_TRACKED;
	}
	if (!wanted && !rf_is_target(child))
		return 0;
	t = rf_thread_get(child, true);
	if (t) { /* else it is met when it first runs */
		t->entity = rf_entity_of(child);
		t->flags = RF_T_TRACKED | RF_T_NEW;
		t->since_ns = rf_now();
	}
	if (!rf_by_thread && BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid)) {
		if (rf_stream)
			rf_send_thread(child, RF_REC_THREAD_BORN);
		return 0;
	}
	rec = rf_process_rec(child, RF_REC_FORK);
	if (rec)
		rf_send(rec, RF_PROCESS_REC_SIZE);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(rf_fork, struct task_struct *parent, struct task_struct *child)
{
	return RF_UNDISTURBED(rf_forked(parent, child));
}

/*
 * Loaded with --comm only. The event comes before the new name is there: a
 * thread that is no target yet is looked at again at its next event. One that
 * is stays so until it next leaves the CPU, so that its open call ends as its own.
 */
static __always_inline int rf_renamed(struct task_struct *task)
{
	struct rf_process_rec *rec;
	struct rf_cpu *c;

	if (rf_off())
		return 0;
	c = rf_this_cpu();
	if (!c || c->task != (__u64)task)
		return 0;
	if (c->flags & RF_T_TRACKED) { /* the name by which it was one: no sweep will see it */
		rec = rf_process_rec(task, RF_REC_FORK);
		if (rec)
			rf_send(rec, RF_PROCESS_REC_SIZE);
		return 0;
	}
	c->task = 0;
	c->regs = 0;
	c->joined_ns = rf_now();
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(rf_rename, struct task_struct *task, const char *comm)
{
	return RF_UNDISTURBED(rf_renamed(task));
}

static __always_inline int rf_executed(struct task_struct *task, struct linux_binprm *bprm)
{
	__u64 now = rf_now();
	struct rf_process_rec *rec;
	struct rf_cpu *c;
	long len;

	if (rf_off())
		return 0;
	c = rf_this_cpu();
	if (!c)
		return 0;
	if (c->task != (__u64)task || !(c->flags & RF_T_TRACKED)) {
		/* the new comm or user may make it one */
		c->joined_ns = c->task == (__u64)task ? now : 0;
		rf_load_met(c, task, RF_SIDE_CALL, now);
	}
	if (!(c->flags & RF_T_TRACKED))
		return 0;
	c->entity = rf_entity_of(task); /* a thread that was not the leader is now */
	c->tid = BPF_CORE_READ(task, pid);
	if (rf_stream)
		rf_stream_renamed(c);
	rec = rf_process_rec(task, RF_REC_EXEC);
	if (!rec)
		return 0;
	/* interp is the file that runs: the interpreter, where filename is its script */
	len = bpf_probe_read_kernel_str(rec->path, RF_PATH_LEN - 1, BPF_CORE_READ(bprm, interp));
	if (len < 1)
		len = 1;
	/* the mask must stay after the test, or the verifier forgets the lower bound */
	asm volatile("%0 &= %1" : "+r"(len) : "i"(RF_PATH_LEN - 1));
	rf_send(rec, RF_PROCESS_REC_SIZE + len);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(rf_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return RF_UNDISTURBED(rf_executed(task, bprm));
}

static __always_inline void rf_exit_record(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct signal_struct *sig = BPF_CORE_READ(task, signal);
	bool group_dead = BPF_CORE_READ(sig, live.counter) <= 0;
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct rf_process_rec *rec;

	if (group_dead && rf_use_pids)
		bpf_map_delete_elem(&rf_pids, &tgid); /* the pid may come back as another process */
	if (!group_dead && !rf_by_thread)
		return;
	rec = rf_process_rec(task, RF_REC_EXIT);
	if (!rec)
		return;
	rec->minflt = BPF_CORE_READ(sig, min_flt) + BPF_CORE_READ(task, min_flt);
	rec->majflt = BPF_CORE_READ(sig, maj_flt) + BPF_CORE_READ(task, maj_flt);
	if (leader != task) {
		rec->minflt += BPF_CORE_READ(leader, min_flt);
		rec->majflt += BPF_CORE_READ(leader, maj_flt);
	}
	rec->rec.count = BPF_CORE_READ(sig, group_exit_code);
	if (!rec->rec.count)
		rec->rec.count = BPF_CORE_READ(leader, exit_code);
	rf_send(rec, RF_PROCESS_REC_SIZE);
}

/*
 * The programs are frozen and a thread ends before the last sweep has listed
 * it: what it leaves open is said here. A thread that is loaded on a CPU is
 * listed from there.
 */
static __always_inline void rf_exit_frozen(struct task_struct *task)
{
	struct rf_thread *t = rf_thread_get(task, false);
	struct rf_thread_rec rec = {};

	if (!t || t->loaded || !(t->flags & RF_T_COUNTED))
		return;
	rf_claim(&rec.rec, RF_REC_THREAD, rf_epoch(), t->entity);
	rec.rec.count = 1;
	rec.since_ns = rec.time_ns = bpf_ktime_get_ns();
	rec.call_start_ns = t->call_start_ns;
	rec.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	rec.tgid = BPF_CORE_READ(task, tgid);
	rec.tid = BPF_CORE_READ(task, pid);
	rec.uid = BPF_CORE_READ(task, cred, uid.val);
	rec.call = t->call;
	rec.flags = t->flags;
	bpf_ringbuf_output(&rf_ring, &rec, sizeof(rec), BPF_RB_NO_WAKEUP);
}

static __always_inline int rf_exiting(struct task_struct *task)
{
	__u32 on = *(volatile __u32 *)&rf_control.on;
	struct rf_cpu *c;
	__u64 now;

	if (on == RF_OFF)
		return 0;
	if (on == RF_FROZEN) {
		rf_exit_frozen(task);
		return 0;
	}
	now = rf_now();
	c = rf_this_cpu();
	if (!c)
		return 0;
	if (c->task != (__u64)task)
		rf_load_met(c, task, RF_SIDE_KERNEL, now);
	if (!(c->flags & RF_T_TRACKED))
		return 0;
	if (rf_stream) {
		rf_stream_ends(c, task, now);
	} else {
		/* now: whoever waits for it may end the window before it leaves its CPU */
		rf_close_span(c, now);
		rf_book_spans(c, rf_epoch());
		if (c->flags & RF_T_COUNTED)
			rf_book_unfinished(c, rf_epoch());
	}
	c->flags &= ~(RF_T_IN_CALL | RF_T_COUNTED | RF_T_IN_FAULT | RF_T_FAULT_LEFT | RF_T_NEW);
	c->flags |= RF_T_EXITING;
	c->regs = 0; /* its stack may be the next thread's */
	rf_exit_record(task);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(rf_exit, struct task_struct *task)
{
	return rf_exiting(task);
}

/* Where programs on the BTF tracepoints may be preempted; see calls.bpf.c. */
SEC("tracepoint")
int rf_exit_classic(void *ctx)
{
	return rf_exiting(bpf_get_current_task_btf());
}

/* Only where threads are kept in a hash: task storage goes with its task. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(rf_free, struct task_struct *task)
{
	__u64 key = (__u64)task;

	bpf_map_delete_elem(&rf_threads_hash, &key);
	return 0;
}
