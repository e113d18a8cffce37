// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/group.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "identity/cgroup.h"
#include "identity/escape.h"
#include "identity/unit.h"
#include "identity/user.h"
#include "ledger/series.h"

#define USER_LEN 64

static const char *const names[] = {
	[RF_GROUP_AUTO] = "auto", [RF_GROUP_COMM] = "comm",           [RF_GROUP_EXE] = "exe",
	[RF_GROUP_UNIT] = "unit", [RF_GROUP_CONTAINER] = "container", [RF_GROUP_CGROUP] = "cgroup",
	[RF_GROUP_USER] = "user",
};

int rf_group_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -EINVAL;
}

const char *rf_group_name(enum rf_group_by by)
{
	return names[by];
}

const char *rf_group_names(void)
{
	return "auto, comm, exe, unit, container, cgroup, user";
}

/* The path of p's cgroup, "" when it is not known. */
static void cgroup_of(const struct rf_group_namer *n, const struct rf_process *p, char *path)
{
	if (rf_cgroup_path(n->cgroups, n->hierarchy, p->cgroup, path, PATH_MAX))
		*path = '\0';
}

/* The raw name by unit or container, "" when there is none. */
static void unit_of(const struct rf_group_namer *n, const struct rf_process *p, char *buf,
                    size_t len)
{
	char path[PATH_MAX];
	struct rf_unit unit;

	*buf = '\0';
	cgroup_of(n, p, path);
	rf_cgroup_classify(path, &unit);
	if (n->by == RF_GROUP_CONTAINER && unit.kind != RF_UNIT_CONTAINER)
		return;
	if (n->by == RF_GROUP_UNIT)
		unit.kind = RF_UNIT_SYSTEMD;
	rf_unit_label(&unit, buf, len);
}

static void name_of(const struct rf_group_namer *n, const struct rf_process *p, char *buf)
{
	*buf = '\0';
	switch (n->by) {
	case RF_GROUP_AUTO:
		unit_of(n, p, buf, PATH_MAX);
		if (!*buf)
			snprintf(buf, PATH_MAX, "%s", p->comm);
		break;
	case RF_GROUP_COMM:
		snprintf(buf, PATH_MAX, "%s", p->comm);
		break;
	case RF_GROUP_EXE:
		snprintf(buf, PATH_MAX, "%s", p->exe && *p->exe ? p->exe : p->comm);
		break;
	case RF_GROUP_UNIT:
	case RF_GROUP_CONTAINER:
		unit_of(n, p, buf, PATH_MAX);
		break;
	case RF_GROUP_CGROUP:
		cgroup_of(n, p, buf);
		break;
	case RF_GROUP_USER:
		if (p->known && rf_user_name(n->users, p->uid, buf, USER_LEN))
			snprintf(buf, USER_LEN, "%u", p->uid);
		break;
	}
	if (!*buf)
		snprintf(buf, PATH_MAX, p->known ? "none" : "unknown");
}

void rf_group_label(void *ctx, const struct rf_process *p, char *label)
{
	char name[PATH_MAX];

	name_of(ctx, p, name);
	rf_escape_str(label, RF_SERIES_LABEL, name, RF_ESCAPE_PROM);
}
