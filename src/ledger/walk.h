/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a batch of the stream (bpf/stream.h) record by record: what happened, to whom, and what
 * the thread did since its record before. Pure, and safe on any bytes: they may come from a damaged
 * or a hostile recording. Words are little-endian.
 *
 * In a header, because a report walks through hundreds of millions of records.
 */
#ifndef RF_LEDGER_WALK_H
#define RF_LEDGER_WALK_H

#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bpf/stream.h"

enum rf_step_kind {
	RF_STEP_CALL,    /* a call ended */
	RF_STEP_ENTER,   /* a call was entered that something falls into */
	RF_STEP_FAULT,   /* a page fault was raised, and .solved if that is known already */
	RF_STEP_SOLVED,  /* the fault that was raised before it was resolved */
	RF_STEP_SIGNAL,  /* a signal is delivered */
	RF_STEP_IN,      /* a thread runs that did not before */
	RF_STEP_RAN_ON,  /* a thread is named that runs already */
	RF_STEP_OUT,     /* the thread leaves the CPU, no target follows; in .call if .entered */
	RF_STEP_EXITING, /* the thread ends */
	RF_STEP_LEFT,    /* user mode after a call that does not count, or after birth */
};

enum rf_step_side { RF_SIDE_OF_USER, RF_SIDE_OF_KERNEL, RF_SIDE_OF_FAULT, RF_SIDE_OF_WAITING };

struct rf_step_span {
	uint64_t begin;
	uint64_t end;
	enum rf_step_side side; /* FAULT: in the kernel, resolving a user-mode page fault */
};

#define RF_STEP_SPANS 4

struct rf_step {
	enum rf_step_kind kind;
	uint64_t time; /* of the record; a call's end */
	/* what the thread before the step did up to it; a step that changes threads: the one left */
	uint64_t process;
	uint64_t thread;
	struct rf_step_span spans[RF_STEP_SPANS];
	unsigned int nr_spans;
	uint32_t call; /* CALL, ENTER, OUT: RF_CALL */
	bool entered;
	uint64_t start; /* CALL, ENTER, OUT with .entered: when it was entered */
	int64_t result; /* CALL */
	uint64_t waiting;
	uint32_t flags;    /* CALL: RF_CALL_* */
	uint64_t address;  /* FAULT */
	uint64_t handling; /* FAULT: ns, if solved */
	uint32_t code;     /* FAULT: lowest bits of the error code; SIGNAL: si_code */
	uint32_t solved;   /* FAULT, SOLVED: RF_SOLVED_MINOR, _MAJOR or _NOT */
	bool user;         /* FAULT, SOLVED: raised in user mode */
	int signal;
	uint64_t waited; /* IN: off the CPU before it */
};

struct rf_walk_slot {
	uint64_t process;
	uint64_t thread;
};

struct rf_walk {
	const unsigned char *words;
	size_t nr;
	size_t at;
	struct rf_batch_head head;
	uint64_t time;
	uint64_t process; /* who runs; 0: nobody */
	uint64_t thread;
	uint32_t state; /* RF_T_* */
	uint32_t call;  /* of state */
	uint64_t since; /* begin of the span that is open */
	uint64_t waited;
	uint64_t hidden;
	uint64_t calls; /* so far */
	uint64_t faults;
	struct rf_walk_slot slots[RF_BATCH_SLOTS];
};

/* The head in the host's order. */
static inline void rf_walk_head(struct rf_batch_head *head, const void *rec)
{
	memcpy(head, rec, sizeof(*head));
}

/* Begins at the first record. 0, or -EINVAL for what cannot be a batch. */
static inline int rf_walk_begin(struct rf_walk *w, const void *rec, size_t size)
{
	memset(w, 0, sizeof(*w));
	if (size < sizeof(w->head))
		return -EINVAL;
	rf_walk_head(&w->head, rec);
	if (w->head.rec.type != RF_REC_BATCH || w->head.rec.count > RF_BATCH_WORDS ||
	    size < RF_BATCH_REC_SIZE(w->head.rec.count))
		return -EINVAL;
	w->words = (const unsigned char *)rec + sizeof(w->head);
	w->nr = w->head.rec.count;
	w->time = w->since = w->head.base_ns;
	return 0;
}

static inline uint64_t rf_walk_word(const struct rf_walk *w, size_t at)
{
	uint64_t word;

	memcpy(&word, w->words + at * sizeof(word), sizeof(word));
	return le64toh(word);
}

static inline uint64_t rf_bits(uint64_t word, unsigned int from, unsigned int width)
{
	return word >> from & (~UINT64_C(0) >> (64 - width));
}

static inline bool rf_walk_in_kernel(uint32_t state)
{
	return state & (RF_T_IN_CALL | RF_T_IN_FAULT | RF_T_NEW | RF_T_EXITING);
}

static inline void rf_walk_span(struct rf_step *s, uint64_t begin, uint64_t end,
                                enum rf_step_side side)
{
	if (end > begin)
		s->spans[s->nr_spans++] = (struct rf_step_span){ begin, end, side };
}

/* The open span ends at end. */
static inline void rf_walk_close(struct rf_walk *w, struct rf_step *s, uint64_t end)
{
	if (rf_walk_in_kernel(w->state)) {
		rf_walk_span(s, w->since, end, RF_SIDE_OF_KERNEL);
	} else {
		if (w->hidden && end > w->since) {
			uint64_t most = end - w->since, hidden = w->hidden;

			if (hidden > most)
				hidden = most;
			rf_walk_span(s, w->since, w->since + hidden, RF_SIDE_OF_KERNEL);
			w->since += hidden;
		}
		rf_walk_span(s, w->since, end, RF_SIDE_OF_USER);
	}
	w->hidden = 0;
	if (end > w->since)
		w->since = end;
}

static inline void rf_walk_enter(struct rf_walk *w, struct rf_step *s, uint64_t start)
{
	w->state &= ~(RF_T_IN_CALL | RF_T_NEW);
	rf_walk_close(w, s, start);
	w->state = (w->state & ~RF_T_IN_FAULT) | RF_T_IN_CALL;
}

static inline uint32_t rf_walk_wide_call(uint64_t word)
{
	uint32_t nr = (uint32_t)rf_bits(word, 4, RF_W_NR_WIDE);

	return RF_CALL(rf_bits(word, 15, RF_W_ABI), nr > RF_NR_MAX ? RF_NR_INVALID : nr);
}

/* s->call, result, flags and waiting are set. */
static inline int rf_walk_call(struct rf_walk *w, struct rf_step *s, uint64_t delta,
                               uint64_t duration)
{
	uint64_t end = w->time + delta;

	if (!w->process || duration > end)
		return -EINVAL;
	s->kind = RF_STEP_CALL;
	s->start = end - duration;
	w->calls++;
	w->time = end;
	if (s->flags & RF_CALL_REFUSED) {
		rf_walk_close(w, s, end);
		return 1;
	}
	if (!(w->state & RF_T_IN_CALL) || s->start > w->since)
		rf_walk_enter(w, s, s->start);
	rf_walk_close(w, s, end);
	w->state &= ~(RF_T_IN_CALL | RF_T_NEW | RF_T_IN_FAULT);
	return 1;
}

/* Another thread runs, or none; flags: RF_SWITCH_*. */
static inline void rf_walk_switch(struct rf_walk *w, struct rf_step *s, uint32_t flags)
{
	bool waits = flags & RF_SWITCH_DISPLACED && w->state & RF_T_IN_CALL;

	if (w->process && !(flags & RF_SWITCH_STOLEN) && !waits)
		rf_walk_close(w, s, w->time);
	w->hidden = 0;
	w->since = w->time;
	w->process = w->thread = 0;
	w->state = 0;
}

static inline int rf_walk_in(struct rf_walk *w, struct rf_step *s, uint64_t word)
{
	const struct rf_walk_slot *slot = &w->slots[rf_bits(word, 4, RF_W_SLOT)];
	uint32_t flags = (uint32_t)rf_bits(word, 10, RF_W_FLAGS);

	if (!slot->process)
		return -EINVAL;
	w->time += rf_bits(word, 13, RF_W_IN_DELTA);
	rf_walk_switch(w, s, flags);
	w->process = slot->process;
	w->thread = slot->thread;
	w->state = flags & RF_SWITCH_IN_CALL ? RF_T_IN_CALL : 0;
	w->waited = s->waited = word >> 32;
	s->kind = RF_STEP_IN;
	return s->waited > w->time ? -EINVAL : 1;
}

static inline int rf_walk_intro(struct rf_walk *w, struct rf_step *s, uint64_t word)
{
	struct rf_walk_slot *slot = &w->slots[rf_bits(word, 4, RF_W_SLOT)];
	uint32_t flags = (uint32_t)rf_bits(word, 10, RF_W_FLAGS);
	uint64_t state = rf_walk_word(w, w->at + 3);

	slot->process = rf_walk_word(w, w->at);
	slot->thread = rf_walk_word(w, w->at + 1);
	if (!slot->process || !slot->thread)
		return -EINVAL;
	w->time += word >> 13;
	rf_walk_switch(w, s, flags & (RF_SWITCH_DISPLACED | RF_SWITCH_STOLEN));
	w->process = slot->process;
	w->thread = slot->thread;
	w->state = (uint32_t)(state >> 32);
	w->call = (uint32_t)state;
	w->waited = s->waited = rf_walk_word(w, w->at + 2);
	w->at += 4;
	s->kind = flags & RF_SWITCH_IN_CALL ? RF_STEP_RAN_ON : RF_STEP_IN;
	return s->waited > w->time ? -EINVAL : 1;
}

static inline int rf_walk_out(struct rf_walk *w, struct rf_step *s, uint32_t flags)
{
	rf_walk_switch(w, s, flags);
	s->kind = RF_STEP_OUT;
	return 1;
}

static inline int rf_walk_fault(struct rf_walk *w, struct rf_step *s, uint64_t word)
{
	s->kind = RF_STEP_FAULT;
	s->user = rf_bits(word, 4, 1);
	s->code = (uint32_t)rf_bits(word, 5, RF_W_FAULT_CODE);
	s->solved = (uint32_t)rf_bits(word, 10, 2);
	s->handling = rf_bits(word, 36, RF_W_FAULT_HANDLING);
	s->address = rf_walk_word(w, w->at++);
	if (!w->process || s->solved > RF_SOLVED_MAJOR)
		return -EINVAL;
	w->faults++;
	w->time += rf_bits(word, 12, RF_W_FAULT_DELTA);
	s->time = w->time;
	if (s->user)
		w->state &= ~(RF_T_IN_FAULT | RF_T_NEW);
	rf_walk_close(w, s, w->time);
	if (!s->solved) {
		if (s->user)
			w->state |= RF_T_IN_FAULT;
		return 1;
	}
	w->time += s->handling;
	if (s->user) {
		rf_walk_span(s, w->since, w->time, RF_SIDE_OF_FAULT);
		w->since = w->time;
	} else {
		rf_walk_close(w, s, w->time);
	}
	return 1;
}

static inline int rf_walk_event(struct rf_walk *w, struct rf_step *s, uint64_t word)
{
	uint32_t arg = (uint32_t)rf_bits(word, 8, RF_W_EVENT_ARG);

	if (!w->process)
		return -EINVAL;
	w->time += word >> 24;
	switch (rf_bits(word, 4, RF_W_EVENT_WHAT)) {
	case RF_STREAM_SOLVED:
		s->kind = RF_STEP_SOLVED;
		s->user = arg & RF_SOLVED_USER;
		s->solved = arg & 3;
		if (s->solved != RF_SOLVED_MINOR && s->solved != RF_SOLVED_MAJOR)
			return -EINVAL;
		if (s->user && w->state & RF_T_IN_FAULT) {
			rf_walk_span(s, w->since, w->time, RF_SIDE_OF_FAULT);
			if (w->time > w->since)
				w->since = w->time;
		}
		rf_walk_close(w, s, w->time);
		if (s->user)
			w->state &= ~RF_T_IN_FAULT;
		return 1;
	case RF_STREAM_EXITING:
		s->kind = RF_STEP_EXITING;
		rf_walk_close(w, s, w->time);
		w->state = RF_T_EXITING;
		return 1;
	case RF_STREAM_LEFT:
		s->kind = RF_STEP_LEFT;
		rf_walk_close(w, s, w->time);
		w->state &= ~(RF_T_IN_CALL | RF_T_NEW);
		return 1;
	case RF_STREAM_SIGNAL:
		s->kind = RF_STEP_SIGNAL;
		s->signal = (int)(arg & 127);
		s->code = arg >> 7 & 511;
		if (s->code & 256)
			s->code |= ~UINT32_C(511);
		rf_walk_close(w, s, w->time);
		w->state &= ~RF_T_IN_FAULT;
		return 1;
	default:
		return -EINVAL;
	}
}

/* Words behind the first one, by kind. */
static inline size_t rf_walk_more(unsigned int kind)
{
	switch (kind) {
	case RF_WORD_CALL_WIDE:
	case RF_WORD_CALL_WAIT:
	case RF_WORD_FAULT:
		return 1;
	case RF_WORD_CALL_FULL:
		return 3;
	case RF_WORD_INTRO:
		return 4;
	default:
		return 0;
	}
}

/*
 * The next record that says something: 1 and *s, 0 at the end, or -EINVAL for bytes that no batch
 * has; what was told before stands.
 */
static inline int rf_walk_next(struct rf_walk *w, struct rf_step *s)
{
	uint64_t word, more, delta;
	unsigned int kind;
	int ret;

	for (;;) {
		if (w->at >= w->nr)
			return w->calls == w->head.calls && w->faults == w->head.faults ? 0 :
			                                                                  -EINVAL;
		word = rf_walk_word(w, w->at++);
		kind = word & 15;
		if (rf_walk_more(kind) > w->nr - w->at)
			return -EINVAL;
		if (kind == RF_WORD_TIME)
			w->time += word >> RF_W_KIND;
		else if (kind == RF_WORD_HIDDEN)
			w->hidden = word >> RF_W_KIND;
		else
			break;
	}
	s->process = w->process;
	s->thread = w->thread;
	s->nr_spans = 0;
	s->flags = 0;
	s->waiting = 0;
	s->entered = false;
	s->call = RF_CALL(w->head.abi, rf_bits(word, 4, RF_W_NR));
	switch (kind) {
	case RF_WORD_CALL:
		s->result = (int64_t)rf_bits(word, 14, RF_W_RESULT) - RF_RESULT_BIAS;
		ret = rf_walk_call(w, s, rf_bits(word, 30, RF_W_CALL_DELTA), word >> 47);
		break;
	case RF_WORD_CALL_SHORT:
		s->result = (int64_t)rf_bits(word, 14, RF_W_RESULT) - RF_RESULT_BIAS;
		s->waiting = w->waited;
		ret = rf_walk_call(w, s, rf_bits(word, 30, RF_W_SHORT_DELTA),
		                   (word >> 45) + w->waited);
		break;
	case RF_WORD_CALL_WAIT:
		s->result = (int64_t)rf_bits(word, 14, RF_W_RESULT) - RF_RESULT_BIAS;
		more = rf_walk_word(w, w->at++);
		s->waiting = more >> 32;
		ret = rf_walk_call(w, s, word >> 30, (uint32_t)more);
		break;
	case RF_WORD_CALL_WIDE:
	case RF_WORD_CALL_FULL:
		s->call = rf_walk_wide_call(word);
		s->flags = (uint32_t)rf_bits(word, 18, RF_W_FLAGS);
		more = rf_walk_word(w, w->at++);
		s->result = (int32_t)(more >> 32);
		delta = word >> 21;
		if (kind == RF_WORD_CALL_FULL) {
			s->result = (int64_t)rf_walk_word(w, w->at++);
			s->waiting = rf_walk_word(w, w->at++);
		} else {
			more = (uint32_t)more;
		}
		ret = rf_walk_call(w, s, delta, more);
		break;
	case RF_WORD_ENTER:
		s->kind = RF_STEP_ENTER;
		s->call = w->call = rf_walk_wide_call(word);
		w->time += word >> 21;
		s->start = w->time;
		rf_walk_enter(w, s, w->time);
		ret = w->process ? 1 : -EINVAL;
		break;
	case RF_WORD_IN:
		ret = rf_walk_in(w, s, word);
		break;
	case RF_WORD_INTRO:
		ret = rf_walk_intro(w, s, word);
		break;
	case RF_WORD_OUT:
		w->time += word >> 7;
		ret = rf_walk_out(w, s, (uint32_t)rf_bits(word, 4, RF_W_FLAGS));
		break;
	case RF_WORD_OUT_CALL:
		w->call = s->call;
		s->entered = true;
		w->time += rf_bits(word, 14, RF_W_OUT_CALL_DELTA);
		s->start = w->time;
		rf_walk_enter(w, s, w->time);
		w->time += word >> 39;
		ret = w->process ? rf_walk_out(w, s, 0) : -EINVAL;
		break;
	case RF_WORD_FAULT:
		ret = rf_walk_fault(w, s, word);
		break;
	case RF_WORD_EVENT:
		ret = rf_walk_event(w, s, word);
		break;
	default:
		return -EINVAL;
	}
	if (kind != RF_WORD_FAULT)
		s->time = w->time;
	return ret;
}

#endif
