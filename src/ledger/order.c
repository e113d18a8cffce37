// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/order.h"

#include <stdlib.h>

#define BYTES_MAX (256u << 20)

/* A batch, or a record of its own. */
struct piece {
	uint64_t time; /* of its first step */
	uint64_t arrival;
	uint32_t lane; /* CPU plus 1; 0: records */
	size_t size;
	void *bytes;
};

/* Pieces that follow each other on one CPU. */
struct lane {
	struct piece *next;
	struct piece *end;
	struct piece *now;
	struct rf_walk walk;
	struct rf_step step;
	uint64_t time; /* of the step that is next */
};

struct rf_order {
	rf_order_handler handler;
	void *ctx;
	struct piece *pieces;
	size_t nr;
	size_t room;
	size_t bytes;
	uint64_t bad;
};

struct rf_order *rf_order_new(rf_order_handler handler, void *ctx)
{
	struct rf_order *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->handler = handler;
	o->ctx = ctx;
	return o;
}

static void drop(struct rf_order *o)
{
	for (size_t i = 0; i < o->nr; i++)
		free(o->pieces[i].bytes);
	o->nr = 0;
	o->bytes = 0;
}

void rf_order_free(struct rf_order *o)
{
	if (!o)
		return;
	drop(o);
	free(o->pieces);
	free(o);
}

uint64_t rf_order_bad(const struct rf_order *o)
{
	return o->bad;
}

static int add(struct rf_order *o, uint32_t lane, uint64_t time, const void *rec, size_t size)
{
	void *copy;

	if (o->bytes > BYTES_MAX) {
		int err = rf_order_tell(o);

		if (err)
			return err;
	}
	if (o->nr == o->room) {
		size_t room = o->room ? o->room * 2 : 256;
		struct piece *pieces = reallocarray(o->pieces, room, sizeof(*pieces));

		if (!pieces)
			return -ENOMEM;
		o->pieces = pieces;
		o->room = room;
	}
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, rec, size);
	o->pieces[o->nr] = (struct piece){
		.time = time, .arrival = o->nr, .lane = lane, .size = size, .bytes = copy
	};
	o->nr++;
	o->bytes += size + sizeof(struct piece);
	return 0;
}

int rf_order_batch(struct rf_order *o, const void *rec, size_t size)
{
	struct rf_batch_head h;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, rec, sizeof(h));
	return add(o, h.cpu == UINT32_MAX ? 1 : h.cpu + 1, h.base_ns, rec, size);
}

int rf_order_record(struct rf_order *o, uint64_t time_ns, const void *rec, size_t size)
{
	return size < sizeof(struct rf_rec) ? -EINVAL : add(o, 0, time_ns, rec, size);
}

static int by_lane(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;

	if (a->lane != b->lane)
		return a->lane < b->lane ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

/* Finds the lane's next step. false: there is none. */
static bool advance(struct rf_order *o, struct lane *l)
{
	for (;;) {
		if (l->now && l->now->lane) {
			int ret = rf_walk_next(&l->walk, &l->step);

			if (ret > 0) {
				l->time = l->step.time;
				return true;
			}
			o->bad += ret < 0;
		}
		l->now = l->next == l->end ? NULL : l->next++;
		if (!l->now)
			return false;
		if (!l->now->lane) {
			l->time = l->now->time;
			return true;
		}
		if (rf_walk_begin(&l->walk, l->now->bytes, l->now->size)) {
			o->bad++;
			l->walk = (struct rf_walk){ 0 };
		}
	}
}

/* Records of their own go before what a CPU tells of the same moment. */
static bool comes_before(const struct lane *a, const struct lane *b)
{
	return a->time != b->time ? a->time < b->time : a->now->lane < b->now->lane;
}

static void sink_down(struct lane **heap, size_t nr, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1;
		struct lane *swap = heap[at];

		if (child < nr && comes_before(heap[child], heap[least]))
			least = child;
		if (child + 1 < nr && comes_before(heap[child + 1], heap[least]))
			least = child + 1;
		if (least == at)
			return;
		heap[at] = heap[least];
		heap[least] = swap;
		at = least;
	}
}

static int tell_one(struct rf_order *o, struct lane *l)
{
	struct rf_moment m = { .time = l->time };

	if (l->now->lane) {
		m.cpu = l->now->lane - 1;
		m.step = &l->step;
		m.process = l->walk.process;
		m.thread = l->walk.thread;
	} else {
		m.rec = l->now->bytes;
		m.size = l->now->size;
	}
	return o->handler(o->ctx, &m);
}

static int tell_lanes(struct rf_order *o, struct lane **heap, size_t nr)
{
	int err = 0;

	for (size_t i = nr / 2; i-- > 0;)
		sink_down(heap, nr, i);
	while (nr && !err) {
		err = tell_one(o, heap[0]);
		if (!advance(o, heap[0]))
			heap[0] = heap[--nr];
		sink_down(heap, nr, 0);
	}
	return err;
}

static size_t count_lanes(const struct rf_order *o)
{
	size_t nr = 0;

	for (size_t i = 0; i < o->nr; i++)
		nr += !i || o->pieces[i].lane != o->pieces[i - 1].lane;
	return nr;
}

int rf_order_tell(struct rf_order *o)
{
	struct lane *lanes, **heap;
	size_t nr, used = 0, waiting = 0;
	int err = -ENOMEM;

	if (!o->nr)
		return 0;
	qsort(o->pieces, o->nr, sizeof(*o->pieces), by_lane);
	nr = count_lanes(o);
	lanes = calloc(nr, sizeof(*lanes));
	heap = calloc(nr, sizeof(struct lane *));
	if (lanes && heap) {
		for (size_t i = 0; i < o->nr; i++) {
			if (!i || o->pieces[i].lane != o->pieces[i - 1].lane)
				lanes[used++].next = &o->pieces[i];
			lanes[used - 1].end = &o->pieces[i + 1];
		}
		for (size_t i = 0; i < nr; i++)
			if (advance(o, &lanes[i]))
				heap[waiting++] = &lanes[i];
		err = tell_lanes(o, heap, waiting);
	}
	free(lanes);
	free(heap);
	drop(o);
	return err;
}
