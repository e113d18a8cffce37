// SPDX-License-Identifier: GPL-2.0
/*
 * Violations: what happened, at the moment the kernel makes a signal of it; and
 * how it ended. A process can be gone microseconds later, so everything that
 * tells its story is read here.
 *
 * A signal is generated, and taken, under the lock of the process' signals, so
 * that the slots in rf_thread which remember an open violation are never
 * written by two CPUs at once.
 */
#include "isolation.bpf.h"
#include "mapping.bpf.h"

#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGSEGV 11
#define SIGPIPE 13
#define SIGSYS 31
/* the signals that a thread gets for what it did itself, a bit each */
#define RF_TRAP_SIGNALS                                                               \
	(1U << SIGILL | 1U << SIGTRAP | 1U << SIGABRT | 1U << SIGBUS | 1U << SIGFPE | \
	 1U << SIGSEGV | 1U << SIGSYS)

#define SI_USER 0
#define SI_KERNEL 0x80
#define SIGNAL_GROUP_EXIT 0x00000004
#define RLIMIT_STACK 3
#define NSEC_PER_SEC 1000000000ULL
#define PAGE_SIZE_MIN 4096

/* how trace_signal_generate says what became of the signal */
#define TRACE_SIGNAL_DELIVERED 0
#define TRACE_SIGNAL_IGNORED 1
#define TRACE_SIGNAL_LOSE_INFO 4

/* When a process last died of a violation: SIGPIPEs shortly after may be due to it. */
__u64 rf_last_death_ns = 0;

/* ---- reading the process ---- */

/* Components of the file's path from the last to the first, each with its NUL. */
RF_NOINLINE int rf_read_path(struct rf_mapping_rec *to, __u64 file_address)
{
	struct file *file = (void *)file_address;
	struct dentry *dentry, *parent, *root;
	struct mount *mnt, *upper;
	struct vfsmount *vfs;
	__u32 at = 0;
	long n;
	int i;

	if (!to)
		return 0;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	vfs = BPF_CORE_READ(file, f_path.mnt);
	mnt = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
	for (i = 0; i < 40; i++) {
		root = BPF_CORE_READ(vfs, mnt_root);
		parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == root) {
			upper = BPF_CORE_READ(mnt, mnt_parent);
			if (upper == mnt)
				break;
			dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
			mnt = upper;
			vfs = (void *)mnt + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		/* the root of a tree that is not mounted, or all of a file that has a name only: memfd */
		if (dentry == parent && i)
			break;
		if (at >= RF_MAP_PATH - 1) {
			to->flags |= RF_MAP_CUT;
			break;
		}
		asm volatile("%0 &= %1" : "+r"(at) : "i"(RF_MAP_PATH - 1));
		n = bpf_probe_read_kernel_str(&to->path[at], RF_MAP_PATH - at,
		                              BPF_CORE_READ(dentry, d_name.name));
		if (n <= 1)
			break;
		if (at + n >= RF_MAP_PATH) {
			to->flags |= RF_MAP_CUT;
			to->path[RF_MAP_PATH - 1] = 0;
			at = RF_MAP_PATH;
			break;
		}
		at += n;
		dentry = parent; /* itself: the next round ends it */
	}
	to->path_bytes = at;
	return 0;
}

static __always_inline void rf_read_file(struct rf_mapping_rec *to, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	to->flags |= RF_MAP_FILE;
	to->inode = BPF_CORE_READ(inode, i_ino);
	to->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	to->size = BPF_CORE_READ(inode, i_size);
	if (!BPF_CORE_READ(inode, i_nlink))
		to->flags |= RF_MAP_DELETED;
	rf_read_path(to, (__u64)file);
}

static __always_inline struct rf_violation_rec *rf_scratch_violation(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rf_violation_scratch, &zero);
}

/*
 * Fills a slot of the record in the making with the mapping that addr lies in.
 * Not static, as are others below: the verifier then looks at it once, not once
 * for every call.
 */
__noinline int rf_read_mapping(__u64 addr, __u32 slot)
{
	struct mm_struct *mm = BPF_CORE_READ(rf_current(), mm);
	struct rf_violation_rec *v = rf_scratch_violation();
	struct rf_lookup found = {};
	struct vm_area_struct *vma;
	struct rf_mapping_rec *to;
	struct file *file;
	__u64 brk;

	if (!v || slot >= RF_MAPS || !mm)
		return 0;
	to = &v->maps[slot];
	rf_find_mapping(mm, addr, &found);
	vma = found.vma;
	if (!vma) {
		if (slot == RF_MAP_OF_ADDRESS) {
			v->gap_start = found.gap_start;
			v->gap_end = found.gap_end;
			v->flags |= RF_V_GAP;
		}
		return 0;
	}
	to->start = BPF_CORE_READ(vma, vm_start);
	to->end = BPF_CORE_READ(vma, vm_end);
	to->flags = BPF_CORE_READ(vma, vm_flags) &
	            (RF_MAP_READ | RF_MAP_WRITE | RF_MAP_EXECUTE | RF_MAP_SHARED | RF_MAP_STACK);
	file = BPF_CORE_READ(vma, vm_file);
	if (file) {
		to->offset = BPF_CORE_READ(vma, vm_pgoff) * PAGE_SIZE_MIN;
		rf_read_file(to, file);
		return 0;
	}
	brk = BPF_CORE_READ(mm, brk);
	if (to->start < brk && to->end > BPF_CORE_READ(mm, start_brk))
		to->flags |= RF_MAP_HEAP;
	return 0;
}

static __always_inline bool rf_lies_in(const struct rf_mapping_rec *map, __u64 addr)
{
	return addr >= map->start && addr < map->end;
}

/* The modules that the first frames lie in, as many as there are slots for. */
static __always_inline void rf_read_modules(struct rf_violation_rec *v)
{
	__u32 slot = RF_MAPS_OF_FRAMES;
	int i;

	for (i = 1; i < 12; i++) {
		__u64 ip = v->frames[i];

		if (!ip || slot >= RF_MAPS)
			break;
		if (rf_lies_in(&v->maps[1], ip) || rf_lies_in(&v->maps[2], ip) ||
		    rf_lies_in(&v->maps[3], ip) || rf_lies_in(&v->maps[4], ip))
			continue;
		rf_read_mapping(ip, slot);
		slot++;
	}
}

/*
 * Pages of one kind. From 6.2 on each CPU keeps some back, which cannot be found
 * from here: what is read may be too low by a few dozen pages a CPU.
 */
struct percpu_counter___rf {
	__s64 count;
} __attribute__((preserve_access_index));

struct mm_struct___percpu {
	struct percpu_counter___rf rss_stat[4];
} __attribute__((preserve_access_index));

/* File pages, anonymous ones and shared memory; not swap. Literal indices: CO-RE relocates no others. */
static __always_inline __u64 rf_rss_bytes(struct task_struct *task, struct mm_struct *mm)
{
	struct mm_struct___percpu *new = (void *)mm;
	__s64 pages[3];

	if (bpf_core_field_exists(new->rss_stat[0].count)) {
		pages[0] = BPF_CORE_READ(new, rss_stat[0].count);
		pages[1] = BPF_CORE_READ(new, rss_stat[1].count);
		pages[2] = BPF_CORE_READ(new, rss_stat[3].count);
	} else {
		pages[0] = BPF_CORE_READ(mm, rss_stat.count[0].counter);
		pages[1] = BPF_CORE_READ(mm, rss_stat.count[1].counter);
		pages[2] = BPF_CORE_READ(mm, rss_stat.count[3].counter);
		/* the last few dozen page faults of a thread are still in its own pockets */
		if (bpf_core_field_exists(task->rss_stat)) {
			pages[0] += BPF_CORE_READ(task, rss_stat.count[0]);
			pages[1] += BPF_CORE_READ(task, rss_stat.count[1]);
			pages[2] += BPF_CORE_READ(task, rss_stat.count[3]);
		}
	}
	/* what is kept back may make one of them negative */
	return ((pages[0] > 0 ? pages[0] : 0) + (pages[1] > 0 ? pages[1] : 0) +
	        (pages[2] > 0 ? pages[2] : 0)) *
	       PAGE_SIZE_MIN;
}

static __always_inline struct pt_regs *rf_user_regs(struct task_struct *task)
{
	if (rf_have_pt_regs)
		return (struct pt_regs *)bpf_task_pt_regs(task);
	/* before 5.15 the stack's size is 16 KiB on both architectures, without debugging aids */
	return (void *)BPF_CORE_READ(task, stack) + 16384 - bpf_core_type_size(struct pt_regs);
}

static __always_inline void rf_read_regs(struct rf_violation_rec *v, struct task_struct *task)
{
	struct pt_regs *from = rf_user_regs(task);
#if defined(__TARGET_ARCH_x86)
	struct pt_regs regs = {};

	if (bpf_probe_read_kernel(&regs, sizeof(regs), from))
		return;
	v->flags |= RF_V_REGS;
	v->ip = regs.ip;
	v->sp = regs.sp;
	v->regs[0] = regs.ax;
	v->regs[1] = regs.cx;
	v->regs[2] = regs.dx;
	v->regs[3] = regs.bx;
	v->regs[4] = regs.sp;
	v->regs[5] = regs.bp;
	v->regs[6] = regs.si;
	v->regs[7] = regs.di;
	v->regs[8] = regs.r8;
	v->regs[9] = regs.r9;
	v->regs[10] = regs.r10;
	v->regs[11] = regs.r11;
	v->regs[12] = regs.r12;
	v->regs[13] = regs.r13;
	v->regs[14] = regs.r14;
	v->regs[15] = regs.r15;
	if ((regs.cs & 0xffff) == 0x23) /* __USER32_CS */
		v->flags |= RF_V_COMPAT;
#else
	/* all of them at once are more than the stack has room for */
	if (bpf_core_read(v->regs, sizeof(v->regs), &from->regs))
		return;
	v->flags |= RF_V_REGS;
	v->ip = BPF_CORE_READ(from, pc);
	v->sp = BPF_CORE_READ(from, sp);
	if (BPF_CORE_READ(from, pstate) & 0x10) /* PSR_MODE32_BIT */
		v->flags |= RF_V_COMPAT;
#endif
}

static __always_inline void rf_read_trap(struct rf_violation_rec *v, struct task_struct *task)
{
	v->flags |= RF_V_TRAP;
#if defined(__TARGET_ARCH_x86)
	v->trap = BPF_CORE_READ(task, thread.trap_nr);
	v->error_code = BPF_CORE_READ(task, thread.error_code);
	v->trap_address = BPF_CORE_READ(task, thread.cr2);
#else
	v->trap = BPF_CORE_READ(task, thread.fault_code);
	v->error_code = v->trap;
	v->trap_address = BPF_CORE_READ(task, thread.fault_address);
#endif
}

/*
 * The instruction. Never across a page's end: the next page may not be there,
 * and an instruction that was fetched was on this one.
 */
static __always_inline void rf_read_insn(struct rf_violation_rec *v)
{
	__u32 n = PAGE_SIZE_MIN - (v->ip & (PAGE_SIZE_MIN - 1));

	if (!v->maps[RF_MAP_OF_IP].end)
		return;
	if (n > RF_INSN_BYTES)
		n = RF_INSN_BYTES;
	if (!bpf_probe_read_user(v->insn, n, (void *)v->ip))
		v->insn_bytes = n;
}

static __always_inline void rf_read_frames(struct rf_violation_rec *v)
{
	long n;

	if (!rf_have_task_btf)
		return;
	n = bpf_get_task_stack(bpf_get_current_task_btf(), v->frames, sizeof(v->frames),
	                       BPF_F_USER_STACK);
	if (n > 0)
		v->nr_frames = n / sizeof(v->frames[0]);
	bpf_get_task_stack(bpf_get_current_task_btf(), v->ids, sizeof(v->ids),
	                   BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
}

static __always_inline void rf_read_args(struct rf_violation_rec *v)
{
#if defined(__TARGET_ARCH_x86)
	v->args[0] = v->regs[7];
	v->args[1] = v->regs[6];
	v->args[2] = v->regs[2];
	v->args[3] = v->regs[10];
	v->args[4] = v->regs[8];
	v->args[5] = v->regs[9];
	if (RF_CALL_ABI(v->call) == 1) {
		v->args[0] = (__u32)v->regs[3];
		v->args[1] = (__u32)v->regs[1];
		v->args[2] = (__u32)v->regs[2];
		v->args[3] = (__u32)v->regs[6];
		v->args[4] = (__u32)v->regs[7];
		v->args[5] = (__u32)v->regs[5];
	}
#else
	__builtin_memcpy(v->args, v->regs, sizeof(v->args));
#endif
}

/* Who: any task, running or not. */
static __always_inline void rf_read_who(struct rf_violation_rec *v, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct signal_struct *sig = BPF_CORE_READ(task, signal);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	v->start_ns = BPF_CORE_READ(leader, start_boottime);
	v->cgroup = rf_cgroup_id(task);
	v->tgid = BPF_CORE_READ(task, tgid);
	v->tid = BPF_CORE_READ(task, pid);
	v->ppid = BPF_CORE_READ(task, real_parent, tgid);
	v->uid = BPF_CORE_READ(task, cred, uid.val);
	v->pgrp = BPF_CORE_READ(sig, pids[PIDTYPE_PGID], numbers[0].nr);
	v->session = BPF_CORE_READ(sig, pids[PIDTYPE_SID], numbers[0].nr);
	v->threads = BPF_CORE_READ(sig, nr_threads);
	v->stack_limit = BPF_CORE_READ(sig, rlim[RLIMIT_STACK].rlim_cur);
	BPF_CORE_READ_INTO(&v->comm, leader, comm);
	BPF_CORE_READ_INTO(&v->thread_comm, task, comm);
	if (mm) {
		v->start_stack = BPF_CORE_READ(mm, start_stack);
		v->rss_bytes = rf_rss_bytes(task, mm);
		v->vm_bytes = BPF_CORE_READ(mm, total_vm) * PAGE_SIZE_MIN;
	}
#if defined(__TARGET_ARCH_x86)
	v->arch = RF_TRAP_X86_64;
#else
	v->arch = RF_TRAP_ARM64;
#endif
}

/* An empty record with its head and who it is about; NULL: no scratch. */
static __always_inline struct rf_violation_rec *rf_violation_new(struct task_struct *task, __u64 id,
                                                                 __u32 sig)
{
	struct rf_violation_rec *v = rf_scratch_violation();

	if (!v)
		return NULL;
	/* a read that fails clears what it should have filled, whatever the size */
	bpf_probe_read_kernel(v, sizeof(*v), NULL);
	rf_claim(&v->rec, RF_REC_VIOLATION, rf_epoch(), rf_entity_of(task));
	v->rec.count = sig;
	v->id = id;
	v->time_ns = bpf_ktime_get_ns();
	rf_read_who(v, task);
	return v;
}

/* What only the thread itself can tell: the code it runs, and what it ran into. */
__noinline int rf_read_self(__u64 address)
{
	struct rf_violation_rec *v = rf_scratch_violation();
	struct task_struct *task = rf_current();
	struct rf_cpu *c = rf_this_cpu();

	if (!v || !c)
		return 0;
	c->looking = 1;
	rf_read_regs(v, task);
	rf_read_mapping(address, RF_MAP_OF_ADDRESS);
	if (v->flags & RF_V_REGS) {
		rf_read_mapping(v->ip, RF_MAP_OF_IP);
		rf_read_insn(v);
		rf_read_frames(v);
		rf_read_modules(v);
	}
	c->looking = 0;
	return 0;
}

/*
 * Events leave room in the ring for cells that have to move out, and for who
 * was born and died: a process that does nothing but break rules must not cost
 * the others their place in the ledger.
 */
static __always_inline void rf_send_event(struct rf_cpu *c, void *rec, __u64 size, bool counts)
{
	if (bpf_ringbuf_query(&rf_ring, BPF_RB_AVAIL_DATA) < rf_ring_spare &&
	    !bpf_ringbuf_output(&rf_ring, rec, size, BPF_RB_FORCE_WAKEUP))
		return;
	if (counts)
		c->counts[rf_epoch()].lost_events++;
	else
		c->counts[rf_epoch()].lost_records++;
}

static __always_inline __u64 rf_next_id(struct rf_cpu *c)
{
	return (__u64)(bpf_get_smp_processor_id() + 1) << 44 | ++c->next_violation;
}

/* Out of line for the sake of the stack; five arguments at most, so two share one. */
RF_NOINLINE int rf_send_outcome_packed(struct rf_cpu *c, __u64 entity, __u64 id, __u64 packed,
                                       struct task_struct *task)
{
	struct rf_outcome_rec rec = {};
	struct signal_struct *sig = BPF_CORE_READ(task, signal);

	if (!c)
		return 0;
	rf_claim(&rec.rec, RF_REC_OUTCOME, rf_epoch(), entity);
	rec.rec.count = (__u32)packed;
	rec.id = id;
	rec.time_ns = bpf_ktime_get_ns();
	rec.tid = BPF_CORE_READ(task, pid);
	rec.children = packed >> 32;
	rec.group = !!(BPF_CORE_READ(sig, flags) & SIGNAL_GROUP_EXIT) ||
	            BPF_CORE_READ(sig, live.counter) <= 0;
	rec.status = BPF_CORE_READ(task, exit_code);
	rf_send_event(c, &rec, sizeof(rec), false);
	return 0;
}

static __always_inline void rf_send_outcome(struct rf_cpu *c, __u64 entity, __u64 id, __u32 outcome,
                                            struct task_struct *task, __u32 children)
{
	if (rf_events)
		rf_send_outcome_packed(c, entity, id, (__u64)children << 32 | outcome, task);
}

/* ---- bad pointers handed to the kernel ---- */

/* A call has failed with EFAULT; c is about the thread that made it. */
__noinline int rf_bad_pointer(void)
{
	struct rf_cpu *c = rf_this_cpu();
	struct rf_violation_rec *v;
	__u64 address = 0;

	if (!c)
		return 0;
	c->counts[rf_epoch()].violations++;
	rf_book_outcome(c, c->entity, 0, RF_OUTCOME_REFUSED, c->call);
	if (!rf_events)
		return 0;
	v = rf_violation_new(rf_current(), rf_next_id(c), 0);
	if (!v)
		return 0;
	v->call = c->call;
	v->flags |= RF_V_CALL;
	if (c->kfault_mark == rf_open_mark(c)) {
		v->flags |= RF_V_KFAULT | RF_V_TRAP;
		v->trap = 14;
		v->error_code = c->kfault_code;
		v->trap_address = address = c->kfault_address;
	}
	rf_read_self(address);
	rf_read_args(v);
	rf_send_event(c, v, sizeof(*v), true);
	return 0;
}

/* ---- generated ---- */

struct rf_cause {
	int sig;
	int code;
	__u64 address;
	__u32 sender;
	__u32 sender_uid;
	bool own; /* what the current thread did itself */
	int nr;   /* SIGSYS: the call that was forbidden, which never began */
};

static __always_inline void rf_read_info(struct rf_cause *cause, struct kernel_siginfo *info)
{
	/* two addresses that are none stand for "no information" */
	if ((__u64)info <= 1) {
		cause->code = (__u64)info ? SI_KERNEL : SI_USER;
		cause->sender = bpf_get_current_pid_tgid() >> 32;
		cause->sender_uid = bpf_get_current_uid_gid();
		return;
	}
	cause->code = BPF_CORE_READ(info, si_code);
	if (cause->code > 0) {
		cause->address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
		if (cause->sig == SIGSYS)
			cause->nr = BPF_CORE_READ(info, _sifields._sigsys._syscall);
	} else {
		cause->sender = bpf_get_current_pid_tgid() >> 32;
		cause->sender_uid = bpf_get_current_uid_gid();
	}
}

/* Is a process that does not run here a target? */
static __always_inline bool rf_is_followed(struct task_struct *task)
{
	struct rf_thread *t = rf_thread_get(task, false);

	return rf_is_target(task) || (rf_use_tree && t && t->flags & RF_T_TRACKED);
}

static __always_inline bool rf_is_dying(struct task_struct *task)
{
	return rf_task_read(task, flags) & PF_EXITING ||
	       BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT;
}

static __always_inline void rf_tell(struct rf_cpu *c, struct task_struct *task, __u64 id,
                                    const struct rf_cause *cause, bool handler)
{
	struct rf_violation_rec *v = rf_violation_new(task, id, cause->sig);

	if (!v)
		return;
	v->code = cause->code;
	v->address = cause->address;
	if (handler)
		v->flags |= RF_V_HANDLER;
	if (cause->code <= 0) {
		v->flags |= RF_V_SENT;
		v->sender = cause->sender;
		v->sender_uid = cause->sender_uid;
		bpf_get_current_comm(v->sender_comm, sizeof(v->sender_comm));
	}
	if (cause->own) {
		if (cause->code > 0)
			rf_read_trap(v, task);
		rf_read_self(cause->code == SI_KERNEL ? v->trap_address : cause->address);
		if (cause->sig == SIGSYS) {
			v->call = rf_call_of(task, cause->nr);
			v->flags |= RF_V_CALL;
			rf_read_args(v);
		}
	}
	rf_send_event(c, v, sizeof(*v), true);
}

static __always_inline void rf_violated(struct rf_cpu *c, struct task_struct *task, int group,
                                        const struct rf_cause *cause)
{
	struct task_struct *slot = task;
	__u64 id = rf_next_id(c), entity = rf_entity_of(task), before;
	__u32 before_signal, at = (cause->sig - 1) & 63;
	void *handler;
	struct rf_thread *t;

	c->counts[rf_epoch()].violations++;
	handler = BPF_CORE_READ(task, sighand, action[at].sa.sa_handler);
	if (rf_events)
		rf_tell(c, task, id, cause, (__u64)handler > 1);
	if (!cause->own && group)
		slot = rf_task_read(task, group_leader);
	if (cause->own && cause->sig == SIGSYS && !handler) {
		t = rf_thread_get(rf_task_read(task, group_leader), true);
		if (t)
			t->doomed = 1;
	}
	t = rf_thread_get(slot, true);
	if (!t) {
		c->counts[rf_epoch()].outcomes++;
		c->counts[rf_epoch()].lost_outcomes++;
		return;
	}
	/* one that is still open never reached the process: its debugger took it */
	before = cause->own ? t->trap : t->sent;
	before_signal = cause->own ? t->trap_signal : t->sent_signal;
	if (before) {
		rf_book_outcome(c, entity, before_signal, RF_OUTCOME_HANDLED, 0);
		rf_send_outcome(c, entity, before, RF_OUTCOME_HANDLED, task, 0);
	}
	if (cause->own) {
		t->trap = id;
		t->trap_signal = cause->sig;
	} else {
		t->sent = id;
		t->sent_signal = cause->sig;
		t->sent_group = !!group;
	}
}

/* A thread that dies of a violation signals somebody, or somebody wrote to a pipe that nobody reads any more. */
static __always_inline void rf_signal_after(int sig, struct task_struct *task, int result)
{
	struct task_struct *self = rf_current();
	struct signal_struct *group;
	struct rf_signal_rec rec = {};
	struct rf_thread *leader;
	struct rf_cpu *c;

	if (rf_task_read(self, flags) & PF_EXITING) {
		leader = rf_thread_get(rf_task_read(self, group_leader), false);
		if (!leader || !leader->fatal ||
		    rf_task_read(task, tgid) == rf_task_read(self, tgid))
			return;
		rec.id = leader->fatal;
	} else if (sig != SIGPIPE || !rf_last_death_ns ||
	           bpf_ktime_get_ns() - rf_last_death_ns > NSEC_PER_SEC) {
		return;
	}
	c = rf_this_cpu();
	if (!c)
		return;
	group = BPF_CORE_READ(task, signal);
	rf_claim(&rec.rec, RF_REC_SIGNAL, rf_epoch(), rf_entity_of(task));
	rec.rec.count = sig;
	rec.time_ns = bpf_ktime_get_ns();
	rec.tgid = BPF_CORE_READ(task, tgid);
	rec.pgrp = BPF_CORE_READ(group, pids[PIDTYPE_PGID], numbers[0].nr);
	rec.session = BPF_CORE_READ(group, pids[PIDTYPE_SID], numbers[0].nr);
	rec.ignored = result == TRACE_SIGNAL_IGNORED;
	BPF_CORE_READ_INTO(&rec.comm, task, group_leader, comm);
	rf_send_event(c, &rec, sizeof(rec), false);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(rf_sig_generate, int sig, struct kernel_siginfo *info, struct task_struct *task,
             int group, int result)
{
	struct rf_cause cause = { .sig = sig };
	struct rf_cpu *c;

	if (rf_off())
		return 0;
	if (sig <= 0 || sig > 31 || !(RF_TRAP_SIGNALS >> sig & 1)) {
		if (rf_events)
			rf_signal_after(sig, task, result);
		return 0;
	}
	if (result != TRACE_SIGNAL_DELIVERED && result != TRACE_SIGNAL_LOSE_INFO)
		return 0;
	/* a debugger's own means of stopping a thread */
	if (sig == SIGTRAP && BPF_CORE_READ(task, ptrace))
		return 0;
	rf_read_info(&cause, info);
	cause.own = (__u64)task == (__u64)rf_current() && (cause.code > 0 || sig == SIGABRT);
	if (cause.own) {
		c = rf_current_cpu(RF_SIDE_KERNEL);
	} else {
		if (!rf_is_followed(task) || rf_is_dying(task))
			return 0;
		c = rf_this_cpu();
	}
	if (c)
		rf_violated(c, task, group, &cause);
	return 0;
}

/* ---- ended ---- */

/* The open violation that sig ends, in this slot; 0: none. */
static __always_inline __u64 rf_take(struct rf_thread *t, __u32 sig, bool group)
{
	__u64 id = 0;

	if (!t)
		return 0;
	if (!group && t->trap && t->trap_signal == sig) {
		id = t->trap;
		t->trap = 0;
	} else if (t->sent && t->sent_signal == sig) {
		id = t->sent;
		t->sent = 0;
	}
	return id;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(rf_outcome_deliver, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	struct task_struct *self = rf_current();
	struct rf_cpu *c;
	__u64 id;

	if (rf_off() || sig <= 0 || sig > 31 || !(RF_TRAP_SIGNALS >> sig & 1))
		return 0;
	if (!BPF_CORE_READ(ka, sa.sa_handler)) /* its default: it dies, and says so when it has */
		return 0;
	id = rf_take(rf_thread_get(self, false), sig, false);
	if (!id)
		id = rf_take(rf_thread_get(rf_task_read(self, group_leader), false), sig, true);
	if (!id)
		return 0;
	c = rf_this_cpu();
	if (!c)
		return 0;
	rf_book_outcome(c, rf_entity_of(self), sig, RF_OUTCOME_HANDLED, 0);
	rf_send_outcome(c, rf_entity_of(self), id, RF_OUTCOME_HANDLED, self, 0);
	return 0;
}

/* Children that the current thread, or the first thread of its process, has alive. */
__noinline int rf_children(bool of_leader)
{
	struct task_struct *self = rf_current(), *task, *child;
	struct list_head *next;
	__u64 head;
	int i, n = 0;

	task = of_leader ? BPF_CORE_READ(self, group_leader) : self;
	head = (__u64)task + bpf_core_field_offset(struct task_struct, children);
	next = BPF_CORE_READ(task, children.next);
	for (i = 0; i < RF_CHILDREN_MAX; i++) {
		if (!next || (__u64)next == head)
			break;
		child = (void *)next - bpf_core_field_offset(struct task_struct, sibling);
		if (!BPF_CORE_READ(child, exit_state))
			n++;
		next = BPF_CORE_READ(next, next);
	}
	return n;
}

/* A death without a signal that was seen: the kernel's own, which take no detour. */
RF_NOINLINE __u64 rf_died_unseen(struct rf_cpu *c, struct task_struct *task, bool group_dead)
{
	__u32 code = BPF_CORE_READ(task, exit_code);
	struct rf_violation_rec *v;
	__u64 id;
	bool oom;

	oom = group_dead && (code & 0x7f) == SIGKILL && BPF_CORE_READ(task, signal, oom_mm);
	if (!c || (!oom && (code & 0x7f) != SIGSYS))
		return 0;
	id = rf_next_id(c);
	c->counts[rf_epoch()].violations++;
	if (!rf_events)
		return id;
	v = rf_violation_new(task, id, code & 0x7f);
	if (!v)
		return id;
	v->code = oom ? SI_KERNEL : 1; /* SYS_SECCOMP */
	if (oom) {
		v->flags |= RF_V_OOM;
		v->threads = 1;
		v->rss_bytes = BPF_CORE_READ(task, signal, maxrss) * PAGE_SIZE_MIN;
	} else {
		rf_read_regs(v, task);
		v->call = rf_call_of(task, rf_open_nr(task));
		v->flags |= RF_V_CALL;
		rf_read_args(v);
	}
	rf_send_event(c, v, sizeof(*v), true);
	return id;
}

static __always_inline int rf_outcome_of_exit(struct task_struct *task)
{
	struct task_struct *leader = rf_task_read(task, group_leader);
	struct rf_thread *own, *first;
	bool group_dead, group_exit;
	__u64 id = 0, sent = 0;
	__u32 sig = 0, children;
	struct rf_cpu *c;

	if (rf_off())
		return 0;
	c = rf_current_cpu(RF_SIDE_KERNEL);
	if (!c)
		return 0;
	group_dead = BPF_CORE_READ(task, signal, live.counter) <= 0;
	group_exit = group_dead || BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT;
	own = rf_thread_get(task, false);
	first = rf_thread_get(leader, true);
	if (own && own->trap) {
		id = own->trap;
		sig = own->trap_signal;
		own->trap = 0;
	} else if (!first || !(first->fatal || (first->doomed && group_exit))) {
		id = rf_died_unseen(c, task, group_dead);
		sig = BPF_CORE_READ(task, exit_code) & 0x7f;
	}
	if (id) {
		rf_book_outcome(c, c->entity, sig, RF_OUTCOME_KILLED, 0);
		rf_send_outcome(c, c->entity, id, RF_OUTCOME_KILLED, task, 0);
	}
	/* what another process sent to this thread, or to all while the last one is here */
	if (own && own->sent && !own->sent_group) {
		sent = own->sent;
		sig = own->sent_signal;
		own->sent = 0;
	} else if (group_dead && first && first->sent) {
		sent = first->sent;
		sig = first->sent_signal;
		first->sent = 0;
	}
	if (sent) {
		rf_book_outcome(c, c->entity, sig, RF_OUTCOME_KILLED, 0);
		rf_send_outcome(c, c->entity, sent, RF_OUTCOME_KILLED, task, 0);
	}
	if (!first)
		return 0;
	if ((id || sent) && group_exit && !first->fatal) {
		first->fatal = id ? id : sent;
		rf_last_death_ns = bpf_ktime_get_ns();
	}
	if (!group_dead || !first->fatal || !rf_events)
		return 0;
	children = rf_children(false);
	if ((__u64)leader != (__u64)task)
		children += rf_children(true);
	rf_send_outcome(c, c->entity, first->fatal, RF_OUTCOME_ENDED, task, children);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(rf_outcome_exit, struct task_struct *task)
{
	return rf_outcome_of_exit(task);
}

/* Where programs on the BTF tracepoints may be preempted; see calls.bpf.c. */
SEC("tracepoint")
int rf_outcome_exit_classic(void *ctx)
{
	return rf_outcome_of_exit(bpf_get_current_task_btf());
}
