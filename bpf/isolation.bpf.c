// SPDX-License-Identifier: GPL-2.0
/*
 * Counting in an isolation cell, for all the rare paths.
 */
#include "isolation.bpf.h"

__noinline int rf_count_isolated(__u64 entity, __u32 kind, __u32 key, __u32 call)
{
	struct rf_isolation_key k = { .kind = kind, .key = key, .call = call, .epoch = rf_epoch() };
	struct rf_isolation_cell *cell = rf_isolation_cell(rf_this_cpu(), entity, &k);

	if (!cell)
		return 0;
	cell->rec.count++;
	cell->untimed++;
	return 1;
}
