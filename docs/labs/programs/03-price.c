// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same MiB, read with a crossing for each byte, through a buffer of the C library, and with a
 * crossing for every 64 KiB.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lab.h"

#define MIB (1 << 20)

static char buffer[65536];
static volatile unsigned long sum;

int main(void)
{
	int file = open("lab.data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	FILE *stream;
	char c;

	for (int i = 0; i < 16; i++)
		if (write(file, buffer, sizeof(buffer)) != sizeof(buffer))
			return 1;
	stream = fdopen(dup(file), "r");
	if (!stream)
		return 1;
	lseek(file, 0, SEEK_SET);

	lab_part("a read, 1 byte", MIB);
	/* show */
	/* a */
	for (long i = 0; i < MIB; i++) {
		if (read(file, &c, 1) != 1)
			return 1;
		sum += c;
	}
	/* hide */
	lab_end();
	rewind(stream);
	lab_part("b getc, through stdio", MIB);
	/* show */
	/* b */
	for (long i = 0; i < MIB; i++)
		sum += getc(stream);
	/* hide */
	lab_end();
	lseek(file, 0, SEEK_SET);
	lab_part("c read, 64 KiB", MIB);
	/* show */
	/* c */
	for (long i = 0; i < MIB; i += 65536) {
		if (read(file, buffer, 65536) != 65536)
			return 1;
		for (long j = 0; j < 65536; j++)
			sum += buffer[j];
	}
	/* hide */
	lab_end();
	return 0;
}
