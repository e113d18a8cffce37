// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of these lines ask the kernel?
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"

static char *volatile text = "a line of text";
static volatile size_t length;
static volatile long lines;
static void *volatile memory;

int main(void)
{
	int fd = open("/dev/null", O_WRONLY);
	FILE *out = fopen("/dev/null", "w"), *unbuffered = fopen("/dev/null", "w");
	struct timespec now;

	if (fd < 0 || !out || !unbuffered)
		return 1;
	setvbuf(unbuffered, NULL, _IONBF, 0);
	/* the C library's first malloc asks for its heap, its first printf for a buffer */
	free(malloc(32));
	fprintf(out, "%s\n", text);
	fflush(out);

#define TIMES(n) for (int i = 0; i < (n); i++)
	lab_part("a strlen", 1000);
	/* show */
	/* a */
	TIMES(1000) length = strlen(text);
	/* hide */
	lab_part("b printf, buffered", 1000);
	/* show */
	/* b: buffered */
	TIMES(1000) fprintf(out, "a\n");
	/* hide */
	lab_end();
	fflush(out);
	lab_part("c printf, unbuffered", 1000);
	/* show */
	/* c: unbuffered */
	TIMES(1000) fprintf(unbuffered, "a\n");
	/* hide */
	lab_part("d malloc, small", 1000);
	/* show */
	/* d: 32 bytes */
	TIMES(1000) memory = malloc(32);
	/* hide */
	lab_part("e malloc, large", 1000);
	/* show */
	/* e: 1 MiB */
	TIMES(1000) memory = malloc(1 << 20);
	/* hide */
	lab_part("f clock_gettime", 1000);
	/* show */
	/* f */
	TIMES(1000) clock_gettime(CLOCK_MONOTONIC, &now);
	/* hide */
	lab_part("g getppid", 1000);
	/* show */
	/* g */
	TIMES(1000) getppid();
	/* hide */
	lab_part("h write", 1000);
	/* show */
	/* h */
	TIMES(1000) lines += write(fd, text, 1);
	/* hide */
	lab_end();
	return 0;
}
