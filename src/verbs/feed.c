// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/feed.h"

#include <limits.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "bpf/records.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"

/* What /proc has, or what there is otherwise. */
static void resolve_exe(struct rf_ledger *l, uint64_t entity, uint32_t tgid, const char *otherwise)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%u/exe", tgid);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	rf_ledger_set_exe(l, entity, n > 0 ? path : otherwise);
}

/*
 * A thread that was there before the window has its exe in /proc alone. Kernel threads and zombies
 * have none, and are not asked again.
 */
static void resolve_thread(struct rf_ledger *l, const struct rf_thread_rec *rec)
{
	const struct rf_process *p = rf_ledger_find(l, rec->rec.entity);

	if (p && !p->exe)
		resolve_exe(l, rec->rec.entity, rec->tgid, "");
}

/* A relative path says little to the reader; but once the process is gone it is all there is. */
static void resolve_exec(struct rf_ledger *l, const struct rf_process_rec *rec)
{
	if (rec->path[0] != '/')
		resolve_exe(l, rec->rec.entity, rec->tgid, rec->path);
}

int rf_feed(void *ctx, const void *rec, size_t size)
{
	const struct rf_feeder *f = ctx;
	const struct rf_rec *head = rec;
	int ret = rf_ledger_feed(f->ledger, rec, size);

	if (!ret && f->isolation)
		ret = rf_isolation_feed(f->isolation, rec, size);
	if (ret) {
		rf_err("a record of type %u, %zu bytes long, could not be taken in: %s",
		       size >= sizeof(*head) ? head->type : 0, size, strerror(-ret));
		return ret;
	}
	if (!f->wants_exe)
		return 0;
	if (head->type == RF_REC_THREAD)
		resolve_thread(f->ledger, rec);
	else if (head->type == RF_REC_EXEC && size > RF_PROCESS_REC_SIZE)
		resolve_exec(f->ledger, rec);
	return 0;
}
