// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reaching for memory that is not ours: the kernel's, a neighbour's, our own code, our own stack.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lab.h"

#if defined(__x86_64__)
#define KERNEL_ADDRESS UINT64_C(0xffffffff81000000)
#define RETURN_INSTRUCTION \
	{                  \
		0xc3       \
	}
#elif defined(__aarch64__)
#define KERNEL_ADDRESS UINT64_C(0xffff800080000000)
#define RETURN_INSTRUCTION             \
	{                              \
		0xc0, 0x03, 0x5f, 0xd6 \
	}
#endif

static volatile char got;
/* hidden from the compiler, which would object to what follows */
static char *volatile kernel_memory = (char *)KERNEL_ADDRESS;
static char *volatile neighbours_memory;

static void read_kernel(void)
{
	/* show */
	/* a: an address that belongs to the kernel */
	got = *kernel_memory;
	/* hide */
}

static void read_neighbour(void)
{
	/* show */
	/* b: valid in a neighbour, at this moment */
	got = *neighbours_memory;
	/* hide */
}

static void write_code(void)
{
	char *volatile code = (char *)(uintptr_t)write_code;

	/* show */
	/* c: this program's own instructions */
	*code = 0;
	/* hide */
}

static void run_stack(void)
{
	unsigned char instructions[] = RETURN_INSTRUCTION;
	void (*volatile run)(void) = (void (*)(void))(uintptr_t)instructions;

	__builtin___clear_cache((char *)instructions, (char *)instructions + sizeof(instructions));
	/* show */
	/* d: instructions that lie on the stack */
	run();
	/* hide */
}

static void write_stranger(void)
{
	char zero = 0;
	struct iovec from = { &zero, 1 }, to = { (void *)0x1000, 1 };

	/* show */
	/* e: a stranger, by asking */
	process_vm_writev(getppid(), &from, 1, &to, 1, 0);
	/* hide */
}

/* In a process of its own, which ends with 0 if nothing stopped it. */
static void attempt(const char *name, void (*what)(void))
{
	if (lab_fork(name) == 0) {
		what();
		_exit(0);
	}
	lab_wait();
}

/* A process that owns the page that attempt b reaches for; it lives until the other end closes. */
static int neighbour(void)
{
	int stay[2], ready[2];
	char c;

	if (pipe(stay) || pipe(ready))
		_exit(1);
	/* the page is given up here, before the fork; the neighbour maps it for itself */
	neighbours_memory = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(neighbours_memory, 4096);
	if (lab_fork("neighbour") == 0) {
		close(stay[1]);
		mmap(neighbours_memory, 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		*neighbours_memory = 42;
		if (write(ready[1], "", 1) != 1 || *neighbours_memory != 42)
			_exit(1);
		_exit(read(stay[0], &c, 1) != 0);
	}
	close(stay[0]);
	if (read(ready[0], &c, 1) != 1)
		_exit(1);
	return stay[1];
}

int main(void)
{
	int stay;

	lab_part("a the kernel's", 0);
	attempt("a kernel", read_kernel);
	lab_end();
	stay = neighbour();
	lab_part("b a neighbour's", 0);
	if (lab_fork("b neighbour") == 0) {
		close(stay);
		read_neighbour();
		_exit(0);
	}
	lab_wait_one();
	/* it was not touched, and ends of its own accord */
	close(stay);
	lab_wait();
	lab_part("c own code", 0);
	attempt("c code", write_code);
	lab_part("d own stack, run", 0);
	attempt("d stack", run_stack);
	lab_part("e a stranger's", 0);
	write_stranger();
	lab_end();
	return 0;
}
