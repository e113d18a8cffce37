// SPDX-License-Identifier: GPL-2.0-or-later
/* Records that nobody vouches for: cut short, contradicting themselves, enormous, random. */
#include <errno.h>
#include <linux/types.h>

#include "bpf/isolation.h"
#include "ledger_feed.h"

/* A record of each type, sound, with how much of it is needed. */
struct specimen {
	const void *rec;
	size_t size;
	size_t needed;
};

static struct rf_call_cell call;
static struct rf_errno_cell failure;
static struct rf_time_cell times;
static struct rf_process_rec born, exec, gone;
static struct rf_thread_rec found;
static struct rf_counts_rec counts;
static struct specimen specimens[8];

static int make_specimens(void **state)
{
	uint64_t e = entity_of(7, 5);

	call = call_rec(e, X86(1), 1000, 3);
	failure = (struct rf_errno_cell){ .rec = { RF_REC_ERRNO, 0, 2, e }, .err = ENOENT };
	times = (struct rf_time_cell){ .rec = { RF_REC_TIME, 0, 2, e }, .user_ns = 9 };
	times.faults_major = 4;
	born = process_rec(RF_REC_FORK, 7, 5, 10, "born");
	exec = process_rec(RF_REC_EXEC, 7, 5, 11, "exec");
	strcpy(exec.path, "/bin/true");
	gone = process_rec(RF_REC_EXIT, 7, 5, 12, "gone");
	found = thread_rec(7, 8, 5, 20);
	counts = (struct rf_counts_rec){ .rec = { .type = RF_REC_COUNTS }, .counts.entered = 5 };
	specimens[0] = (struct specimen){ &call, sizeof(call), RF_CALL_REC_SIZE(call.top) };
	specimens[1] = (struct specimen){ &failure, sizeof(failure), sizeof(failure) };
	specimens[2] = (struct specimen){ &times, sizeof(times), sizeof(times) };
	specimens[3] = (struct specimen){ &born, sizeof(born), RF_PROCESS_REC_SIZE };
	specimens[4] =
		(struct specimen){ &exec, sizeof(exec), RF_PROCESS_REC_SIZE + sizeof("/bin/true") };
	specimens[5] = (struct specimen){ &gone, sizeof(gone), RF_PROCESS_REC_SIZE };
	specimens[6] = (struct specimen){ &found, sizeof(found), sizeof(found) };
	specimens[7] = (struct specimen){ &counts, sizeof(counts), sizeof(counts) };
	return new_ledger(state);
}

static void check_untouched(const struct rf_ledger *l)
{
	assert_int_equal(rf_ledger_nr_processes(l), 0);
	check_law(l, 0, 0, 0, 0);
}

static void every_prefix_of_every_record(void **state)
{
	struct rf_ledger *l = *state;

	for (size_t i = 0; i < 8; i++) {
		const struct specimen *s = &specimens[i];

		for (size_t size = 0; size < s->needed; size++)
			assert_int_equal(feed_raw(l, s->rec, size), -EINVAL);
	}
	check_untouched(l);
	for (size_t i = 0; i < 8; i++) {
		const struct specimen *s = &specimens[i];

		for (size_t size = s->needed; size <= s->size; size++)
			assert_int_equal(feed_raw(l, s->rec, size), 0);
	}
	assert_int_equal(rf_ledger_nr_processes(l), 1);
}

static void records_of_no_type(void **state)
{
	struct rf_ledger *l = *state;
	char rec[1024] = { 0 };

	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		struct rf_rec head = { .type = (uint16_t)type, .entity = 1, .count = 1 };

		if ((type >= RF_REC_CALL && type <= RF_REC_COUNTS) ||
		    (type >= RF_REC_VIOLATION && type <= RF_REC_ISOLATION))
			continue;
		memcpy(rec, &head, sizeof(head));
		assert_int_equal(rf_ledger_feed(l, rec, sizeof(rec)), -EINVAL);
	}
	check_untouched(l);
}

#define refused(l, rec) assert_int_equal(feed_raw(l, &(rec), sizeof(rec)), -EINVAL)

static void calls_that_contradict_themselves(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_call_cell c;

	c = call, c.top = RF_HIST_BUCKETS;
	refused(l, c);
	c = call, c.top = UINT32_MAX;
	refused(l, c);
	c = call, c.rec.count++;
	refused(l, c);
	c = call, c.untimed++;
	refused(l, c);
	c = call, c.hist[0]++;
	refused(l, c);
	/* sums that would be right if they wrapped round at 32 bits */
	c = call, c.hist[1] = UINT32_MAX, c.hist[2] = 1;
	refused(l, c);
	c = call, c.untimed = UINT32_MAX, c.hist[2] = 1;
	refused(l, c);
	/* the entries are above the top */
	c = call, c.top--;
	refused(l, c);
	c = call, c.min_ns = c.max_ns + 1;
	refused(l, c);
	c = call, c.call = X86(RF_NR_MAX + 1);
	refused(l, c);
	c = call, c.rec.entity = 0;
	refused(l, c);
	check_untouched(l);
	/* as does what is above the top of a sound one, which nobody reads */
	c = call, c.hist[c.top + 1] = 77;
	assert_int_equal(feed_raw(l, &c, sizeof(c)), 0);
	assert_int_equal(cell_of(l, c.rec.entity, X86(1))->calls, 3);
	assert_int_equal(cell_of(l, c.rec.entity, X86(1))->hist.total, 3);
}

static void others_that_contradict_themselves(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_errno_cell f;
	struct rf_process_rec p;
	struct rf_thread_rec t;
	struct rf_time_cell n;
	struct rf_counts_rec k;

	f = failure, f.err = 0;
	refused(l, f);
	f = failure, f.err = 4096;
	refused(l, f);
	f = failure, f.flags = 1;
	refused(l, f);
	f = failure, f.call = X86(2000);
	refused(l, f);
	f = failure, f.rec.entity = 0;
	refused(l, f);
	n = times, n.rec.entity = 0;
	refused(l, n);
	p = born, p.rec.entity = 0;
	refused(l, p);
	p = exec, memset(p.path, 'x', sizeof(p.path));
	refused(l, p);
	t = found, t.rec.entity = 0;
	refused(l, t);
	t = found, t.rec.count = 2, t.flags |= RF_T_IN_CALL;
	refused(l, t);
	t = found, t.rec.count = 1;
	refused(l, t);
	t = found, t.rec.count = 1, t.flags |= RF_T_IN_CALL, t.call = X86(5000);
	refused(l, t);
	k = counts, k.rec.entity = 1;
	refused(l, k);
	check_untouched(l);
}

static void sums_stop_at_the_end_of_the_type(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_time_cell n = times;
	struct rf_call_cell c = call;
	uint64_t e = c.rec.entity;
	struct rf_accounting acc;
	struct rf_totals totals;

	n.user_ns = n.kernel_ns = n.waiting_ns = n.fault_ns = UINT64_MAX - 1;
	c.total_ns = c.waiting_ns = c.max_ns = UINT64_MAX - 1;
	memset(&counts.counts, 0xff, sizeof(counts.counts));
	for (int i = 0; i < 3; i++) {
		c.rec.entity = n.rec.entity = e + (uint64_t)(i / 2);
		assert_int_equal(feed_raw(l, &c, sizeof(c)), 0);
		assert_int_equal(feed_raw(l, &n, sizeof(n)), 0);
		assert_int_equal(feed_raw(l, &counts, sizeof(counts)), 0);
	}
	rf_ledger_set_skipped(l, UINT64_MAX);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	found.user_ns = found.kernel_ns = found.waiting_ns = UINT64_MAX;
	found.since_ns = 0;
	feed_thread_rec(l, &found);
	assert_int_equal(rf_ledger_sweep_end(l, UINT64_MAX, true), 0);
	assert_int_equal(rf_ledger_find(l, e)->time.user, UINT64_MAX);
	assert_int_equal(rf_ledger_find(l, e)->time.kernel, UINT64_MAX);
	assert_int_equal(rf_ledger_find(l, e)->time.waiting, UINT64_MAX);
	assert_int_equal(rf_ledger_find(l, e)->fault_ns, UINT64_MAX);
	assert_int_equal(cell_of(l, e, X86(1))->total_ns, UINT64_MAX);
	assert_int_equal(cell_of(l, e, X86(1))->calls, 6);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.time.user, UINT64_MAX);
	rf_ledger_accounting(l, &acc);
	assert_int_equal(acc.seen, UINT64_MAX);
	assert_int_equal(acc.lost_errnos, UINT64_MAX);
	assert_int_equal(acc.lost, INT64_MAX);
	rf_ledger_next_interval(l, UINT64_MAX);
	assert_int_equal(rf_ledger_find(l, e)->time.user, 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 0);
}

static void times_that_run_backwards(void **state)
{
	struct rf_ledger *l = *state;

	rf_ledger_start(l, 5000);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_thread_rec(l, &found);
	assert_int_equal(rf_ledger_sweep_end(l, 10, false), 0);
	assert_int_equal(rf_ledger_window_ns(l), 0);
	assert_int_equal(rf_ledger_find(l, found.rec.entity)->time.waiting, 0);
}

/* Sound records in shape, with fields drawn from few values, so that they meet each other. */
static void scramble(char *rec, size_t size, int changes)
{
	for (int i = 0; i < changes; i++) {
		size_t at = sizeof(struct rf_rec) + (size_t)rand() % (size - sizeof(struct rf_rec));

		rec[at] = (char)(rand() % 4 ? rand() % 3 : rand());
	}
}

static void random_records_in_random_order(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t taken = 0;

	srand(7);
	for (int i = 0; i < 200000; i++) {
		const struct specimen *s = &specimens[rand() % 8];
		char rec[sizeof(struct rf_call_cell)];
		struct rf_rec head;
		int err;

		memcpy(rec, s->rec, s->size);
		memcpy(&head, rec, sizeof(head));
		if (head.type != RF_REC_COUNTS)
			head.entity = (uint64_t)(rand() % 300);
		head.epoch = (uint16_t)(rand() % 2);
		if (head.type == RF_REC_THREAD && rand() % 2)
			head.count = (uint32_t)(rand() % 3);
		memcpy(rec, &head, sizeof(head));
		scramble(rec, s->size, rand() % 4);
		err = feed_raw(l, rec, rand() % 8 ? s->size : (size_t)rand() % s->size);
		assert_true(err == 0 || err == -EINVAL);
		taken += !err;
		switch (rand() % 50) {
		case 0:
			assert_int_equal(rf_ledger_sweep_begin(l), 0);
			break;
		case 1:
			assert_int_equal(rf_ledger_sweep_end(l, (uint64_t)rand(), rand() % 2), 0);
			break;
		case 2:
			if (!(rand() % 4))
				rf_ledger_next_interval(l, (uint64_t)rand());
			break;
		default:
			break;
		}
	}
	assert_true(taken > 100000);
}

#define hostile_test(f) cmocka_unit_test_setup_teardown(f, make_specimens, free_ledger)

int main(void)
{
	const struct CMUnitTest tests[] = {
		hostile_test(every_prefix_of_every_record),
		hostile_test(records_of_no_type),
		hostile_test(calls_that_contradict_themselves),
		hostile_test(others_that_contradict_themselves),
		hostile_test(sums_stop_at_the_end_of_the_type),
		hostile_test(times_that_run_backwards),
		hostile_test(random_records_in_random_order),
	};

	return cmocka_run_group_tests_name("ledger_hostile", tests, NULL, NULL);
}
