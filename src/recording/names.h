/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that a recording brings along: users, cgroups, files that processes ran, facts about
 * the host. All of them hostile input. Names of calls go to identity/syscall.h, where views look.
 */
#ifndef RF_RECORDING_NAMES_H
#define RF_RECORDING_NAMES_H

#include <stdint.h>

#include "recording/reader.h"

struct rf_names;

/* NULL when out of memory. */
struct rf_names *rf_names_new(void);
void rf_names_free(struct rf_names *n);

/* Takes what names something; the rest is passed over. 0 or -ENOMEM. */
int rf_names_take(struct rf_names *n, const struct rf_entry_read *e);

/* NULL: unknown. */
const char *rf_names_user(const struct rf_names *n, uint32_t uid);
/* The uid of that name, or -1. */
int64_t rf_names_uid(const struct rf_names *n, const char *name);
/* entity: the process, which may have a cgroup in a v1 hierarchy; 0: none in particular. */
const char *rf_names_cgroup(const struct rf_names *n, uint64_t entity, uint64_t id);
const char *rf_names_exe(const struct rf_names *n, uint64_t entity);
const char *rf_names_fact(const struct rf_names *n, const char *key);

#endif
