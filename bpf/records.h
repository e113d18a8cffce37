/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record layouts that the kernel side and the user side share.
 *
 * Everything that travels from a BPF program to the loader is one of the
 * records below: an evicted or swept cell, a process event, a thread as the
 * task iterator found it, a block of counters. Every record begins with the
 * same 16 bytes (struct rf_rec), so that the ledger is fed by one function
 * whatever the source, the live probe or a recording. A cell in a kernel map
 * has the layout of its record, so that evicting it is one copy of a prefix
 * and sweeping it is none.
 *
 * Included by BPF programs after vmlinux.h and by user space after
 * <linux/types.h>; it includes nothing itself. All times are nanoseconds of
 * CLOCK_MONOTONIC (bpf_ktime_get_ns), unless said otherwise. Byte order is the
 * host's.
 */
#ifndef RF_RECORDS_H
#define RF_RECORDS_H

#define RF_COMM_LEN 16
#define RF_PATH_LEN 256

/*
 * The ABI of a call: which table its number belongs to. Kept equal to enum
 * rf_abi in src/identity/syscall.h.
 */
#define RF_CALL(abi, nr) ((__u32)(abi) << 16 | (__u32)(nr))
#define RF_CALL_ABI(call) ((call) >> 16)
#define RF_CALL_NR(call) ((call)&0xffff)
/* numbers that no table can hold are folded into one, so that a process
 * calling random numbers fills one cell, not sixty thousand */
#define RF_NR_MAX 1023
#define RF_NR_INVALID 0xffff

/*
 * An entity is what cells are kept for: a process, or with --by thread a
 * thread. The key is unique over pid reuse: the low 22 bits are the pid (tgid
 * or tid; PID_MAX_LIMIT is 2^22), the rest is the start time since boot in
 * units of 1024 ns. 0 is no entity.
 */
#define RF_ENTITY(pid, start_boottime_ns) \
	(((__u64)(start_boottime_ns) >> 10) << 22 | ((__u64)(pid)&0x3fffff))
#define RF_ENTITY_PID(entity) ((__u32)((entity)&0x3fffff))

/*
 * Latency histogram: four buckets an octave, so that the middle of a bucket is
 * within 12.5 % of everything in it. Buckets 0..3 are linear below 32 ns;
 * bucket 4 starts at 32 ns; the last one holds all from 60 s on.
 */
#define RF_HIST_BUCKETS 128
#define RF_HIST_LINEAR_NS 32

enum rf_rec_type {
	RF_REC_NONE = 0,
	RF_REC_CALL = 1,   /* struct rf_call_cell, its histogram cut after .top */
	RF_REC_ERRNO = 2,  /* struct rf_errno_cell */
	RF_REC_TIME = 3,   /* struct rf_time_cell */
	RF_REC_FORK = 4,   /* struct rf_process_rec: a process or thread was born */
	RF_REC_EXEC = 5,   /* struct rf_process_rec with .path */
	RF_REC_EXIT = 6,   /* struct rf_process_rec: the last thread of it ended */
	RF_REC_THREAD = 7, /* struct rf_thread_rec, from the task iterator */
	RF_REC_COUNTS = 8, /* struct rf_counts_rec, one CPU's counters of an epoch */
	/* 16 to 31: isolation.h */
	/* stream mode only; see stream.h */
	RF_REC_BATCH = 32,        /* struct rf_batch_head and its words: crossings of one CPU */
	RF_REC_ARGS = 33,         /* struct rf_args_rec: a call was entered, with its arguments */
	RF_REC_THREAD_BORN = 34,  /* struct rf_process_rec of a thread that is no leader */
	RF_REC_THREAD_ENDED = 35, /* the same, of any thread */
};

/* How every record begins. */
struct rf_rec {
	__u16 type;  /* enum rf_rec_type */
	__u16 epoch; /* the epoch's lowest bit in which it was booked */
	__u32 count; /* type's own: calls in a cell, 0 for an empty cell */
	__u64 entity;
};

/* One (entity, call): the row of the ledger, on one CPU, for one epoch. */
struct rf_call_cell {
	struct rf_rec rec; /* .count: calls that ended (or that exit ended) */
	__u32 call;        /* RF_CALL(abi, nr) */
	__u32 untimed;     /* of .count: calls without a duration, not in the rest */
	__u64 total_ns;
	__u64 min_ns; /* 0 when all are untimed */
	__u64 max_ns;
	__u64 waiting_ns; /* of total_ns: spent off the CPU */
	__u32 top;        /* highest bucket in use */
	__u32 pending;    /* kernel side: of .untimed, left out by sampling since the last sample */
	__u32 hist[RF_HIST_BUCKETS];
};

#define RF_CALL_REC_SIZE(top) (offsetof(struct rf_call_cell, hist) + 4 * ((top) + 1))

/* One (entity, call, errno): the failures behind rf_call_cell.count. */
#define RF_ERRNO_REFUSED 0x8000 /* answered by seccomp or ptrace before the call began */
#define RF_ERRNO_MASK 0x7fff
struct rf_errno_cell {
	struct rf_rec rec; /* .count: calls that failed so */
	__u32 call;
	__u16 err;   /* errno, 0 with RF_ERRNO_REFUSED: refused by a signal (SIGSYS) */
	__u16 flags; /* RF_ERRNO_REFUSED */
};

/* One entity: time on each side of the boundary, and its page faults. */
struct rf_time_cell {
	struct rf_rec rec; /* .count: bookings made */
	__u64 user_ns;
	__u64 kernel_ns;  /* computing in the kernel */
	__u64 waiting_ns; /* off the CPU: blocked or waiting for a CPU */
	__u64 fault_ns;   /* of kernel_ns: resolving user-mode page faults */
	__u32 faults_user;
	__u32 faults_kernel;
	__u32 faults_minor;
	__u32 faults_major;
};

/* A process (or, with --by thread, thread) was born, called execve, or ended. */
struct rf_process_rec {
	struct rf_rec rec; /* .count: exit status as wait(2) gives it, for EXIT */
	__u64 time_ns;
	__u64 start_ns; /* of the process, since boot: CLOCK_BOOTTIME */
	__u64 cgroup;   /* kernfs id in the v2 hierarchy */
	__u64 minflt;   /* EXIT: the kernel's own totals for the process */
	__u64 majflt;
	__u32 tgid;
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	char comm[RF_COMM_LEN];
	char path[RF_PATH_LEN]; /* EXEC only: the file as execve found it; NUL-terminated */
};

#define RF_PROCESS_REC_SIZE offsetof(struct rf_process_rec, path)

/* A thread's state in a rf_thread_rec, and in the kernel's per-thread state. */
#define RF_T_TRACKED 0x01  /* a target */
#define RF_T_IN_CALL 0x02  /* between sys_enter and sys_exit */
#define RF_T_COUNTED 0x04  /* that call was counted as seen */
#define RF_T_IN_FAULT 0x08 /* between page_fault_user and its resolution */
#define RF_T_NEW 0x10     /* born in the window, not yet in user mode: no call of its own is open */
#define RF_T_UNKNOWN 0x20 /* which side it is on has not been learnt yet */
#define RF_T_EXITING 0x40 /* past sched_process_exit */
#define RF_T_TIMED \
	0x100 /* the open call's start is known; without it the call is left out by sampling */
#define RF_T_FAULT_LEFT 0x200 /* in a fault from user mode that is left out by sampling */
#define RF_T_ON_CPU 0x80      /* rf_thread_rec only: the open span is running, not waiting */

/*
 * A thread as a sweep finds it: who it is, and the spans that are still open,
 * which no cell holds yet.
 */
struct rf_thread_rec {
	struct rf_rec rec;   /* .count: 1 when it is inside a counted call */
	__u64 time_ns;       /* when it was looked at */
	__u64 since_ns;      /* start of the open span (on the CPU or off it) */
	__u64 call_start_ns; /* when the call was entered; 0 unknown: before the window */
	__u64 user_ns;       /* closed spans that are not in a cell yet */
	__u64 kernel_ns;
	__u64 waiting_ns;
	__u64 start_ns; /* of the process, since boot */
	__u64 cgroup;
	__u32 tgid;
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 call;                    /* RF_CALL, valid with RF_T_IN_CALL */
	__u32 flags;                   /* RF_T_* */
	char comm[RF_COMM_LEN];        /* the thread's own */
	char leader_comm[RF_COMM_LEN]; /* the process': its leader's */
	__u64 thread_start_ns;         /* of the thread itself, since boot; 0 unknown */
};

/* Why a crossing that was seen could not be attributed. */
enum rf_lost {
	RF_LOST_CELL, /* its cell was taken and the ring full, so that the owner could not move out */
	RF_LOST_STATE,   /* the thread's state could not be kept, so the open call is gone */
	RF_LOST_SKIPPED, /* the kernel skipped the program (recursion_misses); filled by the loader */
	RF_LOST_BATCH,   /* stream mode: the ring was full, and a batch of crossings was given up */
	RF_LOST_KINDS
};

/* Kernel-side counters of one CPU and one epoch. */
struct rf_counts {
	__u64 entered;     /* sys_enter, counted before anything can fail */
	__u64 refused;     /* calls that seccomp or ptrace answered: sys_exit alone */
	__u64 finished;    /* of both: calls that ended (booked in a cell or lost) */
	__u64 faults_user; /* page faults, counted before anything can fail */
	__u64 faults_kernel;
	__u64 lost[RF_LOST_KINDS]; /* crossings */
	__u64 lost_errnos;         /* failures whose errno was lost; their call is attributed */
	__u64 lost_records;        /* process events that the ring had no room for */
	__u64 evicted;       /* cells that went through the ring: a measure of table pressure */
	__u64 violations;    /* isolation.h: counted before anything can fail */
	__u64 outcomes;      /* of violations, whenever they began: booked in a cell or lost */
	__u64 lost_outcomes; /* violations whose outcome found no cell, or could not be followed */
	__u32 lost_events;   /* violations that the ring had no room to tell about */
	__u32 lost_details;  /* page faults and capabilities that no isolation cell could take */
};

struct rf_counts_rec {
	struct rf_rec rec; /* .count: the CPU; .entity: 0 */
	struct rf_counts counts;
};

#endif
