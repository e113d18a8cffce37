// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small kernel that makes crossings at random, keeps them in cells of two epochs, evicts, loses
 * and sweeps as the real one does, and knows the truth. The ledger is held against it: in every
 * interval where nothing moves during the sweep, and in sum where things do.
 */
#include "ledger_feed.h"

#define SLOTS 6 /* pids; each is used by many processes, one after the other */
#define THREADS 3
#define CALLS 4
#define INTERVALS 300
#define EPOCHS 2

enum { USER, KERNEL, WAITING, SIDES };

struct thread {
	bool alive, in_call, off_cpu;
	uint32_t tid, call;
	uint64_t since, entered_at;
};

struct truth {
	uint64_t entered[CALLS], failed[CALLS], time[SIDES], faults;
};

struct process {
	uint32_t pid;
	uint64_t start;
	struct thread threads[THREADS];
	struct rf_call_cell calls[EPOCHS][CALLS];
	struct rf_errno_cell errnos[EPOCHS][CALLS];
	struct rf_time_cell times[EPOCHS];
	struct truth now, all; /* in this interval; of this pid ever */
};

struct kernel {
	struct rf_ledger *ledger;
	struct process processes[SLOTS];
	/* processes that ended with cells still in the tables */
	struct process dead[64];
	size_t nr_dead;
	struct rf_counts counts[EPOCHS];
	uint64_t clock, interval_start;
	unsigned int epoch;
	uint32_t loss; /* of 1000 ends */
	/* while an epoch is being closed, the probe holds the ring's records of the next */
	bool closing;
	struct {
		size_t size;
		char rec[sizeof(struct rf_call_cell)];
	} held[4096];
	size_t nr_held;
	uint64_t shown[SLOTS][CALLS], failed[SLOTS][CALLS], time[SIDES], faults, seen, attributed;
	int64_t lost;
};

static uint32_t pick(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static uint64_t entity(const struct process *p)
{
	return entity_of(p->pid, p->start);
}

/* Sends a record through the ring. */
static void ring(struct kernel *k, const void *rec, size_t size)
{
	if (!k->closing) {
		assert_int_equal(feed_raw(k->ledger, rec, size), 0);
		return;
	}
	assert_true(k->nr_held < sizeof(k->held) / sizeof(*k->held));
	assert_true(size <= sizeof(k->held[0].rec));
	memcpy(k->held[k->nr_held].rec, rec, size);
	k->held[k->nr_held++].size = size;
}

static void let_go(struct kernel *k)
{
	k->closing = false;
	for (size_t i = 0; i < k->nr_held; i++)
		ring(k, k->held[i].rec, k->held[i].size);
	k->nr_held = 0;
}

static void tell(struct kernel *k, uint16_t type, const struct process *p)
{
	struct rf_process_rec rec = process_rec(type, p->pid, p->start, k->clock, "model");

	rec.rec.epoch = (uint16_t)k->epoch;
	ring(k, &rec, RF_PROCESS_REC_SIZE);
}

static void spend(struct kernel *k, struct process *p, struct thread *t)
{
	int side = t->off_cpu ? WAITING : t->in_call ? KERNEL : USER;
	struct rf_time_cell *cell = &p->times[k->epoch];
	uint64_t ns = k->clock - t->since;

	*(side == USER   ? &cell->user_ns :
	  side == KERNEL ? &cell->kernel_ns :
	                   &cell->waiting_ns) += ns;
	cell->rec.count++;
	p->all.time[side] += ns;
	/* of which this interval has only what lies in it */
	p->now.time[side] += t->since < k->interval_start ? k->clock - k->interval_start : ns;
	t->since = k->clock;
}

static void enter(struct kernel *k, struct process *p, struct thread *t)
{
	spend(k, p, t);
	t->in_call = true;
	t->call = pick(CALLS);
	t->entered_at = k->clock;
	k->counts[k->epoch].entered++;
	p->now.entered[t->call]++;
	p->all.entered[t->call]++;
}

static void leave(struct kernel *k, struct process *p, struct thread *t, bool returns)
{
	struct rf_call_cell *c = &p->calls[k->epoch][t->call];

	spend(k, p, t);
	t->in_call = false;
	k->counts[k->epoch].finished++;
	if (pick(1000) < k->loss) {
		k->counts[k->epoch].lost[RF_LOST_CELL]++;
		return;
	}
	if (!returns || !pick(8)) {
		c->rec.count++;
		c->untimed++;
	} else {
		add_sample(c, k->clock - t->entered_at, 1);
	}
	if (returns && !pick(3)) {
		p->errnos[k->epoch][t->call].rec.count++;
		p->now.failed[t->call]++;
		p->all.failed[t->call]++;
	}
}

static void fault(struct kernel *k, struct process *p)
{
	struct rf_time_cell *cell = &p->times[k->epoch];
	bool user = pick(2);

	cell->rec.count++;
	cell->faults_minor++;
	*(user ? &cell->faults_user : &cell->faults_kernel) += 1;
	*(user ? &k->counts[k->epoch].faults_user : &k->counts[k->epoch].faults_kernel) += 1;
	p->now.faults++;
	p->all.faults++;
}

static void label_cells(struct process *p)
{
	for (unsigned int epoch = 0; epoch < EPOCHS; epoch++) {
		struct rf_rec head = { .epoch = (uint16_t)epoch, .entity = entity(p) };

		head.type = RF_REC_TIME;
		p->times[epoch] = (struct rf_time_cell){ .rec = head };
		for (uint32_t i = 0; i < CALLS; i++) {
			head.type = RF_REC_CALL;
			p->calls[epoch][i] = (struct rf_call_cell){ .rec = head, .call = X86(i) };
			head.type = RF_REC_ERRNO;
			p->errnos[epoch][i] =
				(struct rf_errno_cell){ .rec = head, .call = X86(i), .err = 2 };
		}
	}
}

static void spawn(struct kernel *k, struct process *p)
{
	p->start = k->clock << 10;
	memset(p->threads, 0, sizeof(p->threads));
	p->threads[0] = (struct thread){ .alive = true, .tid = p->pid, .since = k->clock };
	label_cells(p);
	tell(k, RF_REC_FORK, p);
}

static void end_thread(struct kernel *k, struct process *p, struct thread *t)
{
	if (t->in_call)
		leave(k, p, t, false);
	spend(k, p, t);
	t->alive = false;
}

/* Drops what was handed over; keeps whatever the process is. */
static void end_process(struct kernel *k, struct process *p)
{
	for (size_t i = 0; i < THREADS; i++) {
		if (p->threads[i].alive)
			end_thread(k, p, &p->threads[i]);
	}
	tell(k, RF_REC_EXIT, p);
	assert_true(k->nr_dead < sizeof(k->dead) / sizeof(*k->dead));
	k->dead[k->nr_dead++] = *p;
	spawn(k, p);
}

/* The cells of one epoch leave the kernel, by the ring or by the sweep. */
static void hand_over(struct kernel *k, struct process *p, unsigned int epoch)
{
	for (uint32_t i = 0; i < CALLS; i++) {
		struct rf_call_cell *c = &p->calls[epoch][i];
		struct rf_errno_cell *e = &p->errnos[epoch][i];

		ring(k, c, RF_CALL_REC_SIZE(c->top));
		*c = (struct rf_call_cell){ .rec = c->rec, .call = c->call };
		c->rec.count = 0;
		ring(k, e, sizeof(*e));
		e->rec.count = 0;
	}
	ring(k, &p->times[epoch], sizeof(p->times[epoch]));
	p->times[epoch] = (struct rf_time_cell){ .rec = p->times[epoch].rec };
	p->times[epoch].rec.count = 0;
}

static void step(struct kernel *k)
{
	struct process *p = &k->processes[pick(SLOTS)];
	struct thread *t = &p->threads[pick(THREADS)];

	k->clock += 1 + pick(5000);
	if (!t->alive) {
		*t = (struct thread){ .alive = true,
			              .tid = p->pid + (uint32_t)(t - p->threads),
			              .since = k->clock };
		return;
	}
	switch (pick(200)) {
	case 0:
		end_process(k, p);
		return;
	case 1:
		if (t != p->threads)
			end_thread(k, p, t);
		return;
	case 2:
	case 3:
	case 4:
		hand_over(k, p, k->epoch);
		return;
	default:
		break;
	}
	if (!pick(3) || t->off_cpu) {
		spend(k, p, t);
		t->off_cpu = !t->off_cpu;
	} else if (!pick(4)) {
		fault(k, p);
	} else if (t->in_call) {
		leave(k, p, t, true);
	} else {
		enter(k, p, t);
	}
}

static void list_thread(struct kernel *k, const struct process *p, const struct thread *t)
{
	struct rf_thread_rec rec = thread_rec(p->pid, t->tid, p->start, t->since);

	rec.rec.count = t->in_call;
	rec.time_ns = k->clock;
	rec.call = X86(t->call);
	rec.call_start_ns = t->in_call ? t->entered_at : 0;
	rec.flags |=
		(t->in_call ? RF_T_IN_CALL | RF_T_COUNTED : 0) | (t->off_cpu ? 0 : RF_T_ON_CPU);
	feed_thread_rec(k->ledger, &rec);
}

/* moving: crossings go on while the sweep runs. */
static void sweep_model(struct kernel *k, bool moving, bool final)
{
	uint64_t now = k->clock;
	unsigned int closed = k->epoch;

	k->epoch ^= 1;
	k->closing = true;
	for (uint32_t i = 0; moving && i < pick(20); i++)
		step(k);
	assert_int_equal(rf_ledger_sweep_begin(k->ledger), 0);
	k->closing = false;
	for (size_t i = 0; i < SLOTS; i++)
		hand_over(k, &k->processes[i], closed);
	for (size_t i = 0; i < k->nr_dead; i++)
		hand_over(k, &k->dead[i], closed);
	k->closing = true;
	feed_counts_rec(k->ledger, (uint16_t)closed, k->counts[closed]);
	k->counts[closed] = (struct rf_counts){ 0 };
	for (size_t i = 0; i < SLOTS; i++) {
		for (size_t j = 0; j < THREADS; j++) {
			if (k->processes[i].threads[j].alive)
				list_thread(k, &k->processes[i], &k->processes[i].threads[j]);
			if (moving && pick(2))
				step(k);
		}
	}
	let_go(k);
	assert_int_equal(rf_ledger_sweep_end(k->ledger, now, final), 0);
}

/* What has been swept empty is forgotten; what may still hold a cell of the open epoch is not. */
static void forget_dead(struct kernel *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->nr_dead; i++) {
		struct process *p = &k->dead[i];
		bool empty = !p->times[0].rec.count && !p->times[1].rec.count;

		for (uint32_t j = 0; j < CALLS; j++)
			empty = empty && !p->calls[0][j].rec.count && !p->calls[1][j].rec.count;
		if (!empty)
			k->dead[kept++] = *p;
	}
	k->nr_dead = kept;
}

static void sum_up(struct kernel *k)
{
	struct rf_accounting acc;
	struct rf_totals totals;

	for (size_t i = 0; i < rf_ledger_nr_processes(k->ledger); i++) {
		const struct rf_process *p = rf_ledger_process(k->ledger, i);
		uint64_t calls = 0;

		assert_true(p->known);
		for (size_t j = 0; j < p->nr_cells; j++) {
			const struct rf_cell *c = p->cells[j];

			assert_int_equal(c->hist.total + c->untimed, c->ended);
			assert_true(c->open <= c->calls);
			calls += c->calls;
			k->shown[p->tgid / 10 - 1][c->call] += c->calls;
			k->failed[p->tgid / 10 - 1][c->call] += c->failed;
		}
		assert_int_equal(p->calls, calls);
		k->faults += p->faults.user + p->faults.kernel;
	}
	rf_ledger_totals(k->ledger, &totals);
	k->time[USER] += totals.time.user;
	k->time[KERNEL] += totals.time.kernel;
	k->time[WAITING] += totals.time.waiting;
	rf_ledger_accounting(k->ledger, &acc);
	assert_int_equal(acc.lost_unexplained, 0);
	assert_int_equal((int64_t)(acc.seen - acc.attributed), acc.lost);
	k->seen += acc.seen;
	k->attributed += acc.attributed;
	k->lost += acc.lost;
}

/* The part of open spans that lies in this interval. */
static void add_open(const struct kernel *k, const struct process *p, uint64_t *time)
{
	for (size_t i = 0; i < THREADS; i++) {
		const struct thread *t = &p->threads[i];
		uint64_t since = t->since > k->interval_start ? t->since : k->interval_start;

		if (t->alive)
			time[t->off_cpu ? WAITING : t->in_call ? KERNEL : USER] += k->clock - since;
	}
}

static uint64_t shown_by_pid(const struct kernel *k, const struct process *p, uint32_t call,
                             uint64_t *failed)
{
	uint64_t sum = 0;

	*failed = 0;
	for (size_t i = 0; i < rf_ledger_nr_processes(k->ledger); i++) {
		const struct rf_process *found = rf_ledger_process(k->ledger, i);

		for (size_t j = 0; found->tgid == p->pid && j < found->nr_cells; j++) {
			if (found->cells[j]->call == call) {
				sum += found->cells[j]->calls;
				*failed += found->cells[j]->failed;
			}
		}
	}
	return sum;
}

/* Nothing moved during the sweep and nothing was lost: this interval is exact by itself. */
static void check_interval(const struct kernel *k)
{
	uint64_t time[SIDES] = { 0 }, seen = 0, failed;
	struct rf_totals totals;

	for (size_t i = 0; i < SLOTS; i++) {
		const struct process *p = &k->processes[i];

		add_open(k, p, time);
		for (size_t side = 0; side < SIDES; side++)
			time[side] += p->now.time[side];
		for (uint32_t call = 0; call < CALLS; call++) {
			assert_int_equal(shown_by_pid(k, p, call, &failed), p->now.entered[call]);
			assert_int_equal(failed, p->now.failed[call]);
			seen += p->now.entered[call];
		}
		seen += p->now.faults;
	}
	rf_ledger_totals(k->ledger, &totals);
	assert_int_equal(totals.time.user, time[USER]);
	assert_int_equal(totals.time.kernel, time[KERNEL]);
	assert_int_equal(totals.time.waiting, time[WAITING]);
	assert_int_equal(totals.calls + totals.page_faults, seen);
	check_law(k->ledger, seen, seen, 0, 0);
}

static void next_interval(struct kernel *k)
{
	rf_ledger_next_interval(k->ledger, k->clock);
	k->interval_start = k->clock;
	forget_dead(k);
	for (size_t i = 0; i < SLOTS; i++)
		k->processes[i].now = (struct truth){ 0 };
}

static void check_sums(const struct kernel *k)
{
	uint64_t time[SIDES] = { 0 }, faults = 0, seen = 0;

	for (size_t i = 0; i < SLOTS; i++) {
		const struct process *p = &k->processes[i];

		for (uint32_t call = 0; call < CALLS; call++) {
			if (!k->loss) {
				assert_int_equal(k->shown[i][call], p->all.entered[call]);
				assert_int_equal(k->failed[i][call], p->all.failed[call]);
			}
			seen += p->all.entered[call];
		}
		for (size_t side = 0; side < SIDES; side++)
			time[side] += p->all.time[side];
		faults += p->all.faults;
		for (size_t j = 0; j < THREADS; j++) {
			const struct thread *t = &p->threads[j];

			if (t->alive)
				time[t->off_cpu ? WAITING :
				     t->in_call ? KERNEL :
				                  USER] += k->clock - t->since;
		}
	}
	assert_int_equal(k->faults, faults);
	for (size_t side = 0; side < SIDES; side++)
		assert_int_equal(k->time[side], time[side]);
	assert_int_equal(k->seen, seen + faults);
	assert_int_equal(k->attributed + (uint64_t)k->lost, k->seen);
	assert_true(k->loss ? k->lost > 0 : !k->lost);
}

static void run(unsigned int seed, bool moving, uint32_t loss)
{
	static struct kernel k;

	srand(seed);
	k = (struct kernel){
		.ledger = rf_ledger_new(), .clock = 1000, .interval_start = 1000, .loss = loss
	};
	rf_ledger_start(k.ledger, k.clock);
	for (uint32_t i = 0; i < SLOTS; i++) {
		k.processes[i].pid = 10 * (i + 1);
		spawn(&k, &k.processes[i]);
	}
	for (int interval = 1; interval <= INTERVALS; interval++) {
		bool final = interval == INTERVALS;

		for (uint32_t i = 0, steps = pick(400); i < steps; i++)
			step(&k);
		if (!pick(3)) /* more than one sweep in an interval */
			sweep_model(&k, moving, false);
		sweep_model(&k, moving && !final, final);
		if (!moving && !loss)
			check_interval(&k);
		sum_up(&k);
		if (!final)
			next_interval(&k);
	}
	check_sums(&k);
	rf_ledger_free(k.ledger);
}

static void every_interval_is_exact(void **state)
{
	for (unsigned int seed = 1; seed <= 5; seed++)
		run(seed, false, 0);
}

static void sums_are_exact_while_sweeps_race(void **state)
{
	for (unsigned int seed = 11; seed <= 20; seed++)
		run(seed, true, 0);
}

static void the_law_holds_when_cells_are_lost(void **state)
{
	for (unsigned int seed = 21; seed <= 25; seed++) {
		run(seed, false, 100);
		run(seed, true, 900);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_interval_is_exact),
		cmocka_unit_test(sums_are_exact_while_sweeps_race),
		cmocka_unit_test(the_law_holds_when_cells_are_lost),
	};

	return cmocka_run_group_tests_name("ledger_model", tests, NULL, NULL);
}
