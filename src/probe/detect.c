// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every feature is found by trying it: a program of two instructions is loaded, a map made and
 * thrown away. Versions say little: distributions carry features back, configurations drop them.
 *
 * Without privileges nothing can be tried. The kernel's BTF is readable by everyone and names most
 * features (a tracepoint's type, an enumerator for a helper), so it answers instead, and the
 * finding says that it was not tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "probe/detect.h"
#include "probe/probe.h"
#include "probe/tracefs.h"

#ifndef SECURITYFS_MAGIC
#define SECURITYFS_MAGIC 0x73636673
#endif

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define SECURITYFS "/sys/kernel/security"

/* The inode numbers that the kernel gives to the first namespaces (proc_ns.h), on every kernel. */
#define INIT_USER_NS_INO 0xEFFFFFFDU
#define INIT_PID_NS_INO 0xEFFFFFFCU

/* Enumerators newer than the oldest headers built with; the values are the kernel's ABI. */
#define HELPER_PROBE_READ_KERNEL 113
#define HELPER_TASK_STORAGE_GET 156
#define HELPER_GET_CURRENT_TASK_BTF 158
#define HELPER_KTIME_GET_COARSE_NS 160
#define HELPER_TASK_PT_REGS 175

#define LOCKED_DOWN \
	"kernel lockdown is 'confidentiality', which forbids programs to read kernel memory"

#define INSN(op, d, s, o, i) \
	((struct bpf_insn){ .code = (op), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define INSN_MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define INSN_CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define INSN_EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

struct detect {
	struct rf_host *host;
	struct rf_finding *found;
	struct btf *btf; /* NULL: none */
	uint64_t caps;   /* effective, a bit each */
	bool may;        /* privileged enough to try */
};

__attribute__((format(printf, 5, 6))) static void
set(struct detect *d, enum rf_feature f, enum rf_found found, bool tried, const char *fmt, ...)
{
	struct rf_finding *to = &d->found[f];
	va_list ap;

	to->found = found;
	to->tried = tried;
	va_start(ap, fmt);
	vsnprintf(to->detail, sizeof(to->detail), fmt, ap);
	va_end(ap);
}

/* Found to be absent, for the reason that verdict.c gives by default. */
static void set_absent(struct detect *d, enum rf_feature f, bool tried)
{
	d->found[f].found = RF_FOUND_NO;
	d->found[f].tried = tried;
}

static void set_remedy(struct detect *d, enum rf_feature f, const char *remedy)
{
	snprintf(d->found[f].remedy, sizeof(d->found[f].remedy), "%s", remedy);
}

static bool has_cap(const struct detect *d, int cap)
{
	return d->caps >> cap & 1;
}

static ssize_t read_text(const char *path, char *buf, size_t size)
{
	__close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

static bool in_first_ns(const char *path, unsigned int ino)
{
	struct stat st;

	/* unreadable: no /proc, and nothing to say against it */
	return stat(path, &st) || st.st_ino == ino;
}

/* ---- the host's facts ---- */

/* "none [integrity] confidentiality": the chosen level stands in brackets. */
static void find_lockdown(struct rf_host *host)
{
	char text[128];
	const char *from, *to;
	struct statfs fs;

	snprintf(host->lockdown, sizeof(host->lockdown), "absent");
	if (read_text(SECURITYFS "/lockdown", text, sizeof(text)) < 0) {
		if (statfs(SECURITYFS, &fs) || fs.f_type != SECURITYFS_MAGIC)
			snprintf(host->lockdown_note, sizeof(host->lockdown_note),
			         "securityfs is not mounted: the level cannot be read");
		return;
	}
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	if (to)
		snprintf(host->lockdown, sizeof(host->lockdown), "%.*s", (int)(to - from - 1),
		         from + 1);
}

static void find_host(struct rf_host *host)
{
	struct utsname uts;
	int cpus = libbpf_num_possible_cpus();

	if (!uname(&uts)) {
		snprintf(host->kernel, sizeof(host->kernel), "%s", uts.release);
		snprintf(host->machine, sizeof(host->machine), "%s", uts.machine);
	}
	host->cpus = cpus > 0 ? (unsigned int)cpus : 1;
	host->map_bytes = rf_probe_default_bytes(host->cpus);
	find_lockdown(host);
}

/* ---- trying ---- */

struct attempt {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	int btf_id;
	unsigned int flags; /* BPF_F_* */
	char *log;
	size_t log_size;
};

/* 0 when the kernel takes the program, or the negative errno of its refusal. */
static int try_prog(const struct bpf_insn *insns, size_t n, struct attempt a)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = a.attach,
	            .attach_btf_id = (__u32)a.btf_id, .prog_flags = a.flags, .log_buf = a.log,
	            .log_size = (__u32)a.log_size, .log_level = a.log ? 1 : 0);
	int fd = bpf_prog_load(a.type, NULL, "GPL", insns, n, &opts);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int try_empty(struct attempt a)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT() };

	return try_prog(insns, 2, a);
}

static int tracepoint_id(const struct detect *d, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return d->btf ? btf__find_by_name_kind(d->btf, type, BTF_KIND_TYPEDEF) : -ENOENT;
}

static bool btf_has_enumerator(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf ? btf__find_by_name_kind(btf, type_name, BTF_KIND_ENUM) : -ENOENT;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	const struct btf_enum *e = type ? btf_enum(type) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *have = btf__name_by_offset(btf, e[i].name_off);

		if (have && !strcmp(have, name))
			return true;
	}
	return false;
}

/*
 * A call without arguments is refused in either case; the verifier's words tell a helper that is
 * not there, or not for tracing programs, from one that is used badly. True means "there".
 */
static bool try_helper(const struct detect *d, int helper)
{
	const struct bpf_insn insns[] = { INSN_CALL(helper), INSN_MOV(BPF_REG_0, 0), INSN_EXIT() };
	char log[4096] = "";
	int err;

	err = try_prog(insns, 3,
	               (struct attempt){ .type = BPF_PROG_TYPE_TRACING,
	                                 .attach = BPF_TRACE_RAW_TP,
	                                 .btf_id = tracepoint_id(d, "sys_enter"),
	                                 .log = log,
	                                 .log_size = sizeof(log) });
	if (!err)
		return true;
	return log[0] && !strstr(log, "unknown func ") && !strstr(log, "invalid func ") &&
	       !strstr(log, "cannot use helper ");
}

/* ---- privileges, and whether bpf(2) is there at all ---- */

static void find_caps(struct detect *d)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (!syscall(SYS_capget, &head, data))
		d->caps = (uint64_t)data[1].effective << 32 | data[0].effective;
	if (has_cap(d, CAP_SYS_ADMIN)) {
		set(d, RF_FEATURE_ROOT, RF_FOUND_YES, true, "CAP_SYS_ADMIN");
	} else if (has_cap(d, CAP_BPF) && has_cap(d, CAP_PERFMON)) {
		set(d, RF_FEATURE_ROOT, RF_FOUND_YES, true, "CAP_BPF and CAP_PERFMON");
	} else {
		set(d, RF_FEATURE_ROOT, RF_FOUND_NO, true, "not enough privileges (uid %u%s%s)",
		    geteuid(), has_cap(d, CAP_BPF) ? "" : ", no CAP_BPF",
		    has_cap(d, CAP_PERFMON) ? "" : ", no CAP_PERFMON");
	}
	d->may = d->found[RF_FEATURE_ROOT].found == RF_FOUND_YES;
}

/* In a user namespace capget(2) shows capabilities that bpf(2) does not honour. */
static void find_user_namespace(struct detect *d)
{
	if (!d->may || in_first_ns("/proc/self/ns/user", INIT_USER_NS_INO))
		return;
	d->may = false;
	set(d, RF_FEATURE_ROOT, RF_FOUND_NO, true,
	    "not enough privileges: the capabilities hold only inside this user namespace");
	set_remedy(d, RF_FEATURE_ROOT, "run on the host itself as root (sudo)");
}

/* A raw tracepoint program needs no BTF, so that this finding and the one on BTF stay apart. */
static int try_kernel_read(void)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8),
		INSN_MOV(BPF_REG_2, 8),
		INSN_MOV(BPF_REG_3, 0),
		INSN_CALL(HELPER_PROBE_READ_KERNEL),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT(),
	};

	return try_prog(insns, sizeof(insns) / sizeof(*insns),
	                (struct attempt){ .type = BPF_PROG_TYPE_RAW_TRACEPOINT });
}

static void set_locked_down(struct detect *d, bool tried, const char *detail)
{
	set(d, RF_FEATURE_BPF, RF_FOUND_NO, tried, "%s", detail);
	set_remedy(
		d, RF_FEATURE_BPF,
		"boot with lockdown=integrity or without lockdown= on the kernel's command line");
}

static bool locked_down(const struct detect *d)
{
	return !strcmp(d->host->lockdown, "confidentiality");
}

static void bpf_refused(struct detect *d, int err)
{
	if (err == -ENOSYS) {
		set(d, RF_FEATURE_BPF, RF_FOUND_NO, true, "the kernel has no bpf(2)");
		return;
	}
	if (locked_down(d)) {
		set_locked_down(d, true, LOCKED_DOWN);
		return;
	}
	/* lockdown takes away the read alone, and its file may not be there to tell */
	if (!try_empty((struct attempt){ .type = BPF_PROG_TYPE_RAW_TRACEPOINT })) {
		set_locked_down(d, true,
		                "programs may not read kernel memory, as under kernel "
		                "lockdown 'confidentiality'");
		return;
	}
	set(d, RF_FEATURE_BPF, RF_FOUND_NO, true, "bpf(2) refuses a program (%s)", strerror(-err));
	if (err == -EPERM || err == -EACCES)
		set_remedy(
			d, RF_FEATURE_BPF,
			"a seccomp filter, container or security module forbids it: run on the host itself");
}

static void find_bpf(struct detect *d)
{
	int err;

	if (!d->may) {
		/* an unprivileged caller learns only whether the call exists */
		err = try_empty((struct attempt){ .type = BPF_PROG_TYPE_RAW_TRACEPOINT });
		if (err == -ENOSYS)
			bpf_refused(d, err);
		else if (locked_down(d))
			set_locked_down(d, false, LOCKED_DOWN);
		else
			set(d, RF_FEATURE_BPF, RF_FOUND_UNKNOWN, false,
			    "bpf(2) is there; a program cannot be tried without privileges");
		return;
	}
	err = try_kernel_read();
	if (err)
		bpf_refused(d, err);
	else
		set(d, RF_FEATURE_BPF, RF_FOUND_YES, true,
		    "a program that reads kernel memory loads");
}

static void find_btf(struct detect *d)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (libbpf_get_error(btf)) {
		if (access(VMLINUX_BTF, F_OK))
			set_absent(d, RF_FEATURE_BTF, true);
		else
			set(d, RF_FEATURE_BTF, RF_FOUND_NO, true,
			    "what %s holds cannot be read as BTF", VMLINUX_BTF);
		return;
	}
	d->btf = btf;
	/* libbpf looks for a kernel image on disk when the kernel does not show its own */
	set(d, RF_FEATURE_BTF, RF_FOUND_YES, true, "%s, %u types",
	    access(VMLINUX_BTF, R_OK) ? "from the kernel's image on disk" : VMLINUX_BTF,
	    btf__type_cnt(btf) - 1);
}

/*
 * Kernels before 5.11 charge maps to RLIMIT_MEMLOCK, newer ones to the memory cgroup. Both came
 * with the helper that is tried here, which is how libbpf tells them apart too.
 */
static enum rf_found by_memory_cgroup(const struct detect *d)
{
	const struct bpf_insn insns[] = { INSN_CALL(HELPER_KTIME_GET_COARSE_NS), INSN_EXIT() };

	if (d->found[RF_FEATURE_BPF].found == RF_FOUND_YES)
		return try_prog(insns, 2, (struct attempt){ .type = BPF_PROG_TYPE_SOCKET_FILTER }) ?
		               RF_FOUND_NO :
		               RF_FOUND_YES;
	if (!d->btf)
		return RF_FOUND_UNKNOWN;
	return btf_has_enumerator(d->btf, "bpf_func_id", "BPF_FUNC_ktime_get_coarse_ns") ?
	               RF_FOUND_YES :
	               RF_FOUND_NO;
}

/* limit is read before the first program: on a kernel that charges it, libbpf raises it. */
static void find_memlock(struct detect *d, const struct rlimit *limit)
{
	bool tried = d->found[RF_FEATURE_BPF].found == RF_FOUND_YES;

	switch (by_memory_cgroup(d)) {
	case RF_FOUND_UNKNOWN:
		set(d, RF_FEATURE_MEMLOCK, RF_FOUND_UNKNOWN, false,
		    "how the kernel accounts maps could not be found out");
		break;
	case RF_FOUND_YES:
		set(d, RF_FEATURE_MEMLOCK, RF_FOUND_YES, tried,
		    "maps are charged to the memory cgroup, not to RLIMIT_MEMLOCK");
		break;
	case RF_FOUND_NO:
		if (limit->rlim_max == RLIM_INFINITY || has_cap(d, CAP_SYS_RESOURCE))
			set(d, RF_FEATURE_MEMLOCK, RF_FOUND_YES, tried,
			    "RLIMIT_MEMLOCK can be raised without bound");
		else
			set(d, RF_FEATURE_MEMLOCK, RF_FOUND_NO, tried,
			    "RLIMIT_MEMLOCK is %llu bytes at most, and maps are charged to it",
			    (unsigned long long)limit->rlim_max);
		break;
	}
}

/* ---- what needs BTF ---- */

/* True when BTF is there to look into; else the finding says that it is not. */
static bool with_btf(struct detect *d, enum rf_feature f)
{
	if (!d->btf)
		set(d, f, RF_FOUND_UNKNOWN, false, "could not be looked up without BTF");
	return d->btf;
}

/*
 * Loading proves as much as attaching would: the kernel declares a tracepoint's type with the same
 * macro that makes it attachable. And attaching sends every call of the host the slow way for a
 * moment, which a mere check should not do.
 *
 * arm64 has no page-fault tracepoints, and 5.10 no cap_capable: both are known by the missing type.
 */
static void find_tracepoints(struct detect *d, enum rf_feature f, const char *const *names)
{
	if (!with_btf(d, f))
		return;
	for (const char *const *name = names; *name; name++) {
		int id = tracepoint_id(d, *name);
		int err;

		if (id <= 0) {
			set(d, f, RF_FOUND_NO, true, "the kernel has no tracepoint %s", *name);
			return;
		}
		if (!d->may)
			continue;
		err = try_empty((struct attempt){
			.type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_RAW_TP, .btf_id = id });
		if (err) {
			set(d, f, RF_FOUND_NO, true, "a program for tracepoint %s is refused (%s)",
			    *name, strerror(-err));
			return;
		}
	}
	set(d, f, RF_FOUND_YES, d->may, "%s", d->may ? "loads" : "in the kernel's BTF");
}

static bool btf_has_member(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	const struct btf_member *m = type ? btf_members(type) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *have = btf__name_by_offset(btf, m[i].name_off);

		if (have && !strcmp(have, name))
			return true;
	}
	return false;
}

/*
 * Where a program on sys_enter may sleep, any program there may be preempted, and then the classic
 * tracepoints are needed, by their number. Kernels whose tracepoints must not fault take a program
 * that sleeps too, up to 6.1, and refuse it when it is attached.
 */
static void find_calls_undisturbed(struct detect *d)
{
	enum rf_feature f = RF_FEATURE_CALLS_UNDISTURBED;
	int err, id;

	if (!with_btf(d, f))
		return;
	if (!d->may) {
		set(d, f, RF_FOUND_UNKNOWN, false,
		    "cannot be tried where no program can be loaded");
		return;
	}
	err = try_empty((struct attempt){ .type = BPF_PROG_TYPE_TRACING,
	                                  .attach = BPF_TRACE_RAW_TP,
	                                  .btf_id = tracepoint_id(d, "sys_enter"),
	                                  .flags = BPF_F_SLEEPABLE });
	if (err || !btf_has_member(d->btf, "tracepoint_ext", "faultable")) {
		set(d, f, RF_FOUND_YES, true, "programs there must not sleep");
		return;
	}
	set_absent(d, f, true);
	id = rf_tracefs_id("raw_syscalls/sys_enter");
	if (id > 0)
		return;
	set(d, RF_FEATURE_TP_SYS, RF_FOUND_NO, true,
	    "the number of the tracepoint raw_syscalls/sys_enter cannot be read (%s)",
	    strerror(-id));
	set_remedy(d, RF_FEATURE_TP_SYS, "mount tracefs on /sys/kernel/tracing");
}

/* The best that can be done without privileges. */
static void find_enumerator(struct detect *d, enum rf_feature f, const char *type, const char *name)
{
	if (!with_btf(d, f))
		return;
	if (btf_has_enumerator(d->btf, type, name))
		set(d, f, RF_FOUND_YES, false, "in the kernel's BTF");
	else
		set_absent(d, f, false);
}

static void find_helper(struct detect *d, enum rf_feature f, int helper, const char *enumerator)
{
	if (!with_btf(d, f))
		return;
	if (!d->may)
		find_enumerator(d, f, "bpf_func_id", enumerator);
	else if (try_helper(d, helper))
		set(d, f, RF_FOUND_YES, true, "the verifier knows it");
	else
		set_absent(d, f, true);
}

static void find_task_iter(struct detect *d)
{
	int id, err;

	if (!with_btf(d, RF_FEATURE_TASK_ITER))
		return;
	id = btf__find_by_name_kind(d->btf, "bpf_iter_task", BTF_KIND_FUNC);
	if (id <= 0) {
		set_absent(d, RF_FEATURE_TASK_ITER, true);
		return;
	}
	if (!d->may) {
		set(d, RF_FEATURE_TASK_ITER, RF_FOUND_YES, false, "in the kernel's BTF");
		return;
	}
	err = try_empty((struct attempt){
		.type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_ITER, .btf_id = id });
	if (err)
		set(d, RF_FEATURE_TASK_ITER, RF_FOUND_NO, true, "a program for it is refused (%s)",
		    strerror(-err));
	else
		set(d, RF_FEATURE_TASK_ITER, RF_FOUND_YES, true, "loads");
}

/* ---- maps ---- */

static void find_map(struct detect *d, enum rf_feature f, enum bpf_map_type type,
                     const char *enumerator)
{
	if (!d->may)
		find_enumerator(d, f, "bpf_map_type", enumerator);
	else if (libbpf_probe_bpf_map_type(type, NULL) == 1)
		set(d, f, RF_FOUND_YES, true, "a map can be made");
	else
		set_absent(d, f, true);
}

/*
 * 5.10 has no such map; 5.11 has it for security modules' programs only, which is why the helper
 * is tried in a tracing program as well.
 */
static void find_task_storage(struct detect *d)
{
	find_map(d, RF_FEATURE_TASK_STORAGE, BPF_MAP_TYPE_TASK_STORAGE,
	         "BPF_MAP_TYPE_TASK_STORAGE");
	if (d->may && d->found[RF_FEATURE_TASK_STORAGE].found == RF_FOUND_YES && d->btf)
		find_helper(d, RF_FEATURE_TASK_STORAGE, HELPER_TASK_STORAGE_GET,
		            "BPF_FUNC_task_storage_get");
}

/* ---- software page-fault events ---- */

/* The first CPU online: CPU 0 need not be. */
static int first_cpu(void)
{
	char text[64];
	int cpu = 0;

	if (read_text("/sys/devices/system/cpu/online", text, sizeof(text)) > 0 &&
	    sscanf(text, "%d", &cpu) != 1)
		cpu = 0;
	return cpu;
}

static int try_event(int prog, uint64_t config)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = config,
		.sample_period = 1,
		.disabled = 1,
	};
	__close int fd =
		(int)syscall(SYS_perf_event_open, &attr, -1, first_cpu(), -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog))
		return -errno;
	return 0;
}

static void find_page_fault_events(struct detect *d)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT() };
	__close int prog = -1;
	int err;

	if (!d->may) {
		set(d, RF_FEATURE_PF_EVENTS, RF_FOUND_UNKNOWN, false,
		    "cannot be tried where no program can be loaded");
		return;
	}
	prog = bpf_prog_load(BPF_PROG_TYPE_PERF_EVENT, NULL, "GPL", insns, 2, NULL);
	err = prog < 0 ? prog : try_event(prog, PERF_COUNT_SW_PAGE_FAULTS_MIN);
	if (!err)
		err = try_event(prog, PERF_COUNT_SW_PAGE_FAULTS_MAJ);
	if (err)
		set(d, RF_FEATURE_PF_EVENTS, RF_FOUND_NO, true,
		    "a program on the software page-fault events is refused (%s)", strerror(-err));
	else
		set(d, RF_FEATURE_PF_EVENTS, RF_FOUND_YES, true, "take a program");
}

/* ---- the rest ---- */

static void find_membarrier(struct detect *d)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (commands < 0)
		set(d, RF_FEATURE_MEMBARRIER, RF_FOUND_NO, true, "membarrier(2) is refused (%s)",
		    strerror(errno));
	else if (commands & MEMBARRIER_CMD_GLOBAL)
		set(d, RF_FEATURE_MEMBARRIER, RF_FOUND_YES, true, "offers its global command");
	else
		set_absent(d, RF_FEATURE_MEMBARRIER, true);
}

/*
 * Trying it on somebody's process would tell of that process: some refuse even root. The
 * capability is what /proc asks for, and of a user namespace's own it takes no notice.
 */
static void find_read_processes(struct detect *d)
{
	if (!has_cap(d, CAP_SYS_PTRACE))
		set_absent(d, RF_FEATURE_READ_PROCESSES, true);
	else if (!in_first_ns("/proc/self/ns/user", INIT_USER_NS_INO))
		set(d, RF_FEATURE_READ_PROCESSES, RF_FOUND_NO, true,
		    "CAP_SYS_PTRACE holds only inside this user namespace");
	else
		set(d, RF_FEATURE_READ_PROCESSES, RF_FOUND_YES, true, "CAP_SYS_PTRACE");
}

static void find_pid_namespace(struct detect *d)
{
	if (in_first_ns("/proc/self/ns/pid", INIT_PID_NS_INO))
		set(d, RF_FEATURE_PID_NAMESPACE, RF_FOUND_YES, true, "the host's");
	else
		set_absent(d, RF_FEATURE_PID_NAMESPACE, true);
}

static void find_features(struct detect *d)
{
	static const struct {
		enum rf_feature feature;
		const char *names[5];
	} tracepoints[] = {
		{ RF_FEATURE_TP_SYS, { "sys_enter", "sys_exit" } },
		{ RF_FEATURE_TP_SCHED,
		  { "sched_switch", "sched_process_fork", "sched_process_exec",
		    "sched_process_exit" } },
		{ RF_FEATURE_PF_TRACEPOINTS, { "page_fault_user", "page_fault_kernel" } },
		{ RF_FEATURE_SIGNAL_GENERATE, { "signal_generate" } },
		{ RF_FEATURE_SIGNAL_DELIVER, { "signal_deliver" } },
		{ RF_FEATURE_CAP_CAPABLE, { "cap_capable" } },
		{ RF_FEATURE_OOM, { "mark_victim" } },
	};

	for (size_t i = 0; i < sizeof(tracepoints) / sizeof(*tracepoints); i++)
		find_tracepoints(d, tracepoints[i].feature, tracepoints[i].names);
	find_calls_undisturbed(d);
	find_map(d, RF_FEATURE_RINGBUF, BPF_MAP_TYPE_RINGBUF, "BPF_MAP_TYPE_RINGBUF");
	find_task_iter(d);
	find_task_storage(d);
	find_helper(d, RF_FEATURE_TASK_BTF, HELPER_GET_CURRENT_TASK_BTF,
	            "BPF_FUNC_get_current_task_btf");
	find_helper(d, RF_FEATURE_TASK_PT_REGS, HELPER_TASK_PT_REGS, "BPF_FUNC_task_pt_regs");
	find_page_fault_events(d);
	find_membarrier(d);
	find_read_processes(d);
	find_pid_namespace(d);
}

void rf_detect_find(struct rf_host *host, struct rf_finding found[RF_FEATURE_COUNT])
{
	struct detect d = { .host = host, .found = found };
	struct rlimit memlock = { RLIM_INFINITY, RLIM_INFINITY };
	/* a refusal is what is looked for here; libbpf's remarks on it would only confuse */
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	memset(found, 0, RF_FEATURE_COUNT * sizeof(*found));
	getrlimit(RLIMIT_MEMLOCK, &memlock);
	find_host(host);
	find_caps(&d);
	find_user_namespace(&d);
	find_bpf(&d);
	find_btf(&d);
	find_memlock(&d, &memlock);
	if (d.found[RF_FEATURE_BPF].found == RF_FOUND_NO)
		d.may = false;
	find_features(&d);
	btf__free(d.btf);
	libbpf_set_print(print);
}

void rf_detect(struct rf_host *host)
{
	struct rf_finding found[RF_FEATURE_COUNT];

	memset(host, 0, sizeof(*host));
	rf_detect_find(host, found);
	rf_host_judge(host, found);
}
