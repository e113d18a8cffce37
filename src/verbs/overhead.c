// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/overhead.h"

#include <time.h>

#include "base/rf_time.h"

void rf_overhead_opening(struct rf_overhead_meter *m)
{
	*m = (struct rf_overhead_meter){ .opening_ns = rf_now_ns() };
}

int rf_overhead_start(struct rf_overhead_meter *m, const struct rf_probe *probe)
{
	m->so_far.load_ns = rf_now_ns() - m->opening_ns;
	m->cpu_ns = rf_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	return rf_probe_cost(probe, &m->cost);
}

void rf_overhead_sweep(struct rf_overhead_meter *m, uint64_t ns)
{
	m->so_far.sweeps++;
	m->so_far.sweep_ns += ns;
	if (ns > m->so_far.sweep_max_ns)
		m->so_far.sweep_max_ns = ns;
}

int rf_overhead_read(struct rf_overhead_meter *m, const struct rf_probe *probe,
                     struct rf_overhead *o)
{
	uint64_t cpu_ns = rf_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct rf_probe_cost cost;
	int ret = rf_probe_cost(probe, &cost);

	if (ret)
		return ret;
	*o = m->so_far;
	o->timed = cost.timed;
	o->bpf_ns = cost.bpf_ns - m->cost.bpf_ns;
	o->bpf_runs = cost.bpf_runs - m->cost.bpf_runs;
	o->loader_cpu_ns = cpu_ns - m->cpu_ns;
	o->kernel_bytes = cost.kernel_bytes;
	m->so_far = (struct rf_overhead){ .load_ns = m->so_far.load_ns };
	m->cost = cost;
	m->cpu_ns = cpu_ns;
	return 0;
}
