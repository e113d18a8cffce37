/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State that the kernel side keeps and the loader reads in place, through
 * mmap: what a CPU is doing, and the switches that turn the programs on.
 * Unlike records.h, nothing here is ever stored or sent.
 */
#ifndef RF_STATE_H
#define RF_STATE_H

#include "records.h"

/* Which calls, or faults, of the running thread are timed; sampling.bpf.h. */
struct rf_sampler {
	__u64 begin_ns; /* of the last one that was timed */
	__u32 skip;     /* so many to come are not */
	__u32 drawn;    /* .skip as it was drawn */
	__u32 skipped;  /* not timed since the open span began */
	__u32 fast;     /* timed ones in a row that came soon after each other */
	__u32 mean_ns;  /* of the timed ones of this stint, a moving one */
};

/* The mapping that a CPU's last page fault hit, for the next one; faults.bpf.c. */
struct rf_last_hit {
	__u64 entity; /* 0: none */
	__u64 exec_id;
	__u64 start, end;
	__u32 changes; /* the address space's count of changes when it was looked up */
	__u32 kind;
};

/*
 * The thread that runs on a CPU. Its state lives here while it runs, so that a
 * crossing costs no look-up by thread; sched_switch moves it to and from the
 * thread's own storage.
 */
struct rf_cpu {
	__u64 task; /* task_struct, as an identity only; 0: not learnt yet */
	__u64 entity;
	__u64 since_ns; /* start of the span that is open: user or kernel, by flags */
	__u64 call_start_ns;
	__u64 call_waiting_ns; /* waiting inside the open call so far */
	__u32 call;
	__u32 flags;   /* RF_T_* */
	__u64 user_ns; /* closed spans that are not in a cell yet */
	__u64 kernel_ns;
	__u64 waiting_ns;
	__u64 fault_ns; /* of kernel_ns */
	__u32 tid;
	__u32 generation; /* that of its rf_thread when it was loaded */
	__u64 regs;   /* where its registers are saved at a call, once learnt: one place a thread */
	__u32 stolen; /* .generation, when another CPU took this state over; else 0 */
	__u32 random; /* the state of sampling's generator */
	struct rf_sampler calls;
	__u32 left;     /* stream mode: the epoch plus 1 in which the thread was seen to leave */
	__u32 switched; /* stream mode: RF_SWITCH_* of the switch that is under way */
	struct rf_counts counts[2]; /* by epoch */
	struct rf_sampler faults;
	struct rf_last_hit hit;
	/* what the rare paths of fault isolation remember, away from the lines above */
	__u64 kfault_address; /* the last kernel-mode fault on a user address in the open call */
	__u64 kfault_ns;
	__u64 kfault_mark; /* rf_open_mark() of that call; 0: none */
	__u64 caps;        /* capabilities that were found wanting in the open call */
	__u64 caps_mark;
	__u64 next_violation;
	__u32 kfault_code;
	__u32 looking; /* a program reads user memory: what faults then is not the thread's doing */
	__u64 joined_ns; /* the thread that runs becomes a target only now, by its new name; else 0 */
} __attribute__((aligned(128)));

/* The same for a thread that does not run: in task storage (or a hash before 5.11). */
struct rf_thread {
	__u64 entity;   /* 0: just made, nothing known */
	__u64 since_ns; /* since when it has been off the CPU */
	__u64 call_start_ns;
	__u64 call_waiting_ns;
	__u64 user_ns; /* spans that found no cell to go to */
	__u64 kernel_ns;
	__u64 waiting_ns;
	__u64 fault_ns;
	__u64 ran_ns; /* processor time it had had when it left the CPU, by the kernel's account */
	__u32 call;
	__u32 flags;
	__u32 cpu; /* where it is loaded, valid with .loaded */
	__u32 loaded;
	__u32 generation; /* one more with each load: tells a stale copy */
	__u32 trap_signal;
	__u64 trap; /* a violation of this thread without an outcome yet; 0: none */
	__u64 sent; /* the same, of a signal that a process sent; the leader's: to the process */
	__u32 sent_signal;
	__u32 sent_group;
	__u64 fatal;  /* leader: the violation that the process is dying of */
	__u32 doomed; /* leader: seccomp has one of its threads end the process */
	__u32 pad;
};

/* Switches that change while the programs run. */
enum rf_switch {
	RF_OFF, /* every program returns at once */
	RF_ON,
	RF_FROZEN, /* no crossing is counted or ended any more; threads that exit say what they left open */
};

struct rf_control {
	__u32 on;        /* enum rf_switch */
	__u32 epoch;     /* the lowest bit chooses the tables */
	__u64 start_ns;  /* begin of the window */
	__u32 self_tgid; /* in the initial pid namespace; set by the iterator's first run */
	__u32 stack_bytes; /* a thread's kernel stack; 0: not known, nor needed with bpf_task_pt_regs() */
};

/*
 * Ways a cell may be placed: its own slot and those that differ in the lowest
 * bits. So many that hot cells, which find no room in the ring either while the
 * loader stands still, do not fight for one slot.
 */
#define RF_CELL_WAYS 8

#endif
