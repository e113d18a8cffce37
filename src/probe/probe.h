/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probe: loads and attaches the BPF programs, and turns what they hold
 * into records (bpf/records.h) handed to a sink. The only room that talks to
 * libbpf.
 *
 * Life: rf_probe_open() loads and attaches, nothing is counted yet.
 * rf_probe_start() opens the window. rf_probe_poll() hands over what comes
 * through the ring. rf_probe_sweep() closes an epoch: every crossing counted
 * before it is handed over, none of those after it. rf_probe_stop() freezes
 * the programs and makes the last, exact sweep. rf_probe_close() detaches and
 * unloads; the kernel does the same if the process is killed.
 */
#ifndef RF_PROBE_PROBE_H
#define RF_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rf_host;

#define RF_TARGET_MAX_PIDS 1024
#define RF_CALL_SET_ABIS 5
#define RF_CALL_SET_WORDS 16 /* 1024 numbers */

/* Which threads are targets. Every narrowing that is set must hold. */
struct rf_targets {
	const pid_t *pids; /* -p: processes (tgid), or threads' ids, whose process is meant */
	size_t nr_pids;
	pid_t tree;       /* a process whose descendants are followed too; 0 none */
	const char *comm; /* glob over the thread's comm; NULL none */
	bool by_uid;
	uid_t uid;
	uint64_t cgroup;      /* kernfs id of a cgroup whose subtree is meant; 0 none */
	int cgroup_v1_subsys; /* v1: index of the controller in css_set.subsys; -1: the v2 hierarchy */
	bool self;            /* count this process too */
};

/* How calls are timed. Counts are exact in every mode. */
enum rf_latency {
	RF_LATENCY_AUTO, /* all; of a thread that calls very often only samples, each for several */
	RF_LATENCY_FULL, /* all */
	RF_LATENCY_NONE, /* none: no durations and no time split */
};

/* How closely violations are watched. Off costs nothing. */
enum rf_isolation_mode {
	RF_ISOLATION_OFF,
	RF_ISOLATION_COUNTS, /* violations by signal and outcome: costs nothing until there is one */
	/* and a record of each (bpf/isolation.h), page faults by class, missing capabilities */
	RF_ISOLATION_EVENTS,
};

struct rf_probe_options {
	struct rf_targets targets;
	/* -e: a bit per number and ABI (enum rf_abi), NULL for all calls */
	const uint64_t (*calls)[RF_CALL_SET_WORDS];
	bool by_thread; /* entities are threads */
	enum rf_isolation_mode isolation;
	/*
	 * Stream mode: calls and page faults come as batches of records (bpf/stream.h), all timed;
	 * no cells. Entities are processes; threads have records of their own.
	 */
	bool stream;
	/*
	 * With stream: each call that is entered comes as a record with its arguments too. By ABI
	 * and number, the arguments that are strings: two of three bits, each counting from 1.
	 */
	const uint16_t (*trace)[RF_CALL_SET_WORDS * 64];
	enum rf_latency latency;
	/* the kernel times its BPF programs, all of them, while the probe is open: rf_probe_cost() */
	bool timed;
	const struct rf_host *host; /* what rf_detect() found; NULL: it is looked at here */
	size_t memory; /* bound on kernel memory in bytes; 0: the rule in docs/architecture.md */
};

/* Takes one record; 0, or a negative errno that ends the poll or sweep. */
typedef int (*rf_sink)(void *ctx, const void *rec, size_t size);

struct rf_probe;

/*
 * 0 and *probe, or a negative errno after a message in err (one line: the reason
 * and the remedy): -EPERM, -ENOSYS, -EOPNOTSUPP mean that this host or user
 * cannot run it (exit status 3).
 */
int rf_probe_open(struct rf_probe **probe, const struct rf_probe_options *options, rf_sink sink,
                  void *ctx, char *err, size_t errlen);
void rf_probe_close(struct rf_probe *p);

/*
 * Loads the programs of options, with the types of another kernel's BTF (a file), and lets them go
 * again; nothing is attached. 0, or a negative errno after libbpf's words on standard error. Tells
 * of types, fields and sizes that the other kernel does not have, but not of helpers and
 * tracepoints, which are this kernel's.
 */
int rf_probe_try_btf(const struct rf_probe_options *options, const char *btf, char *err,
                     size_t errlen);

/* Opens the window; *now_ns is its begin (CLOCK_MONOTONIC). */
int rf_probe_start(struct rf_probe *p, uint64_t *now_ns);
/* Waits up to timeout_ms for records and hands them over; 0, or -EINTR, or what the sink said. */
int rf_probe_poll(struct rf_probe *p, int timeout_ms);
/* The ring's descriptor, readable when records wait; for a caller's own poll(2). */
int rf_probe_fd(const struct rf_probe *p);
/* Closes an epoch and hands over all that was booked in it; *now_ns is its end. */
int rf_probe_sweep(struct rf_probe *p, uint64_t *now_ns);
/*
 * The same without looking at threads: what is open stays out. For stream mode, so that no record
 * waits for its batch to fill.
 */
int rf_probe_flush(struct rf_probe *p, uint64_t *now_ns);
/* The last sweep: freezes the programs first, so that the result is exact. */
int rf_probe_stop(struct rf_probe *p, uint64_t *now_ns);
/* Crossings that the kernel skipped because a program was already running (recursion_misses). */
uint64_t rf_probe_skipped(const struct rf_probe *p);
/* The same for violations. */
uint64_t rf_probe_violations_skipped(const struct rf_probe *p);

/*
 * The kernel memory (bytes) that the maps take by default with so many possible
 * CPUs: 16 MiB a CPU, at most 256 MiB; threads' own storage comes on top.
 */
size_t rf_probe_default_bytes(unsigned int cpus);

struct rf_probe_cost {
	bool timed;      /* by options.timed: the next two are known */
	uint64_t bpf_ns; /* run time of the programs */
	uint64_t bpf_runs;
	size_t kernel_bytes; /* memory of the maps */
};
int rf_probe_cost(const struct rf_probe *p, struct rf_probe_cost *cost);

#endif
