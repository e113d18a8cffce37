// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bad pointer, handed to the kernel, and used by the program itself.
 */
#include <fcntl.h>
#include <unistd.h>

#include "lab.h"

static char *volatile bad = (char *)8;
static volatile char got;
static volatile long result;

int main(void)
{
	int ends[2], null_file = open("/dev/null", O_WRONLY);

	if (null_file < 0 || pipe(ends) || write(ends[1], "text", 4) != 4)
		return 1;
#define HUNDRED_TIMES for (int i = 0; i < 100; i++)
	lab_part("a write, pipe", 100);
	/* show */
	/* a */
	HUNDRED_TIMES result = write(ends[1], bad, 4);
	/* hide */
	lab_part("b read, pipe", 100);
	/* show */
	/* b */
	HUNDRED_TIMES result = read(ends[0], bad, 4);
	/* hide */
	lab_part("c write, /dev/null", 100);
	/* show */
	/* c */
	HUNDRED_TIMES result = write(null_file, bad, 4);
	/* hide */
	lab_part("d *bad", 1);
	/* show */
	/* d: no kernel asked */
	if (lab_fork("d") == 0) {
		got = *bad;
		_exit(0);
	}
	/* hide */
	lab_wait();
	lab_end();
	return 0;
}
