// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Twenty workers share a job and one of them crashes: as processes, then as threads of one process.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "lab.h"

#define WORKERS 20
#define ITEMS 10

static int null_file;
static int *volatile nowhere;

/* show */
static void *work(void *number)
{
	for (int item = 0; item < ITEMS; item++) {
		usleep(5000);
		if ((long)number == 13 && item == 5)
			/* worker 13 has a bug */
			*nowhere = 1;
		/* an item is done */
		if (write(null_file, "x", 1) != 1)
			break;
	}
	return NULL;
}
/* hide */

static void as_processes(void)
{
	/* show */
	/* a: 20 processes */
	for (long i = 0; i < WORKERS; i++)
		if (lab_fork("worker") == 0) {
			work((void *)i);
			_exit(0);
		}
	/* hide */
	lab_wait();
}

static void as_threads(void)
{
	pthread_t threads[WORKERS];

	if (lab_fork("threads") == 0) {
		/* show */
		/* b: 20 threads of one */
		for (long i = 0; i < WORKERS; i++)
			pthread_create(&threads[i], NULL, work, (void *)i);
		/* hide */
		for (long i = 0; i < WORKERS; i++)
			pthread_join(threads[i], NULL);
		_exit(0);
	}
	lab_wait();
}

int main(void)
{
	null_file = open("/dev/null", O_WRONLY);
	if (null_file < 0)
		return 1;
	lab_part("a 20 processes", WORKERS * ITEMS);
	as_processes();
	lab_part("b 20 threads", WORKERS * ITEMS);
	as_threads();
	lab_end();
	return 0;
}
