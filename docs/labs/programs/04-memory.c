// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is yours on paper, and when the kernel really gives it.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab.h"

#define MIB (1L << 20)

static volatile unsigned long sum;
static long page;

/* Writes one byte of each page. */
static __attribute__((noinline)) void touch(volatile char *memory, long size)
{
	/* show */
	/* touch(): one byte of each page */
	for (long i = 0; i < size; i += page)
		memory[i] = 1;
	/* hide */
}

static __attribute__((noinline)) void look(const volatile char *memory, long size)
{
	for (long i = 0; i < size; i += page)
		sum += memory[i];
}

static char *map(long size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	/* pages of the ordinary size only, so that every machine counts alike */
	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

/* A file of that size that is on the disk and nowhere in memory. */
static int cold_file(long size)
{
	static char block[65536];
	int file = open("lab.data", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (long i = 0; i < size; i += (long)sizeof(block))
		if (write(file, block, sizeof(block)) != sizeof(block))
			_exit(1);
	fsync(file);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	return file;
}

int main(void)
{
	char *warm_up = map(MIB), *memory, *mapped;
	int file;

	page = sysconf(_SC_PAGESIZE);
	touch(warm_up, MIB);
	look(warm_up, MIB);

	lab_part("a map 256 MiB", 256 * MIB / page);
	/* show */
	/* a */
	memory = map(256 * MIB);
	/* hide */
	lab_part("b touch", 256 * MIB / page);
	/* show */
	/* b */
	touch(memory, 256 * MIB);
	/* hide */
	lab_part("c touch again", 256 * MIB / page);
	/* show */
	/* c */
	touch(memory, 256 * MIB);
	/* hide */
	munmap(memory + 16 * MIB, 240 * MIB);

	lab_part("d fork, child reads", 16 * MIB / page);
	/* show */
	/* d: a child reads 16 MiB of it */
	if (lab_fork("reader") == 0) {
		look(memory, 16 * MIB);
		_exit(0);
	}
	/* hide */
	lab_wait();
	lab_part("e fork, child writes", 16 * MIB / page);
	/* show */
	/* e: a child writes to them */
	if (lab_fork("writer") == 0) {
		touch(memory, 16 * MIB);
		_exit(0);
	}
	/* hide */
	lab_wait();

	file = cold_file(4 * MIB);
	mapped = mmap(NULL, 4 * MIB, PROT_READ, MAP_SHARED, file, 0);
	if (mapped == MAP_FAILED)
		return 1;
	madvise(mapped, 4 * MIB, MADV_RANDOM);
	lab_part("f file, cold", 4 * MIB / page);
	/* show */
	/* f: a file that is on the disk only */
	look(mapped, 4 * MIB);
	/* hide */
	lab_end();
	munmap(mapped, 4 * MIB);
	mapped = mmap(NULL, 4 * MIB, PROT_READ, MAP_SHARED, file, 0);
	if (mapped == MAP_FAILED)
		return 1;
	lab_part("g file, warm", 4 * MIB / page);
	/* show */
	/* g: mapped anew, now in memory */
	look(mapped, 4 * MIB);
	/* hide */
	lab_end();
	return 0;
}
