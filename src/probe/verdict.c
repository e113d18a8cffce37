// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "probe/detect.h"

#define BIT(f) (1U << (f))

_Static_assert(RF_FEATURE_COUNT <= 32, "features are bits of an unsigned int");

/* What each feature is for and, when it is absent, the usual reason and the usual way out. */
struct feature_text {
	const char *name;
	const char *what;
	const char *absent;
	const char *remedy;
};

static const struct feature_text texts[RF_FEATURE_COUNT] = {
	[RF_FEATURE_ROOT] = {
		"privileges",
		"load programs that watch every process",
		"not enough privileges",
		"run as root (sudo) or grant CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE",
	},
	[RF_FEATURE_BPF] = {
		"bpf",
		"run programs inside the kernel that read its memory",
		"the kernel refuses to load a BPF program",
		"use a kernel with CONFIG_BPF_SYSCALL",
	},
	[RF_FEATURE_BTF] = {
		"btf",
		"the kernel's own description of its types",
		"the kernel has no BTF (/sys/kernel/btf/vmlinux)",
		"use a kernel built with CONFIG_DEBUG_INFO_BTF",
	},
	[RF_FEATURE_MEMLOCK] = {
		"memlock",
		"memory for the maps",
		"RLIMIT_MEMLOCK is too low for the maps and cannot be raised",
		"set it to unlimited (ulimit -l unlimited) or grant CAP_SYS_RESOURCE",
	},
	[RF_FEATURE_TP_SYS] = {
		"tracepoints_syscalls",
		"see every call enter and leave the kernel (sys_enter, sys_exit)",
		"the kernel has no tracepoints on system calls",
		"use a kernel with CONFIG_FTRACE_SYSCALLS",
	},
	[RF_FEATURE_TP_SCHED] = {
		"tracepoints_sched",
		"see threads run, wait, start and end (sched_switch, fork, exec, exit)",
		"the kernel lacks a scheduler tracepoint",
		"use a kernel with CONFIG_TRACEPOINTS, 5.10 or newer",
	},
	[RF_FEATURE_CALLS_UNDISTURBED] = {
		"calls_undisturbed",
		"no other thread gets in while a crossing is counted",
		"the kernel lets other threads in while a program runs",
		"the classic tracepoints are used, and a crossing costs more",
	},
	[RF_FEATURE_RINGBUF] = {
		"ringbuf",
		"carry records out of the kernel",
		"the kernel has no BPF ring buffer",
		"use a kernel of 5.10 or newer",
	},
	[RF_FEATURE_TASK_ITER] = {
		"task_iterator",
		"list the threads that run already",
		"the kernel has no BPF task iterator",
		"use a kernel of 5.10 or newer",
	},
	[RF_FEATURE_MEMBARRIER] = {
		"membarrier",
		"know when a sweep has everything",
		"membarrier(2) does not offer its global command",
		"use a kernel with CONFIG_MEMBARRIER, started without nohz_full",
	},
	[RF_FEATURE_TASK_STORAGE] = {
		"task_storage",
		"keep a thread's state with the thread",
		"the kernel has no BPF task storage for tracing programs",
		"a hash by thread is used, and a switch of threads costs more",
	},
	[RF_FEATURE_TASK_BTF] = {
		"current_task_btf",
		"follow the current thread's fields without copying",
		"the kernel has no bpf_get_current_task_btf()",
		"fields of the current thread are copied, and cost more",
	},
	[RF_FEATURE_TASK_PT_REGS] = {
		"task_pt_regs",
		"know the call that a thread is in when the watch begins",
		"the kernel has no bpf_task_pt_regs()",
		"the registers are looked for on the thread's stack",
	},
	[RF_FEATURE_PF_TRACEPOINTS] = {
		"page_fault_tracepoints",
		"see a page fault when it is raised (page_fault_user, _kernel)",
		"the kernel has no page-fault tracepoints on this architecture",
		"page faults are counted once handled, without their handling time",
	},
	[RF_FEATURE_PF_EVENTS] = {
		"page_fault_events",
		"tell minor from major page faults",
		"the software page-fault events take no BPF program",
		"page faults are not split into minor and major",
	},
	[RF_FEATURE_SIGNAL_GENERATE] = {
		"signal_generate",
		"see a violation turn into a signal",
		"the kernel has no signal_generate tracepoint",
		"violations are not seen; use a kernel with CONFIG_TRACEPOINTS",
	},
	[RF_FEATURE_SIGNAL_DELIVER] = {
		"signal_deliver",
		"tell a handled signal from a deadly one",
		"the kernel has no signal_deliver tracepoint",
		"handled is told from killed by the exit alone",
	},
	[RF_FEATURE_CAP_CAPABLE] = {
		"cap_capable",
		"name the capability that a refused request lacked",
		"the kernel has no cap_capable tracepoint",
		"a refusal is known by its errno alone",
	},
	[RF_FEATURE_OOM] = {
		"mark_victim",
		"know a process that was killed for want of memory",
		"the kernel has no mark_victim tracepoint",
		"death for want of memory looks like any SIGKILL",
	},
	[RF_FEATURE_READ_PROCESSES] = {
		"read_processes",
		"read the path of any process's program",
		"CAP_SYS_PTRACE is missing",
		"the path of other users' programs stays unknown",
	},
	[RF_FEATURE_PID_NAMESPACE] = {
		"pid_namespace",
		"use the kernel's own process ids",
		"this is a container with process ids of its own",
		"process ids are the host's, and do not match /proc here",
	},
};

/* Without these nothing can be counted. */
#define CORE                                                                           \
	(BIT(RF_FEATURE_ROOT) | BIT(RF_FEATURE_BPF) | BIT(RF_FEATURE_BTF) |            \
	 BIT(RF_FEATURE_MEMLOCK) | BIT(RF_FEATURE_TP_SYS) | BIT(RF_FEATURE_TP_SCHED) | \
	 BIT(RF_FEATURE_RINGBUF) | BIT(RF_FEATURE_TASK_ITER) | BIT(RF_FEATURE_MEMBARRIER))

/* Without these a count is coarser, or dearer. */
#define COUNTING                                                            \
	(BIT(RF_FEATURE_CALLS_UNDISTURBED) | BIT(RF_FEATURE_TASK_STORAGE) | \
	 BIT(RF_FEATURE_TASK_BTF) | BIT(RF_FEATURE_TASK_PT_REGS) |          \
	 BIT(RF_FEATURE_PF_TRACEPOINTS) | BIT(RF_FEATURE_PF_EVENTS) |       \
	 BIT(RF_FEATURE_READ_PROCESSES) | BIT(RF_FEATURE_PID_NAMESPACE))

/* Without these a violation or a refusal is told with less. */
#define ISOLATION \
	(BIT(RF_FEATURE_SIGNAL_DELIVER) | BIT(RF_FEATURE_CAP_CAPABLE) | BIT(RF_FEATURE_OOM))

/* The one place that says what a verb needs, and what it is coarser without. */
static const struct {
	const char *name;
	unsigned int needs;
	unsigned int better_with;
} verbs[RF_VERB_COUNT] = {
	[RF_VERB_STAT] = { "stat", CORE, COUNTING },
	[RF_VERB_TOP] = { "top", CORE, COUNTING },
	[RF_VERB_TRACE] = { "trace", CORE, COUNTING },
	[RF_VERB_RECORD] = { "record", CORE, COUNTING },
	[RF_VERB_REPORT] = { "report", 0, 0 },
	[RF_VERB_FAULTS] = { "faults", CORE | BIT(RF_FEATURE_SIGNAL_GENERATE),
	                     COUNTING | ISOLATION },
	[RF_VERB_EXPORT] = { "export", CORE,
	                     COUNTING | BIT(RF_FEATURE_SIGNAL_GENERATE) | ISOLATION },
	[RF_VERB_LAB] = { "lab", CORE | BIT(RF_FEATURE_SIGNAL_GENERATE), COUNTING | ISOLATION },
};

static void judge_feature(struct rf_feature_state *state, enum rf_feature f,
                          const struct rf_finding *found)
{
	const struct feature_text *text = &texts[f];
	const char *remedy = "";

	state->name = text->name;
	state->what = text->what;
	state->tried = found->tried;
	snprintf(state->detail, sizeof(state->detail), "%s", found->detail);
	switch (found->found) {
	case RF_FOUND_YES:
		state->verdict = RF_FEATURE_PRESENT;
		break;
	case RF_FOUND_NO:
		state->verdict =
			CORE & BIT(f) ? RF_FEATURE_ABSENT_REQUIRED : RF_FEATURE_ABSENT_OPTIONAL;
		remedy = found->remedy[0] ? found->remedy : text->remedy;
		if (!found->detail[0])
			snprintf(state->detail, sizeof(state->detail), "%s", text->absent);
		break;
	case RF_FOUND_UNKNOWN:
		state->verdict = RF_FEATURE_UNKNOWN;
		remedy = found->remedy;
		if (!found->detail[0])
			snprintf(state->detail, sizeof(state->detail), "could not be tried");
		break;
	}
	snprintf(state->remedy, sizeof(state->remedy), "%s", remedy);
}

/*
 * Each source of page faults stands in for the other, in part. With both gone, their own texts
 * would promise a count that nobody makes.
 */
static void judge_page_faults(struct rf_feature_state features[RF_FEATURE_COUNT])
{
	struct rf_feature_state *raised = &features[RF_FEATURE_PF_TRACEPOINTS];
	struct rf_feature_state *handled = &features[RF_FEATURE_PF_EVENTS];

	if (raised->verdict != RF_FEATURE_ABSENT_OPTIONAL ||
	    handled->verdict != RF_FEATURE_ABSENT_OPTIONAL)
		return;
	snprintf(raised->remedy, sizeof(raised->remedy), "page faults are not counted");
	snprintf(handled->remedy, sizeof(handled->remedy), "page faults are not counted");
}

/* An absence explains more than a thing that could not be tried, which often follows from it. */
static const struct rf_feature_state *first_missing(const struct rf_host *host, unsigned int needs)
{
	const struct rf_feature_state *unknown = NULL;

	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		const struct rf_feature_state *state = &host->features[f];

		if (!(needs & BIT(f)) || state->verdict == RF_FEATURE_PRESENT)
			continue;
		if (state->verdict != RF_FEATURE_UNKNOWN)
			return state;
		if (!unknown)
			unknown = state;
	}
	return unknown;
}

static void judge_verb(struct rf_host *host, enum rf_verb_id v)
{
	struct rf_verb_state *verb = &host->verbs[v];
	const struct rf_feature_state *missing = first_missing(host, verbs[v].needs);

	*verb = (struct rf_verb_state){ .name = verbs[v].name, .verdict = RF_VERB_RUNS };
	if (missing) {
		verb->verdict = RF_VERB_CANNOT;
		verb->blocker = (enum rf_feature)(missing - host->features);
		return;
	}
	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		if ((verbs[v].better_with & BIT(f)) && !rf_host_has(host, (enum rf_feature)f))
			verb->without |= BIT(f);
	}
	if (verb->without)
		verb->verdict = RF_VERB_COARSER;
}

void rf_host_judge(struct rf_host *host, const struct rf_finding found[RF_FEATURE_COUNT])
{
	for (int f = 0; f < RF_FEATURE_COUNT; f++)
		judge_feature(&host->features[f], (enum rf_feature)f, &found[f]);
	judge_page_faults(host->features);
	for (int v = 0; v < RF_VERB_COUNT; v++)
		judge_verb(host, (enum rf_verb_id)v);
}

bool rf_host_has(const struct rf_host *host, enum rf_feature f)
{
	return host->features[f].verdict == RF_FEATURE_PRESENT;
}

const struct rf_feature_state *rf_verb_blocker(const struct rf_host *host, enum rf_verb_id verb)
{
	const struct rf_verb_state *state = &host->verbs[verb];

	return state->verdict == RF_VERB_CANNOT ? &host->features[state->blocker] : NULL;
}

const struct rf_feature_state *rf_host_blocker(const struct rf_host *host)
{
	return rf_verb_blocker(host, RF_VERB_STAT);
}

void rf_feature_explain(const struct rf_feature_state *f, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s", f->detail, f->remedy[0] ? ": " : "", f->remedy);
}
