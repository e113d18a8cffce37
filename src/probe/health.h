/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own health: what it counts about itself since boot.
 *
 * Each figure comes from a file of its own, and a kernel may lack any of them (the counts of oopses
 * and warnings came with 6.2): what is not there is told as not known, never as zero.
 */
#ifndef RF_PROBE_HEALTH_H
#define RF_PROBE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct rf_health_count {
	bool known;
	uint64_t count;
};

/* Since boot. */
struct rf_health {
	struct rf_health_count oopses;
	struct rf_health_count warnings;  /* WARN() and its kin */
	struct rf_health_count oom_kills; /* processes killed because memory was out */
	struct rf_health_count taint;     /* the flags of /proc/sys/kernel/tainted, as a number */
};

/*
 * Whether the kernel has oopsed between the two: by its count, or, where there is none, by the taint
 * that the first oops leaves. rf_health_tells_oopses(): whether either can be told here.
 */
bool rf_health_oopsed(const struct rf_health *before, const struct rf_health *now);
bool rf_health_tells_oopses(const struct rf_health *health);

void rf_health_read(struct rf_health *health);

/* The same below another root than "/": root/proc/vmstat, root/sys/kernel/oops_count ... */
void rf_health_read_from(struct rf_health *health, const char *root);

#endif
