/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process counts towards in metrics: a name that outlives it.
 */
#ifndef RF_VERBS_GROUP_H
#define RF_VERBS_GROUP_H

#include "ledger/ledger.h"

enum rf_group_by {
	RF_GROUP_AUTO, /* systemd unit or container where there is one, else comm */
	RF_GROUP_COMM,
	RF_GROUP_EXE,
	RF_GROUP_UNIT,
	RF_GROUP_CONTAINER,
	RF_GROUP_CGROUP,
	RF_GROUP_USER,
};

/* Names as --group takes them. Value, or -EINVAL. */
int rf_group_parse(const char *name);
const char *rf_group_name(enum rf_group_by by);
/* All of them, comma-separated. */
const char *rf_group_names(void);

struct rf_group_namer {
	enum rf_group_by by;
	struct rf_users *users;
	struct rf_cgroups *cgroups;
	const char *hierarchy; /* that the ledger's cgroup ids are of */
};

/*
 * An rf_series_namer: ctx is a struct rf_group_namer. What has no unit, container or cgroup is
 * "none", and a process of which nothing was learnt "unknown".
 */
void rf_group_label(void *ctx, const struct rf_process *p, char *label);

#endif
