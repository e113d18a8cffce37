// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel side's records as bytes of the file, and back. The file's layout is its own, so that
 * neither a field that is added to a record nor the host's byte order changes what was recorded:
 * fields are appended, and those that an older file lacks are zero.
 */
#include <errno.h>
#include <linux/types.h>

#include "bpf/records.h"
#include "bpf/stream.h"
#include "recording/format.h"

/* Types of fault isolation and whatever comes below the stream's: kept as they are. */
#define IS_OPAQUE(type) ((type) >= 16 && (type) < 32)

struct out {
	unsigned char *p;
	unsigned char *end;
	bool full;
};

static void o_bytes(struct out *o, const void *bytes, size_t n)
{
	if ((size_t)(o->end - o->p) < n) {
		o->full = true;
		return;
	}
	memcpy(o->p, bytes, n);
	o->p += n;
}

static void o16(struct out *o, uint16_t v)
{
	unsigned char b[2];

	rf_put16(b, v);
	o_bytes(o, b, sizeof(b));
}

static void o32(struct out *o, uint32_t v)
{
	unsigned char b[4];

	rf_put32(b, v);
	o_bytes(o, b, sizeof(b));
}

static void o64(struct out *o, uint64_t v)
{
	unsigned char b[8];

	rf_put64(b, v);
	o_bytes(o, b, sizeof(b));
}

struct in {
	const unsigned char *p;
	size_t left;
};

static void i_bytes(struct in *i, void *bytes, size_t n)
{
	size_t have = i->left < n ? i->left : n;

	memcpy(bytes, i->p, have);
	memset((char *)bytes + have, 0, n - have);
	i->p += have;
	i->left -= have;
}

static uint16_t i16(struct in *i)
{
	unsigned char b[2];

	i_bytes(i, b, sizeof(b));
	return rf_get16(b);
}

static uint32_t i32(struct in *i)
{
	unsigned char b[4];

	i_bytes(i, b, sizeof(b));
	return rf_get32(b);
}

static uint64_t i64(struct in *i)
{
	unsigned char b[8];

	i_bytes(i, b, sizeof(b));
	return rf_get64(b);
}

static int put_process(struct out *o, const void *data, size_t size)
{
	struct rf_process_rec r = { 0 };
	size_t len;

	if (size < RF_PROCESS_REC_SIZE)
		return -EINVAL;
	memcpy(&r, data, size < sizeof(r) ? size : sizeof(r));
	len = r.rec.type == RF_REC_EXEC ? strnlen(r.path, RF_PATH_LEN - 1) : 0;
	o64(o, r.rec.entity);
	o32(o, r.rec.count);
	o64(o, r.time_ns);
	o64(o, r.start_ns);
	o64(o, r.cgroup);
	o64(o, r.minflt);
	o64(o, r.majflt);
	o32(o, r.tgid);
	o32(o, r.tid);
	o32(o, r.ppid);
	o32(o, r.uid);
	o_bytes(o, r.comm, RF_COMM_LEN);
	o16(o, (uint16_t)len);
	o_bytes(o, r.path, len);
	return 0;
}

static long get_process(struct in *i, struct rf_process_rec *r)
{
	size_t len;

	r->rec.entity = i64(i);
	r->rec.count = i32(i);
	r->time_ns = i64(i);
	r->start_ns = i64(i);
	r->cgroup = i64(i);
	r->minflt = i64(i);
	r->majflt = i64(i);
	r->tgid = i32(i);
	r->tid = i32(i);
	r->ppid = i32(i);
	r->uid = i32(i);
	i_bytes(i, r->comm, RF_COMM_LEN);
	len = i16(i);
	if (len >= RF_PATH_LEN || len > i->left)
		return -EINVAL;
	i_bytes(i, r->path, len);
	return r->rec.type == RF_REC_EXEC ? (long)(RF_PROCESS_REC_SIZE + len + 1) :
	                                    (long)RF_PROCESS_REC_SIZE;
}

static int put_thread(struct out *o, const void *data, size_t size)
{
	struct rf_thread_rec r;

	if (size < sizeof(r))
		return -EINVAL;
	memcpy(&r, data, sizeof(r));
	o64(o, r.rec.entity);
	o32(o, r.rec.count);
	o64(o, r.time_ns);
	o64(o, r.since_ns);
	o64(o, r.call_start_ns);
	o64(o, r.user_ns);
	o64(o, r.kernel_ns);
	o64(o, r.waiting_ns);
	o64(o, r.start_ns);
	o64(o, r.cgroup);
	o64(o, r.thread_start_ns);
	o32(o, r.tgid);
	o32(o, r.tid);
	o32(o, r.ppid);
	o32(o, r.uid);
	o32(o, r.call);
	o32(o, r.flags);
	o_bytes(o, r.comm, RF_COMM_LEN);
	o_bytes(o, r.leader_comm, RF_COMM_LEN);
	return 0;
}

static long get_thread(struct in *i, struct rf_thread_rec *r)
{
	r->rec.entity = i64(i);
	r->rec.count = i32(i);
	r->time_ns = i64(i);
	r->since_ns = i64(i);
	r->call_start_ns = i64(i);
	r->user_ns = i64(i);
	r->kernel_ns = i64(i);
	r->waiting_ns = i64(i);
	r->start_ns = i64(i);
	r->cgroup = i64(i);
	r->thread_start_ns = i64(i);
	r->tgid = i32(i);
	r->tid = i32(i);
	r->ppid = i32(i);
	r->uid = i32(i);
	r->call = i32(i);
	r->flags = i32(i);
	i_bytes(i, r->comm, RF_COMM_LEN);
	i_bytes(i, r->leader_comm, RF_COMM_LEN);
	return sizeof(*r);
}

static int put_counts(struct out *o, const void *data, size_t size)
{
	struct rf_counts_rec r;

	if (size < sizeof(r))
		return -EINVAL;
	memcpy(&r, data, sizeof(r));
	o32(o, r.rec.count);
	o64(o, r.counts.entered);
	o64(o, r.counts.refused);
	o64(o, r.counts.finished);
	o64(o, r.counts.faults_user);
	o64(o, r.counts.faults_kernel);
	o64(o, r.counts.lost_errnos);
	o64(o, r.counts.lost_records);
	o64(o, r.counts.evicted);
	o32(o, RF_LOST_KINDS);
	for (unsigned int kind = 0; kind < RF_LOST_KINDS; kind++)
		o64(o, r.counts.lost[kind]);
	/* since 1.1 */
	o64(o, r.counts.violations);
	o64(o, r.counts.outcomes);
	o64(o, r.counts.lost_outcomes);
	o64(o, r.counts.lost_events);
	o64(o, r.counts.lost_details);
	return 0;
}

static long get_counts(struct in *i, struct rf_counts_rec *r)
{
	uint32_t kinds;

	r->rec.count = i32(i);
	r->counts.entered = i64(i);
	r->counts.refused = i64(i);
	r->counts.finished = i64(i);
	r->counts.faults_user = i64(i);
	r->counts.faults_kernel = i64(i);
	r->counts.lost_errnos = i64(i);
	r->counts.lost_records = i64(i);
	r->counts.evicted = i64(i);
	kinds = i32(i);
	if (kinds > i->left / 8)
		return -EINVAL;
	for (uint32_t kind = 0; kind < kinds; kind++) {
		uint64_t lost = i64(i);

		/* a kind of a later version: lost all the same */
		r->counts.lost[kind < RF_LOST_KINDS ? kind : RF_LOST_STATE] += lost;
	}
	r->counts.violations = i64(i);
	r->counts.outcomes = i64(i);
	r->counts.lost_outcomes = i64(i);
	r->counts.lost_events = (uint32_t)i64(i);
	r->counts.lost_details = (uint32_t)i64(i);
	return sizeof(*r);
}

static int put_batch(struct out *o, const void *data, size_t size)
{
	const unsigned char *words = (const unsigned char *)data + sizeof(struct rf_batch_head);
	struct rf_batch_head h;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, data, sizeof(h));
	if (h.rec.count > RF_BATCH_WORDS || size < RF_BATCH_REC_SIZE(h.rec.count))
		return -EINVAL;
	o64(o, h.base_ns);
	o64(o, h.last_ns);
	o32(o, h.cpu);
	o32(o, h.abi);
	o32(o, h.calls);
	o32(o, h.faults);
	o64(o, h.lost_from_ns);
	o64(o, h.lost_to_ns);
	o32(o, h.lost_calls);
	o32(o, h.lost_faults);
	o32(o, h.rec.count);
	/* a word is host-endian on the host that made it */
	for (uint32_t n = 0; n < h.rec.count; n++) {
		uint64_t word;

		memcpy(&word, words + n * sizeof(word), sizeof(word));
		o64(o, word);
	}
	return 0;
}

/* The words stay little-endian: that is how they are walked through. */
static long get_batch(struct in *i, struct rf_batch_head *h, size_t room)
{
	h->base_ns = i64(i);
	h->last_ns = i64(i);
	h->cpu = i32(i);
	h->abi = i32(i);
	h->calls = i32(i);
	h->faults = i32(i);
	h->lost_from_ns = i64(i);
	h->lost_to_ns = i64(i);
	h->lost_calls = i32(i);
	h->lost_faults = i32(i);
	h->rec.count = i32(i);
	if (h->rec.count > RF_BATCH_WORDS || h->rec.count > i->left / sizeof(uint64_t) ||
	    RF_BATCH_REC_SIZE(h->rec.count) > room)
		return -EINVAL;
	memcpy(h + 1, i->p, h->rec.count * sizeof(uint64_t));
	return (long)RF_BATCH_REC_SIZE(h->rec.count);
}

static int put_payload(struct out *o, uint16_t type, const void *rec, size_t size)
{
	switch (type) {
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_EXIT:
	case RF_REC_THREAD_BORN:
	case RF_REC_THREAD_ENDED:
		return put_process(o, rec, size);
	case RF_REC_THREAD:
		return put_thread(o, rec, size);
	case RF_REC_COUNTS:
		return put_counts(o, rec, size);
	case RF_REC_BATCH:
		return put_batch(o, rec, size);
	default:
		o_bytes(o, rec, size);
		return 0;
	}
}

static bool is_kept(uint16_t type)
{
	return IS_OPAQUE(type) || (type >= RF_REC_FORK && type <= RF_REC_COUNTS) ||
	       type == RF_REC_BATCH || type == RF_REC_THREAD_BORN || type == RF_REC_THREAD_ENDED;
}

long rf_record_put(unsigned char *out, size_t room, const void *rec, size_t size)
{
	struct out o = { out + RF_RECORD_HEADER, out + room, room < RF_RECORD_HEADER };
	struct rf_rec head;
	int err;

	if (size < sizeof(head) || o.full)
		return -EINVAL;
	memcpy(&head, rec, sizeof(head));
	if (!is_kept(head.type))
		return 0;
	err = put_payload(&o, head.type, rec, size);
	if (err || o.full)
		return -EINVAL;
	rf_put16(out, head.type);
	rf_put16(out + 2, head.epoch);
	rf_put32(out + 4, (uint32_t)(o.p - out - RF_RECORD_HEADER));
	return o.p - out;
}

static long get_opaque(void *rec, size_t room, uint16_t type, const unsigned char *in, size_t size)
{
	struct rf_rec *head = rec;

	if (size > room || size < sizeof(*head))
		return -EINVAL;
	memcpy(rec, in, size);
	head->type = type;
	return (long)size;
}

long rf_record_get(void *rec, size_t room, uint16_t type, uint16_t epoch, const unsigned char *in,
                   size_t size)
{
	struct in i = { in, size };
	struct rf_rec *head = rec;

	if (room < RF_RECORD_ROOM)
		return -EINVAL;
	if (IS_OPAQUE(type))
		return get_opaque(rec, room, type, in, size);
	if (!is_kept(type))
		return 0;
	memset(rec, 0, sizeof(struct rf_process_rec) + sizeof(struct rf_counts_rec));
	head->type = type;
	head->epoch = epoch;
	if (type == RF_REC_THREAD)
		return get_thread(&i, rec);
	if (type == RF_REC_COUNTS)
		return get_counts(&i, rec);
	if (type == RF_REC_BATCH)
		return get_batch(&i, rec, room);
	return get_process(&i, rec);
}
