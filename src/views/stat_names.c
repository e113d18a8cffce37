// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <linux/types.h>

#include "bpf/records.h"
#include "identity/errno.h"
#include "identity/syscall.h"
#include "views/stat.h"

const char *rf_stat_user(const struct rf_stat_view *v, uint32_t uid, char *buf, size_t len)
{
	const char *name = v->names ? v->names->user(v->names->ctx, uid) : NULL;

	if (name)
		snprintf(buf, len, "%s", name);
	else if (!v->users || rf_user_name(v->users, uid, buf, len))
		snprintf(buf, len, "%u", uid);
	return buf;
}

const char *rf_stat_cgroup(const struct rf_stat_view *v, const struct rf_process *p, char *buf,
                           size_t len)
{
	bool grouped = v->by != RF_BY_PROCESS && v->by != RF_BY_THREAD;
	const char *hierarchy = v->hierarchy ? v->hierarchy : "";

	if (v->names) {
		uint64_t entity = grouped ? 0 : RF_ENTITY(p->tgid, p->start_ns);
		const char *path = v->names->cgroup(v->names->ctx, entity, p->cgroup);

		snprintf(buf, len, "%s", path ? path : "");
		return buf;
	}
	if (!v->cgroups || rf_cgroup_path(v->cgroups, hierarchy, p->cgroup, buf, len))
		*buf = '\0';
	/* with v1 hierarchies in use everything may sit in the root of v2 */
	if (v->live && !grouped && !p->exited && !strcmp(buf, "/") &&
	    rf_pid_cgroup((pid_t)p->tgid, buf, len))
		snprintf(buf, len, "/");
	return buf;
}

const char *rf_stat_errno(const struct rf_errno_count *e, char *buf, size_t len)
{
	if (e->refused && !e->err)
		return "SIGSYS";
	return rf_errno_label(e->err, buf, len);
}

const char *rf_stat_call(uint32_t call, char *buf, size_t len)
{
	return rf_syscall_label(RF_CALL_ABI(call), RF_CALL_NR(call), buf, len);
}

uint64_t rf_stat_quantile(const struct rf_cell *cell, double q)
{
	return rf_hist_quantile(&cell->hist, q, cell->min_ns, cell->max_ns);
}
