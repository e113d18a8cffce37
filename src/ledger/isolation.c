// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/isolation.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/sat.h"
#include "ledger/table.h"

/* So many wait at most; beyond them the oldest is handed over as it is. */
#define WAITING_MAX 16384

/* A violation under way. */
struct waiting {
	struct rf_violation pub; /* first, so that one is found from the other */
	struct waiting *older;
	struct waiting *newer;
};

/* The kernel side's counters of an interval. */
struct counters {
	uint64_t seen;
	uint64_t outcomes;
	uint64_t lost;
	uint64_t lost_events;
	uint64_t lost_details;
};

struct rf_isolation {
	rf_violation_sink sink;
	void *ctx;
	struct rf_table by_id;
	struct waiting *oldest;
	struct waiting *newest;
	size_t nr_waiting;
	struct rf_table by_entity; /* struct rf_isolated */
	struct rf_isolated **processes;
	size_t nr;
	size_t room;
	struct counters counters;
	uint64_t told;
	uint64_t booked; /* outcomes in cells of closed epochs */
	uint64_t pending[2];
	bool counted[2];
	uint64_t open_before;
	uint64_t skipped;
	uint64_t skipped_before;
};

/* ---- life ---- */

struct rf_isolation *rf_isolation_new(rf_violation_sink sink, void *ctx)
{
	struct rf_isolation *iso = calloc(1, sizeof(*iso));

	if (!iso)
		return NULL;
	iso->sink = sink;
	iso->ctx = ctx;
	return iso;
}

static void free_waiting(struct waiting *w)
{
	free(w->pub.exe);
	free(w->pub.signals);
	free(w);
}

static void free_isolated(struct rf_isolated *p)
{
	free(p->violations);
	free(p->faults);
	free(p->capabilities);
	rf_hist_clear(&p->fault_hist);
	free(p);
}

static void clear_processes(struct rf_isolation *iso)
{
	for (size_t i = 0; i < iso->nr; i++)
		free_isolated(iso->processes[i]);
	iso->nr = 0;
	rf_table_clear(&iso->by_entity);
}

void rf_isolation_free(struct rf_isolation *iso)
{
	if (!iso)
		return;
	while (iso->oldest) {
		struct waiting *w = iso->oldest;

		iso->oldest = w->newer;
		free_waiting(w);
	}
	clear_processes(iso);
	free(iso->processes);
	rf_table_clear(&iso->by_id);
	free(iso);
}

/* ---- events ---- */

static void unlink_waiting(struct rf_isolation *iso, struct waiting *w)
{
	if (w->older)
		w->older->newer = w->newer;
	else
		iso->oldest = w->newer;
	if (w->newer)
		w->newer->older = w->older;
	else
		iso->newest = w->older;
	iso->nr_waiting--;
	rf_table_remove(&iso->by_id, w->pub.rec.id);
}

/* What must have followed, where the record that says it did not come. */
static void conclude(struct rf_violation *v)
{
	if (v->outcome)
		return;
	v->outcome = v->rec.flags & RF_V_HANDLER ? RF_OUTCOME_HANDLED : RF_OUTCOME_KILLED;
	v->whole_process = v->outcome == RF_OUTCOME_KILLED;
}

static void hand_over(struct rf_isolation *iso, struct waiting *w)
{
	struct rf_violation *v = &w->pub;

	unlink_waiting(iso, w);
	conclude(v);
	if (v->outcome == RF_OUTCOME_KILLED) {
		v->threads = v->whole_process ? v->rec.threads : 1;
		v->released_bytes = v->whole_process ? v->rec.rss_bytes : 0;
	}
	if (iso->sink)
		iso->sink(iso->ctx, v);
	free_waiting(w);
}

static bool is_complete(const struct rf_violation *v, uint64_t now)
{
	if (v->outcome == RF_OUTCOME_HANDLED || v->outcome == RF_OUTCOME_REFUSED)
		return true;
	if (v->outcome != RF_OUTCOME_KILLED)
		return false;
	if (!v->whole_process)
		return true;
	return now >= v->death_ns + RF_BLAST_NS;
}

void rf_isolation_advance(struct rf_isolation *iso, uint64_t now_ns)
{
	struct waiting *next;

	for (struct waiting *w = iso->oldest; w; w = next) {
		next = w->newer;
		if (is_complete(&w->pub, now_ns))
			hand_over(iso, w);
	}
}

void rf_isolation_flush(struct rf_isolation *iso)
{
	while (iso->oldest)
		hand_over(iso, iso->oldest);
}

uint64_t rf_isolation_next_ns(const struct rf_isolation *iso)
{
	uint64_t next = 0;

	for (const struct waiting *w = iso->oldest; w; w = w->newer) {
		uint64_t at = w->pub.death_ns + RF_BLAST_NS;

		if (w->pub.outcome == RF_OUTCOME_KILLED && (!next || at < next))
			next = at;
	}
	return next;
}

static bool violation_is_sound(const struct rf_violation_rec *rec)
{
	if (!rec->rec.entity || !rec->id || rec->insn_bytes > RF_INSN_BYTES ||
	    rec->nr_frames > RF_FRAMES)
		return false;
	for (size_t i = 0; i < RF_MAPS; i++)
		if (rec->maps[i].path_bytes > RF_MAP_PATH)
			return false;
	return rec->rec.count <= 64;
}

static int feed_violation(struct rf_isolation *iso, const void *data, size_t size)
{
	struct rf_violation_rec rec;
	struct waiting *w;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	if (!violation_is_sound(&rec) || rf_table_get(&iso->by_id, rec.id))
		return -EINVAL;
	if (iso->nr_waiting >= WAITING_MAX)
		hand_over(iso, iso->oldest);
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->pub.rec = rec;
	if (rf_table_put(&iso->by_id, rec.id, w)) {
		free(w);
		return -ENOMEM;
	}
	rf_cause_judge(&w->pub.rec, &w->pub.judgement);
	w->older = iso->newest;
	if (iso->newest)
		iso->newest->newer = w;
	else
		iso->oldest = w;
	iso->newest = w;
	iso->nr_waiting++;
	rf_sat_inc(&iso->told, 1);
	if (!rec.rec.count) {
		w->pub.outcome = RF_OUTCOME_REFUSED;
		w->pub.outcome_told = true;
	}
	return 0;
}

static int feed_outcome(struct rf_isolation *iso, const void *data, size_t size)
{
	struct rf_outcome_rec rec;
	struct rf_violation *v;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	if (rec.rec.count < RF_OUTCOME_HANDLED || rec.rec.count > RF_OUTCOME_ENDED)
		return -EINVAL;
	v = rf_table_get(&iso->by_id, rec.id);
	if (!v) /* its event was lost */
		return 0;
	v->outcome_told = true;
	if (rec.rec.count == RF_OUTCOME_ENDED) {
		v->outcome = RF_OUTCOME_KILLED;
		v->whole_process = true;
		v->ended = true;
		v->children = rec.children;
	} else {
		v->outcome = (enum rf_outcome)rec.rec.count;
		v->whole_process |= rec.group && v->outcome == RF_OUTCOME_KILLED;
	}
	if (v->outcome == RF_OUTCOME_KILLED) {
		v->status = rec.status;
		v->death_ns = rec.time_ns;
	}
	return 0;
}

/* The process that this SIGPIPE can be due to: one of the same group or session that died last. */
static struct rf_violation *find_broken_pipe(struct rf_isolation *iso,
                                             const struct rf_signal_rec *rec)
{
	for (struct waiting *w = iso->newest; w; w = w->older) {
		const struct rf_violation *v = &w->pub;

		if (v->outcome != RF_OUTCOME_KILLED || !v->whole_process ||
		    rec->time_ns < v->death_ns || rec->time_ns - v->death_ns > RF_BLAST_NS)
			continue;
		if (v->rec.pgrp == rec->pgrp || v->rec.session == rec->session)
			return &w->pub;
	}
	return NULL;
}

static int feed_signal(struct rf_isolation *iso, const void *data, size_t size)
{
	struct rf_blast_signal *signals, *s;
	struct rf_signal_rec rec;
	struct rf_violation *v;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	v = rec.id ? rf_table_get(&iso->by_id, rec.id) : find_broken_pipe(iso, &rec);
	/* that a parent leaves the death of children to the kernel is nobody's harm */
	if (!v || rec.tgid == v->rec.tgid || (rec.ignored && rec.rec.count != SIGCHLD))
		return 0;
	if (v->nr_signals >= RF_BLAST_SIGNALS) {
		v->more_signals++;
		return 0;
	}
	signals = reallocarray(v->signals, v->nr_signals + 1, sizeof(*signals));
	if (!signals)
		return -ENOMEM;
	v->signals = signals;
	s = &signals[v->nr_signals++];
	*s = (struct rf_blast_signal){ .entity = rec.rec.entity,
		                       .pid = rec.tgid,
		                       .sig = rec.rec.count };
	memcpy(s->comm, rec.comm, RF_COMM_LEN);
	return 0;
}

/* Did the process that ended die of a signal that a violation led to? */
static void note_death(struct rf_violation *v, const struct rf_process_rec *rec)
{
	for (size_t i = 0; i < v->nr_signals; i++) {
		struct rf_blast_signal *s = &v->signals[i];

		if (s->entity == rec->rec.entity && s->sig == (rec->rec.count & 0x7f) &&
		    rec->time_ns <= v->death_ns + RF_BLAST_NS)
			s->died = true;
	}
}

static int feed_exit(struct rf_isolation *iso, const void *data, size_t size)
{
	struct rf_process_rec rec = { 0 };

	if (size < RF_PROCESS_REC_SIZE)
		return -EINVAL;
	memcpy(&rec, data, RF_PROCESS_REC_SIZE);
	for (struct waiting *w = iso->newest; w; w = w->older) {
		struct rf_violation *v = &w->pub;

		if (v->rec.rec.entity == rec.rec.entity && !v->outcome &&
		    (rec.rec.count & 0x7f) == v->rec.rec.count) {
			/* the outcome's own record was lost */
			v->outcome = RF_OUTCOME_KILLED;
			v->whole_process = true;
			v->status = rec.rec.count;
			v->death_ns = rec.time_ns;
		}
		note_death(v, &rec);
	}
	return 0;
}

int rf_isolation_set_exe(struct rf_isolation *iso, uint64_t id, const char *exe)
{
	struct rf_violation *v = rf_table_get(&iso->by_id, id);
	char *copy;

	if (!v)
		return -ENOENT;
	copy = strdup(exe);
	if (!copy)
		return -ENOMEM;
	free(v->exe);
	v->exe = copy;
	return 0;
}

/* ---- counts ---- */

static struct rf_isolated *isolated_get(struct rf_isolation *iso, uint64_t entity)
{
	struct rf_isolated *p = rf_table_get(&iso->by_entity, entity), **processes;

	if (p)
		return p;
	if (iso->nr >= iso->room) {
		size_t room = iso->room ? iso->room * 2 : 64;

		processes = reallocarray(iso->processes, room, sizeof(struct rf_isolated *));
		if (!processes)
			return NULL;
		iso->processes = processes;
		iso->room = room;
	}
	p = calloc(1, sizeof(*p));
	if (!p || rf_table_put(&iso->by_entity, entity, p)) {
		free(p);
		return NULL;
	}
	p->entity = entity;
	iso->processes[iso->nr++] = p;
	return p;
}

static int add_violations(struct rf_isolation *iso, struct rf_isolated *p,
                          const struct rf_isolation_cell *c)
{
	enum rf_outcome outcome = (enum rf_outcome)RF_VIOLATION_OUTCOME(c->key);
	uint32_t sig = RF_VIOLATION_SIGNAL(c->key);
	struct rf_violation_count *at, *grown;
	size_t i;

	if (outcome < RF_OUTCOME_HANDLED || outcome > RF_OUTCOME_REFUSED)
		return -EINVAL;
	for (i = 0; i < p->nr_violations; i++) {
		at = &p->violations[i];
		if (at->sig == sig && at->outcome == outcome && at->call == c->call)
			break;
	}
	if (i == p->nr_violations) {
		grown = reallocarray(p->violations, i + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->violations = grown;
		p->violations[p->nr_violations++] = (struct rf_violation_count){
			.sig = sig, .call = c->call, .outcome = outcome
		};
	}
	rf_sat_inc(&p->violations[i].count, c->rec.count);
	rf_sat_inc(outcome == RF_OUTCOME_HANDLED ? &p->handled :
	           outcome == RF_OUTCOME_KILLED  ? &p->killed :
	                                           &p->refused,
	           c->rec.count);
	rf_sat_inc(&iso->pending[c->rec.epoch & 1], c->rec.count);
	return 0;
}

static int add_fault_hist(struct rf_isolated *p, const struct rf_isolation_cell *c)
{
	int err = 0;

	for (uint32_t i = 0; i <= c->top && !err; i++)
		if (c->hist[i])
			err = rf_hist_add(&p->fault_hist, i, c->hist[i]);
	return err;
}

static int add_faults(struct rf_isolated *p, const struct rf_isolation_cell *c)
{
	struct rf_fault_count *at, *grown;
	size_t i = 0;

	if (c->key >= RF_FAULT_CLASSES)
		return -EINVAL;
	while (i < p->nr_faults && p->faults[i].class < c->key)
		i++;
	if (i == p->nr_faults || p->faults[i].class != c->key) {
		grown = reallocarray(p->faults, p->nr_faults + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->faults = grown;
		memmove(&grown[i + 1], &grown[i], (p->nr_faults - i) * sizeof(*grown));
		grown[i] = (struct rf_fault_count){ .class = c->key };
		p->nr_faults++;
	}
	at = &p->faults[i];
	rf_sat_inc(&at->count, c->rec.count);
	rf_sat_inc(&at->untimed, c->untimed);
	rf_sat_inc(&at->total_ns, c->total_ns);
	if (c->max_ns > at->max_ns)
		at->max_ns = c->max_ns;
	return add_fault_hist(p, c);
}

static int add_capability(struct rf_isolated *p, const struct rf_isolation_cell *c)
{
	struct rf_capability_count *grown;
	size_t i = 0;

	while (i < p->nr_capabilities &&
	       (p->capabilities[i].capability != c->key || p->capabilities[i].call != c->call))
		i++;
	if (i == p->nr_capabilities) {
		grown = reallocarray(p->capabilities, i + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->capabilities = grown;
		grown[p->nr_capabilities++] =
			(struct rf_capability_count){ .capability = c->key, .call = c->call };
	}
	rf_sat_inc(&p->capabilities[i].count, c->rec.count);
	return 0;
}

static int feed_cell(struct rf_isolation *iso, const void *data, size_t size)
{
	struct rf_isolation_cell c = { 0 };
	struct rf_isolated *p;

	if (size < RF_ISOLATION_REC_SIZE(0))
		return -EINVAL;
	memcpy(&c, data, size < sizeof(c) ? size : sizeof(c));
	if (c.top >= RF_HIST_BUCKETS || size < RF_ISOLATION_REC_SIZE(c.top) || !c.rec.entity)
		return -EINVAL;
	if (!c.rec.count)
		return 0;
	p = isolated_get(iso, c.rec.entity);
	if (!p)
		return -ENOMEM;
	switch (c.kind) {
	case RF_ISOLATION_VIOLATION:
		return add_violations(iso, p, &c);
	case RF_ISOLATION_FAULT:
		return add_faults(p, &c);
	case RF_ISOLATION_CAPABILITY:
		return add_capability(p, &c);
	default:
		return -EINVAL;
	}
}

static int feed_counts(struct rf_isolation *iso, const void *data, size_t size)
{
	struct rf_counts_rec rec;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	rf_sat_inc(&iso->counters.seen, rec.counts.violations);
	rf_sat_inc(&iso->counters.outcomes, rec.counts.outcomes);
	rf_sat_inc(&iso->counters.lost, rec.counts.lost_outcomes);
	rf_sat_inc(&iso->counters.lost_events, rec.counts.lost_events);
	rf_sat_inc(&iso->counters.lost_details, rec.counts.lost_details);
	iso->counted[rec.rec.epoch & 1] = true;
	return 0;
}

int rf_isolation_feed(struct rf_isolation *iso, const void *rec, size_t size)
{
	struct rf_rec head;

	if (size < sizeof(head))
		return -EINVAL;
	memcpy(&head, rec, sizeof(head));
	switch (head.type) {
	case RF_REC_VIOLATION:
		return feed_violation(iso, rec, size);
	case RF_REC_OUTCOME:
		return feed_outcome(iso, rec, size);
	case RF_REC_SIGNAL:
		return feed_signal(iso, rec, size);
	case RF_REC_ISOLATION:
		return feed_cell(iso, rec, size);
	case RF_REC_EXIT:
		return feed_exit(iso, rec, size);
	case RF_REC_COUNTS:
		return feed_counts(iso, rec, size);
	default:
		return 0;
	}
}

/* ---- the account ---- */

static void close_counted(struct rf_isolation *iso)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (!iso->counted[i])
			continue;
		rf_sat_inc(&iso->booked, iso->pending[i]);
		iso->pending[i] = 0;
		iso->counted[i] = false;
	}
}

void rf_isolation_sweep_end(struct rf_isolation *iso)
{
	close_counted(iso);
}

void rf_isolation_settle(struct rf_isolation *iso)
{
	struct counters *c = &iso->counters;
	uint64_t ended = 0, told;

	iso->counted[0] = iso->counted[1] = true;
	close_counted(iso);
	for (size_t i = 0; i < iso->nr; i++) {
		const struct rf_isolated *p = iso->processes[i];

		rf_sat_inc(&ended, rf_sat_add(rf_sat_add(p->handled, p->killed), p->refused));
	}
	iso->booked = ended;
	iso->open_before = 0;
	c->outcomes = rf_sat_add(ended, c->lost);
	told = rf_sat_add(iso->told, c->lost_events);
	c->seen = told > c->outcomes ? told : c->outcomes;
	c->lost_events = rf_sat_sub(c->seen, iso->told);
}

void rf_isolation_set_skipped(struct rf_isolation *iso, uint64_t violations)
{
	iso->skipped = violations;
}

static uint64_t open_now(const struct rf_isolation *iso)
{
	return rf_sat_sub(rf_sat_add(iso->open_before, iso->counters.seen), iso->counters.outcomes);
}

void rf_isolation_next_interval(struct rf_isolation *iso)
{
	iso->open_before = open_now(iso);
	iso->counters = (struct counters){ 0 };
	iso->told = 0;
	iso->booked = 0;
	iso->skipped_before = iso->skipped;
	clear_processes(iso);
}

void rf_isolation_accounting(const struct rf_isolation *iso, struct rf_isolation_account *acc)
{
	*acc = (struct rf_isolation_account){
		.seen = rf_sat_add(iso->open_before, iso->counters.seen),
		.open = open_now(iso),
		.lost = iso->counters.lost,
		.skipped = iso->skipped - iso->skipped_before,
		.unexplained = (int64_t)(iso->counters.outcomes - iso->counters.lost - iso->booked),
		.told = iso->told,
		.lost_events = iso->counters.lost_events,
		.untold = (int64_t)(iso->counters.seen - iso->told - iso->counters.lost_events),
		.lost_details = iso->counters.lost_details,
	};
	for (size_t i = 0; i < iso->nr; i++) {
		rf_sat_inc(&acc->handled, iso->processes[i]->handled);
		rf_sat_inc(&acc->killed, iso->processes[i]->killed);
		rf_sat_inc(&acc->refused, iso->processes[i]->refused);
	}
}

size_t rf_isolation_nr(const struct rf_isolation *iso)
{
	return iso->nr;
}

const struct rf_isolated *rf_isolation_process(const struct rf_isolation *iso, size_t i)
{
	return i < iso->nr ? iso->processes[i] : NULL;
}

const struct rf_isolated *rf_isolation_find(const struct rf_isolation *iso, uint64_t entity)
{
	return rf_table_get(&iso->by_entity, entity);
}

/* ---- names ---- */

static const char *const outcome_names[] = { "open", "handled", "killed", "refused" };

const char *rf_outcome_name(enum rf_outcome outcome)
{
	return outcome <= RF_OUTCOME_REFUSED ? outcome_names[outcome] : "killed";
}

int rf_outcome_parse(const char *name)
{
	for (int i = RF_OUTCOME_HANDLED; i <= RF_OUTCOME_REFUSED; i++)
		if (!strcmp(outcome_names[i], name))
			return i;
	return -EINVAL;
}

const char *rf_hit_name(enum rf_hit hit)
{
	static const char *const names[RF_HIT_KINDS] = {
		[RF_HIT_UNKNOWN] = "unknown",
		[RF_HIT_STACK] = "stack",
		[RF_HIT_HEAP] = "heap",
		[RF_HIT_ANONYMOUS] = "anonymous",
		[RF_HIT_FILE_PRIVATE] = "file-private",
		[RF_HIT_FILE_SHARED] = "file-shared",
		[RF_HIT_COPY] = "copy-on-write",
	};

	return hit < RF_HIT_KINDS ? names[hit] : "unknown";
}
