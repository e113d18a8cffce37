// SPDX-License-Identifier: GPL-2.0-or-later
/* Who a process is, from its first record to the last late one; and what that costs in memory. */
#include <errno.h>
#include <malloc.h>

#include "ledger_feed.h"

static void set_path(struct rf_process_rec *p, const char *path)
{
	strncpy(p->path, path, sizeof(p->path) - 1);
}

static void feed_exec(struct rf_ledger *l, uint32_t pid, uint64_t start, uint64_t time,
                      const char *path)
{
	struct rf_process_rec p = process_rec(RF_REC_EXEC, pid, start, time, "new");

	p.ppid = 50;
	set_path(&p, path);
	assert_int_equal(feed_process_rec(l, &p), 0);
}

static void a_stranger_is_its_pid(void **state)
{
	struct rf_ledger *l = *state;
	const struct rf_process *p;

	feed_calls(l, entity_of(321, 1 << 20), X86(1), 10, 2);
	p = rf_ledger_find(l, entity_of(321, 1 << 20));
	assert_int_equal(p->tgid, 321);
	assert_int_equal(p->tid, 321);
	assert_false(p->known);
	assert_int_equal(p->calls, 2);
	/* and is introduced later */
	introduce(l, 321, 1 << 20, "late");
	assert_int_equal(rf_ledger_nr_processes(l), 1);
	assert_true(p->known);
	assert_string_equal(p->comm, "late");
	assert_int_equal(p->calls, 2);
	assert_int_equal(p->uid, 1000);
	assert_int_equal(p->cgroup, 77);
	assert_int_equal(p->ppid, 1);
	assert_int_equal(p->start_ns, 1 << 20);
}

enum { FORK, EXEC, THREAD, EXIT, TOLD };

static void tell(struct rf_ledger *l, int what)
{
	static const uint16_t types[] = { RF_REC_FORK, RF_REC_EXEC, RF_REC_NONE, RF_REC_EXIT };
	static const char *const comms[] = { "sh", "ls", NULL, "ls-at-end" };
	struct rf_process_rec p;

	if (what == THREAD) {
		struct rf_thread_rec t = thread_rec(50, 51, 5, 300);

		strcpy(t.leader_comm, "ls-renamed");
		t.uid = 3;
		t.ppid = 30;
		feed_thread_rec(l, &t);
		return;
	}
	p = process_rec(types[what], 50, 5, 100 * (uint64_t)(what + 1), comms[what]);
	p.uid = (uint32_t)what + 1;
	p.ppid = 10 * (uint32_t)(what + 1);
	p.cgroup = 1000 + (uint64_t)what;
	if (what == EXEC)
		set_path(&p, "/bin/ls");
	if (what == EXIT) {
		p.rec.count = 0x100;
		p.minflt = 11;
		p.majflt = 12;
	}
	assert_int_equal(feed_process_rec(l, &p), 0);
}

static void check_told(struct rf_ledger *l)
{
	const struct rf_process *p = rf_ledger_find(l, entity_of(50, 5));

	assert_int_equal(rf_ledger_nr_processes(l), 1);
	assert_string_equal(p->comm, "ls-at-end");
	assert_string_equal(p->exe, "/bin/ls");
	assert_int_equal(p->uid, 4);
	assert_int_equal(p->ppid, 40);
	assert_int_equal(p->cgroup, 1003);
	assert_int_equal(p->tgid, 50);
	assert_int_equal(p->tid, 50);
	assert_int_equal(p->start_ns, 5);
	assert_true(p->exited);
	assert_int_equal(p->exit_status, 0x100);
	assert_int_equal(p->kernel_minflt, 11);
	assert_int_equal(p->kernel_majflt, 12);
}

static void records_come_in_any_order_and_twice(void **state)
{
	for (int first = 0; first < TOLD * TOLD * TOLD * TOLD; first++) {
		int order[TOLD] = { first % TOLD, first / TOLD % TOLD, first / TOLD / TOLD % TOLD,
			            first / TOLD / TOLD / TOLD };
		struct rf_ledger *l;
		unsigned int told = 0;

		for (int i = 0; i < TOLD; i++)
			told |= 1u << order[i];
		if (told != 0xf)
			continue;
		l = rf_ledger_new();
		for (int i = 0; i < TOLD; i++)
			tell(l, order[i]);
		check_told(l);
		for (int i = 0; i < TOLD; i++)
			tell(l, order[i]);
		check_told(l);
		rf_ledger_free(l);
	}
}

static void the_latest_comm_counts(void **state)
{
	struct rf_ledger *l = *state;
	const struct rf_process *p;

	tell(l, THREAD);
	p = rf_ledger_find(l, entity_of(50, 5));
	assert_string_equal(p->comm, "ls-renamed");
	tell(l, FORK);
	tell(l, EXEC);
	assert_string_equal(p->comm, "ls-renamed");
	assert_int_equal(p->uid, 3);
	assert_int_equal(p->ppid, 30);
}

static void a_thread_that_is_only_a_call_names_nobody(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_thread_rec t = thread_rec(50, 51, 5, 300);
	const struct rf_process *p;

	introduce(l, 50, 5, "server");
	memset(t.comm, 0, sizeof(t.comm));
	memset(t.leader_comm, 0, sizeof(t.leader_comm));
	t.ppid = t.uid = 0;
	t.cgroup = 0;
	t.rec.count = 1;
	t.flags = RF_T_IN_CALL | RF_T_COUNTED;
	t.call = X86(9);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_thread_rec(l, &t);
	t.rec.entity = entity_of(60, 5);
	t.tid = 61;
	feed_thread_rec(l, &t);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, true), 0);
	p = rf_ledger_find(l, entity_of(50, 5));
	assert_string_equal(p->comm, "server");
	assert_int_equal(p->uid, 1000);
	assert_int_equal(p->calls, 1);
	p = rf_ledger_find(l, entity_of(60, 5));
	assert_false(p->known);
	assert_int_equal(p->tgid, 60);
	assert_int_equal(p->calls, 1);
}

static void a_full_comm_is_kept_whole(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_process_rec p = process_rec(RF_REC_FORK, 5, 5, 5, "0123456789abcdef");

	assert_int_equal(feed_process_rec(l, &p), 0);
	assert_string_equal(rf_ledger_find(l, p.rec.entity)->comm, "0123456789abcdef");
	/* what stands behind the end of a comm is not part of it */
	memcpy(p.comm, "a\0garbage", 10);
	assert_int_equal(feed_process_rec(l, &p), 0);
	assert_memory_equal(rf_ledger_find(l, p.rec.entity)->comm, "a\0\0\0\0\0\0\0\0", 9);
}

static void a_thread_does_not_name_its_process(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_process_rec p = process_rec(RF_REC_FORK, 50, 5, 900, "worker");
	const struct rf_process *found;

	introduce(l, 50, 5, "server");
	p.tid = 51;
	assert_int_equal(feed_process_rec(l, &p), 0);
	found = rf_ledger_find(l, p.rec.entity);
	assert_string_equal(found->comm, "server");
	assert_int_equal(found->tid, 50);
	assert_int_equal(rf_ledger_nr_processes(l), 1);
}

static void exe_is_the_last_that_was_told(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 50, 5, "x");
	const struct rf_process *p = rf_ledger_find(l, e);

	assert_null(p->exe);
	feed_exec(l, 50, 5, 100, "./ls");
	assert_string_equal(p->exe, "./ls");
	assert_int_equal(rf_ledger_set_exe(l, e, "/usr/bin/ls"), 0);
	assert_string_equal(p->exe, "/usr/bin/ls");
	/* the same exec again, and one before it, late */
	feed_exec(l, 50, 5, 100, "./ls");
	feed_exec(l, 50, 5, 90, "./env");
	assert_string_equal(p->exe, "/usr/bin/ls");
	feed_exec(l, 50, 5, 110, "");
	assert_string_equal(p->exe, "/usr/bin/ls");
	feed_exec(l, 50, 5, 110, "../cat");
	assert_string_equal(p->exe, "../cat");
}

static void feed_fork(struct rf_ledger *l, uint32_t pid, uint64_t start, uint32_t ppid)
{
	struct rf_process_rec p = process_rec(RF_REC_FORK, pid, start, start, "child");

	p.ppid = ppid;
	assert_int_equal(feed_process_rec(l, &p), 0);
}

static void a_child_inherits_the_exe(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 50, 2048, "sh");

	assert_int_equal(rf_ledger_set_exe(l, e, "/bin/sh"), 0);
	feed_fork(l, 60, 4096, 50);
	assert_string_equal(rf_ledger_find(l, entity_of(60, 4096))->exe, "/bin/sh");
	/* a second FORK, and one of its threads, leave it what it is */
	feed_exec(l, 60, 4096, 5000, "/bin/ls");
	feed_fork(l, 60, 4096, 50);
	assert_string_equal(rf_ledger_find(l, entity_of(60, 4096))->exe, "/bin/ls");
	feed_fork(l, 61, 4096, 999);
	assert_null(rf_ledger_find(l, entity_of(61, 4096))->exe);
	/* that nothing was found is not handed down */
	assert_int_equal(rf_ledger_set_exe(l, entity_of(61, 4096), ""), 0);
	feed_fork(l, 65, 5120, 61);
	assert_null(rf_ledger_find(l, entity_of(65, 5120))->exe);
	/* the parent is gone and its pid belongs to another */
	feed_exit(l, 50, 2048, 0);
	feed_fork(l, 62, 8192, 50);
	assert_null(rf_ledger_find(l, entity_of(62, 8192))->exe);
	introduce(l, 50, 9216, "vi");
	assert_int_equal(rf_ledger_set_exe(l, entity_of(50, 9216), "/bin/vi"), 0);
	feed_fork(l, 63, 10240, 50);
	assert_string_equal(rf_ledger_find(l, entity_of(63, 10240))->exe, "/bin/vi");
	/* nor does the late exit of the former owner of a pid take it from the present one */
	feed_exit(l, 50, 2048, 0);
	feed_fork(l, 64, 11264, 50);
	assert_string_equal(rf_ledger_find(l, entity_of(64, 11264))->exe, "/bin/vi");
}

static void a_reused_pid_is_another_process(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t old = introduce(l, 50, 2048, "old"), new = introduce(l, 50, 4096, "new");

	assert_true(old != new);
	feed_exit(l, 50, 2048, 1);
	feed_calls(l, old, X86(1), 10, 3);
	feed_calls(l, new, X86(1), 10, 4);
	assert_int_equal(rf_ledger_nr_processes(l), 2);
	assert_int_equal(rf_ledger_find(l, old)->calls, 3);
	assert_int_equal(rf_ledger_find(l, new)->calls, 4);
	assert_true(rf_ledger_find(l, old)->exited);
	assert_false(rf_ledger_find(l, new)->exited);
	assert_string_equal(rf_ledger_find(l, new)->comm, "new");
	assert_int_equal(rf_ledger_find(l, old)->tgid, 50);
	assert_int_equal(rf_ledger_find(l, new)->tgid, 50);
}

static void threads_are_entities_of_their_own(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_process_rec p = process_rec(RF_REC_FORK, 50, 5, 100, "worker");
	struct rf_thread_rec t = thread_rec(50, 52, 5, 100);
	uint64_t leader = introduce(l, 50, 5, "server");
	const struct rf_process *found;

	assert_int_equal(rf_ledger_set_exe(l, leader, "/sbin/server"), 0);
	p.tid = 51;
	p.rec.entity = entity_of(51, 7168);
	assert_int_equal(feed_process_rec(l, &p), 0);
	found = rf_ledger_find(l, entity_of(51, 7168));
	assert_int_equal(found->tgid, 50);
	assert_int_equal(found->tid, 51);
	assert_string_equal(found->comm, "worker");
	assert_string_equal(found->exe, "/sbin/server");

	t.rec.entity = entity_of(52, 8192);
	feed_thread_rec(l, &t);
	found = rf_ledger_find(l, t.rec.entity);
	assert_int_equal(found->tgid, 50);
	assert_int_equal(found->tid, 52);
	assert_string_equal(found->comm, "thread");
	assert_int_equal(rf_ledger_nr_processes(l), 3);
	/* a child of the process is found through its leader, whoever was introduced last */
	feed_fork(l, 60, 9216, 50);
	assert_string_equal(rf_ledger_find(l, entity_of(60, 9216))->exe, "/sbin/server");
}

static void the_exited_are_shown_once(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t a = introduce(l, 50, 5, "a"), b = introduce(l, 51, 5, "b");

	feed_exit(l, 50, 5, 9);
	feed_calls(l, a, X86(1), 10, 1);
	sweep(l, 1000, false);
	assert_int_equal(rf_ledger_find(l, a)->calls, 1);
	assert_true(rf_ledger_find(l, a)->exited);
	rf_ledger_next_interval(l, 1000);
	assert_null(rf_ledger_find(l, a));
	assert_int_equal(rf_ledger_nr_processes(l), 1);
	assert_int_equal(rf_ledger_process(l, 0)->entity, b);
}

static void a_late_crossing_brings_its_process_back(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 50, 5, "x");
	const struct rf_process *p;

	assert_int_equal(rf_ledger_set_exe(l, e, "/bin/x"), 0);
	feed_exit(l, 50, 5, 9);
	sweep(l, 1000, false);
	for (uint64_t now = 2000; now < 5000; now += 1000) {
		rf_ledger_next_interval(l, now - 1000);
		assert_null(rf_ledger_find(l, e));
		if (now == 3000)
			feed_faults(l, e, 2, 0, 2, 0);
		else
			feed_calls(l, e, X86(1), 10, 2);
		feed_counts(l, .entered = now == 3000 ? 0 : 2, .finished = now == 3000 ? 0 : 2,
		            .faults_user = now == 3000 ? 2 : 0);
		sweep(l, now, false);
		p = rf_ledger_find(l, e);
		assert_non_null(p);
		assert_int_equal(p->calls + p->faults.user, 2);
		assert_true(p->known);
		assert_true(p->exited);
		assert_int_equal(p->exit_status, 9);
		assert_string_equal(p->comm, "gone");
		assert_string_equal(p->exe, "/bin/x");
		check_law(l, 2, 2, 0, 0);
	}
}

static void late_time_is_in_the_totals(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_thread_rec t = thread_rec(50, 50, 5, 400);
	struct rf_totals totals;

	t.flags |= RF_T_ON_CPU | RF_T_EXITING | RF_T_IN_CALL;
	introduce(l, 50, 5, "x");
	feed_exit(l, 50, 5, 9);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_thread_rec(l, &t);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.time.kernel, 600);
	rf_ledger_next_interval(l, 1000);
	/* of these 700, 600 have been shown while they were open */
	feed_times(l, t.rec.entity, 0, 700, 3);
	assert_int_equal(rf_ledger_nr_processes(l), 0);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.time.kernel, 100);
	assert_int_equal(totals.time.waiting, 3);
	feed_times(l, t.rec.entity, 0, 5, 0);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.time.kernel, 105);
	/* not once more when it is back */
	feed_faults(l, t.rec.entity, 1, 0, 1, 0);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.time.kernel, 105);
	rf_ledger_next_interval(l, 2000);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.time.kernel, 0);
}

static void a_zombie_makes_no_process(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_thread_rec t = thread_rec(50, 50, 5, 400);

	t.flags |= RF_T_EXITING;
	introduce(l, 50, 5, "x");
	feed_exit(l, 50, 5, 9);
	sweep(l, 1000, false);
	for (uint64_t now = 1000; now < 4000; now += 1000) {
		rf_ledger_next_interval(l, now);
		assert_int_equal(rf_ledger_sweep_begin(l), 0);
		feed_thread_rec(l, &t);
		t.rec.entity++;
		feed_thread_rec(l, &t);
		t.rec.entity--;
		feed_exit(l, 50, 5, 9);
		assert_int_equal(rf_ledger_sweep_end(l, now + 1000, false), 0);
		assert_int_equal(rf_ledger_nr_processes(l), 0);
	}
}

static void one_whose_exit_was_lost_is_dropped(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_thread_rec t = thread_rec(50, 50, 5, 0), other = thread_rec(51, 51, 5, 0);
	uint64_t fresh;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(rf_ledger_sweep_begin(l), 0);
		feed_thread_rec(l, &t);
		feed_thread_rec(l, &other);
		assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
		assert_int_equal(rf_ledger_nr_processes(l), 2);
		rf_ledger_next_interval(l, 1000);
	}
	/* a sweep without any thread proves nothing */
	sweep(l, 2000, false);
	rf_ledger_next_interval(l, 2000);
	assert_int_equal(rf_ledger_nr_processes(l), 2);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_thread_rec(l, &other);
	assert_int_equal(rf_ledger_sweep_end(l, 3000, false), 0);
	/* born behind the iterator's back */
	fresh = introduce(l, 52, 5, "new");
	rf_ledger_next_interval(l, 3000);
	assert_null(rf_ledger_find(l, t.rec.entity));
	assert_non_null(rf_ledger_find(l, other.rec.entity));
	assert_non_null(rf_ledger_find(l, fresh));
	/* it was alive after all */
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_thread_rec(l, &t);
	assert_int_equal(rf_ledger_sweep_end(l, 4000, false), 0);
	assert_string_equal(rf_ledger_find(l, t.rec.entity)->comm, "leader");
	/* asleep since 0, of which the first 1000 were shown */
	assert_int_equal(rf_ledger_find(l, t.rec.entity)->time.waiting, 3000);
}

static void a_late_end_of_one_dropped_is_not_counted_again(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_thread_rec other = thread_rec(51, 51, 5, 0);
	uint64_t e = entity_of(50, 5);

	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 50, 50, 5, X86(7), 400);
	feed_thread_rec(l, &other);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 1);
	for (uint64_t now = 2000; now < 4000; now += 1000) {
		rf_ledger_next_interval(l, now - 1000);
		assert_int_equal(rf_ledger_sweep_begin(l), 0);
		feed_thread_rec(l, &other);
		assert_int_equal(rf_ledger_sweep_end(l, now, false), 0);
	}
	assert_null(rf_ledger_find(l, e));
	feed_calls(l, e, X86(7), 900, 2);
	assert_int_equal(rf_ledger_find(l, e)->calls, 1);
	assert_int_equal(cell_of(l, e, X86(7))->ended, 2);
}

/* Memory. Under a sanitizer malloc is another, which does not tell; there the loops still run. */
#if defined(__SANITIZE_ADDRESS__)
#define STORM 100000
static size_t bytes_in_use(void)
{
	return 0;
}
#else
#define STORM 1000000
static size_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}
#endif

static void short_lived(struct rf_ledger *l, uint32_t i)
{
	uint32_t pid = 1000 + i % 30000;
	uint64_t start = (uint64_t)i * 2048, e = introduce(l, pid, start, "short");

	feed_calls(l, e, X86(i % 300), 100 + i % 5000, 1);
	feed_calls(l, e, X86(1), 100, 1);
	feed_exec(l, pid, start, start + 5, "/usr/bin/true");
	feed_errnos(l, e, X86(1), ENOENT, 0, 1);
	feed_exit(l, pid, start, 0);
}

static void a_million_short_lived_leave_nothing_behind(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_totals totals;
	uint64_t calls = 0;
	size_t early = 0;

	for (uint32_t i = 1; i <= STORM; i++) {
		short_lived(l, i);
		if (i % 1000)
			continue;
		sweep(l, i * 1000, false);
		rf_ledger_totals(l, &totals);
		calls += totals.calls;
		rf_ledger_next_interval(l, i * 1000);
		if (i == STORM / 10)
			early = bytes_in_use();
	}
	assert_int_equal(calls, 2 * STORM);
	assert_int_equal(rf_ledger_nr_processes(l), 0);
	assert_true(bytes_in_use() <= early + 1024);
}

static void ten_thousand_processes_fit(void **state)
{
	struct rf_ledger *l = *state;
	size_t before = bytes_in_use();

	for (uint32_t pid = 1; pid <= 10000; pid++) {
		uint64_t e = introduce(l, pid, 5, "server");

		assert_int_equal(rf_ledger_set_exe(l, e, "/usr/lib/some/where/server"), 0);
		for (uint32_t call = 0; call < 10; call++) {
			/* durations over a factor of 256: 32 buckets */
			feed_calls(l, e, X86(call), 200, 1);
			feed_calls(l, e, X86(call), 200 << 8, 1);
			feed_errnos(l, e, X86(call), EAGAIN, 0, 1);
		}
	}
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	for (uint32_t pid = 1; pid <= 10000; pid++)
		feed_in_call(l, pid, pid, 5, X86(3), 100);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	print_message("10,000 processes with 10 calls: %zu KiB\n", (bytes_in_use() - before) >> 10);
	assert_true(bytes_in_use() - before < (64u << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ledger_test(a_stranger_is_its_pid),
		ledger_test(records_come_in_any_order_and_twice),
		ledger_test(the_latest_comm_counts),
		ledger_test(a_thread_that_is_only_a_call_names_nobody),
		ledger_test(a_full_comm_is_kept_whole),
		ledger_test(a_thread_does_not_name_its_process),
		ledger_test(exe_is_the_last_that_was_told),
		ledger_test(a_child_inherits_the_exe),
		ledger_test(a_reused_pid_is_another_process),
		ledger_test(threads_are_entities_of_their_own),
		ledger_test(the_exited_are_shown_once),
		ledger_test(a_late_crossing_brings_its_process_back),
		ledger_test(late_time_is_in_the_totals),
		ledger_test(a_zombie_makes_no_process),
		ledger_test(one_whose_exit_was_lost_is_dropped),
		ledger_test(a_late_end_of_one_dropped_is_not_counted_again),
		ledger_test(a_million_short_lived_leave_nothing_behind),
		ledger_test(ten_thousand_processes_fit),
	};

	return cmocka_run_group_tests_name("ledger_process", tests, NULL, NULL);
}
