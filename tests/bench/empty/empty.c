// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaches a set of programs of empty.bpf.c until a signal comes: empty SET
 * SET: exit (sys_exit alone), calls (the pair), counted, timed, faults. Prints "ready" when they
 * are attached. Status 3: the kernel does not take them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "empty.skel.h"

static const struct set {
	const char *name;
	const char *programs[3];
} sets[] = {
	{ "exit", { "calls_exit" } },
	{ "calls", { "calls_enter", "calls_exit" } },
	{ "counted", { "counted_enter", "counted_exit" } },
	{ "timed", { "timed_enter", "timed_exit" } },
	{ "faults", { "faults_user", "faults_kernel", "faults_resolved" } },
};

static const struct set *find_set(const char *name)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (!strcmp(sets[i].name, name))
			return &sets[i];
	return NULL;
}

static void choose(struct empty_bpf *skel, const struct set *set)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		bool chosen = false;

		for (int i = 0; i < 3 && set->programs[i]; i++)
			chosen |= !strcmp(bpf_program__name(prog), set->programs[i]);
		bpf_program__set_autoload(prog, chosen);
	}
}

/* One software event a CPU and kind, each fault a sample: as ringfence has them. */
static int attach_events(struct empty_bpf *skel)
{
	static const __u64 kinds[] = { PERF_COUNT_SW_PAGE_FAULTS_MIN,
		                       PERF_COUNT_SW_PAGE_FAULTS_MAJ };

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
				                        .size = sizeof(attr),
				                        .config = kinds[i],
				                        .sample_period = 1 };
			int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			                      PERF_FLAG_FD_CLOEXEC);

			if (fd < 0 && errno == ENODEV)
				continue; /* that CPU is not there */
			if (fd < 0)
				return -errno;
			/* the link lives as long as this process */
			if (!bpf_program__attach_perf_event(skel->progs.faults_resolved, fd))
				return -errno;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct set *set = argc == 2 ? find_set(argv[1]) : NULL;
	struct empty_bpf *skel;
	int ret;

	if (!set) {
		fprintf(stderr, "usage: empty exit|calls|counted|timed|faults\n");
		return 2;
	}
	skel = empty_bpf__open();
	if (!skel)
		return 3;
	choose(skel, set);
	ret = empty_bpf__load(skel);
	if (!ret)
		ret = empty_bpf__attach(skel);
	if (!ret && !strcmp(set->name, "faults"))
		ret = attach_events(skel);
	if (ret) {
		fprintf(stderr, "the programs could not be attached: %s\n", strerror(-ret));
		return 3;
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
