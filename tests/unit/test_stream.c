// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stream's words, one kind after the other, against what they have to mean; and what the fold
 * and the order make of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/types.h>

#include "ledger/fold.h"
#include "ledger/ledger.h"
#include "ledger/order.h"
#include "ledger/walk.h"

#define BASE UINT64_C(1000000)
#define PROCESS RF_ENTITY(100, 5000000)
#define THREAD RF_ENTITY(101, 6000000)
#define OTHER RF_ENTITY(200, 7000000)

struct batch {
	struct rf_batch_head head;
	uint64_t words[RF_BATCH_WORDS];
};

static struct batch batch(void)
{
	return (struct batch){ .head = { .rec = { .type = RF_REC_BATCH }, .base_ns = BASE } };
}

static void put(struct batch *b, uint64_t word)
{
	b->words[b->head.rec.count++] = htole64(word);
}

static void put_intro(struct batch *b, unsigned int slot, uint32_t flags, uint64_t delta,
                      uint64_t process, uint64_t thread, uint64_t waited, uint32_t state)
{
	put(b, RF_WORD_INTRO | (uint64_t)slot << 4 | (uint64_t)flags << 10 | delta << 13);
	put(b, process);
	put(b, thread);
	put(b, waited);
	put(b, (uint64_t)state << 32);
}

static void put_call(struct batch *b, uint64_t nr, int64_t result, uint64_t delta, uint64_t ns)
{
	put(b, RF_WORD_CALL | nr << 4 | (uint64_t)(result + RF_RESULT_BIAS) << 14 | delta << 30 |
	               ns << 47);
	b->head.calls++;
}

static struct rf_walk begin(const struct batch *b)
{
	struct rf_walk w;

	assert_int_equal(rf_walk_begin(&w, b, RF_BATCH_REC_SIZE(b->head.rec.count)), 0);
	return w;
}

static void next(struct rf_walk *w, struct rf_step *s, enum rf_step_kind kind)
{
	assert_int_equal(rf_walk_next(w, s), 1);
	assert_int_equal(s->kind, kind);
}

static void assert_span(const struct rf_step *s, unsigned int i, enum rf_step_side side,
                        uint64_t begin, uint64_t end)
{
	assert_true(i < s->nr_spans);
	assert_int_equal(s->spans[i].side, side);
	assert_int_equal(s->spans[i].begin, begin);
	assert_int_equal(s->spans[i].end, end);
}

static void a_call_in_one_word(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	put_intro(&b, 3, 0, 0, PROCESS, THREAD, 700, 0);
	put_call(&b, 39, -2, 500, 200);
	w = begin(&b);
	next(&w, &s, RF_STEP_IN);
	assert_int_equal(s.time, BASE);
	assert_int_equal(s.waited, 700);
	assert_int_equal(s.process, 0);
	assert_int_equal(w.process, PROCESS);
	next(&w, &s, RF_STEP_CALL);
	assert_int_equal(s.process, PROCESS);
	assert_int_equal(s.thread, THREAD);
	assert_int_equal(s.call, RF_CALL(0, 39));
	assert_int_equal(s.result, -2);
	assert_int_equal(s.start, BASE + 300);
	assert_int_equal(s.time, BASE + 500);
	assert_int_equal(s.nr_spans, 2);
	assert_span(&s, 0, RF_SIDE_OF_USER, BASE, BASE + 300);
	assert_span(&s, 1, RF_SIDE_OF_KERNEL, BASE + 300, BASE + 500);
	assert_int_equal(rf_walk_next(&w, &s), 0);
}

static void calls_in_two_and_four_words(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	put_intro(&b, 0, 0, 0, PROCESS, THREAD, 0, 0);
	put(&b, RF_WORD_CALL_WIDE | RF_NR_WIDE_INVALID << 4 | 1ull << 15 | 1000ull << 21);
	put(&b, 100 | (uint64_t)(uint32_t)-38 << 32);
	put(&b, RF_WORD_CALL_FULL | 9ull << 4 | 1000ull << 21);
	put(&b, 900);
	put(&b, 0x7f0000001000);
	put(&b, 850);
	put(&b,
	    RF_WORD_CALL_WAIT | 0ull << 4 | (uint64_t)(7 + RF_RESULT_BIAS) << 14 | 5000ull << 30);
	put(&b, 4000 | 3000ull << 32);
	b.head.calls = 3;
	w = begin(&b);
	next(&w, &s, RF_STEP_IN);
	next(&w, &s, RF_STEP_CALL);
	assert_int_equal(s.call, RF_CALL(1, RF_NR_INVALID));
	assert_int_equal(s.result, -38);
	assert_int_equal(s.start, BASE + 900);
	next(&w, &s, RF_STEP_CALL);
	assert_int_equal(s.call, RF_CALL(0, 9));
	assert_int_equal(s.result, 0x7f0000001000);
	assert_int_equal(s.waiting, 850);
	assert_int_equal(s.start, BASE + 1100);
	next(&w, &s, RF_STEP_CALL);
	assert_int_equal(s.result, 7);
	assert_int_equal(s.waiting, 3000);
	assert_int_equal(s.time, BASE + 7000);
	assert_int_equal(s.start, BASE + 3000);
	assert_int_equal(rf_walk_next(&w, &s), 0);
}

/* Into a call, off the CPU inside it, back, and out of it. */
static void a_call_that_waits(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	put_intro(&b, 1, 0, 0, PROCESS, THREAD, 0, 0);
	put(&b, RF_WORD_OUT_CALL | 230ull << 4 | 100ull << 14 | 50ull << 39);
	put(&b, RF_WORD_IN | 1ull << 4 | (uint64_t)RF_SWITCH_IN_CALL << 10 | 2000ull << 13 |
	                2000ull << 32);
	put(&b, RF_WORD_CALL_SHORT | 230ull << 4 | (uint64_t)RF_RESULT_BIAS << 14 | 30ull << 30 |
	                80ull << 45);
	b.head.calls = 1;
	w = begin(&b);
	next(&w, &s, RF_STEP_IN);
	next(&w, &s, RF_STEP_OUT);
	assert_true(s.entered);
	assert_int_equal(s.start, BASE + 100);
	assert_int_equal(s.time, BASE + 150);
	assert_span(&s, 0, RF_SIDE_OF_USER, BASE, BASE + 100);
	assert_span(&s, 1, RF_SIDE_OF_KERNEL, BASE + 100, BASE + 150);
	assert_int_equal(w.process, 0);
	next(&w, &s, RF_STEP_IN);
	assert_int_equal(s.waited, 2000);
	assert_int_equal(s.nr_spans, 0);
	next(&w, &s, RF_STEP_CALL);
	assert_int_equal(s.waiting, 2000);
	assert_int_equal(s.start, BASE + 100);
	assert_int_equal(s.time, BASE + 2180);
	assert_int_equal(s.nr_spans, 1);
	assert_span(&s, 0, RF_SIDE_OF_KERNEL, BASE + 2150, BASE + 2180);
	assert_int_equal(rf_walk_next(&w, &s), 0);
}

static void faults(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	put_intro(&b, 0, 0, 0, PROCESS, THREAD, 0, 0);
	put(&b, RF_WORD_FAULT | 1ull << 4 | 2ull << 5 | (uint64_t)RF_SOLVED_MINOR << 10 |
	                40ull << 12 | 60ull << 36);
	put(&b, 0xdead000);
	put(&b, RF_WORD_FAULT | 1ull << 4 | 10ull << 12);
	put(&b, 0xbeef000);
	put(&b, RF_WORD_EVENT | (uint64_t)RF_STREAM_SIGNAL << 4 | (11ull | 1ull << 7) << 8 |
	                5ull << 24);
	put(&b, RF_WORD_FAULT | 1ull << 4 | 10ull << 12);
	put(&b, 0x1000);
	put(&b, RF_WORD_EVENT | (uint64_t)RF_STREAM_SOLVED << 4 |
	                (uint64_t)(RF_SOLVED_MAJOR | RF_SOLVED_USER) << 8 | 900ull << 24);
	b.head.faults = 3;
	w = begin(&b);
	next(&w, &s, RF_STEP_IN);
	next(&w, &s, RF_STEP_FAULT);
	assert_int_equal(s.address, 0xdead000);
	assert_int_equal(s.code, 2);
	assert_true(s.user);
	assert_int_equal(s.solved, RF_SOLVED_MINOR);
	assert_int_equal(s.handling, 60);
	assert_span(&s, 0, RF_SIDE_OF_USER, BASE, BASE + 40);
	assert_span(&s, 1, RF_SIDE_OF_FAULT, BASE + 40, BASE + 100);
	next(&w, &s, RF_STEP_FAULT);
	assert_int_equal(s.solved, RF_SOLVED_NOT);
	assert_int_equal(s.time, BASE + 110);
	next(&w, &s, RF_STEP_SIGNAL);
	assert_int_equal(s.signal, 11);
	assert_int_equal((int)s.code, 1);
	assert_span(&s, 0, RF_SIDE_OF_KERNEL, BASE + 110, BASE + 115);
	next(&w, &s, RF_STEP_FAULT);
	assert_span(&s, 0, RF_SIDE_OF_USER, BASE + 115, BASE + 125);
	next(&w, &s, RF_STEP_SOLVED);
	assert_int_equal(s.solved, RF_SOLVED_MAJOR);
	assert_span(&s, 0, RF_SIDE_OF_FAULT, BASE + 125, BASE + 1025);
	assert_int_equal(rf_walk_next(&w, &s), 0);
}

static void threads_that_were_seen_nowhere(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	/* in a call, and gone without a switch: it waits, as its next IN will say */
	put_intro(&b, 0, RF_SWITCH_IN_CALL, 0, PROCESS, THREAD, 0, RF_T_IN_CALL);
	put_intro(&b, 1, RF_SWITCH_DISPLACED, 500, OTHER, OTHER, 0, 0);
	/* computing: until now */
	put_intro(&b, 2, RF_SWITCH_DISPLACED, 500, PROCESS, THREAD, 0, 0);
	/* it runs on elsewhere */
	put(&b, RF_WORD_OUT | (uint64_t)RF_SWITCH_STOLEN << 4 | 100ull << 7);
	w = begin(&b);
	next(&w, &s, RF_STEP_RAN_ON);
	next(&w, &s, RF_STEP_IN);
	assert_int_equal(s.nr_spans, 0);
	next(&w, &s, RF_STEP_IN);
	assert_int_equal(s.process, OTHER);
	assert_span(&s, 0, RF_SIDE_OF_USER, BASE + 500, BASE + 1000);
	next(&w, &s, RF_STEP_OUT);
	assert_int_equal(s.nr_spans, 0);
	assert_int_equal(rf_walk_next(&w, &s), 0);
}

static void what_fits_no_field(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	put_intro(&b, 0, 0, 0, PROCESS, THREAD, 0, 0);
	put(&b, RF_WORD_TIME | UINT64_C(10000000000) << 4);
	put(&b, RF_WORD_HIDDEN | 4000ull << 4);
	put_call(&b, 1, 0, 0, 100);
	w = begin(&b);
	next(&w, &s, RF_STEP_IN);
	next(&w, &s, RF_STEP_CALL);
	assert_int_equal(s.time, BASE + 10000000000);
	assert_span(&s, 0, RF_SIDE_OF_KERNEL, BASE, BASE + 4000);
	assert_span(&s, 1, RF_SIDE_OF_USER, BASE + 4000, BASE + 10000000000 - 100);
}

static void what_no_batch_has(void **state)
{
	struct batch b = batch();
	struct rf_walk w;
	struct rf_step s;

	/* a call of nobody */
	put_call(&b, 1, 0, 100, 50);
	w = begin(&b);
	assert_int_equal(rf_walk_next(&w, &s), -EINVAL);
	/* a slot that was not introduced */
	b = batch();
	put(&b, RF_WORD_IN | 5ull << 4);
	w = begin(&b);
	assert_int_equal(rf_walk_next(&w, &s), -EINVAL);
	/* cut in the middle */
	b = batch();
	put(&b, RF_WORD_INTRO);
	w = begin(&b);
	assert_int_equal(rf_walk_next(&w, &s), -EINVAL);
	/* other crossings than it says */
	b = batch();
	put_intro(&b, 0, 0, 0, PROCESS, THREAD, 0, 0);
	b.head.calls = 1;
	w = begin(&b);
	next(&w, &s, RF_STEP_IN);
	assert_int_equal(rf_walk_next(&w, &s), -EINVAL);
	/* no such kind */
	b = batch();
	put(&b, 15);
	w = begin(&b);
	assert_int_equal(rf_walk_next(&w, &s), -EINVAL);
	/* longer than it is */
	b.head.rec.count = 2;
	assert_int_equal(rf_walk_begin(&w, &b, RF_BATCH_REC_SIZE(1)), -EINVAL);
	b.head.rec.count = RF_BATCH_WORDS + 1;
	assert_int_equal(rf_walk_begin(&w, &b, sizeof(b) + 64), -EINVAL);
}

static void any_words_at_all(void **state)
{
	struct batch b;
	struct rf_walk w;
	struct rf_step s;

	srand(11);
	for (int round = 0; round < 20000; round++) {
		b = batch();
		put_intro(&b, 0, 0, 0, PROCESS, THREAD, 0, 0);
		for (int i = 0; i < 40; i++)
			put(&b, (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand());
		w = begin(&b);
		while (rf_walk_next(&w, &s) > 0) {
			assert_true(s.nr_spans <= RF_STEP_SPANS);
			for (unsigned int i = 0; i < s.nr_spans; i++)
				assert_true(s.spans[i].begin < s.spans[i].end);
		}
	}
}

static int feed(void *ctx, const void *rec, size_t size)
{
	return rf_ledger_feed(ctx, rec, size);
}

static void the_fold_adds_up(void **state)
{
	struct rf_fold_options o = { 0 };
	struct rf_ledger *l = rf_ledger_new();
	struct rf_fold *f = rf_fold_new(&o, feed, l);
	const struct rf_process *p;
	struct batch b = batch();

	put_intro(&b, 0, 0, 0, PROCESS, THREAD, 700, 0);
	for (int i = 0; i < 100; i++)
		put_call(&b, 39, i < 10 ? -2 : 0, 500, 200);
	put(&b, RF_WORD_CALL_WIDE | 39ull << 4 | (uint64_t)RF_CALL_REFUSED << 18 | 10ull << 21);
	put(&b, (uint64_t)(uint32_t)-1 << 32);
	put(&b, RF_WORD_CALL_WIDE | 60ull << 4 | (uint64_t)RF_CALL_UNFINISHED << 18 | 10ull << 21);
	put(&b, 5);
	b.head.calls += 2;
	assert_int_equal(rf_fold_batch(f, &b, RF_BATCH_REC_SIZE(b.head.rec.count)), 0);
	assert_int_equal(rf_fold_flush(f), 0);
	p = rf_ledger_find(l, PROCESS);
	assert_non_null(p);
	assert_int_equal(p->calls, 102);
	assert_int_equal(p->failed, 11);
	assert_int_equal(p->denied, 1);
	assert_int_equal(p->cells[0]->total_ns, 20000);
	assert_int_equal(p->cells[0]->untimed, 1);
	assert_int_equal(p->cells[0]->min_ns, 200);
	assert_int_equal(p->time.user, 100 * 300 + 10 + 5);
	assert_int_equal(p->time.kernel, 100 * 200 + 5);
	assert_int_equal(p->time.waiting, 700);
	assert_int_equal(rf_fold_sums(f)->calls, 102);
	assert_int_equal(rf_fold_sums(f)->refused, 1);
	rf_fold_free(f);
	rf_ledger_free(l);
}

struct told {
	uint64_t last;
	size_t nr;
	size_t records;
};

static int look(void *ctx, const struct rf_moment *m)
{
	struct told *t = ctx;

	assert_true(m->time >= t->last);
	t->last = m->time;
	t->nr++;
	t->records += m->rec != NULL;
	return 0;
}

static void all_cpus_in_one_order(void **state)
{
	struct rf_process_rec rec = { .rec = { .type = RF_REC_FORK }, .time_ns = BASE + 777 };
	struct told told = { 0 };
	struct rf_order *o = rf_order_new(look, &told);

	for (unsigned int cpu = 0; cpu < 5; cpu++) {
		for (unsigned int part = 0; part < 3; part++) {
			struct batch b = batch();

			b.head.cpu = cpu;
			b.head.base_ns = BASE + part * 100000 + cpu * 7;
			put_intro(&b, 0, RF_SWITCH_IN_CALL, 0, PROCESS + cpu, THREAD + cpu, 0, 0);
			for (int i = 0; i < 50; i++)
				put_call(&b, 1, 0, 100 + cpu * 13, 50);
			assert_int_equal(rf_order_batch(o, &b, RF_BATCH_REC_SIZE(b.head.rec.count)),
			                 0);
		}
	}
	assert_int_equal(rf_order_record(o, rec.time_ns, &rec, RF_PROCESS_REC_SIZE), 0);
	assert_int_equal(told.nr, 0);
	assert_int_equal(rf_order_tell(o), 0);
	assert_int_equal(told.nr, 5 * 3 * 51 + 1);
	assert_int_equal(told.records, 1);
	assert_int_equal(rf_order_bad(o), 0);
	rf_order_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_in_one_word),
		cmocka_unit_test(calls_in_two_and_four_words),
		cmocka_unit_test(a_call_that_waits),
		cmocka_unit_test(faults),
		cmocka_unit_test(threads_that_were_seen_nowhere),
		cmocka_unit_test(what_fits_no_field),
		cmocka_unit_test(what_no_batch_has),
		cmocka_unit_test(any_words_at_all),
		cmocka_unit_test(the_fold_adds_up),
		cmocka_unit_test(all_cpus_in_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
