/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host offers: each kernel feature ringfence can use, whether it is
 * there, what its absence means, and which verbs run here. `check` prints it;
 * the probe decides by it; never by a version number.
 *
 * Two steps. rf_detect_find() tries the features and says what it found, and
 * rf_host_judge() turns findings into verdicts; the second is a pure function
 * and has the rules. rf_detect() does both.
 */
#ifndef RF_PROBE_DETECT_H
#define RF_PROBE_DETECT_H

#include <stdbool.h>
#include <stddef.h>

/* In the order in which an absence is reported: the first one is the reason to give. */
enum rf_feature {
	RF_FEATURE_ROOT,     /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
	RF_FEATURE_BPF,      /* a program can be loaded: bpf(2) is there and not locked down */
	RF_FEATURE_BTF,      /* /sys/kernel/btf/vmlinux */
	RF_FEATURE_MEMLOCK,  /* RLIMIT_MEMLOCK can be raised, or the kernel accounts by cgroup */
	RF_FEATURE_TP_SYS,   /* tp_btf sys_enter and sys_exit */
	RF_FEATURE_TP_SCHED, /* sched_switch, sched_process_fork, exec, exit */
	RF_FEATURE_CALLS_UNDISTURBED, /* programs on calls run with preemption off: not since 7.2 */
	RF_FEATURE_RINGBUF,
	RF_FEATURE_TASK_ITER,
	RF_FEATURE_MEMBARRIER, /* the grace period of a sweep */
	RF_FEATURE_TASK_STORAGE,
	RF_FEATURE_TASK_BTF, /* bpf_get_current_task_btf() */
	RF_FEATURE_TASK_PT_REGS,
	RF_FEATURE_PF_TRACEPOINTS, /* page_fault_user and page_fault_kernel */
	RF_FEATURE_PF_EVENTS,      /* software page-fault events with a program */
	RF_FEATURE_SIGNAL_GENERATE,
	RF_FEATURE_SIGNAL_DELIVER,
	RF_FEATURE_CAP_CAPABLE,    /* since 6.13 */
	RF_FEATURE_OOM,            /* mark_victim */
	RF_FEATURE_READ_PROCESSES, /* /proc/PID/exe of other users' processes */
	RF_FEATURE_PID_NAMESPACE,  /* pids mean the same here and in the kernel */
	RF_FEATURE_COUNT
};

enum rf_verdict {
	RF_FEATURE_PRESENT,
	RF_FEATURE_ABSENT_OPTIONAL, /* something is coarser without it */
	RF_FEATURE_ABSENT_REQUIRED, /* nothing runs without it */
	RF_FEATURE_UNKNOWN,         /* could not be tried: counts as absent */
};

struct rf_feature_state {
	const char *name; /* as in JSON: "task_storage" */
	const char *what; /* one plain line: what it is for */
	enum rf_verdict verdict;
	bool tried;       /* false: inferred from the kernel's BTF, or not known at all */
	char detail[160]; /* what was found; when absent, the reason as a clause */
	char remedy[160]; /* when absent: what to do, or what is used instead */
};

enum rf_verb_id {
	RF_VERB_STAT,
	RF_VERB_TOP,
	RF_VERB_TRACE,
	RF_VERB_RECORD,
	RF_VERB_REPORT,
	RF_VERB_FAULTS,
	RF_VERB_EXPORT,
	RF_VERB_LAB,
	RF_VERB_COUNT
};

enum rf_verb_verdict {
	RF_VERB_RUNS,
	RF_VERB_COARSER,
	RF_VERB_CANNOT,
	RF_VERB_NOT_BUILT, /* never judged so: set by who knows which verbs there are */
};

struct rf_verb_state {
	const char *name; /* as typed */
	enum rf_verb_verdict verdict;
	enum rf_feature blocker; /* when it cannot run: the feature to name */
	unsigned int without;    /* when coarser: a bit per feature that it goes without */
};

struct rf_host {
	struct rf_feature_state features[RF_FEATURE_COUNT];
	struct rf_verb_state verbs[RF_VERB_COUNT];
	char kernel[128]; /* uname -r */
	char machine[80];
	char lockdown[64];      /* "none", "integrity", "confidentiality", "absent" */
	char lockdown_note[96]; /* why "absent", or "" */
	unsigned int cpus;      /* possible */
	size_t map_bytes;       /* kernel memory that the maps will take by default; 0 not known */
};

enum rf_found {
	RF_FOUND_UNKNOWN,
	RF_FOUND_NO,
	RF_FOUND_YES,
};

struct rf_finding {
	enum rf_found found;
	bool tried;
	char detail[160]; /* for NO and UNKNOWN: the reason as a clause, or "" for the usual one */
	char remedy[160]; /* when this cause has a remedy of its own, or "" */
};

/* Looks at the host. Never fails: what cannot be found out counts as absent, with the reason. */
void rf_detect(struct rf_host *host);
bool rf_host_has(const struct rf_host *host, enum rf_feature f);
/* The first feature that `stat` needs and lacks, or NULL: exit status 3 with its remedy. */
const struct rf_feature_state *rf_host_blocker(const struct rf_host *host);
/* The same for any verb. */
const struct rf_feature_state *rf_verb_blocker(const struct rf_host *host, enum rf_verb_id verb);
/* "reason: remedy" of an absent feature, without a newline. */
void rf_feature_explain(const struct rf_feature_state *f, char *buf, size_t len);

/* The first step: what trying gave. Fills the host's facts as well (kernel, lockdown, cpus …). */
void rf_detect_find(struct rf_host *host, struct rf_finding found[RF_FEATURE_COUNT]);
/* The second, pure: fills host->features and host->verbs from the findings. */
void rf_host_judge(struct rf_host *host, const struct rf_finding found[RF_FEATURE_COUNT]);

#endif
