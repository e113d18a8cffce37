// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many processes or threads that make calls at a steady rate all together:
 * load NUMBER RATE MILLISECONDS [threads]
 *
 * RATE is calls a second of all; 0: they sleep throughout. Each wakes up for a burst of BURST
 * calls, its sleep among them, so that the rate is neither one call a wake-up nor a flood. Prints
 * "ready" when all are there, and at the end a line of JSON: how many calls were made, how long it
 * took, and the processor time that their makers took, from then on.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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
	uint64_t cpu_ns;
} * shared;

static union worker {
	pid_t pid;
	pthread_t thread;
} * workers;

static uint64_t period_ns; /* from burst to burst; 0: no calls */
static long nr;

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
		              .tv_nsec = (long)(ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void wake_up(int sig)
{
	(void)sig;
}

static void work(long index)
{
	uint64_t next, calls = 0, cpu_ns;

	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELAXED);
	while (!shared->go)
		syscall(SYS_futex, &shared->go, FUTEX_WAIT, 0, NULL);
	cpu_ns = thread_cpu_ns();
	/* spread over the period: they are to come one by one, not all at once */
	next = now_ns() + (period_ns ? period_ns : 1000000000) * (uint64_t)index / (uint64_t)nr;
	while (!shared->stop) {
		sleep_until(next);
		if (shared->stop)
			break;
		next += period_ns ? period_ns : 1000000000;
		if (!period_ns)
			continue;
		for (int i = 1; i < BURST; i++)
			syscall(SYS_getppid);
		calls += BURST;
	}
	__atomic_add_fetch(&shared->calls, calls, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->cpu_ns, thread_cpu_ns() - cpu_ns, __ATOMIC_RELAXED);
}

static void *thread(void *arg)
{
	work((long)arg);
	return NULL;
}

static void start_thread(long index)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	if (pthread_create(&workers[index].thread, &attr, thread, (void *)index))
		shared->failed = 1;
	pthread_attr_destroy(&attr);
}

static void start_process(long index)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		shared->failed = 1;
	workers[index].pid = pid;
	if (pid)
		return;
	/* nobody is left behind if the parent is killed */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	work(index);
	_exit(0);
}

/* Children of a parent that ends here are killed with it. */
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
	exit(1);
}

/* Wakes all up, again and again: one may have looked at .stop just before it went to sleep. */
static void finish(bool threads)
{
	shared->stop = 1;
	for (long i = 0; i < nr; i++) {
		if (threads) {
			while (pthread_kill(workers[i].thread, SIGTERM) ||
			       pthread_tryjoin_np(workers[i].thread, NULL))
				sleep_until(now_ns() + 100000);
			continue;
		}
		while (!kill(workers[i].pid, SIGTERM) && !waitpid(workers[i].pid, NULL, WNOHANG))
			sleep_until(now_ns() + 100000);
	}
}

int main(int argc, char **argv)
{
	struct sigaction wake = { .sa_handler = wake_up };
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
	workers = calloc((size_t)nr, sizeof(*workers));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (!workers || shared == MAP_FAILED) {
		perror("load");
		return 1;
	}
	sigaction(SIGTERM, &wake, NULL);
	start_all(threads);
	puts("ready");
	fflush(stdout);
	begin = now_ns();
	shared->go = 1;
	syscall(SYS_futex, &shared->go, FUTEX_WAKE, INT32_MAX);
	sleep_until(begin + (uint64_t)number(argv[3], 1) * 1000000);
	ran = now_ns() - begin;
	finish(threads);
	printf("{\"calls\": %llu, \"ran_ns\": %llu, \"cpu_ns\": %llu}\n",
	       (unsigned long long)shared->calls, (unsigned long long)ran,
	       (unsigned long long)shared->cpu_ns);
	return 0;
}
