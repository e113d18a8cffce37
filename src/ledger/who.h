/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a thread of the stream is: its process and its name, learnt from the records of processes and
 * threads. The dead are forgotten only when rf_who_forget() says so.
 */
#ifndef RF_LEDGER_WHO_H
#define RF_LEDGER_WHO_H

#include <stddef.h>
#include <stdint.h>

struct rf_args_rec;
struct rf_who;

struct rf_who_thread {
	uint64_t process;
	uint64_t thread;
	uint32_t pid;
	uint32_t tid;
	char comm[17];
	struct rf_args_rec *args; /* of the open call, if it is traced; owned */
	void *more;               /* the caller's, freed with free() */
};

/* NULL when out of memory. */
struct rf_who *rf_who_new(void);
void rf_who_free(struct rf_who *w);

/* Learns from FORK, EXEC, THREAD_BORN, THREAD; the rest is passed over. 0 or -ENOMEM. */
int rf_who_learn(struct rf_who *w, const void *rec, size_t size);

/* The thread, made if it was not known; NULL when out of memory. */
struct rf_who_thread *rf_who_thread(struct rf_who *w, uint64_t process, uint64_t thread);
void rf_who_forget(struct rf_who *w, uint64_t thread);

/* Calls each for every thread that is known, until it returns other than 0; that is returned. */
int rf_who_each(struct rf_who *w, int (*each)(void *ctx, struct rf_who_thread *t), void *ctx);

#endif
