// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fault isolation: its programs, switches and cells. Off, none of its programs is loaded and its
 * branches in the others are dead code.
 */
#include "probe/internal.h"

#include "probe/detect.h"

/* So few that eight ways find room: cells that nobody counts in. */
#define BITS_OFF 3
/* The stream has no other cells that their number could follow. */
#define BITS_STREAM 8

int rf_isolation_prepare(struct rf_probe *p, const struct rf_probe_options *o,
                         const struct rf_host *host)
{
	struct ringfence_bpf__rodata *ro = p->skel->rodata;
	bool on = o->isolation != RF_ISOLATION_OFF;
	uint32_t bits = !on ? BITS_OFF : o->stream ? BITS_STREAM : p->sizes.errno_bits;

	ro->rf_isolation = on;
	ro->rf_events = o->isolation == RF_ISOLATION_EVENTS;
	ro->rf_isolation_bits = bits;
	ro->rf_ring_spare = p->sizes.ring_bytes / 2;
	p->isolation_bits = bits;
	bpf_program__set_autoload(p->skel->progs.rf_sig_generate,
	                          on && rf_host_has(host, RF_FEATURE_SIGNAL_GENERATE));
	bpf_program__set_autoload(p->skel->progs.rf_outcome_deliver,
	                          on && rf_host_has(host, RF_FEATURE_SIGNAL_DELIVER));
	bpf_program__set_autoload(p->skel->progs.rf_outcome_exit,
	                          on && rf_host_has(host, RF_FEATURE_SIGNAL_GENERATE));
	bpf_program__set_autoload(p->skel->progs.rf_cap_capable,
	                          ro->rf_events && rf_host_has(host, RF_FEATURE_CAP_CAPABLE));
	return bpf_map__set_max_entries(p->skel->maps.rf_isolation_cells, 2 * p->cpus << bits);
}

uint64_t rf_probe_violations_skipped(const struct rf_probe *p)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(p->skel->progs.rf_sig_generate);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) ? info.recursion_misses : 0;
}
