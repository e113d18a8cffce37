// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where does a program spend its time? A loop that computes, a copy that the kernel makes, a sleep.
 */
#include <fcntl.h>
#include <unistd.h>

#include "lab.h"

static volatile unsigned long sum;
static char buffer[65536];

int main(void)
{
	int file = open("lab.data", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || write(file, buffer, sizeof(buffer)) != sizeof(buffer))
		return 1;

	lab_part("a compute", 0);
	/* show */
	/* a: compute */
	for (long i = 0; i < 60000000; i++)
		sum += i;
	/* hide */

	lab_part("b copy", 0);
	/* show */
	/* b: copy */
	for (long i = 0; i < 10000; i++)
		if (pread(file, buffer, 65536, 0) < 0)
			return 1;
	/* hide */

	lab_part("c sleep", 0);
	/* show */
	/* c: sleep */
	usleep(150000);
	/* hide */
	lab_end();
	return 0;
}
