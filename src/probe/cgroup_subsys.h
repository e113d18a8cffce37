/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A v1 cgroup controller's index in css_set.subsys, which differs between kernel builds and is
 * learnt from the running kernel's BTF.
 */
#ifndef RF_PROBE_CGROUP_SUBSYS_H
#define RF_PROBE_CGROUP_SUBSYS_H

/*
 * controller: as /proc/PID/cgroup names it; of several ("cpu,cpuacct") the first is meant. The
 * index; -ENOENT: the kernel has no such controller (a named hierarchy, "name=..."); or another
 * negative errno when there is no BTF.
 */
int rf_cgroup_subsys(const char *controller);

#endif
