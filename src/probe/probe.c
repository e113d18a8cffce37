// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading and attaching: what the host offers and the user wants becomes
 * constants of the programs, then they are loaded and hooked up.
 */
#include "probe/internal.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/comm_glob.h"
#include "probe/detect.h"
#include "probe/tracefs.h"

#define RING_WAKEUP_PART 4 /* the loader is woken when this fraction of the ring is full */

static int no_memory(char *err, size_t errlen)
{
	snprintf(err, errlen, "out of memory");
	return -ENOMEM;
}

static int set_comm(struct ringfence_bpf__rodata *ro, const char *comm, char *err, size_t errlen)
{
	struct rf_comm_glob glob;

	if (rf_comm_glob_compile(comm, &glob)) {
		snprintf(err, errlen, "bad pattern for a command name: '%s'", comm);
		return -EINVAL;
	}
	ro->rf_use_comm = true;
	memcpy((void *)ro->rf_comm_accept, glob.accept, sizeof(glob.accept));
	ro->rf_comm_stay = glob.stay;
	ro->rf_comm_final = glob.final;
	return 0;
}

static int set_targets(struct ringfence_bpf__rodata *ro, const struct rf_targets *t, char *err,
                       size_t errlen)
{
	ro->rf_count_self = t->self;
	ro->rf_use_pids = t->nr_pids || t->tree;
	ro->rf_use_tree = t->tree;
	ro->rf_use_uid = t->by_uid;
	ro->rf_uid = t->uid;
	ro->rf_target_cgroup = t->cgroup;
	ro->rf_cgroup_subsys = t->cgroup_v1_subsys;
	return t->comm ? set_comm(ro, t->comm, err, errlen) : 0;
}

static bool has(const struct rf_host *host, enum rf_feature f)
{
	return rf_host_has(host, f);
}

/*
 * Programs that exist twice: on the BTF tracepoint, and on the classic one for kernels that may
 * preempt the former (calls.bpf.c tells why that will not do).
 */
struct twin {
	struct bpf_program *btf;
	struct bpf_program *classic;
	const char *event;
};

#define NR_TWINS 10

static void list_twins(const struct ringfence_bpf *skel, struct twin list[NR_TWINS])
{
	const struct twin all[NR_TWINS] = {
		{ skel->progs.rf_sys_enter, skel->progs.rf_sys_enter_classic,
		  "raw_syscalls/sys_enter" },
		{ skel->progs.rf_sys_exit, skel->progs.rf_sys_exit_classic,
		  "raw_syscalls/sys_exit" },
		{ skel->progs.rf_stream_enter, skel->progs.rf_stream_enter_classic,
		  "raw_syscalls/sys_enter" },
		{ skel->progs.rf_stream_exit, skel->progs.rf_stream_exit_classic,
		  "raw_syscalls/sys_exit" },
		{ skel->progs.rf_pf_user, skel->progs.rf_pf_user_classic,
		  "exceptions/page_fault_user" },
		{ skel->progs.rf_pf_kernel, skel->progs.rf_pf_kernel_classic,
		  "exceptions/page_fault_kernel" },
		{ skel->progs.rf_sig_deliver, skel->progs.rf_sig_deliver_classic,
		  "signal/signal_deliver" },
		{ skel->progs.rf_exit, skel->progs.rf_exit_classic, "sched/sched_process_exit" },
		{ skel->progs.rf_outcome_exit, skel->progs.rf_outcome_exit_classic,
		  "sched/sched_process_exit" },
		{ skel->progs.rf_cap_capable, skel->progs.rf_cap_capable_classic,
		  "capability/cap_capable" },
	};

	memcpy(list, all, sizeof(all));
}

/* Of each pair whose first is wanted, one is loaded. */
static void choose_twins(const struct ringfence_bpf *skel, bool undisturbed)
{
	struct twin twins[NR_TWINS];

	list_twins(skel, twins);
	for (size_t i = 0; i < NR_TWINS; i++) {
		bool wanted = bpf_program__autoload(twins[i].btf);

		bpf_program__set_autoload(twins[i].btf, wanted && undisturbed);
		bpf_program__set_autoload(twins[i].classic, wanted && !undisturbed);
	}
}

static void set_features(struct ringfence_bpf *skel, const struct rf_host *host, bool stream)
{
	struct ringfence_bpf__rodata *ro = skel->rodata;
	bool storage = has(host, RF_FEATURE_TASK_STORAGE);
	bool tracepoints = has(host, RF_FEATURE_PF_TRACEPOINTS);
	bool events = has(host, RF_FEATURE_PF_EVENTS);

	ro->rf_have_task_storage = storage;
	ro->rf_have_task_btf = has(host, RF_FEATURE_TASK_BTF);
	ro->rf_have_pt_regs = has(host, RF_FEATURE_TASK_PT_REGS);
	ro->rf_have_pf_tracepoints = tracepoints;
	ro->rf_preemptible = !has(host, RF_FEATURE_CALLS_UNDISTURBED);

	bpf_map__set_autocreate(skel->maps.rf_threads, storage);
	bpf_map__set_autocreate(skel->maps.rf_threads_hash, !storage);
	bpf_program__set_autoload(skel->progs.rf_sys_enter, !stream);
	bpf_program__set_autoload(skel->progs.rf_sys_exit, !stream);
	bpf_program__set_autoload(skel->progs.rf_stream_enter, stream);
	bpf_program__set_autoload(skel->progs.rf_stream_exit, stream);
	bpf_program__set_autoload(skel->progs.rf_free, !storage);
	bpf_program__set_autoload(skel->progs.rf_pf_user, tracepoints);
	bpf_program__set_autoload(skel->progs.rf_pf_kernel, tracepoints);
	bpf_program__set_autoload(skel->progs.rf_pf_minor, events);
	bpf_program__set_autoload(skel->progs.rf_pf_major, events);
	bpf_program__set_autoload(skel->progs.rf_sig_deliver, has(host, RF_FEATURE_SIGNAL_DELIVER));
}

static int set_sizes(struct rf_probe *p, size_t budget, bool stream)
{
	uint32_t cells = 2 * p->cpus;
	int err;

	p->sizes =
		stream ? rf_table_sizes_stream(p->cpus, budget) : rf_table_sizes(p->cpus, budget);
	p->skel->rodata->rf_nr_cpus = p->cpus;
	p->skel->rodata->rf_call_bits = p->sizes.call_bits;
	p->skel->rodata->rf_errno_bits = p->sizes.errno_bits;
	p->skel->rodata->rf_time_bits = p->sizes.time_bits;
	p->skel->rodata->rf_ring_wakeup = p->sizes.ring_bytes / RING_WAKEUP_PART;
	err = bpf_map__set_max_entries(p->skel->maps.rf_cpus, p->cpus);
	if (!err)
		err = bpf_map__set_max_entries(p->skel->maps.rf_call_cells,
		                               cells << p->sizes.call_bits);
	if (!err)
		err = bpf_map__set_max_entries(p->skel->maps.rf_errno_cells,
		                               cells << p->sizes.errno_bits);
	if (!err)
		err = bpf_map__set_max_entries(p->skel->maps.rf_time_cells,
		                               cells << p->sizes.time_bits);
	if (!err && stream)
		err = bpf_map__set_max_entries(p->skel->maps.rf_batches, 2 * p->cpus);
	return err ? err : bpf_map__set_max_entries(p->skel->maps.rf_ring, p->sizes.ring_bytes);
}

static int add_pids(struct rf_probe *p, const struct rf_targets *t)
{
	int fd = bpf_map__fd(p->skel->maps.rf_pids), err = 0;
	uint32_t pid, one = 1;

	for (size_t i = 0; i < t->nr_pids && !err; i++) {
		pid = (uint32_t)t->pids[i];
		err = bpf_map_update_elem(fd, &pid, &one, BPF_ANY);
	}
	if (t->tree && !err) {
		pid = (uint32_t)t->tree;
		err = bpf_map_update_elem(fd, &pid, &one, BPF_ANY);
	}
	return err;
}

/* One event on one CPU, with the program called every single time. */
static int attach_event(struct rf_probe *p, struct bpf_program *prog, uint32_t type,
                        uint64_t config, int cpu)
{
	struct perf_event_attr attr = {
		.type = type, .size = sizeof(attr), .config = config, .sample_period = 1
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	struct bpf_link *link, **links;

	if (fd < 0)
		return errno == ENODEV ? 0 : -errno; /* a CPU that is possible but not there */
	link = bpf_program__attach_perf_event(prog, fd);
	if (!link) {
		int err = -errno;

		close(fd);
		return err;
	}
	links = realloc(p->events.links, (p->events.nr + 1) * sizeof(struct bpf_link *));
	if (!links) {
		bpf_link__destroy(link);
		return -ENOMEM;
	}
	p->events.links = links;
	links[p->events.nr++] = link;
	return 0;
}

static int attach_events(struct rf_probe *p)
{
	int err = 0;

	if (!bpf_program__autoload(p->skel->progs.rf_pf_minor))
		return 0;
	for (unsigned int cpu = 0; cpu < p->cpus && !err; cpu++) {
		err = attach_event(p, p->skel->progs.rf_pf_minor, PERF_TYPE_SOFTWARE,
		                   PERF_COUNT_SW_PAGE_FAULTS_MIN, (int)cpu);
		if (!err)
			err = attach_event(p, p->skel->progs.rf_pf_major, PERF_TYPE_SOFTWARE,
			                   PERF_COUNT_SW_PAGE_FAULTS_MAJ, (int)cpu);
	}
	return err;
}

/*
 * A program on a classic tracepoint is called on every CPU, whichever one the event is for: one
 * event does, on the first CPU there is.
 */
static int attach_tracepoint(struct rf_probe *p, struct bpf_program *prog, const char *name)
{
	size_t before = p->events.nr;
	int id = rf_tracefs_id(name), err = 0;

	if (id < 0)
		return id;
	for (unsigned int cpu = 0; cpu < p->cpus && !err && p->events.nr == before; cpu++)
		err = attach_event(p, prog, PERF_TYPE_TRACEPOINT, (uint64_t)id, (int)cpu);
	return err;
}

static int attach_classic(struct rf_probe *p)
{
	struct twin twins[NR_TWINS];
	int err = 0;

	list_twins(p->skel, twins);
	for (size_t i = 0; i < NR_TWINS && !err; i++) {
		if (bpf_program__autoload(twins[i].classic))
			err = attach_tracepoint(p, twins[i].classic, twins[i].event);
	}
	return err;
}

/* Lets the kernel tell our own process id as it knows it, from outside every pid namespace. */
static int learn_self(struct rf_probe *p)
{
	__close int fd = bpf_iter_create(bpf_link__fd(p->skel->links.rf_self_iter));
	char none[64];

	if (fd < 0)
		return fd;
	while (read(fd, none, sizeof(none)) > 0)
		;
	return 0;
}

static void set_stream(struct ringfence_bpf__rodata *ro, const struct rf_probe_options *o)
{
	if (!o->stream)
		return;
	ro->rf_stream = true;
	ro->rf_latency = true;
	ro->rf_sampling = false;
	ro->rf_by_thread = false;
	ro->rf_trace = o->trace;
	if (o->trace)
		memcpy((void *)ro->rf_arg_strings, o->trace, sizeof(ro->rf_arg_strings));
}

static int load(struct rf_probe *p, const struct rf_probe_options *o, const struct rf_host *host,
                char *err, size_t errlen)
{
	struct ringfence_bpf__rodata *ro = p->skel->rodata;
	int ret = set_targets(ro, &o->targets, err, errlen);

	if (ret)
		return ret;
	ro->rf_latency = o->latency != RF_LATENCY_NONE;
	ro->rf_sampling = o->latency == RF_LATENCY_AUTO;
	ro->rf_by_thread = o->by_thread;
	if (o->calls) {
		ro->rf_use_calls = true;
		memcpy((void *)ro->rf_calls, o->calls, sizeof(ro->rf_calls));
	}
	set_features(p->skel, host, o->stream);
	bpf_program__set_autoload(p->skel->progs.rf_rename, o->targets.comm);
	set_stream(ro, o);
	ret = set_sizes(p, o->memory, o->stream);
	if (!ret)
		ret = rf_isolation_prepare(p, o, host);
	choose_twins(p->skel, has(host, RF_FEATURE_CALLS_UNDISTURBED));
	if (!ret)
		ret = ringfence_bpf__load(p->skel);
	if (ret)
		snprintf(
			err, errlen,
			"the kernel refused the programs (%s): `ringfence check` says what it offers",
			strerror(-ret));
	return ret;
}

static int attach(struct rf_probe *p, const struct rf_targets *t, char *err, size_t errlen)
{
	int ret = rf_sweep_map(p);

	if (!ret)
		ret = add_pids(p, t);
	if (!ret)
		ret = ringfence_bpf__attach(p->skel);
	if (!ret)
		ret = attach_events(p);
	if (!ret)
		ret = attach_classic(p);
	if (!ret)
		ret = learn_self(p);
	if (!ret) {
		p->ring = ring_buffer__new(bpf_map__fd(p->skel->maps.rf_ring), rf_probe_ring_record,
		                           p, NULL);
		ret = p->ring ? 0 : -errno;
	}
	if (ret)
		snprintf(
			err, errlen,
			"the programs could not be attached (%s): `ringfence check` says what this host offers",
			strerror(-ret));
	return ret;
}

__attribute__((format(printf, 2, 0))) static int quiet(enum libbpf_print_level level,
                                                       const char *fmt, va_list args)
{
	if (level == LIBBPF_DEBUG || !getenv("RF_DEBUG"))
		return 0;
	return vfprintf(stderr, fmt, args);
}

static const struct rf_host *host_of(const struct rf_probe_options *o, struct rf_host *mine)
{
	if (o->host)
		return o->host;
	rf_detect(mine);
	return mine;
}

int rf_probe_open(struct rf_probe **probe, const struct rf_probe_options *options, rf_sink sink,
                  void *ctx, char *err, size_t errlen)
{
	__free struct rf_host *mine = calloc(1, sizeof(*mine));
	struct rf_probe *p = calloc(1, sizeof(*p));
	const struct rf_feature_state *blocker;
	const struct rf_host *host;
	int ret;

	*probe = NULL;
	if (!p || !mine) {
		free(p);
		return no_memory(err, errlen);
	}
	p->stats_fd = -1;
	libbpf_set_print(quiet);
	host = host_of(options, mine);
	blocker = rf_host_blocker(host);
	if (blocker) {
		snprintf(err, errlen, "%s: %s", blocker->detail, blocker->remedy);
		free(p);
		return -EOPNOTSUPP;
	}
	p->sink = sink;
	p->sink_ctx = ctx;
	p->cpus = (unsigned int)libbpf_num_possible_cpus();
	p->skel = ringfence_bpf__open();
	if (!p->skel) {
		ret = -errno;
		snprintf(err, errlen, "the BPF object cannot be opened: %s", strerror(errno));
	} else {
		ret = load(p, options, host, err, errlen);
	}
	if (!ret)
		ret = attach(p, &options->targets, err, errlen);
	if (ret) {
		rf_probe_close(p);
		return ret;
	}
	/* where the kernel cannot (before 5.8), there are no times: rf_probe_cost() tells */
	if (options->timed)
		p->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	*probe = p;
	return 0;
}

int rf_probe_try_btf(const struct rf_probe_options *options, const char *btf, char *err,
                     size_t errlen)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf);
	struct rf_probe *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return no_memory(err, errlen);
	p->stats_fd = -1;
	p->cpus = 1;
	p->skel = ringfence_bpf__open_opts(&opts);
	if (p->skel) {
		ret = load(p, options, options->host, err, errlen);
	} else {
		ret = -errno;
		snprintf(err, errlen, "%s cannot be used: %s", btf, strerror(errno));
	}
	rf_probe_close(p);
	return ret;
}

void rf_probe_close(struct rf_probe *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->events.nr; i++)
		bpf_link__destroy(p->events.links[i]);
	free(p->events.links);
	ring_buffer__free(p->ring);
	rf_sweep_unmap(p);
	if (p->stats_fd >= 0)
		close(p->stats_fd);
	ringfence_bpf__destroy(p->skel);
	free(p);
}

int rf_probe_poll(struct rf_probe *p, int timeout_ms)
{
	int n = rf_sweep_backlog(p);

	if (n)
		return n;
	n = ring_buffer__poll(p->ring, timeout_ms);
	if (n < 0)
		return n;
	/* small loads do not wake us: whatever has come is taken now */
	n = ring_buffer__consume(p->ring);
	return n < 0 ? n : 0;
}

int rf_probe_fd(const struct rf_probe *p)
{
	return ring_buffer__epoll_fd(p->ring);
}

/* The programs in which a crossing is counted as seen. */
uint64_t rf_probe_skipped(const struct rf_probe *p)
{
	const struct bpf_program *progs[] = {
		p->skel->progs.rf_sys_enter,    p->skel->progs.rf_sys_enter_classic,
		p->skel->progs.rf_stream_enter, p->skel->progs.rf_stream_enter_classic,
		p->skel->progs.rf_pf_user,      p->skel->progs.rf_pf_user_classic,
		p->skel->progs.rf_pf_kernel,    p->skel->progs.rf_pf_kernel_classic
	};
	uint64_t skipped = 0;

	for (size_t i = 0; i < sizeof(progs) / sizeof(progs[0]); i++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(progs[i]);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			skipped += info.recursion_misses;
	}
	return skipped;
}

int rf_probe_cost(const struct rf_probe *p, struct rf_probe_cost *cost)
{
	struct bpf_program *prog;

	memset(cost, 0, sizeof(*cost));
	cost->timed = p->stats_fd >= 0;
	cost->kernel_bytes = p->sizes.bytes;
	bpf_object__for_each_program(prog, p->skel->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &len))
			return -errno;
		cost->bpf_ns += info.run_time_ns;
		cost->bpf_runs += info.run_cnt;
	}
	return 0;
}
