// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/missing.h"

#include <stddef.h>

void rf_find_missing(const struct rf_host *host, struct rf_str *missing)
{
	static const struct {
		enum rf_feature feature;
		const char *words;
	} needs[] = {
		{ RF_FEATURE_SIGNAL_GENERATE, "violations (no tracepoint signal_generate)" },
		{ RF_FEATURE_SIGNAL_DELIVER, "which were handled (no tracepoint signal_deliver)" },
		{ RF_FEATURE_CAP_CAPABLE,
		  "which capability was missing (no tracepoint cap_capable before 6.13)" },
		{ RF_FEATURE_PF_TRACEPOINTS,
		  "access and handling time of page faults (no page-fault tracepoints)" },
		{ RF_FEATURE_PF_EVENTS, "page faults that were resolved (no software events)" },
		{ RF_FEATURE_TASK_BTF, "frames (no bpf_get_current_task_btf before 5.11)" },
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (!rf_host_has(host, needs[i].feature))
			rf_str_appendf(missing, "%s%s", missing->len ? "; " : "", needs[i].words);
}
