// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A record is copied, checked as a whole, and only then booked: it may come
 * from a damaged or a hostile recording.
 */
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/isolation.h"
#include "ledger/impl.h"

static bool is_call(uint32_t call)
{
	return RF_CALL_NR(call) <= RF_NR_MAX || RF_CALL_NR(call) == RF_NR_INVALID;
}

/* Whether an entity has been shown to its end and forgotten. */
static bool is_gone(const struct rf_ledger *l, uint64_t entity)
{
	const struct rf_entry *e = rf_table_get(&l->buried, entity);

	return e && e->pub.exited;
}

static bool call_is_sound(const struct rf_call_cell *rec)
{
	uint64_t timed = 0;

	for (uint32_t i = 0; i <= rec->top; i++)
		timed += rec->hist[i];
	if (!rec->rec.entity || !is_call(rec->call) || timed + rec->untimed != rec->rec.count)
		return false;
	return !timed || rec->min_ns <= rec->max_ns;
}

static void add_durations(struct rf_cell *c, const struct rf_call_cell *rec)
{
	rf_sat_inc(&c->untimed, rec->untimed);
	if (rec->untimed == rec->rec.count)
		return;
	if (!c->hist.total || rec->min_ns < c->min_ns)
		c->min_ns = rec->min_ns;
	if (rec->max_ns > c->max_ns)
		c->max_ns = rec->max_ns;
	rf_sat_inc(&c->total_ns, rec->total_ns);
	rf_sat_inc(&c->waiting_ns, rec->waiting_ns);
	for (uint32_t i = 0; i <= rec->top; i++)
		(void)rf_hist_add(&c->hist, i, rec->hist[i]);
}

/* So that add_durations() cannot run out of memory half way. */
static int reserve_hist(struct rf_hist *h, const struct rf_call_cell *rec)
{
	uint32_t first = 0, last = rec->top;

	while (first < last && !rec->hist[first])
		first++;
	while (last > first && !rec->hist[last])
		last--;
	return rec->hist[first] ? rf_hist_reserve(h, first, last, rec->rec.count) : 0;
}

static int feed_call(struct rf_ledger *l, const void *data, size_t size)
{
	struct rf_call_cell rec = { 0 };
	struct rf_entry_cell *c;
	struct rf_entry *e;

	if (size < RF_CALL_REC_SIZE(0))
		return -EINVAL;
	memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
	if (rec.top >= RF_HIST_BUCKETS || size < RF_CALL_REC_SIZE(rec.top))
		return -EINVAL;
	if (!rec.rec.count)
		return 0;
	if (!call_is_sound(&rec))
		return -EINVAL;
	if (rf_is_ahead(l, &rec.rec))
		return rf_put_off(l, data, RF_CALL_REC_SIZE(rec.top));
	e = rf_entry_get(l, rec.rec.entity);
	c = e ? rf_entry_cell(e, rec.call) : NULL;
	if (!c || reserve_hist(&c->pub.hist, &rec))
		return -ENOMEM;
	add_durations(&c->pub, &rec);
	rf_sat_inc(&c->calls.closed, rec.rec.count);
	rf_entry_show_calls(e, c);
	rf_books_cell(&l->books, rec.rec.epoch, rec.rec.count);
	return 0;
}

static bool is_denied(const struct rf_errno_cell *rec)
{
	return rec->flags & RF_ERRNO_REFUSED || rec->err == EPERM || rec->err == EACCES;
}

static bool errno_is_sound(const struct rf_errno_cell *rec)
{
	if (!rec->rec.entity || !is_call(rec->call) || rec->flags & ~RF_ERRNO_REFUSED)
		return false;
	return rec->err <= 4095 && (rec->err || rec->flags & RF_ERRNO_REFUSED);
}

/* The count of rec's kind of failure; NULL when out of memory. */
static struct rf_errno_count *errno_count(struct rf_cell *c, const struct rf_errno_cell *rec)
{
	bool refused = rec->flags & RF_ERRNO_REFUSED;
	struct rf_errno_count *errnos;

	for (size_t i = 0; i < c->nr_errnos; i++) {
		if (c->errnos[i].err == rec->err && c->errnos[i].refused == refused)
			return &c->errnos[i];
	}
	errnos = reallocarray(c->errnos, c->nr_errnos + 1, sizeof(*errnos));
	if (!errnos)
		return NULL;
	c->errnos = errnos;
	errnos[c->nr_errnos] = (struct rf_errno_count){ .err = rec->err, .refused = refused };
	return &errnos[c->nr_errnos++];
}

static int feed_errno(struct rf_ledger *l, const void *data, size_t size)
{
	struct rf_errno_count *count;
	struct rf_errno_cell rec;
	struct rf_entry_cell *c;
	struct rf_entry *e;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	if (!rec.rec.count)
		return 0;
	if (!errno_is_sound(&rec))
		return -EINVAL;
	if (rf_is_ahead(l, &rec.rec))
		return rf_put_off(l, data, sizeof(rec));
	e = rf_entry_get(l, rec.rec.entity);
	c = e ? rf_entry_cell(e, rec.call) : NULL;
	count = c ? errno_count(&c->pub, &rec) : NULL;
	if (!count)
		return -ENOMEM;
	rf_sat_inc(&count->count, rec.rec.count);
	rf_sat_inc(&c->pub.failed, rec.rec.count);
	rf_sat_inc(&e->pub.failed, rec.rec.count);
	if (is_denied(&rec)) {
		rf_sat_inc(&c->pub.denied, rec.rec.count);
		rf_sat_inc(&e->pub.denied, rec.rec.count);
	}
	return 0;
}

static void add_time(struct rf_entry *e, const struct rf_time_cell *rec)
{
	rf_sat_inc(&e->spans[RF_SPAN_USER].closed, rec->user_ns);
	rf_sat_inc(&e->spans[RF_SPAN_KERNEL].closed, rec->kernel_ns);
	rf_sat_inc(&e->spans[RF_SPAN_WAITING].closed, rec->waiting_ns);
	rf_sat_inc(&e->spans[RF_SPAN_FAULT].closed, rec->fault_ns);
	rf_entry_show_times(e);
}

static bool has_faults(const struct rf_time_cell *rec)
{
	return rec->faults_user || rec->faults_kernel || rec->faults_minor || rec->faults_major;
}

/* The last moments of a process that is already forgotten: no row is worth them. */
static void add_late_time(struct rf_ledger *l, struct rf_entry *e, const struct rf_time_cell *rec)
{
	struct rf_times before = e->pub.time;

	add_time(e, rec);
	rf_sat_inc(&l->late.user, e->pub.time.user - before.user);
	rf_sat_inc(&l->late.kernel, e->pub.time.kernel - before.kernel);
	rf_sat_inc(&l->late.waiting, e->pub.time.waiting - before.waiting);
}

static int feed_time(struct rf_ledger *l, const void *data, size_t size)
{
	struct rf_time_cell rec;
	struct rf_entry *e;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	if (!has_faults(&rec) && !rec.user_ns && !rec.kernel_ns && !rec.waiting_ns && !rec.fault_ns)
		return 0;
	if (!rec.rec.entity)
		return -EINVAL;
	if (rf_is_ahead(l, &rec.rec))
		return rf_put_off(l, data, sizeof(rec));
	e = has_faults(&rec) ? NULL : rf_table_get(&l->buried, rec.rec.entity);
	if (e) {
		add_late_time(l, e, &rec);
		return 0;
	}
	e = rf_entry_get(l, rec.rec.entity);
	if (!e)
		return -ENOMEM;
	add_time(e, &rec);
	rf_sat_inc(&e->pub.faults.user, rec.faults_user);
	rf_sat_inc(&e->pub.faults.kernel, rec.faults_kernel);
	rf_sat_inc(&e->pub.faults.minor, rec.faults_minor);
	rf_sat_inc(&e->pub.faults.major, rec.faults_major);
	rf_books_cell(&l->books, rec.rec.epoch, (uint64_t)rec.faults_user + rec.faults_kernel);
	return 0;
}

static int book_fork(struct rf_ledger *l, struct rf_entry *e, const struct rf_process_rec *rec)
{
	/* a further thread of a process that is an entity as a whole */
	if (rec->tid != rec->tgid && !rf_is_thread(rec->rec.entity, rec->tgid, rec->tid))
		return 0;
	return rf_entry_inherit_exe(l, e);
}

static int book_exec(struct rf_entry *e, const struct rf_process_rec *rec)
{
	int err;

	if (!rec->path[0] || (e->exec_ns && rec->time_ns <= e->exec_ns))
		return 0;
	err = rf_entry_set_exe(e, rec->path);
	if (!err)
		e->exec_ns = rec->time_ns;
	return err;
}

static int book_exit(struct rf_ledger *l, struct rf_entry *e, const struct rf_process_rec *rec)
{
	rf_entry_exit(l, e, rec->rec.count);
	e->pub.kernel_minflt = rec->minflt;
	e->pub.kernel_majflt = rec->majflt;
	return 0;
}

static bool process_is_sound(const struct rf_process_rec *rec, size_t size)
{
	if (!rec->rec.entity)
		return false;
	if (rec->rec.type != RF_REC_EXEC)
		return true;
	if (size > sizeof(*rec))
		size = sizeof(*rec);
	return memchr(rec->path, '\0', size - RF_PROCESS_REC_SIZE);
}

static int feed_process(struct rf_ledger *l, const void *data, size_t size)
{
	struct rf_process_rec rec = { 0 };
	struct rf_identity id;
	struct rf_entry *e;

	if (size < RF_PROCESS_REC_SIZE)
		return -EINVAL;
	memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
	if (!process_is_sound(&rec, size))
		return -EINVAL;
	if (is_gone(l, rec.rec.entity))
		return 0;
	/* it ends after this interval; who it is may be known at once */
	if (rec.rec.type == RF_REC_EXIT && rf_is_ahead(l, &rec.rec))
		return rf_put_off(l, data, RF_PROCESS_REC_SIZE);
	e = rf_entry_get(l, rec.rec.entity);
	if (!e)
		return -ENOMEM;
	id = (struct rf_identity){
		.entity = rec.rec.entity,
		.time_ns = rec.time_ns,
		.start_ns = rec.start_ns,
		.cgroup = rec.cgroup,
		.tgid = rec.tgid,
		.tid = rec.tid,
		.ppid = rec.ppid,
		.uid = rec.uid,
		.comm = rec.comm,
		.own_comm = rec.rec.type != RF_REC_FORK || rec.tid == rec.tgid ||
		            rf_is_thread(rec.rec.entity, rec.tgid, rec.tid),
	};
	rf_entry_identify(l, e, &id);
	if (rec.rec.type == RF_REC_FORK)
		return book_fork(l, e, &rec);
	return rec.rec.type == RF_REC_EXEC ? book_exec(e, &rec) : book_exit(l, e, &rec);
}

static bool thread_is_sound(const struct rf_thread_rec *rec)
{
	if (!rec->rec.entity || rec->rec.count > 1)
		return false;
	return !rec->rec.count || (rec->flags & RF_T_IN_CALL && is_call(rec->call));
}

/* A thread that ended while the programs were frozen leaves its open call and no more. */
static bool tells_who(const struct rf_thread_rec *rec)
{
	return rec->comm[0] || rec->leader_comm[0] || rec->ppid || rec->cgroup;
}

static void identify_by_thread(struct rf_ledger *l, struct rf_entry *e,
                               const struct rf_thread_rec *rec)
{
	struct rf_identity id = {
		.entity = rec->rec.entity,
		.time_ns = rec->time_ns,
		.start_ns = rec->start_ns,
		.cgroup = rec->cgroup,
		.tgid = rec->tgid,
		.tid = rec->tid,
		.ppid = rec->ppid,
		.uid = rec->uid,
		.own_comm = true,
	};

	/* a zombie tells nothing that its EXIT did not */
	if (!tells_who(rec) || (e->pub.exited && e->pub.known))
		return;
	id.comm = rf_is_thread(id.entity, id.tgid, id.tid) ? rec->comm : rec->leader_comm;
	rf_entry_identify(l, e, &id);
}

static int feed_thread(struct rf_ledger *l, const void *data, size_t size)
{
	struct rf_thread_rec rec;
	struct rf_entry *e;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	if (!thread_is_sound(&rec))
		return -EINVAL;
	/* A zombie that nobody waits for is found by every sweep for as long as it lies there; it
	 * must not bring back its process, nor make one. */
	if (!rec.rec.count && !rf_table_get(&l->by_entity, rec.rec.entity) &&
	    (rec.flags & RF_T_EXITING || is_gone(l, rec.rec.entity)))
		return 0;
	e = rf_entry_get(l, rec.rec.entity);
	if (!e)
		return -ENOMEM;
	identify_by_thread(l, e, &rec);
	return rf_sweep_found(l, e, &rec);
}

static int feed_counts(struct rf_ledger *l, const void *data, size_t size)
{
	struct rf_counts_rec rec;

	if (size < sizeof(rec))
		return -EINVAL;
	memcpy(&rec, data, sizeof(rec));
	if (rec.rec.entity)
		return -EINVAL;
	rf_books_count(&l->books, rec.rec.epoch, &rec.counts);
	return 0;
}

int rf_ledger_feed(struct rf_ledger *l, const void *rec, size_t size)
{
	struct rf_rec head;

	if (size < sizeof(head))
		return -EINVAL;
	memcpy(&head, rec, sizeof(head));
	switch (head.type) {
	case RF_REC_CALL:
		return feed_call(l, rec, size);
	case RF_REC_ERRNO:
		return feed_errno(l, rec, size);
	case RF_REC_TIME:
		return feed_time(l, rec, size);
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_EXIT:
		return feed_process(l, rec, size);
	case RF_REC_THREAD:
		return feed_thread(l, rec, size);
	case RF_REC_COUNTS:
		return feed_counts(l, rec, size);
	case RF_REC_VIOLATION:
	case RF_REC_OUTCOME:
	case RF_REC_SIGNAL:
	case RF_REC_ISOLATION:
		return 0; /* another book's: isolation.h */
	default:
		return -EINVAL;
	}
}
