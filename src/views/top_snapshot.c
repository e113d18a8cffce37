// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/top_snapshot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/rf_time.h"
#include "bpf/records.h"
#include "identity/errno.h"
#include "identity/signal.h"
#include "identity/syscall.h"
#include "ledger/cell.h"
#include "ledger/sat.h"
#include "ledger/table.h"
#include "views/faults.h"

#define USER_LEN 64
#define WHAT_LEN 256

/* Where a thread was, by entity. */
struct found {
	uint64_t entity;
	uint64_t time_ns;
	uint64_t since_ns;
	uint64_t call_start_ns;
	uint32_t call;
	uint32_t flags;
};

/* Texts are the taker's here. */
struct event {
	struct rf_top_event pub;
	char *comm, *what, *why, *where, *blast;
};

struct rf_top_taker {
	struct rf_users *users;
	struct rf_cgroups *cgroups;
	const char *hierarchy;
	struct found *found; /* of the running sweep */
	size_t nr_found;
	size_t room;
	uint64_t number;
	struct rf_top_sums since;
	double history[RF_TOP_HISTORY]; /* a ring */
	size_t nr_history;              /* ever added */
	struct event *events;           /* the oldest first */
	size_t nr_events;
	struct rf_table violations; /* entity -> violations since the start, as a pointer's value */
};

/* A snapshot being made. */
struct taking {
	struct rf_top_taker *taker;
	const struct rf_top_moment *moment;
	const struct rf_isolation *iso;
	struct rf_top_snapshot *snapshot;
	struct rf_table places; /* entity -> found */
	struct rf_table users;  /* uid + 1 -> name */
	struct rf_table cgroups;
};

struct rf_top_taker *rf_top_taker_new(struct rf_users *users, struct rf_cgroups *cgroups,
                                      const char *hierarchy)
{
	struct rf_top_taker *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->events = calloc(RF_TOP_EVENTS, sizeof(*t->events));
	if (!t->events) {
		free(t);
		return NULL;
	}
	t->users = users;
	t->cgroups = cgroups;
	t->hierarchy = hierarchy;
	return t;
}

static void event_clear(struct event *e)
{
	free(e->comm);
	free(e->what);
	free(e->why);
	free(e->where);
	free(e->blast);
}

void rf_top_taker_free(struct rf_top_taker *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nr_events; i++)
		event_clear(&t->events[i]);
	rf_table_clear(&t->violations);
	free(t->events);
	free(t->found);
	free(t);
}

void rf_top_taker_begin(struct rf_top_taker *t)
{
	t->nr_found = 0;
}

int rf_top_taker_feed(struct rf_top_taker *t, const void *data, size_t size)
{
	struct rf_thread_rec rec;
	struct rf_rec head;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	if (head.type != RF_REC_THREAD || size < sizeof(rec))
		return 0;
	memcpy(&rec, data, sizeof(rec));
	if (t->nr_found == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct found *found = reallocarray(t->found, room, sizeof(*found));

		if (!found)
			return -ENOMEM;
		t->found = found;
		t->room = room;
	}
	t->found[t->nr_found++] = (struct found){
		.entity = rec.rec.entity,
		.time_ns = rec.time_ns,
		.since_ns = rec.since_ns,
		.call_start_ns = rec.call_start_ns,
		.call = rec.call,
		.flags = rec.flags,
	};
	return 0;
}

/* Makes room for one: the oldest denial goes, or the oldest violation if there is none. */
static void drop_event(struct rf_top_taker *t)
{
	size_t victim = 0;

	while (victim < t->nr_events && t->events[victim].pub.violation)
		victim++;
	if (victim == t->nr_events)
		victim = 0;
	event_clear(&t->events[victim]);
	t->nr_events--;
	memmove(&t->events[victim], &t->events[victim + 1],
	        (t->nr_events - victim) * sizeof(*t->events));
}

int rf_top_taker_event(struct rf_top_taker *t, const struct rf_top_event *event)
{
	struct event e = {
		.pub = *event,
		.comm = strdup(event->comm),
		.what = strdup(event->what),
		.why = strdup(event->why),
		.where = strdup(event->where),
		.blast = strdup(event->blast),
	};

	if (!e.comm || !e.what || !e.why || !e.where || !e.blast) {
		event_clear(&e);
		return -ENOMEM;
	}
	if (t->nr_events == RF_TOP_EVENTS)
		drop_event(t);
	t->events[t->nr_events++] = e;
	return 0;
}

int rf_top_taker_violation(struct rf_top_taker *t, const struct rf_faults_view *view,
                           const struct rf_violation *v)
{
	__rf_str struct rf_str what = RF_STR_INIT;
	__rf_str struct rf_str why = RF_STR_INIT;
	__rf_str struct rf_str where = RF_STR_INIT;
	__rf_str struct rf_str blast = RF_STR_INIT;
	char comm[RF_COMM_LEN + 1] = "", label[RF_SIGNAL_NAME_LEN];
	int sig = (int)v->rec.rec.count;

	memcpy(comm, v->rec.comm, RF_COMM_LEN);
	rf_str_appendf(&what, "%s %s: %s",
	               sig ? rf_signal_label(sig, label, sizeof(label)) : "EFAULT",
	               rf_cause_name(v->judgement.cause), rf_outcome_name(v->outcome));
	rf_violation_explain(view, v, &why);
	rf_violation_where(view, v, &where);
	if (v->outcome == RF_OUTCOME_KILLED)
		rf_violation_blast(v, &blast);
	return rf_top_taker_event(t, &(struct rf_top_event){ .time_ns = v->rec.time_ns,
	                                                     .pid = v->rec.tgid,
	                                                     .violation = true,
	                                                     .comm = comm,
	                                                     .what = rf_str_get(&what),
	                                                     .why = rf_str_get(&why),
	                                                     .where = rf_str_get(&where),
	                                                     .blast = rf_str_get(&blast) });
}

static enum rf_top_where where_of(uint32_t flags)
{
	if (flags & RF_T_IN_CALL)
		return RF_TOP_IN_CALL;
	if (flags & RF_T_IN_FAULT)
		return RF_TOP_IN_FAULT;
	if (flags & (RF_T_NEW | RF_T_EXITING))
		return RF_TOP_IN_KERNEL;
	if (flags & RF_T_UNKNOWN)
		return RF_TOP_NOT_KNOWN;
	return flags & RF_T_ON_CPU ? RF_TOP_IN_USER : RF_TOP_IN_READY;
}

static struct rf_top_inside inside_of(const struct found *f)
{
	struct rf_top_inside in = {
		.where = where_of(f->flags),
		.running = f->flags & RF_T_ON_CPU,
		.call = f->call,
	};
	uint64_t from = f->since_ns;

	if (in.where == RF_TOP_IN_CALL) {
		in.before = !f->call_start_ns && !(f->flags & RF_T_COUNTED);
		/* one that is being waited in since before the window has at least waited since */
		from = f->call_start_ns ? f->call_start_ns : in.before ? f->since_ns : 0;
	}
	in.timed = from;
	in.for_ns = from ? rf_sat_sub(f->time_ns, from) : 0;
	return in;
}

static const char *user_name(struct taking *t, uint32_t uid)
{
	char *name = rf_table_get(&t->users, (uint64_t)uid + 1), buf[USER_LEN];

	if (name)
		return name;
	if (!t->taker->users || rf_user_name(t->taker->users, uid, buf, sizeof(buf)))
		snprintf(buf, sizeof(buf), "%u", uid);
	name = rf_arena_string(&t->snapshot->arena, buf);
	if (!name || rf_table_put(&t->users, (uint64_t)uid + 1, name))
		return NULL;
	return name;
}

static const char *cgroup_path(struct taking *t, uint64_t id)
{
	char *path = id ? rf_table_get(&t->cgroups, id) : "", buf[PATH_MAX];

	if (path)
		return path;
	if (!t->taker->cgroups ||
	    rf_cgroup_path(t->taker->cgroups, t->taker->hierarchy, id, buf, sizeof(buf)))
		*buf = '\0';
	path = rf_arena_string(&t->snapshot->arena, buf);
	if (!path || rf_table_put(&t->cgroups, id, path))
		return NULL;
	return path;
}

static struct rf_cell *copy_cell(struct rf_arena *a, const struct rf_cell *c)
{
	struct rf_cell *copy = rf_arena_copy(a, c, sizeof(*c));

	if (!copy)
		return NULL;
	copy->hist.data = rf_arena_copy(a, c->hist.data, (size_t)c->hist.used * c->hist.width);
	copy->errnos = rf_arena_copy(a, c->errnos, c->nr_errnos * sizeof(*c->errnos));
	return copy->hist.data && copy->errnos ? copy : NULL;
}

static int copy_cells(struct rf_arena *a, struct rf_process *to, const struct rf_process *from)
{
	size_t nr = 0;

	for (size_t i = 0; i < from->nr_cells; i++)
		nr += !rf_cell_is_empty(from->cells[i]);
	to->nr_cells = 0;
	to->cells = rf_arena_alloc(a, nr * sizeof(struct rf_cell *));
	if (!to->cells)
		return -ENOMEM;
	for (size_t i = 0; i < from->nr_cells; i++) {
		if (rf_cell_is_empty(from->cells[i]))
			continue;
		to->cells[to->nr_cells] = copy_cell(a, from->cells[i]);
		if (!to->cells[to->nr_cells++])
			return -ENOMEM;
	}
	return 0;
}

static uint64_t violations_of(const struct rf_isolated *i)
{
	return rf_sat_add(i->handled, rf_sat_add(i->killed, i->refused));
}

/* Those of this interval are added to what there was before; with the thread the sum goes. */
static int sum_violations(struct rf_top_taker *t, const struct rf_process *p,
                          const struct rf_isolated *i, uint64_t *sum)
{
	uint64_t now = i ? violations_of(i) : 0;

	*sum = rf_sat_add((uintptr_t)rf_table_get(&t->violations, p->entity), now);
	if (p->exited)
		rf_table_remove(&t->violations, p->entity);
	else if (now)
		return rf_table_put(&t->violations, p->entity, (void *)(uintptr_t)*sum);
	return 0;
}

static int copy_isolated(struct taking *t, struct rf_top_thread *to)
{
	struct rf_arena *a = &t->snapshot->arena;
	const struct rf_isolated *i = t->iso ? rf_isolation_find(t->iso, to->p.entity) : NULL;
	int err = sum_violations(t->taker, &to->p, i, &to->violations);

	if (err || !i)
		return err;
	to->faults = rf_arena_copy(a, i->faults, i->nr_faults * sizeof(*i->faults));
	to->violated = rf_arena_copy(a, i->violations, i->nr_violations * sizeof(*i->violations));
	if (!to->faults || !to->violated)
		return -ENOMEM;
	to->nr_faults = i->nr_faults;
	to->nr_violated = i->nr_violations;
	return 0;
}

static int copy_thread(struct taking *t, struct rf_top_thread *to, const struct rf_process *from)
{
	const struct found *found = rf_table_get(&t->places, from->entity);

	to->p = *from;
	to->p.exe = NULL;
	if (found)
		to->inside = inside_of(found);
	/* who is not known is not root */
	to->user = from->known ? user_name(t, from->uid) : "?";
	to->cgroup = cgroup_path(t, from->cgroup);
	if (from->exe) {
		to->p.exe = rf_arena_string(&t->snapshot->arena, from->exe);
		if (!to->p.exe)
			return -ENOMEM;
	}
	if (!to->user || !to->cgroup)
		return -ENOMEM;
	if (copy_isolated(t, to))
		return -ENOMEM;
	return copy_cells(&t->snapshot->arena, &to->p, from);
}

static int copy_threads(struct taking *t, const struct rf_ledger *l)
{
	struct rf_top_snapshot *s = t->snapshot;
	int err = 0;

	for (size_t i = 0; i < t->taker->nr_found && !err; i++)
		err = rf_table_put(&t->places, t->taker->found[i].entity, &t->taker->found[i]);
	s->nr_threads = rf_ledger_nr_processes(l);
	s->threads = rf_arena_alloc(&s->arena, s->nr_threads * sizeof(*s->threads));
	if (!s->threads)
		return -ENOMEM;
	for (size_t i = 0; i < s->nr_threads && !err; i++)
		err = copy_thread(t, &s->threads[i], rf_ledger_process(l, i));
	return err;
}

/* Failures of one call that were denials, as a line of the feed. */
static int add_denial(struct rf_top_taker *t, const struct rf_process *p, const struct rf_cell *c,
                      const struct rf_errno_count *e, uint64_t now_ns)
{
	char call[RF_SYSCALL_NAME_LEN], name[RF_ERRNO_NAME_LEN], what[WHAT_LEN], times[32] = "";
	struct rf_top_event event = { .time_ns = now_ns,
		                      .pid = p->tgid,
		                      .comm = p->comm,
		                      .what = what,
		                      .why = "",
		                      .where = "",
		                      .blast = "" };

	if (!e->refused && e->err != EPERM && e->err != EACCES)
		return 0;
	if (e->count > 1)
		snprintf(times, sizeof(times), ", %llu times", (unsigned long long)e->count);
	snprintf(what, sizeof(what), "%s denied%s: %s%s",
	         rf_syscall_label(RF_CALL_ABI(c->call), RF_CALL_NR(c->call), call, sizeof(call)),
	         e->refused ? " before it began (seccomp or ptrace)" : "",
	         e->err ? rf_errno_label(e->err, name, sizeof(name)) : "SIGSYS", times);
	return rf_top_taker_event(t, &event);
}

static int add_denials(struct rf_top_taker *t, const struct rf_ledger *l, uint64_t now_ns)
{
	int err = 0;

	for (size_t i = 0; i < rf_ledger_nr_processes(l); i++) {
		const struct rf_process *p = rf_ledger_process(l, i);

		for (size_t j = 0; p->denied && j < p->nr_cells; j++) {
			const struct rf_cell *c = p->cells[j];

			for (size_t k = 0; c->denied && k < c->nr_errnos && !err; k++)
				err = add_denial(t, p, c, &c->errnos[k], now_ns);
		}
	}
	return err;
}

static void add_accounting(struct rf_accounting *sum, const struct rf_accounting *a)
{
	rf_sat_inc(&sum->seen, a->seen);
	rf_sat_inc(&sum->attributed, a->attributed);
	sum->lost += a->lost;
	rf_sat_inc(&sum->lost_cell, a->lost_cell);
	rf_sat_inc(&sum->lost_state, a->lost_state);
	rf_sat_inc(&sum->lost_skipped, a->lost_skipped);
	sum->lost_unexplained += a->lost_unexplained;
	rf_sat_inc(&sum->lost_errnos, a->lost_errnos);
	rf_sat_inc(&sum->lost_records, a->lost_records);
	rf_sat_inc(&sum->evicted, a->evicted);
}

static void add_isolation(struct rf_top_sums *sum, const struct rf_isolation *iso)
{
	struct rf_isolation_account a;

	rf_isolation_accounting(iso, &a);
	rf_sat_inc(&sum->violations,
	           rf_sat_add(rf_sat_add(a.handled, a.killed), rf_sat_add(a.refused, a.lost)));
	rf_sat_inc(&sum->lost_violations, rf_sat_add(rf_sat_add(a.lost, a.lost_events), a.skipped));
}

static void sum_up(struct rf_top_taker *t, struct rf_top_snapshot *s)
{
	struct rf_top_sums *sum = &t->since;
	uint64_t crossings = rf_sat_add(s->totals.calls, s->totals.page_faults);

	rf_sat_inc(&sum->ns, s->window_ns);
	rf_sat_inc(&sum->calls, s->totals.calls);
	rf_sat_inc(&sum->failed, s->totals.failed);
	rf_sat_inc(&sum->denied, s->totals.denied);
	rf_sat_inc(&sum->page_faults, s->totals.page_faults);
	add_accounting(&sum->accounting, &s->accounting);
	if (s->window_ns)
		t->history[t->nr_history++ % RF_TOP_HISTORY] =
			(double)crossings * (double)RF_NSEC_PER_SEC / (double)s->window_ns;
	s->since = *sum;
	s->number = ++t->number;
}

static int copy_history(const struct rf_top_taker *t, struct rf_top_snapshot *s)
{
	size_t nr = t->nr_history < RF_TOP_HISTORY ? t->nr_history : RF_TOP_HISTORY;
	double *history = rf_arena_alloc(&s->arena, nr * sizeof(*history));

	if (!history)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		history[i] = t->history[(t->nr_history - nr + i) % RF_TOP_HISTORY];
	s->history = history;
	s->nr_history = nr;
	return 0;
}

static int copy_events(const struct rf_top_taker *t, struct rf_top_snapshot *s)
{
	struct rf_top_event *events = rf_arena_alloc(&s->arena, t->nr_events * sizeof(*events));

	if (!events)
		return -ENOMEM;
	for (size_t i = 0; i < t->nr_events; i++) {
		events[i] = t->events[i].pub;
		events[i].comm = rf_arena_string(&s->arena, t->events[i].comm);
		events[i].what = rf_arena_string(&s->arena, t->events[i].what);
		events[i].why = rf_arena_string(&s->arena, t->events[i].why);
		events[i].where = rf_arena_string(&s->arena, t->events[i].where);
		events[i].blast = rf_arena_string(&s->arena, t->events[i].blast);
		if (!events[i].comm || !events[i].what || !events[i].why || !events[i].where ||
		    !events[i].blast)
			return -ENOMEM;
	}
	s->events = events;
	s->nr_events = t->nr_events;
	return 0;
}

static int take(struct taking *t, const struct rf_ledger *l)
{
	struct rf_top_snapshot *s = t->snapshot;
	int err = copy_threads(t, l);

	s->end_ns = t->moment->now_ns;
	s->window_ns = rf_ledger_window_ns(l);
	s->cpus = t->moment->cpus;
	s->cost = t->moment->cost;
	rf_ledger_totals(l, &s->totals);
	rf_ledger_accounting(l, &s->accounting);
	s->has_isolation = t->iso;
	if (t->iso)
		add_isolation(&t->taker->since, t->iso);
	sum_up(t->taker, s);
	if (!err)
		err = add_denials(t->taker, l, s->end_ns);
	if (!err)
		err = copy_history(t->taker, s);
	return err ? err : copy_events(t->taker, s);
}

struct rf_top_snapshot *rf_top_take(struct rf_top_taker *taker, const struct rf_ledger *l,
                                    const struct rf_isolation *iso,
                                    const struct rf_top_moment *moment)
{
	struct rf_arena arena = RF_ARENA_INIT;
	struct taking t = { .taker = taker, .moment = moment, .iso = iso };
	int err;

	t.snapshot = rf_arena_alloc(&arena, sizeof(*t.snapshot));
	if (!t.snapshot)
		return NULL;
	t.snapshot->arena = arena;
	err = take(&t, l);
	rf_table_clear(&t.places);
	rf_table_clear(&t.users);
	rf_table_clear(&t.cgroups);
	if (!err)
		return t.snapshot;
	rf_top_snapshot_free(t.snapshot);
	return NULL;
}

void rf_top_snapshot_free(struct rf_top_snapshot *s)
{
	struct rf_arena arena;

	if (!s)
		return;
	/* it lies in its own arena */
	arena = s->arena;
	rf_arena_free(&arena);
}
