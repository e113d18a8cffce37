/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream: every crossing of a CPU as its own small record, in batches.
 *
 * A batch is a head and 64-bit words, appended on one CPU in the order of
 * time, and it is understood on its own: who runs is said before the first
 * crossing, and times are differences to the record before. A record is one
 * word, or two to five for what does not fit. Its lowest four bits are its kind
 * (enum rf_word), the other fields of the first word follow from low to high as
 * the RF_W_* widths below list them.
 *
 * What a thread does between two records is not said but follows: from the last
 * record of a thread to the start of a call it was in user mode (or in the
 * kernel, by the state it is in), from there to the call's end in the kernel;
 * off the CPU from the record that another thread runs there to the one that
 * it runs again, which says for how long.
 *
 * docs/reference/recording.md describes the same for readers of a recording.
 * Includes nothing, like records.h, which comes before it.
 */
#ifndef RF_STREAM_H
#define RF_STREAM_H

#include "records.h"

#define RF_BATCH_WORDS 1024
#define RF_BATCH_ROOM 24 /* words that a batch must have left for one event, with what it brings */
#define RF_BATCH_SLOTS 64

/* the ABI of the kernel's own calls */
#if defined(__x86_64__) || defined(__TARGET_ARCH_x86)
#define RF_STREAM_ABI 0
#else
#define RF_STREAM_ABI 3
#endif

struct rf_batch_head {
	struct rf_rec rec; /* RF_REC_BATCH; .count: words; .entity: 0 */
	__u64 base_ns;     /* the first record's time is a difference to it */
	__u64 last_ns;     /* time of the last record */
	__u32 cpu;
	__u32 abi;    /* of the calls whose words have none */
	__u32 calls;  /* crossings in it: calls that ended */
	__u32 faults; /* page faults that were raised */
	/* what had to be given up on this CPU since the batch before this one */
	__u64 lost_from_ns;
	__u64 lost_to_ns;
	__u32 lost_calls;
	__u32 lost_faults;
};

#define RF_BATCH_REC_SIZE(words) (sizeof(struct rf_batch_head) + (words) * sizeof(__u64))

/*
 * The batch that is being filled: [epoch][cpu] of an array that the loader maps. A record is its
 * beginning, up to the last word.
 */
struct rf_batch {
	struct rf_batch_head head;
	__u64 words[RF_BATCH_WORDS];
	/* from here on for the kernel side alone; all zero in a batch that begins */
	__u64 slots[RF_BATCH_SLOTS]; /* threads that were introduced, by a hash */
	__u64 task;                  /* who runs, as the words so far say; 0: none */
	__u64 waited;                /* as its last IN said */
	__u64 enter_ns;              /* a call to be said with the switch that follows; 0: none */
	__u32 enter_call;
	__u32 fault_at; /* words in the batch behind the fault that was last; 0: none */
};

/*
 * Kinds. The time of a record is that of the one before it plus delta; a call's is its end. A
 * result that fits 16 bits is stored plus 4096.
 */
enum rf_word {
	RF_WORD_NONE = 0,
	RF_WORD_CALL = 1,      /* nr, result, delta, duration */
	RF_WORD_CALL_WIDE = 2, /* nr11, abi, flags, delta; word: duration 32, result 32 (signed) */
	RF_WORD_CALL_FULL = 3, /* the same; words: duration, result, waiting */
	RF_WORD_CALL_WAIT = 4, /* nr, result, delta; word: duration 32, waiting 32 */
	RF_WORD_CALL_SHORT =
		5,         /* nr, result, delta, computing: it waited once, as the last IN says */
	RF_WORD_ENTER = 6, /* nr11, abi, delta: the open call; said when something falls into it */
	RF_WORD_IN = 7,    /* slot, flags, delta, waited: a thread of this batch runs again */
	RF_WORD_INTRO = 8, /* slot, flags, delta; words: process, thread (RF_ENTITY), waited,
	                         * call | state (RF_T_*) << 32: a thread runs that was not named yet */
	RF_WORD_OUT = 9,   /* flags, delta: no thread that is a target runs any more */
	RF_WORD_OUT_CALL = 10, /* nr, delta, span: ENTER at delta, then OUT after span */
	RF_WORD_FAULT = 11,    /* user, code, solved, delta, handling; word: address */
	RF_WORD_EVENT = 12,    /* what, arg, delta */
	RF_WORD_HIDDEN =
		13,        /* ns: of the span that the next record closes, in calls not selected */
	RF_WORD_TIME = 14, /* delta alone: added to that of the next record */
};

#define RF_W_KIND 4
#define RF_W_NR 10
#define RF_W_RESULT 16
#define RF_W_NR_WIDE 11
#define RF_W_ABI 3
#define RF_W_FLAGS 3
#define RF_W_SLOT 6
#define RF_RESULT_BIAS 4096
#define RF_NR_WIDE_INVALID 2047 /* RF_NR_INVALID in a wide word */

/* delta and what comes behind it take the rest */
#define RF_W_CALL_DELTA 17
#define RF_W_CALL_DURATION 17
#define RF_W_WIDE_DELTA 43
#define RF_W_WAIT_DELTA 34
#define RF_W_SHORT_DELTA 15
#define RF_W_SHORT_COMPUTING 19
#define RF_W_IN_DELTA 19
#define RF_W_INTRO_DELTA 51
#define RF_W_OUT_DELTA 57
#define RF_W_OUT_CALL_DELTA 25
#define RF_W_OUT_CALL_SPAN 25
#define RF_W_FAULT_CODE 5
#define RF_W_FAULT_DELTA 24
#define RF_W_FAULT_HANDLING 28
#define RF_W_EVENT_WHAT 4
#define RF_W_EVENT_ARG 16
#define RF_W_EVENT_DELTA 40
#define RF_W_TIME 60

/* flags of a wide or full call */
#define RF_CALL_REFUSED 1    /* answered before it began: no duration */
#define RF_CALL_UNFINISHED 2 /* never returned: no duration that counts, no result */
#define RF_CALL_SIGSYS 4     /* refused by a signal: no result */

/* flags of IN, INTRO, OUT */
#define RF_SWITCH_DISPLACED 1 /* when the thread before left is not known; see the decoder */
#define RF_SWITCH_STOLEN 2    /* it runs on elsewhere since its last record */
#define RF_SWITCH_IN_CALL 4   /* IN: inside a call that was said; INTRO: it ran on all the time */

/* solved */
#define RF_SOLVED_NOT 0
#define RF_SOLVED_MINOR 1
#define RF_SOLVED_MAJOR 2
#define RF_SOLVED_USER 4 /* of an event: of a fault in user mode */

/* what */
enum rf_event_word {
	RF_STREAM_SOLVED = 1, /* the thread's open fault; arg: RF_SOLVED_* */
	RF_STREAM_EXITING = 2,
	RF_STREAM_LEFT = 3,   /* out of a call that is not counted, or of the fork that made it */
	RF_STREAM_SIGNAL = 4, /* delivered; arg: signal, then nine bits of si_code (signed) */
};

/* State of a thread, in an INTRO and in the kernel side: as RF_T_*, and */
#define RF_T_TOLD 0x1000   /* the open call was said (ENTER) */
#define RF_T_HIDDEN 0x2000 /* the open call is not selected: what it takes is HIDDEN */

/* Trace: a call as it was entered. */
#define RF_ARGS 6
#define RF_ARG_STRINGS 2
#define RF_ARG_STRING_LEN 256
struct rf_args_rec {
	struct rf_rec rec; /* .count: tid; .entity: the process */
	__u64 thread;      /* RF_ENTITY of the thread */
	__u64 time_ns;     /* start of the call */
	__u32 call;
	__u32 cpu;
	__u64 args[RF_ARGS + 2];    /* a power of two, for the verifier */
	__u8 which[RF_ARG_STRINGS]; /* index of the argument, from 1; 0: none */
	__u16 len[RF_ARG_STRINGS];  /* bytes with the NUL; 0: could not be read */
	__u8 pad[2];
	char text[RF_ARG_STRINGS][RF_ARG_STRING_LEN];
};
#define RF_ARGS_REC_SIZE offsetof(struct rf_args_rec, text)

#endif
