// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same work with the kernel and without it: adding up, and switching between two tasks.
 */
/* the C library's check of longjmp() knows one stack only */
#undef _FORTIFY_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <ucontext.h>
#include <unistd.h>

#include "lab.h"

#define ADDITIONS 100000
#define SWITCHES 20000

static volatile uint64_t total;

/* Coroutines: two tasks of one thread that hand the CPU to each other, in user space. */

static sigjmp_buf here, there;
static char stack[65536];
static volatile long switches;

static void other_task(void)
{
	for (;;) {
		if (sigsetjmp(there, 0) == 0)
			siglongjmp(here, 1);
		switches++;
	}
}

static __attribute__((noinline)) void yield(void)
{
	/* show */
	/* yield(): keep where I am, and go on there */
	if (sigsetjmp(here, 0) == 0)
		siglongjmp(there, 1);
	/* hide */
}

static void start_other_task(void)
{
	static ucontext_t mine, others;

	getcontext(&others);
	others.uc_stack.ss_sp = stack;
	others.uc_stack.ss_size = sizeof(stack);
	others.uc_link = &mine;
	makecontext(&others, other_task, 0);
	if (sigsetjmp(here, 0) == 0)
		swapcontext(&mine, &others);
}

/* Threads: the same two tasks, but the kernel switches. */

static int to_main[2], to_thread[2];

static void *other_thread(void *unused)
{
	char turn;

	while (read(to_thread[0], &turn, 1) == 1)
		if (write(to_main[1], &turn, 1) != 1)
			break;
	return unused;
}

int main(void)
{
	uint64_t one = 1, result = 0;
	pthread_t thread;
	int counter = eventfd(0, 0);
	char turn = 0;

	if (counter < 0 || pipe(to_main) || pipe(to_thread))
		return 1;
	lab_part("a kernel adds", ADDITIONS);
	/* show */
	/* a: an eventfd is a number in the kernel */
	for (long i = 0; i < ADDITIONS; i++)
		if (write(counter, &one, sizeof(one)) < 0)
			return 1;
	/* hide */
	lab_end();
	if (read(counter, &result, sizeof(result)) < 0 || result != ADDITIONS)
		return 1;
	lab_part("b program adds", ADDITIONS);
	/* show */
	/* b: a number in the program */
	for (long i = 0; i < ADDITIONS; i++)
		total += one;
	/* hide */

	lab_end();
	start_other_task();
	lab_part("c coroutines", SWITCHES);
	/* show */
	/* c: to the other task and back */
	for (long i = 0; i < SWITCHES / 2; i++)
		yield();
	/* hide */

	lab_end();
	if (switches != SWITCHES / 2 || pthread_create(&thread, NULL, other_thread, NULL))
		return 1;
	/* its start is over when it has answered once */
	if (write(to_thread[1], &turn, 1) != 1 || read(to_main[0], &turn, 1) != 1)
		return 1;
	lab_part("d threads", SWITCHES);
	/* show */
	/* d: to the other thread and back */
	for (long i = 0; i < SWITCHES / 2; i++) {
		if (write(to_thread[1], &turn, 1) != 1)
			return 1;
		if (read(to_main[0], &turn, 1) != 1)
			return 1;
	}
	/* hide */
	lab_end();
	close(to_thread[1]);
	pthread_join(thread, NULL);
	return 0;
}
