// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The law of one interval:
 *
 *	seen       = entered + refused + page faults + skipped      (kernel side)
 *	attributed = crossings in cells + open at its end - open at its begin
 *	lost       = cell + state + skipped + unexplained
 *
 * A call is attributed while it is open, hence once only. How many are open is
 * known in two ways. While programs run, it is the difference of the kernel
 * side's own counters, because no picture of all threads is atomic with them;
 * the law then checks what ended against what arrived in cells. At the final
 * sweep everything stands still, and it is what the task iterator found: the
 * law then checks what was entered as well.
 */
#include "ledger/impl.h"

/* Signed, and wide enough for any few of the 64-bit sums. */
typedef __int128 rf_wide;

static uint64_t to_u64(rf_wide n)
{
	if (n < 0)
		return 0;
	return n > UINT64_MAX ? UINT64_MAX : (uint64_t)n;
}

static int64_t to_s64(rf_wide n)
{
	if (n < INT64_MIN)
		return INT64_MIN;
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

void rf_books_count(struct rf_books *b, unsigned int epoch, const struct rf_counts *counts)
{
	rf_sat_inc(&b->entered, counts->entered);
	rf_sat_inc(&b->refused, counts->refused);
	rf_sat_inc(&b->finished, counts->finished);
	rf_sat_inc(&b->faults, rf_sat_add(counts->faults_user, counts->faults_kernel));
	rf_sat_inc(&b->lost_cell, counts->lost[RF_LOST_CELL]);
	rf_sat_inc(&b->lost_state, counts->lost[RF_LOST_STATE]);
	rf_sat_inc(&b->lost_batch, counts->lost[RF_LOST_BATCH]);
	rf_sat_inc(&b->lost_errnos, counts->lost_errnos);
	rf_sat_inc(&b->lost_records, counts->lost_records);
	rf_sat_inc(&b->evicted, counts->evicted);
	b->counted[epoch & 1] = true;
}

void rf_books_cell(struct rf_books *b, unsigned int epoch, uint64_t crossings)
{
	rf_sat_inc(&b->pending[epoch & 1], crossings);
}

static void close_counted(struct rf_books *b)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (!b->counted[i])
			continue;
		rf_sat_inc(&b->booked, b->pending[i]);
		b->pending[i] = 0;
		b->counted[i] = false;
	}
}

void rf_books_sweep(struct rf_books *b, uint64_t open_found, bool final)
{
	close_counted(b);
	b->open_found = open_found;
	b->final = final;
}

static uint64_t open_now(const struct rf_books *b)
{
	if (b->final)
		return b->open_found;
	/* Below zero, more has ended than was entered. Taking that off what is attributed would
	 * balance the books; it is left in, to come out as unexplained. */
	return to_u64((rf_wide)b->open_before + b->entered + b->refused - b->finished -
	              b->lost_state);
}

/*
 * Nothing follows. A call that was entered and neither ended nor was found open ended between the
 * epoch and the iterator's coming by: what it was is told behind the end, so it is not seen here.
 */
void rf_books_end(struct rf_books *b)
{
	uint64_t open = open_now(b);

	if (b->final || open <= b->open_found)
		return;
	b->entered = rf_sat_sub(b->entered, open - b->open_found);
}

static uint64_t take(uint64_t *from, uint64_t want)
{
	uint64_t taken = *from < want ? *from : want;

	*from -= taken;
	return taken;
}

/* Fills acc; returns what was overdrawn: attributed in former intervals, and now neither ended
 * nor open nor lost. */
static uint64_t account(const struct rf_books *b, struct rf_accounting *acc)
{
	rf_wide attributed, lost;
	uint64_t overdrawn = 0;

	*acc = (struct rf_accounting){
		.lost_cell = b->lost_cell,
		.lost_state = b->lost_state,
		.lost_skipped = rf_sat_sub(b->skipped, b->skipped_before),
		.lost_batch = b->lost_batch,
		.lost_errnos = b->lost_errnos,
		.lost_records = b->lost_records,
		.evicted = b->evicted,
	};
	acc->seen = to_u64((rf_wide)b->entered + b->refused + b->faults + acc->lost_skipped);
	attributed = (rf_wide)b->booked + (b->counted[0] ? b->pending[0] : 0) +
	             (b->counted[1] ? b->pending[1] : 0) + open_now(b) - b->open_before -
	             b->overdrawn;
	if (attributed < 0) {
		/* At least so many of the calls that were lost now had been attributed already,
		 * while they were open: their crossings are not lost. */
		overdrawn = to_u64(-attributed);
		overdrawn -= take(&acc->lost_cell, overdrawn);
		overdrawn -= take(&acc->lost_state, overdrawn);
		overdrawn -= take(&acc->lost_batch, overdrawn);
		attributed = 0;
	}
	acc->attributed = to_u64(attributed);
	lost = (rf_wide)acc->seen - acc->attributed;
	acc->lost = to_s64(lost);
	acc->lost_unexplained = to_s64(lost - acc->lost_cell - acc->lost_state - acc->lost_skipped -
	                               acc->lost_batch);
	return overdrawn;
}

void rf_books_account(const struct rf_books *b, struct rf_accounting *acc)
{
	account(b, acc);
}

void rf_books_roll(struct rf_books *b)
{
	struct rf_accounting acc;
	struct rf_books next = { .skipped = b->skipped, .skipped_before = b->skipped };

	next.overdrawn = account(b, &acc);
	next.open_before = open_now(b);
	close_counted(b);
	next.pending[0] = b->pending[0];
	next.pending[1] = b->pending[1];
	*b = next;
}
