// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording/names.h"

#include <errno.h>
#include <stdlib.h>

#include "identity/syscall.h"
#include "ledger/table.h"

/* More than any host has; a hostile file gets no further. */
#define NAMES_MAX 1000000
#define FACTS_MAX 64

struct fact {
	char *key;
	char *value;
};

struct rf_names {
	struct rf_table users;   /* uid plus 1 */
	struct rf_table cgroups; /* id plus 1 */
	struct rf_table process_cgroups;
	struct rf_table exes;
	struct fact facts[FACTS_MAX];
	size_t nr_facts;
};

struct rf_names *rf_names_new(void)
{
	return calloc(1, sizeof(struct rf_names));
}

static void clear(struct rf_table *t)
{
	for (size_t i = 0; i < t->size; i++)
		free(t->slots[i].value);
	rf_table_clear(t);
}

void rf_names_free(struct rf_names *n)
{
	if (!n)
		return;
	clear(&n->users);
	clear(&n->cgroups);
	clear(&n->process_cgroups);
	clear(&n->exes);
	for (size_t i = 0; i < n->nr_facts; i++) {
		free(n->facts[i].key);
		free(n->facts[i].value);
	}
	free(n);
}

static int set(struct rf_table *t, uint64_t key, const char *text)
{
	char *old = rf_table_get(t, key), *copy;
	int err;

	if (!key || (!old && t->used >= NAMES_MAX) || (old && !strcmp(old, text)))
		return 0;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	err = rf_table_put(t, key, copy);
	free(err ? copy : old);
	return err;
}

static int set_fact(struct rf_names *n, const char *key, const char *value)
{
	struct fact *f = &n->facts[n->nr_facts];

	for (size_t i = 0; i < n->nr_facts; i++) {
		char *copy;

		if (strcmp(n->facts[i].key, key) != 0)
			continue;
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
		free(n->facts[i].value);
		n->facts[i].value = copy;
		return 0;
	}
	if (n->nr_facts == FACTS_MAX)
		return 0;
	f->key = strdup(key);
	f->value = strdup(value);
	if (!f->key || !f->value) {
		free(f->key);
		free(f->value);
		return -ENOMEM;
	}
	n->nr_facts++;
	return 0;
}

int rf_names_take(struct rf_names *n, const struct rf_entry_read *e)
{
	switch (e->kind) {
	case RF_ENTRY_FACT:
		return set_fact(n, e->key, e->text);
	case RF_ENTRY_CALL:
		/* what is no name is left out: the call keeps its number */
		return rf_syscall_learn(e->abi, e->nr, e->text) == -ENOMEM ? -ENOMEM : 0;
	case RF_ENTRY_EXE:
		return set(&n->exes, e->id, e->text);
	case RF_ENTRY_USER:
		return set(&n->users, e->id + 1, e->text);
	case RF_ENTRY_CGROUP:
		return set(&n->cgroups, e->id + 1, e->text);
	case RF_ENTRY_PROCESS_CGROUP:
		return set(&n->process_cgroups, e->id, e->text);
	default:
		return 0;
	}
}

const char *rf_names_user(const struct rf_names *n, uint32_t uid)
{
	return rf_table_get(&n->users, (uint64_t)uid + 1);
}

int64_t rf_names_uid(const struct rf_names *n, const char *name)
{
	for (size_t i = 0; i < n->users.size; i++) {
		const struct rf_slot *s = &n->users.slots[i];

		if (s->value && !strcmp(s->value, name))
			return (int64_t)s->key - 1;
	}
	return -1;
}

const char *rf_names_cgroup(const struct rf_names *n, uint64_t entity, uint64_t id)
{
	const char *path = entity ? rf_table_get(&n->process_cgroups, entity) : NULL;

	return path ? path : rf_table_get(&n->cgroups, id + 1);
}

const char *rf_names_exe(const struct rf_names *n, uint64_t entity)
{
	return rf_table_get(&n->exes, entity);
}

const char *rf_names_fact(const struct rf_names *n, const char *key)
{
	for (size_t i = 0; i < n->nr_facts; i++)
		if (!strcmp(n->facts[i].key, key))
			return n->facts[i].value;
	return NULL;
}
