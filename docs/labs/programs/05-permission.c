// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions that only the kernel may execute. Each is tried by a process of its own.
 */
#include <unistd.h>

#include "lab.h"

#if defined(__x86_64__)
/* show x86_64 */
/* a: stop the processor */
static void attempt_a(void)
{
	__asm__ volatile("hlt");
}
/* b: read from the keyboard controller */
static void attempt_b(void)
{
	__asm__ volatile("inb $0x60, %%al" ::: "al");
}
/* c: read a register that steers the processor */
static void attempt_c(void)
{
	__asm__ volatile("rdmsr" ::"c"(0xc0000080) : "eax", "edx");
}
/* hide */
static const char *const names[] = { "a hlt", "b in", "c rdmsr" };
#elif defined(__aarch64__)
/* show aarch64 */
/* a: no more interrupts */
static void attempt_a(void)
{
	__asm__ volatile("msr daifset, #2");
}
/* b: where the kernel is entered */
static void attempt_b(void)
{
	__asm__ volatile("msr vbar_el1, xzr");
}
/* c: read a register that steers the processor */
static void attempt_c(void)
{
	__asm__ volatile("mrs x0, sctlr_el1" ::: "x0");
}
/* hide */
static const char *const names[] = { "a msr daifset", "b msr vbar", "c mrs sctlr" };
#endif

static void (*const attempts[])(void) = { attempt_a, attempt_b, attempt_c };

int main(void)
{
	for (int i = 0; i < 3; i++) {
		lab_part(names[i], 0);
		/* show */
		/* for each attempt: a process of its own */
		if (lab_fork(names[i]) == 0) {
			attempts[i]();
			/* not reached, if the instruction is stopped */
			_exit(0);
		}
		lab_wait();
		/* hide */
	}
	lab_end();
	return 0;
}
