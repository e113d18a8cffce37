/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults: pages KIND [PAGES [FILE]]
 *   fresh    the first write to each anonymous page
 *   again    the same, and then once more each: the second time costs no fault
 *   kernel   anonymous pages that read() writes to first, a page a call
 *   private  the first write to each page of a privately mapped FILE
 *   shared   the same, of a shared mapping
 *   major    the first read of each page of FILE, which is not in memory
 *   turns    one address, mapped anew for each of PAGES: anonymous memory written to, FILE read
 * FILE is made, and removed again.
 */
#include "../nolibc.h"

#define PAGE 4096L

static long map(long n, int flags, int fd)
{
	long at = rf_call(__NR_mmap, 0, n * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (rf_error_of(at)) {
		rf_finish(3);
	}
	/* Neither larger pages nor reading ahead, so that each page is a fault. */
	rf_call(__NR_madvise, at, n * PAGE, fd < 0 ? MADV_NOHUGEPAGE : MADV_RANDOM);
	return at;
}

static int make_file(const char *path, long n)
{
	static char page[PAGE] = "page";
	int fd = (int)rf_call(__NR_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0) {
		rf_finish(3);
	}
	for (long i = 0; i < n; i++) {
		rf_call(__NR_write, fd, page, PAGE);
	}
	rf_call(__NR_unlinkat, AT_FDCWD, path, 0);
	rf_call(__NR_fdatasync, fd);
	return fd;
}

static void touch(long at, long n, int write)
{
	for (long i = 0; i < n; i++) {
		volatile char *p = (volatile char *)(at + i * PAGE);

		if (write) {
			*p = 1;
		} else {
			(void)*p;
		}
	}
}

/* What the address belongs to changes between one fault and the next. */
static void take_turns(long at, long n, int fd)
{
	for (long i = 0; i < n; i++) {
		int anonymous = i % 2 ? 0 : MAP_ANONYMOUS;

		rf_call(__NR_mmap, at, PAGE, PROT_READ | PROT_WRITE,
		        MAP_PRIVATE | MAP_FIXED | anonymous, anonymous ? -1 : fd, 0);
		touch(at, 1, !!anonymous);
	}
}

static int rf_main(int argc, char **argv)
{
	static struct rusage before, after;
	const char *kind = argc > 1 ? argv[1] : "fresh";
	long n = rf_arg(argc, argv, 2, 1000), at;
	int fd = -1, zero = -1;

	if (argc > 3) {
		fd = make_file(argv[3], n);
	}
	if (rf_streq(kind, "kernel")) {
		zero = (int)rf_call(__NR_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0);
	}
	at = map(n,
	         fd < 0                    ? MAP_PRIVATE | MAP_ANONYMOUS :
	         rf_streq(kind, "private") ? MAP_PRIVATE :
	                                     MAP_SHARED,
	         fd);
	if (rf_streq(kind, "major")) {
		rf_call(__NR_fadvise64, fd, 0, n * PAGE, 4 /* POSIX_FADV_DONTNEED */);
	}
	/* Touched before they are needed, and so is the code behind it by having run once. */
	after.ru_minflt = 0;
	rf_call(__NR_getrusage, RUSAGE_SELF, &before);
	rf_gate();
	rf_call(__NR_getrusage, RUSAGE_SELF, &before);
	if (zero >= 0) {
		for (long i = 0; i < n; i++) {
			rf_call(__NR_read, zero, at + i * PAGE, PAGE);
		}
	} else if (rf_streq(kind, "turns")) {
		take_turns(at, n, fd);
	} else {
		touch(at, n, !rf_streq(kind, "major"));
	}
	if (rf_streq(kind, "again")) {
		touch(at, n, 1);
	}
	rf_call(__NR_getrusage, RUSAGE_SELF, &after);
	rf_extra("minor", after.ru_minflt - before.ru_minflt);
	rf_extra("major", after.ru_majflt - before.ru_majflt);
	rf_extra("minor_before", before.ru_minflt);
	rf_extra("major_before", before.ru_majflt);
	return 0;
}
