// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first process of a guest that crashes its own kernel on purpose. Never run it on a machine
 * that you need. It is all there is in the guest, so it has no C library either.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>

#if defined(__x86_64__)
static long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret = nr;

	__asm__ volatile("syscall"
	                 : "+a"(ret)
	                 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static long call(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
	                 : "memory");
	return x0;
}
#endif

static void say(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	call(__NR_write, 1, (long)text, (long)length, 0, 0);
}

static void sleep_ms(long ms)
{
	long time[2] = { ms / 1000, ms % 1000 * 1000000 };

	call(__NR_nanosleep, (long)time, 0, 0, 0, 0);
}

static void mount_proc(void)
{
	call(__NR_mount, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
}

/* A process that works as long as its kernel does. */
static void worker(void)
{
	if (call(__NR_clone, SIGCHLD, 0, 0, 0, 0) != 0)
		return;
	for (;;) {
		say("worker: alive\n");
		sleep_ms(500);
	}
}

static void crash(void)
{
	static const char trigger[] = "/proc/sysrq-trigger";
	long file;

	/* show */
	file = call(__NR_openat, AT_FDCWD, (long)trigger, O_WRONLY, 0, 0);
	/* the kernel crashes */
	call(__NR_write, file, (long)"c", 1, 0, 0);
	/* never reached */
	say("guest: survived\n");
	/* hide */
}

/* Not main(): nothing has to be prepared, and nothing returns. */
__attribute__((used, noreturn)) static void run(void)
{
	mount_proc();
	/* show */
	for (int i = 0; i < 10; i++)
		/* 10 processes */
		worker();
	/* hide */
	sleep_ms(1200);
	say("guest: 10 processes run\n");
	crash();
	for (;;)
		sleep_ms(1000);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall run\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tbl run\n");
#endif
