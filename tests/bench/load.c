// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many processes or threads that make calls at a steady rate all together:
 * load NUMBER RATE MILLISECONDS [threads]
 *
 * RATE is calls a second of all; 0: they sleep throughout. Each wakes up for a burst of BURST
 * calls, its sleep among them, so that the rate is neither one call a wake-up nor a flood. Prints
 * "ready" when all are there, and at the end a line of JSON: how many calls were made, how long it
 * took, and the processor time it took.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench.h"

#define BURST 20
#define STACK 65536

static struct shared {
	volatile int go;
	volatile int stop;
	int ready;
	int failed;
	uint64_t calls;
} * shared;

static uint64_t period_ns; /* from burst to burst; 0: no calls */
static long nr;

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
		              .tv_nsec = (long)(ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void work(long index)
{
	uint64_t next, calls = 0;

	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELAXED);
	while (!shared->go)
		sleep_until(now_ns() + 50000000);
	/* spread over the period: they are to come one by one, not all at once */
	next = now_ns() + (period_ns ? period_ns : 100000000) * (uint64_t)index / (uint64_t)nr;
	while (!shared->stop) {
		sleep_until(next);
		if (!period_ns) {
			next += 1000000000;
			continue;
		}
		for (int i = 1; i < BURST; i++)
			syscall(SYS_getppid);
		calls += BURST;
		next += period_ns;
	}
	__atomic_add_fetch(&shared->calls, calls, __ATOMIC_RELAXED);
}

static void *thread(void *arg)
{
	work((long)arg);
	return NULL;
}

static void start_thread(long index)
{
	pthread_attr_t attr;
	pthread_t id;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&id, &attr, thread, (void *)index))
		shared->failed = 1;
}

static void start_process(long index)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		shared->failed = 1;
	if (pid)
		return;
	/* nobody is left behind if the parent is killed */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	work(index);
	_exit(0);
}

static void start_all(bool threads)
{
	for (long i = 0; i < nr && !shared->failed; i++) {
		if (threads)
			start_thread(i);
		else
			start_process(i);
	}
	while (!shared->failed && shared->ready < nr)
		sleep_until(now_ns() + 5000000);
	if (!shared->failed)
		return;
	fprintf(stderr, "only %d of %ld could be started\n", shared->ready, nr);
	shared->stop = shared->go = 1;
	exit(1);
}

static double cpu_ns(void)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return 1e9 * (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec + children.ru_utime.tv_sec +
	                      children.ru_stime.tv_sec) +
	       1e3 * (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec +
	                      children.ru_utime.tv_usec + children.ru_stime.tv_usec);
}

static void finish(bool threads)
{
	shared->stop = 1;
	if (threads)
		sleep_until(now_ns() + 1200000000);
	else
		while (wait(NULL) > 0 || errno == EINTR)
			;
}

int main(int argc, char **argv)
{
	bool threads = argc == 5 && !strcmp(argv[4], "threads");
	uint64_t begin, ran;
	long rate;

	if (argc != 4 && !threads) {
		fprintf(stderr, "usage: load NUMBER RATE MILLISECONDS [threads]\n");
		return 2;
	}
	nr = number(argv[1], 1);
	rate = number(argv[2], 0);
	period_ns = rate ? (uint64_t)nr * BURST * 1000000000 / (uint64_t)rate : 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	start_all(threads);
	puts("ready");
	fflush(stdout);
	begin = now_ns();
	shared->go = 1;
	sleep_until(begin + (uint64_t)number(argv[3], 1) * 1000000);
	ran = now_ns() - begin;
	finish(threads);
	printf("{\"calls\": %llu, \"ran_ns\": %llu, \"cpu_ns\": %.0f}\n",
	       (unsigned long long)shared->calls, (unsigned long long)ran, cpu_ns());
	return 0;
}
