/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host made of records for the tests of `ringfence top`: threads are entities, intervals last a
 * second, and what a test feeds ends up in the model as it does from a live probe.
 */
#ifndef RF_TESTS_TOP_FEED_H
#define RF_TESTS_TOP_FEED_H

#include <locale.h>
#include <stdio.h>

#include "ledger_feed.h"
#include "views/canvas.h"
#include "views/top_model.h"

#define SECOND 1000000000ULL
#define BORN (1ULL << 20)

struct host {
	struct rf_ledger *ledger;
	struct rf_top_taker *taker;
	struct rf_isolation *iso; /* NULL: violations are not watched */
	struct rf_top model;
	uint64_t now;
};

static inline int new_host(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	if (!h || !setlocale(LC_CTYPE, "C.UTF-8"))
		return -1;
	h->ledger = rf_ledger_new();
	h->taker = rf_top_taker_new(NULL, NULL, "");
	h->now = 100 * SECOND;
	rf_ledger_start(h->ledger, h->now);
	rf_top_init(&h->model, SECOND);
	*state = h;
	return h->ledger && h->taker ? 0 : -1;
}

static inline int free_host(void **state)
{
	struct host *h = *state;

	rf_top_clear(&h->model);
	rf_top_taker_free(h->taker);
	rf_ledger_free(h->ledger);
	rf_isolation_free(h->iso);
	free(h);
	return 0;
}

#define host_test(f) cmocka_unit_test_setup_teardown(f, new_host, free_host)

static inline void begin_sweep(struct host *h)
{
	rf_top_taker_begin(h->taker);
	assert_int_equal(rf_ledger_sweep_begin(h->ledger), 0);
}

/* As in the kernel, a full one has no end. */
static inline void set_name(char *to, const char *from)
{
	memset(to, 0, RF_COMM_LEN);
	for (size_t i = 0; i < RF_COMM_LEN && from[i]; i++)
		to[i] = from[i];
}

/* A thread as the sweep finds it; the caller changes what it wants otherwise. */
static inline struct rf_thread_rec thread_of(struct host *h, uint32_t pid, uint32_t tid,
                                             const char *comm, const char *leader)
{
	struct rf_thread_rec t = thread_rec(tid, tid, BORN, h->now);

	t.tgid = pid;
	set_name(t.comm, comm);
	set_name(t.leader_comm, leader);
	return t;
}

static inline void feed_found(struct host *h, const struct rf_thread_rec *t)
{
	feed_thread_rec(h->ledger, t);
	assert_int_equal(rf_top_taker_feed(h->taker, t, sizeof(*t)), 0);
}

static inline void find(struct host *h, uint32_t pid, uint32_t tid, const char *comm,
                        const char *leader)
{
	struct rf_thread_rec t = thread_of(h, pid, tid, comm, leader);

	feed_found(h, &t);
}

/* A process of one thread. */
static inline void find_one(struct host *h, uint32_t pid, const char *comm)
{
	find(h, pid, pid, comm, comm);
}

static inline void make_calls(struct host *h, uint32_t tid, uint32_t nr, uint64_t ns, uint32_t n)
{
	feed_calls(h->ledger, entity_of(tid, BORN), X86(nr), ns, n);
}

/* Ends the sweep and the interval; what it was is the caller's. */
static inline struct rf_top_snapshot *take(struct host *h)
{
	struct rf_top_moment moment = { .cpus = 4 };
	struct rf_top_snapshot *s;

	h->now += SECOND;
	moment.now_ns = h->now;
	assert_int_equal(rf_ledger_sweep_end(h->ledger, h->now, false), 0);
	if (h->iso)
		rf_isolation_sweep_end(h->iso);
	s = rf_top_take(h->taker, h->ledger, h->iso, &moment);
	assert_non_null(s);
	rf_ledger_next_interval(h->ledger, h->now);
	if (h->iso)
		rf_isolation_next_interval(h->iso);
	return s;
}

/* The same, and it is shown. */
static inline void tick(struct host *h)
{
	assert_int_equal(rf_top_show(&h->model, take(h)), 0);
}

static inline enum rf_top_action press(struct host *h, uint32_t key)
{
	return rf_top_key(&h->model, key);
}

static inline void type(struct host *h, const char *text)
{
	for (; *text; text++)
		press(h, (unsigned char)*text);
}

/* The names of all rows, top down, a blank after each. */
static inline const char *names(const struct host *h)
{
	static char all[4096];

	all[0] = '\0';
	for (size_t i = 0; i < h->model.nr_rows; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ",
		         h->model.rows[i]->sum.comm);
	return all;
}

static inline const char *current(const struct host *h)
{
	const struct rf_top_row *row = rf_top_current(&h->model);

	return row ? row->sum.comm : "(none)";
}

/* The screen as text. */
static inline char *screen(struct host *h, int width, int height, bool utf8)
{
	struct rf_canvas c;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	rf_top_resize(&h->model, width, height);
	assert_int_equal(rf_canvas_init(&c, width, height, utf8), 0);
	rf_top_draw(&h->model, &c);
	rf_canvas_print(&c, out);
	rf_canvas_free(&c);
	fclose(out);
	return text;
}

#endif
