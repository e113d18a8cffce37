// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/who.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/stream.h"
#include "ledger/table.h"

struct rf_who {
	struct rf_table threads;
};

struct rf_who *rf_who_new(void)
{
	return calloc(1, sizeof(struct rf_who));
}

static void free_thread(struct rf_who_thread *t)
{
	if (!t)
		return;
	free(t->args);
	free(t->more);
	free(t);
}

void rf_who_free(struct rf_who *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->threads.size; i++)
		free_thread(w->threads.slots[i].value);
	rf_table_clear(&w->threads);
	free(w);
}

struct rf_who_thread *rf_who_thread(struct rf_who *w, uint64_t process, uint64_t thread)
{
	struct rf_who_thread *t = rf_table_get(&w->threads, thread);

	if (t) {
		if (process)
			t->process = process;
		return t;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->process = process;
	t->thread = thread;
	t->tid = RF_ENTITY_PID(thread);
	t->pid = RF_ENTITY_PID(process);
	if (rf_table_put(&w->threads, thread, t)) {
		free(t);
		return NULL;
	}
	return t;
}

void rf_who_forget(struct rf_who *w, uint64_t thread)
{
	free_thread(rf_table_remove(&w->threads, thread));
}

int rf_who_each(struct rf_who *w, int (*each)(void *ctx, struct rf_who_thread *t), void *ctx)
{
	int ret = 0;

	for (size_t i = 0; i < w->threads.size && !ret; i++)
		if (w->threads.slots[i].value)
			ret = each(ctx, w->threads.slots[i].value);
	return ret;
}

static int name(struct rf_who *w, uint64_t process, uint64_t thread, const char *comm)
{
	struct rf_who_thread *t = rf_who_thread(w, process, thread);

	if (!t)
		return -ENOMEM;
	t->pid = RF_ENTITY_PID(process);
	memcpy(t->comm, comm, RF_COMM_LEN);
	return 0;
}

int rf_who_learn(struct rf_who *w, const void *data, size_t size)
{
	struct rf_process_rec rec = { 0 };
	struct rf_thread_rec thread;
	struct rf_rec head;

	memcpy(&head, data, sizeof(head));
	switch (head.type) {
	case RF_REC_THREAD:
		memcpy(&thread, data, sizeof(thread));
		if (!thread.thread_start_ns)
			return 0;
		return name(w, RF_ENTITY(thread.tgid, thread.start_ns),
		            RF_ENTITY(thread.tid, thread.thread_start_ns), thread.comm);
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_THREAD_BORN:
		memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
		return name(w, RF_ENTITY(rec.tgid, rec.start_ns), head.entity, rec.comm);
	default:
		return 0;
	}
}
