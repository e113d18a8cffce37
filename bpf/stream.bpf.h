/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Appending to the CPU's batch. Words of one batch come in the order of time;
 * before a thread's first word it is introduced.
 *
 * In stream mode since_ns is the time of the thread's last record, and no span
 * is added up here: the records tell them.
 */
#ifndef RF_STREAM_BPF_H
#define RF_STREAM_BPF_H

#include "core.bpf.h"
#include "stream.h"

extern const volatile bool rf_stream;

/* not every object uses all of them */
#define RF_STREAM_FN static __attribute__((noinline, unused))

struct rf_batches_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_batch);
};
extern struct rf_batches_map rf_batches SEC(".maps");

/* A record of arguments is too large for the stack. */
struct rf_args_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_args_rec);
};
extern struct rf_args_map rf_args SEC(".maps");

#define RF_STRING_ABIS 5
#define RF_HOW_USER 32 /* a fault in user mode, beside the error code's lowest bits */

#define RF_BATCH_FULL (RF_BATCH_WORDS - RF_BATCH_ROOM)

static __always_inline struct rf_batch *rf_batch_of(__u32 epoch)
{
	__u32 key = (epoch & 1) * rf_nr_cpus + bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rf_batches, &key);
}

static __always_inline void rf_put(struct rf_batch *b, __u64 word)
{
	__u32 n = b->head.rec.count & (RF_BATCH_WORDS - 1);

	b->words[n] = word;
	b->head.rec.count = n + 1;
}

/* The delta to now for a field of so many bits; what does not fit goes ahead in a word of its own. */
static __always_inline __u64 rf_delta(struct rf_batch *b, __u64 now, __u32 bits)
{
	__u64 delta = now - b->head.last_ns;

	if ((__s64)delta <= 0)
		return 0;
	b->head.last_ns = now;
	if (!(delta >> bits))
		return delta;
	rf_put(b, RF_WORD_TIME | delta << RF_W_KIND);
	return 0;
}

/* Sends the batch off; it is empty then. With the ring full its crossings are lost, and dated. */
RF_STREAM_FN int rf_batch_flush(struct rf_cpu *c, struct rf_batch *b, __u32 epoch)
{
	struct rf_batch_head *h;
	__u32 n;

	if (!c || !b)
		return 0;
	h = &b->head;
	n = h->rec.count & (RF_BATCH_WORDS - 1);
	h->rec.type = RF_REC_BATCH;
	h->rec.epoch = epoch;
	h->cpu = bpf_get_smp_processor_id();
	h->abi = RF_STREAM_ABI;
	if (bpf_ringbuf_output(&rf_ring, b, sizeof(*h) + n * sizeof(__u64), rf_ring_flags())) {
		c->counts[epoch & 1].lost[RF_LOST_BATCH] += h->calls + h->faults;
		if (!(h->lost_calls | h->lost_faults))
			h->lost_from_ns = h->base_ns;
		h->lost_to_ns = h->last_ns;
		h->lost_calls += h->calls;
		h->lost_faults += h->faults;
	} else {
		h->lost_from_ns = h->lost_to_ns = 0;
		h->lost_calls = h->lost_faults = 0;
	}
	h->rec.count = 0;
	h->calls = h->faults = 0;
	__builtin_memset(b->slots, 0, sizeof(b->slots));
	b->task = 0;
	b->waited = 0;
	b->fault_at = 0;
	return 0;
}

/* The state of the CPU's thread as the records tell it. */
static __always_inline __u32 rf_told_state(const struct rf_cpu *c)
{
	__u32 state = c->flags & (RF_T_IN_FAULT | RF_T_NEW | RF_T_EXITING);

	/* a call from before the window is not counted, and told by the state alone */
	if (c->flags & RF_T_IN_CALL &&
	    (c->flags & RF_T_TOLD || !(c->flags & (RF_T_COUNTED | RF_T_HIDDEN))))
		state |= RF_T_IN_CALL;
	return state;
}

/* The CPU's thread runs from now on, after it has waited; RF_SWITCH_IN_CALL: it ran all the time. */
RF_STREAM_FN int rf_batch_in(struct rf_cpu *c, __u32 epoch, __u64 now, __u64 waited, __u32 flags)
{
	struct rf_batch *b = rf_batch_of(epoch);
	struct task_struct *task;
	__u64 key, slot, delta;
	__u32 state;

	if (!b || !c)
		return 0;
	/* what a switch brings with it has room; see rf_stream_leave() */
	if (b->head.rec.count > RF_BATCH_FULL + RF_BATCH_ROOM / 2)
		rf_batch_flush(c, b, epoch);
	if (!b->head.rec.count) {
		b->head.base_ns = now;
		b->head.last_ns = now;
	}
	key = (c->entity + c->tid) * 0x9e3779b97f4a7c15ULL;
	slot = (key >> 58) & (RF_BATCH_SLOTS - 1);
	state = rf_told_state(c);
	task = (struct task_struct *)c->task;
	b->task = c->task;
	b->waited = waited;
	if (b->slots[slot] == key && !(waited >> 32) && !(state & ~RF_T_IN_CALL) &&
	    !(flags & RF_SWITCH_IN_CALL)) {
		delta = rf_delta(b, now, RF_W_IN_DELTA);
		if (state)
			flags |= RF_SWITCH_IN_CALL;
		rf_put(b, RF_WORD_IN | slot << 4 | (__u64)flags << 10 | delta << 13 | waited << 32);
		return 0;
	}
	b->slots[slot] = key;
	delta = rf_delta(b, now, RF_W_INTRO_DELTA);
	rf_put(b, RF_WORD_INTRO | slot << 4 | (__u64)flags << 10 | delta << 13);
	rf_put(b, c->entity);
	rf_put(b, RF_ENTITY(c->tid, BPF_CORE_READ(task, start_boottime)));
	rf_put(b, waited);
	rf_put(b, c->call | (__u64)state << 32);
	return 0;
}

/* The batch, with room for an event of the CPU's thread, which is introduced. */
RF_STREAM_FN struct rf_batch *rf_batch_ready(struct rf_cpu *c, __u32 epoch)
{
	struct rf_batch *b = rf_batch_of(epoch);

	if (!b || !c)
		return NULL;
	if (b->head.rec.count > RF_BATCH_FULL)
		rf_batch_flush(c, b, epoch);
	if (b->task != c->task)
		rf_batch_in(c, epoch, c->since_ns, 0, RF_SWITCH_IN_CALL);
	return b;
}

/* The number of a call in a wide word, with its ABI behind it. */
static __always_inline __u64 rf_wide_nr(__u32 call)
{
	__u64 nr = RF_CALL_NR(call);

	if (nr == RF_NR_INVALID)
		nr = RF_NR_WIDE_INVALID;
	return nr << 4 | (__u64)(RF_CALL_ABI(call) & 7) << 15;
}

static __always_inline void rf_put_enter(struct rf_batch *b, __u32 call, __u64 start)
{
	__u64 delta = rf_delta(b, start, RF_W_WIDE_DELTA);

	rf_put(b, RF_WORD_ENTER | rf_wide_nr(call) | delta << 21);
}

static __always_inline bool rf_must_tell(const struct rf_cpu *c)
{
	return (c->flags & (RF_T_IN_CALL | RF_T_COUNTED | RF_T_TOLD)) ==
	       (RF_T_IN_CALL | RF_T_COUNTED);
}

/* Time in calls that are not selected, up to now. */
static __always_inline void rf_put_hidden(struct rf_cpu *c, struct rf_batch *b, __u64 now)
{
	if (!rf_use_calls)
		return;
	if (c->flags & RF_T_HIDDEN) {
		c->kernel_ns += now - c->call_start_ns;
		c->call_start_ns = now;
	}
	if (c->kernel_ns)
		rf_put(b, RF_WORD_HIDDEN | c->kernel_ns << RF_W_KIND);
	c->kernel_ns = 0;
}

/* What is known of the thread's open call, before something falls into it. */
static __always_inline void rf_put_open(struct rf_cpu *c, struct rf_batch *b, __u64 now)
{
	rf_put_hidden(c, b, now);
	if (!rf_must_tell(c))
		return;
	c->flags |= RF_T_TOLD;
	rf_put_enter(b, c->call, c->call_start_ns);
}

/*
 * The CPU's thread leaves it; rf_stream_switched() has to follow. An open call
 * is noted for it, because call and switch may share a word.
 */
RF_STREAM_FN int rf_stream_leave(struct rf_cpu *c, __u32 epoch, __u64 now)
{
	struct rf_batch *b;

	epoch &= 1;
	b = rf_batch_ready(c, epoch);
	if (!b || !c)
		return 0;
	rf_put_hidden(c, b, now);
	if (rf_must_tell(c)) {
		c->flags |= RF_T_TOLD;
		b->enter_ns = c->call_start_ns;
		b->enter_call = c->call;
	}
	c->since_ns = now;
	c->left = epoch + 1;
	return 0;
}

static __always_inline void rf_put_out(struct rf_batch *b, __u32 flags, __u64 now)
{
	__u64 nr = b->enter_call ^ RF_STREAM_ABI << 16, start = b->enter_ns, delta, span;

	b->task = 0;
	if (start) {
		delta = start - b->head.last_ns;
		span = now - start;
		b->enter_ns = 0;
		if (!flags && !(nr >> RF_W_NR) && !(delta >> RF_W_OUT_CALL_DELTA) &&
		    !(span >> RF_W_OUT_CALL_SPAN)) {
			b->head.last_ns = now;
			rf_put(b, RF_WORD_OUT_CALL | nr << 4 | delta << 14 | span << 39);
			return;
		}
		rf_put_enter(b, b->enter_call, start);
	}
	delta = rf_delta(b, now, RF_W_OUT_DELTA);
	rf_put(b, RF_WORD_OUT | (__u64)flags << 4 | delta << 7);
}

/* c has just been loaded with another thread, or with none that is a target. */
RF_STREAM_FN int rf_stream_switched(struct rf_cpu *c, __u32 epoch, __u64 now)
{
	struct rf_batch *b;
	__u64 waited;
	__u32 flags;

	if (!c)
		return 0;
	flags = c->switched & 3;
	if (c->left) /* the whole switch belongs into one batch */
		epoch = c->left - 1;
	epoch &= 1;
	c->left = c->switched = 0;
	b = rf_batch_of(epoch);
	if (!b)
		return 0;
	if (!(c->flags & RF_T_TRACKED)) {
		if (b->task)
			rf_put_out(b, flags, now);
		return 0;
	}
	if (b->enter_ns) {
		rf_put_enter(b, b->enter_call, b->enter_ns);
		b->enter_ns = 0;
	}
	waited = c->waiting_ns;
	c->waiting_ns = 0;
	if (c->flags & RF_T_HIDDEN)
		c->call_start_ns = now;
	if (c->since_ns == now)
		rf_batch_in(c, epoch, now, waited, flags);
	else
		rf_batch_in(c, epoch, c->since_ns, 0, flags | RF_SWITCH_IN_CALL);
	return 0;
}

static __always_inline void rf_put_event(struct rf_batch *b, __u64 what, __u64 arg, __u64 now)
{
	__u64 delta = rf_delta(b, now, RF_W_EVENT_DELTA);

	rf_put(b, RF_WORD_EVENT | what << 4 | (arg & 0xffff) << 8 | delta << 24);
}

RF_STREAM_FN int rf_stream_event(struct rf_cpu *c, __u32 what, __u32 arg, __u64 now)
{
	struct rf_batch *b = rf_batch_ready(c, rf_epoch());

	if (!b || !c)
		return 0;
	rf_put_open(c, b, now);
	rf_put_event(b, what, arg, now);
	c->since_ns = now;
	return 0;
}

/* A page fault was raised; how: the error code's lowest bits, and RF_HOW_USER. */
RF_STREAM_FN int rf_stream_fault(struct rf_cpu *c, __u64 address, __u32 how, __u64 now)
{
	__u32 epoch = rf_epoch();
	struct rf_batch *b;
	__u64 delta;

	if (!c)
		return 0;
	if (how & RF_HOW_USER)
		c->counts[epoch].faults_user++;
	else
		c->counts[epoch].faults_kernel++;
	b = rf_batch_ready(c, epoch);
	if (!b) {
		c->counts[epoch].lost[RF_LOST_BATCH]++;
		return 0;
	}
	rf_put_open(c, b, now);
	delta = rf_delta(b, now, RF_W_FAULT_DELTA);
	rf_put(b,
	       RF_WORD_FAULT | (__u64)(how >> 5 & 1) << 4 | (__u64)(how & 31) << 5 | delta << 12);
	rf_put(b, address);
	b->head.faults++;
	b->fault_at = b->head.rec.count;
	c->since_ns = now;
	return 0;
}

/* The last fault was resolved; solved: RF_SOLVED_*. */
RF_STREAM_FN int rf_stream_solved(struct rf_cpu *c, __u32 solved, __u64 now)
{
	struct rf_batch *b = rf_batch_ready(c, rf_epoch());
	__u64 took, word;
	__u32 at;

	if (!b || !c)
		return 0;
	took = now - b->head.last_ns;
	at = (b->fault_at - 2) & (RF_BATCH_WORDS - 1);
	word = b->words[at];
	if (b->fault_at && b->fault_at == b->head.rec.count && !(took >> RF_W_FAULT_HANDLING) &&
	    (word >> 4 & 1) == (solved >> 2 & 1)) {
		b->words[at] = word | (__u64)(solved & 3) << 10 | took << 36;
		b->head.last_ns = now;
	} else {
		rf_put_open(c, b, now);
		rf_put_event(b, RF_STREAM_SOLVED, solved, now);
	}
	b->fault_at = 0;
	c->since_ns = now;
	return 0;
}

/* A call that does not fit into one word, or did not end as calls do. */
RF_STREAM_FN int rf_stream_call_wide(struct rf_cpu *c, __u32 epoch, __u64 now, __s64 result,
                                     __u32 flags)
{
	__u64 took, waited, wide, delta, nr, fits;
	struct rf_batch *b;

	epoch &= 1;
	b = rf_batch_ready(c, epoch);
	if (!c)
		return 0;
	if (!b) {
		c->counts[epoch].lost[RF_LOST_BATCH]++;
		return 0;
	}
	rf_put_hidden(c, b, now);
	b->head.calls++;
	took = flags & RF_CALL_REFUSED ? 0 : now - c->call_start_ns;
	waited = flags & RF_CALL_REFUSED ? 0 : c->call_waiting_ns;
	c->since_ns = now;
	nr = c->call ^ RF_STREAM_ABI << 16;
	fits = result + RF_RESULT_BIAS;
	if (!flags && !(nr >> RF_W_NR) && !(fits >> RF_W_RESULT)) {
		delta = now - b->head.last_ns;
		if (waited && waited == b->waited && took >= waited &&
		    !((took - waited) >> RF_W_SHORT_COMPUTING) && !(delta >> RF_W_SHORT_DELTA)) {
			b->head.last_ns = now;
			rf_put(b, RF_WORD_CALL_SHORT | nr << 4 | fits << 14 | delta << 30 |
			                  (took - waited) << 45);
			return 0;
		}
		if (!(took >> 32 | waited >> 32)) {
			delta = rf_delta(b, now, RF_W_WAIT_DELTA);
			rf_put(b, RF_WORD_CALL_WAIT | nr << 4 | fits << 14 | delta << 30);
			rf_put(b, took | waited << 32);
			return 0;
		}
	}
	delta = rf_delta(b, now, RF_W_WIDE_DELTA);
	wide = rf_wide_nr(c->call) | (__u64)(flags & 7) << 18 | delta << 21;
	if (!waited && !(took >> 32) && result == (__s32)result) {
		rf_put(b, RF_WORD_CALL_WIDE | wide);
		rf_put(b, took | (__u64)result << 32);
		return 0;
	}
	rf_put(b, RF_WORD_CALL_FULL | wide);
	rf_put(b, took);
	rf_put(b, result);
	rf_put(b, waited);
	return 0;
}

/* A counted call of the CPU's thread has ended. */
static __always_inline void rf_stream_call(struct rf_cpu *c, __u32 epoch, __u64 now, __s64 result)
{
	struct rf_batch *b = rf_batch_of(epoch);
	__u64 took = now - c->call_start_ns, fits = result + RF_RESULT_BIAS;
	__u64 nr = c->call ^ RF_STREAM_ABI << 16, delta;
	__u32 n;

	if (!b) {
		c->counts[epoch].lost[RF_LOST_BATCH]++;
		return;
	}
	delta = now - b->head.last_ns;
	n = b->head.rec.count;
	if (unlikely(b->task != c->task || n > RF_BATCH_FULL || nr >> RF_W_NR ||
	             fits >> RF_W_RESULT || delta >> RF_W_CALL_DELTA ||
	             took >> RF_W_CALL_DURATION || c->call_waiting_ns ||
	             (rf_use_calls && c->kernel_ns))) {
		rf_stream_call_wide(c, epoch, now, result, 0);
		return;
	}
	n &= RF_BATCH_WORDS - 1;
	b->words[n] = RF_WORD_CALL | nr << 4 | fits << 14 | delta << 30 | took << 47;
	b->head.rec.count = n + 1;
	b->head.calls++;
	b->head.last_ns = now;
	c->since_ns = now;
}

/* execve has given the CPU's thread another name: it is introduced anew. */
static __always_inline void rf_stream_renamed(struct rf_cpu *c)
{
	struct rf_batch *b = rf_batch_of(rf_epoch());

	if (b)
		b->task = 0;
}

/* A counted call that will never return: its thread ends, or its end was missed. */
static __always_inline void rf_stream_unfinished(struct rf_cpu *c, __u32 epoch, __u64 now)
{
	c->counts[epoch & 1].finished++;
	rf_stream_call_wide(c, epoch, now, 0, RF_CALL_UNFINISHED);
}

#endif
