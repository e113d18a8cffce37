/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of fault isolation: violations, their outcome, whom the kernel
 * signalled because of them, and the cells of what is only counted.
 *
 * Counts and events are two accounts. The cells (RF_REC_ISOLATION) hold every
 * violation by signal and outcome, every resolved page fault by class, and every
 * missing capability, exactly, whatever happens to the ring. The events
 * (RF_REC_VIOLATION and those that follow it) tell each one's story and may be
 * lost to a full ring, which is counted.
 *
 * Included after records.h; the same rules hold.
 */
#ifndef RF_ISOLATION_H
#define RF_ISOLATION_H

#include "records.h"

#define RF_REC_VIOLATION 16 /* struct rf_violation_rec */
#define RF_REC_OUTCOME 17   /* struct rf_outcome_rec: how a violation ended */
#define RF_REC_SIGNAL 18    /* struct rf_signal_rec: who was signalled after one */
#define RF_REC_ISOLATION 19 /* struct rf_isolation_cell, its histogram cut after .top */

/* What an isolation cell counts, and what its .key means then. */
enum rf_isolation_kind {
	RF_ISOLATION_NONE,
	RF_ISOLATION_VIOLATION,  /* RF_VIOLATION_KEY(signal, outcome); .call with signal 0 */
	RF_ISOLATION_FAULT,      /* RF_FAULT_* bits: page faults that were resolved */
	RF_ISOLATION_CAPABILITY, /* the capability whose want .call failed for */
};

/* How a violation ended. */
enum rf_outcome {
	RF_OUTCOME_NONE,    /* not yet */
	RF_OUTCOME_HANDLED, /* a handler of the process ran, or a debugger took the signal */
	RF_OUTCOME_KILLED,
	RF_OUTCOME_REFUSED, /* the call that it was made with failed: EFAULT */
	RF_OUTCOME_ENDED,   /* rf_outcome_rec only: the last thread of the killed process is gone */
};

#define RF_VIOLATION_KEY(signal, outcome) ((__u32)(signal) | (__u32)(outcome) << 8)
#define RF_VIOLATION_SIGNAL(key) ((key)&0xff)
#define RF_VIOLATION_OUTCOME(key) ((key) >> 8)

/* The class of a page fault. */
#define RF_FAULT_KERNEL 0x01 /* raised in kernel mode */
#define RF_FAULT_MAJOR 0x02
#define RF_FAULT_ACCESS 0x0c /* 0: not known */
#define RF_FAULT_READ 0x04
#define RF_FAULT_WRITE 0x08
#define RF_FAULT_EXECUTE 0x0c
#define RF_FAULT_PAGE 0x30 /* 0: not known */
#define RF_FAULT_NOT_PRESENT 0x10
#define RF_FAULT_PROTECTION 0x20
#define RF_FAULT_HIT_SHIFT 6
#define RF_FAULT_HIT(class) ((class) >> RF_FAULT_HIT_SHIFT)
#define RF_FAULT_CLASSES (RF_HIT_KINDS << RF_FAULT_HIT_SHIFT)

enum rf_hit {
	RF_HIT_UNKNOWN, /* no mapping was found */
	RF_HIT_STACK,   /* the main thread's; those of other threads are anonymous */
	RF_HIT_HEAP,    /* brk */
	RF_HIT_ANONYMOUS,
	RF_HIT_FILE_PRIVATE,
	RF_HIT_FILE_SHARED,
	RF_HIT_COPY, /* copy-on-write: the first write to a page that is shared */
	RF_HIT_KINDS
};

/* One (entity, kind, key, call), on one CPU, for one epoch. */
struct rf_isolation_cell {
	struct rf_rec rec; /* .count */
	__u32 kind;        /* enum rf_isolation_kind */
	__u32 key;
	__u32 call;     /* RF_CALL */
	__u32 untimed;  /* of .count: not in the rest */
	__u64 total_ns; /* FAULT: from the exception until it was resolved */
	__u64 max_ns;
	__u32 top;
	__u32 pad;
	__u32 hist[RF_HIST_BUCKETS];
};

#define RF_ISOLATION_REC_SIZE(top) (offsetof(struct rf_isolation_cell, hist) + 4 * ((top) + 1))

/* A mapping. */
#define RF_MAP_READ 0x01 /* as the kernel has them (VM_READ ...) */
#define RF_MAP_WRITE 0x02
#define RF_MAP_EXECUTE 0x04
#define RF_MAP_SHARED 0x08
#define RF_MAP_STACK 0x100 /* VM_GROWSDOWN */
#define RF_MAP_FILE 0x10000
#define RF_MAP_DELETED 0x20000 /* its file has no name any more */
#define RF_MAP_HEAP 0x40000
#define RF_MAP_CUT 0x80000 /* .path: the upper directories are missing */

#define RF_MAP_PATH 256

struct rf_mapping_rec {
	__u64 start; /* 0 with .end 0: none was found */
	__u64 end;
	__u64 offset; /* in the file, bytes */
	__u64 inode;
	__u64 size;  /* of the file, bytes */
	__u32 dev;   /* the kernel's: major << 20 | minor */
	__u32 flags; /* RF_MAP_* */
	__u32 path_bytes;
	__u32 pad;
	char path[RF_MAP_PATH]; /* components from the last to the first, a NUL after each */
};

/* Slots of rf_violation_rec.maps; those behind are further modules among the frames. */
enum {
	RF_MAP_OF_ADDRESS,
	RF_MAP_OF_IP,
	RF_MAPS_OF_FRAMES,
	RF_MAPS = 5,
};

#define RF_FRAMES 24
#define RF_INSN_BYTES 16

struct rf_frame_id {
	__s32 status; /* 1: build id and offset are valid */
	__u8 build_id[20];
	__u64 offset; /* in the file */
};

/* What the processor says, in the architecture's own terms. */
enum rf_trap_arch { RF_TRAP_X86_64 = 1, RF_TRAP_ARM64 = 2 };

#define RF_V_REGS 0x01    /* ip, sp and regs were read */
#define RF_V_TRAP 0x02    /* trap, error_code and trap_address belong to it */
#define RF_V_COMPAT 0x04  /* 32-bit code */
#define RF_V_GAP 0x08     /* address lies in no mapping; gap_start and gap_end are valid */
#define RF_V_SENT 0x10    /* by a process: sender and sender_uid are valid */
#define RF_V_CALL 0x20    /* call is valid */
#define RF_V_OOM 0x40     /* killed for want of memory */
#define RF_V_HANDLER 0x80 /* a handler was installed when it happened */
#define RF_V_KFAULT 0x100 /* EFAULT: trap_address is what the kernel could not reach */

struct rf_violation_rec {
	struct rf_rec rec; /* .count: the signal; 0 for EFAULT */
	__u64 id;          /* unique in the window */
	__u64 time_ns;
	__u64 start_ns; /* of the process, since boot */
	__u64 cgroup;
	__u32 tgid;
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 pgrp; /* pids of its group and session, to tell who else was affected */
	__u32 session;
	__u32 threads;
	__u32 flags; /* RF_V_* */
	__s32 code;  /* si_code */
	__u32 arch;  /* enum rf_trap_arch */
	__u32 sender;
	__u32 sender_uid;
	char sender_comm[RF_COMM_LEN];
	char comm[RF_COMM_LEN]; /* of the process: its leader's */
	char thread_comm[RF_COMM_LEN];
	__u64 address; /* si_addr */
	__u64 trap_address;
	__u64 trap; /* x86: exception number; arm64: ESR */
	__u64 error_code;
	__u64 ip;
	__u64 sp;
	__u64 gap_start;
	__u64 gap_end;
	__u64 start_stack;
	__u64 stack_limit; /* bytes; ~0: none */
	__u64 rss_bytes; /* resident; from 6.2 on the kernel's own figure lags behind by some pages */
	__u64 vm_bytes; /* mapped */
	__u32 call;     /* RF_CALL: that it was made with, for EFAULT and seccomp */
	__u32 nr_frames;
	__u64 args[6];  /* of that call */
	__u64 regs[16]; /* x86-64: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15 */
	__u32 insn_bytes;
	__u32 pad;
	__u8 insn[RF_INSN_BYTES]; /* at ip */
	struct rf_mapping_rec maps[RF_MAPS];
	__u64 frames[RF_FRAMES]; /* return addresses, the innermost (ip) first */
	struct rf_frame_id ids[RF_FRAMES];
};

struct rf_outcome_rec {
	struct rf_rec rec; /* .count: enum rf_outcome */
	__u64 id;          /* of the violation */
	__u64 time_ns;
	__u32 status;   /* KILLED, ENDED: exit status as wait(2) gives it */
	__u32 children; /* ENDED: alive, and without a parent now */
	__u32 tid;
	__u32 group; /* KILLED: the whole process ends, not this thread alone */
};

#define RF_CHILDREN_MAX 256 /* counted at most */

/* .count: the signal; .entity: the process that got it. */
struct rf_signal_rec {
	struct rf_rec rec;
	__u64 id; /* of the violation that the dying sender had; 0: a SIGPIPE, whose cause is not told */
	__u64 time_ns;
	__u32 tgid;
	__u32 pgrp;
	__u32 session;
	__u32 ignored;
	char comm[RF_COMM_LEN];
};

#endif
