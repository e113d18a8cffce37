// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/cell.h"

#include <errno.h>
#include <stdlib.h>

#include "ledger/sat.h"

bool rf_cell_is_empty(const struct rf_cell *c)
{
	return !c->calls && !c->ended && !c->failed;
}

static int add_errno(struct rf_cell *sum, const struct rf_errno_count *e)
{
	struct rf_errno_count *errnos;

	for (size_t i = 0; i < sum->nr_errnos; i++) {
		if (sum->errnos[i].err == e->err && sum->errnos[i].refused == e->refused) {
			rf_sat_inc(&sum->errnos[i].count, e->count);
			return 0;
		}
	}
	errnos = reallocarray(sum->errnos, sum->nr_errnos + 1, sizeof(*errnos));
	if (!errnos)
		return -ENOMEM;
	errnos[sum->nr_errnos++] = *e;
	sum->errnos = errnos;
	return 0;
}

int rf_cell_add(struct rf_cell *sum, const struct rf_cell *c)
{
	int err = 0;

	if (c->hist.total && (!sum->hist.total || c->min_ns < sum->min_ns))
		sum->min_ns = c->min_ns;
	if (c->max_ns > sum->max_ns)
		sum->max_ns = c->max_ns;
	rf_sat_inc(&sum->calls, c->calls);
	rf_sat_inc(&sum->open, c->open);
	rf_sat_inc(&sum->ended, c->ended);
	rf_sat_inc(&sum->untimed, c->untimed);
	rf_sat_inc(&sum->failed, c->failed);
	rf_sat_inc(&sum->denied, c->denied);
	rf_sat_inc(&sum->total_ns, c->total_ns);
	rf_sat_inc(&sum->waiting_ns, c->waiting_ns);
	for (size_t i = 0; i < c->nr_errnos && !err; i++)
		err = add_errno(sum, &c->errnos[i]);
	return err ? err : rf_hist_merge(&sum->hist, &c->hist);
}

void rf_cell_clear(struct rf_cell *c)
{
	rf_hist_clear(&c->hist);
	free(c->errnos);
	*c = (struct rf_cell){ .call = c->call };
}
