/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells that are sums of cells: what a row or a group shows of a call that several of its
 * processes made.
 */
#ifndef RF_LEDGER_CELL_H
#define RF_LEDGER_CELL_H

#include <stdbool.h>

#include "ledger/ledger.h"

/* Whether nothing at all happened in it: it is only kept for what may still end. */
bool rf_cell_is_empty(const struct rf_cell *c);

/* Adds all of c to sum. 0, or -ENOMEM and sum is incomplete. */
int rf_cell_add(struct rf_cell *sum, const struct rf_cell *c);

/* Gives back what a sum holds, not the cell itself; it is empty then. */
void rf_cell_clear(struct rf_cell *c);

#endif
