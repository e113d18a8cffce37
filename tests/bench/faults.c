// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Touches fresh pages on one CPU: faults CPU MILLISECONDS [PAGES]
 * A segment is the first write to each of PAGES (default 512) anonymous pages, each a page fault;
 * getting and giving back the memory is not in it.
 */
#include <sys/mman.h>

#include "bench.h"

#define PAGE 4096

static struct segments segments;

static uint64_t touch(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                    -1, 0);
	uint64_t ns;

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	/* with huge pages one fault would do for 512 */
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	ns = now_ns();
	for (size_t i = 0; i < pages; i++)
		*(volatile char *)(memory + i * PAGE) = 1;
	ns = now_ns() - ns;
	munmap(memory, pages * PAGE);
	return ns;
}

int main(int argc, char **argv)
{
	uint64_t end;
	long pages;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: faults CPU MILLISECONDS [PAGES]\n");
		return 2;
	}
	pages = argc > 3 ? number(argv[3], 1) : 512;
	pin(number(argv[1], -1));
	memset(segments.ns, 0, sizeof(segments.ns));
	end = now_ns() + (uint64_t)number(argv[2], 1) * 1000000;
	do {
		add_segment(&segments, touch((size_t)pages), (uint64_t)pages);
	} while (now_ns() < end);
	print_segments(&segments);
	return 0;
}
