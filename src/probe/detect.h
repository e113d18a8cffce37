/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host offers: each kernel feature ringfence can use, whether it is
 * there, and what its absence means. `check` prints it; the probe decides by
 * it; never by a version number.
 */
#ifndef RF_PROBE_DETECT_H
#define RF_PROBE_DETECT_H

#include <stdbool.h>
#include <stddef.h>

enum rf_feature {
	RF_FEATURE_ROOT,        /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
	RF_FEATURE_BTF,         /* /sys/kernel/btf/vmlinux */
	RF_FEATURE_BPF,         /* a program can be loaded: bpf(2) is there and not locked down */
	RF_FEATURE_MEMLOCK,     /* RLIMIT_MEMLOCK can be raised, or the kernel accounts by cgroup */
	RF_FEATURE_TP_SYS,      /* tp_btf sys_enter and sys_exit */
	RF_FEATURE_TP_SCHED,    /* sched_switch, sched_process_fork, exec, exit */
	RF_FEATURE_RINGBUF,
	RF_FEATURE_TASK_ITER,
	RF_FEATURE_TASK_STORAGE,
	RF_FEATURE_TASK_PT_REGS,
	RF_FEATURE_PF_TRACEPOINTS, /* page_fault_user and page_fault_kernel */
	RF_FEATURE_PF_EVENTS,      /* software page-fault events with a program */
	RF_FEATURE_MEMBARRIER,     /* the grace period of a sweep */
	RF_FEATURE_SIGNAL_GENERATE,
	RF_FEATURE_SIGNAL_DELIVER,
	RF_FEATURE_FIND_VMA,
	RF_FEATURE_CAP_CAPABLE, /* 6.13 */
	RF_FEATURE_OOM,         /* mark_victim */
	RF_FEATURE_COUNT
};

enum rf_verdict {
	RF_FEATURE_PRESENT,
	RF_FEATURE_ABSENT_OPTIONAL, /* something is coarser without it */
	RF_FEATURE_ABSENT_REQUIRED, /* nothing runs without it */
};

struct rf_feature_state {
	const char *name;   /* as in JSON: "task_storage" */
	const char *what;   /* one plain line: what it is for */
	enum rf_verdict verdict;
	char detail[160];   /* what was found: "enforcing", "errno", a path … */
	char remedy[160];   /* when absent: what to do, or what is used instead */
};

struct rf_host {
	struct rf_feature_state features[RF_FEATURE_COUNT];
	char kernel[128];   /* uname -r */
	char machine[64];
	char lockdown[64];  /* "none", "integrity", "confidentiality", "absent" */
	unsigned int cpus;  /* possible */
	size_t map_bytes;   /* kernel memory that the maps will take by default */
};

/* Looks at the host. Never fails: what cannot be found out counts as absent, with the reason. */
void rf_detect(struct rf_host *host);
bool rf_host_has(const struct rf_host *host, enum rf_feature f);
/* The first required feature that is absent, or NULL: exit status 3 with its remedy. */
const struct rf_feature_state *rf_host_blocker(const struct rf_host *host);

#endif
