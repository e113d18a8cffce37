// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a violation happened: every cause, on both architectures, from what the processor says. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/cause.h"
#include "ledger/insn_x86.h"

#define STACK_TOP 0x7ffffffde000ULL
#define MIB (1ULL << 20)
#define RWX (RF_MAP_READ | RF_MAP_WRITE | RF_MAP_EXECUTE)
/* a mapping's flags where there is none */
#define NO_MAP 0xffffffffU

struct row {
	const char *what;
	int sig;
	int code;
	uint64_t address; /* si_addr */
	uint64_t trap;    /* x86: exception; arm64: ESR */
	uint64_t error_code;
	uint32_t map; /* of the mapping around address, or NO_MAP */
	uint64_t sp;
	uint32_t flags; /* RF_V_* on top of REGS and TRAP */
	const char *insn;
	enum rf_cause cause;
	enum rf_access access;
	uint64_t told; /* address expected; 0 with no_address */
	bool no_address;
};

static uint32_t parse_hex(const char *text, uint8_t *bytes)
{
	uint32_t n = 0;

	for (; text && text[0] && n < RF_INSN_BYTES; text += 2) {
		char pair[3] = { text[0], text[1], 0 };

		bytes[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static void fill(struct rf_violation_rec *v, const struct row *r, uint32_t arch)
{
	memset(v, 0, sizeof(*v));
	v->rec.count = (uint32_t)r->sig;
	v->arch = arch;
	v->code = r->code;
	v->flags = RF_V_REGS | RF_V_TRAP | r->flags;
	v->address = r->address;
	v->trap = r->trap;
	v->error_code = r->error_code;
	v->trap_address = r->address;
	v->ip = 0x401000;
	v->sp = r->sp ? r->sp : STACK_TOP - 4096;
	v->start_stack = STACK_TOP;
	v->stack_limit = 8 * MIB;
	v->tgid = 77;
	v->insn_bytes = parse_hex(r->insn, v->insn);
	for (int i = 0; i < 16; i++)
		v->regs[i] = 0x1000U + (uint32_t)i;
	v->regs[0] = 0x4141414141414141; /* rax */
	v->regs[7] = 0x600001;           /* rdi */
	if (r->map != NO_MAP) {
		v->maps[RF_MAP_OF_ADDRESS].start = r->address & ~4095ULL;
		v->maps[RF_MAP_OF_ADDRESS].end = (r->address & ~4095ULL) + 4096;
		v->maps[RF_MAP_OF_ADDRESS].flags = r->map;
	} else {
		v->flags |= RF_V_GAP;
		v->gap_start = 0x10000;
		v->gap_end = 0x7fffff000000;
	}
}

static void check_row(const struct row *r, uint32_t arch)
{
	struct rf_violation_rec v;
	struct rf_judgement j;

	fill(&v, r, arch);
	rf_cause_judge(&v, &j);
	if (j.cause != r->cause || j.access != r->access || j.has_address == r->no_address ||
	    (j.has_address && j.address != r->told))
		fail_msg("%s: %s %s %s0x%llx", r->what, rf_cause_name(j.cause),
		         rf_access_name(j.access) ? rf_access_name(j.access) : "-",
		         j.has_address ? "" : "no ", (unsigned long long)j.address);
}

/* Page faults: trap 14; error code: 1 present, 2 write, 4 user, 16 instruction, 32 key. */
static const struct row x86_rows[] = {
	{ "null read", SIGSEGV, SEGV_MAPERR, 0, 14, 4, NO_MAP, 0, 0, NULL, RF_CAUSE_NULL_PAGE,
	  RF_ACCESS_READ, 0, false },
	{ "null with an offset", SIGSEGV, SEGV_MAPERR, 0x10, 14, 6, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_NULL_PAGE, RF_ACCESS_WRITE, 0x10, false },
	{ "null jump", SIGSEGV, SEGV_MAPERR, 0, 14, 0x14, NO_MAP, 0, 0, NULL, RF_CAUSE_NULL_PAGE,
	  RF_ACCESS_EXECUTE, 0, false },
	{ "the last null address", SIGSEGV, SEGV_MAPERR, 0xffff, 14, 4, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_NULL_PAGE, RF_ACCESS_READ, 0xffff, false },
	{ "the first that is none", SIGSEGV, SEGV_MAPERR, 0x10000, 14, 4, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_UNMAPPED, RF_ACCESS_READ, 0x10000, false },
	{ "unmapped jump", SIGSEGV, SEGV_MAPERR, 0x7000000, 14, 0x14, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_UNMAPPED, RF_ACCESS_EXECUTE, 0x7000000, false },
	{ "read-only", SIGSEGV, SEGV_ACCERR, 0x601000, 14, 7, RF_MAP_READ, 0, 0, NULL,
	  RF_CAUSE_READ_ONLY, RF_ACCESS_WRITE, 0x601000, false },
	{ "read-only text", SIGSEGV, SEGV_ACCERR, 0x401000, 14, 7, RF_MAP_READ | RF_MAP_EXECUTE, 0,
	  0, NULL, RF_CAUSE_READ_ONLY, RF_ACCESS_WRITE, 0x401000, false },
	{ "no-execute", SIGSEGV, SEGV_ACCERR, 0x601000, 14, 0x15, RF_MAP_READ | RF_MAP_WRITE, 0, 0,
	  NULL, RF_CAUSE_NO_EXECUTE, RF_ACCESS_EXECUTE, 0x601000, false },
	{ "guard page", SIGSEGV, SEGV_ACCERR, 0x601000, 14, 4, 0, 0, 0, NULL, RF_CAUSE_GUARD_PAGE,
	  RF_ACCESS_READ, 0x601000, false },
	{ "execute-only, written", SIGSEGV, SEGV_ACCERR, 0x601000, 14, 7, RF_MAP_EXECUTE, 0, 0,
	  NULL, RF_CAUSE_READ_ONLY, RF_ACCESS_WRITE, 0x601000, false },
	{ "execute-only, read", SIGSEGV, SEGV_ACCERR, 0x601000, 14, 5, RF_MAP_EXECUTE, 0, 0, NULL,
	  RF_CAUSE_GUARD_PAGE, RF_ACCESS_READ, 0x601000, false },
	{ "a thread's guard page", SIGSEGV, SEGV_ACCERR, 0x601ff8, 14, 6, 0, 0x602000, 0, NULL,
	  RF_CAUSE_STACK_OVERFLOW, RF_ACCESS_WRITE, 0x601ff8, false },
	{ "main stack", SIGSEGV, SEGV_MAPERR, STACK_TOP - 8 * MIB - 8, 14, 6, NO_MAP,
	  STACK_TOP - 8 * MIB, 0, NULL, RF_CAUSE_STACK_OVERFLOW, RF_ACCESS_WRITE,
	  STACK_TOP - 8 * MIB - 8, false },
	{ "below the stack, far from its pointer", SIGSEGV, SEGV_MAPERR, STACK_TOP - 64 * MIB, 14,
	  6, NO_MAP, 0, 0, NULL, RF_CAUSE_UNMAPPED, RF_ACCESS_WRITE, STACK_TOP - 64 * MIB, false },
	{ "under another stack than the main one", SIGSEGV, SEGV_MAPERR, STACK_TOP - 64 * MIB - 8,
	  14, 6, NO_MAP, STACK_TOP - 64 * MIB, 0, NULL, RF_CAUSE_UNMAPPED, RF_ACCESS_WRITE,
	  STACK_TOP - 64 * MIB - 8, false },
	{ "the handler's frame did not fit", SIGSEGV, SI_KERNEL, STACK_TOP - 8 * MIB - 8, 14, 6,
	  NO_MAP, STACK_TOP - 8 * MIB, 0, NULL, RF_CAUSE_STACK_OVERFLOW, RF_ACCESS_WRITE,
	  STACK_TOP - 8 * MIB - 8, false },
	{ "kernel address", SIGSEGV, SEGV_MAPERR, 0xffffffff81000000, 14, 5, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_KERNEL_ADDRESS, RF_ACCESS_READ, 0xffffffff81000000, false },
	{ "protection key", SIGSEGV, SEGV_PKUERR, 0x601000, 14, 0x25, RF_MAP_READ | RF_MAP_WRITE, 0,
	  0, NULL, RF_CAUSE_PROTECTION_KEY, RF_ACCESS_READ, 0x601000, false },
	/* mov (%rax), %eax */
	{ "non-canonical read", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "8b00",
	  RF_CAUSE_NON_CANONICAL, RF_ACCESS_READ, 0x4141414141414141, false },
	/* movl $1, (%rax) */
	{ "non-canonical write", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "c70001000000",
	  RF_CAUSE_NON_CANONICAL, RF_ACCESS_WRITE, 0x4141414141414141, false },
	/* jmp *%rax */
	{ "non-canonical jump", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "ffe0",
	  RF_CAUSE_NON_CANONICAL, RF_ACCESS_EXECUTE, 0x4141414141414141, false },
	{ "return to nowhere", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "c3",
	  RF_CAUSE_NON_CANONICAL, RF_ACCESS_EXECUTE, 0, true },
	{ "no bytes to tell by", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "",
	  RF_CAUSE_NON_CANONICAL, RF_ACCESS_UNKNOWN, 0, true },
	/* push on a stack that is none: #SS */
	{ "stack segment", SIGBUS, SI_KERNEL, 0, 12, 0, NO_MAP, 0, 0, "488b00",
	  RF_CAUSE_NON_CANONICAL, RF_ACCESS_READ, 0x4141414141414141, false },
	{ "hlt", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "f4", RF_CAUSE_PRIVILEGED_INSTRUCTION,
	  RF_ACCESS_EXECUTE, 0, true },
	{ "mov %cr3, %rax", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "0f20d8",
	  RF_CAUSE_PRIVILEGED_INSTRUCTION, RF_ACCESS_EXECUTE, 0, true },
	{ "sixteen prefixes", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0,
	  "f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2", RF_CAUSE_ILLEGAL_INSTRUCTION, RF_ACCESS_EXECUTE,
	  0x401000, false },
	/* movaps %xmm0, (%rdi) */
	{ "misaligned", SIGSEGV, SI_KERNEL, 0, 13, 0, NO_MAP, 0, 0, "0f2907", RF_CAUSE_MISALIGNED,
	  RF_ACCESS_WRITE, 0x600001, false },
	/* mov (%rdi), %eax, with the alignment check on */
	{ "alignment check", SIGBUS, BUS_ADRALN, 0, 17, 0, NO_MAP, 0, 0, "8b07",
	  RF_CAUSE_MISALIGNED, RF_ACCESS_READ, 0x600001, false },
	{ "shadow stack", SIGSEGV, 10, 0, 21, 1, NO_MAP, 0, 0, "c3", RF_CAUSE_NO_EXECUTE,
	  RF_ACCESS_EXECUTE, 0, true },
	{ "ud2", SIGILL, ILL_ILLOPN, 0x401000, 6, 0, NO_MAP, 0, 0, "0f0b",
	  RF_CAUSE_ILLEGAL_INSTRUCTION, RF_ACCESS_EXECUTE, 0x401000, false },
	{ "division", SIGFPE, FPE_INTDIV, 0x401000, 0, 0, NO_MAP, 0, 0, "f7f9",
	  RF_CAUSE_DIVIDE_ERROR, RF_ACCESS_UNKNOWN, 0x401000, false },
	{ "SSE exception", SIGFPE, FPE_FLTDIV, 0x401000, 19, 0, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_FLOATING_POINT, RF_ACCESS_UNKNOWN, 0x401000, false },
	{ "x87 exception", SIGFPE, FPE_FLTINV, 0x401000, 16, 0, NO_MAP, 0, 0, NULL,
	  RF_CAUSE_FLOATING_POINT, RF_ACCESS_UNKNOWN, 0x401000, false },
	{ "beyond the file", SIGBUS, BUS_ADRERR, 0x601000, 14, 4, RF_MAP_READ | RF_MAP_FILE, 0, 0,
	  NULL, RF_CAUSE_BEYOND_FILE_END, RF_ACCESS_READ, 0x601000, false },
	{ "damaged memory", SIGBUS, BUS_MCEERR_AR, 0x601000, 18, 0, RF_MAP_READ, 0, 0, NULL,
	  RF_CAUSE_MEMORY_ERROR, RF_ACCESS_READ, 0x601000, false },
	{ "int3", SIGTRAP, SI_KERNEL, 0, 3, 0, NO_MAP, 0, 0, "cc", RF_CAUSE_BREAKPOINT,
	  RF_ACCESS_UNKNOWN, 0x401000, false },
};

/* Data abort from user mode: class 0x24, instruction abort: 0x20; 0x40: write. */
#define ESR(class, rest) ((uint64_t)(class) << 26 | (rest))
static const struct row arm_rows[] = {
	{ "null read", SIGSEGV, SEGV_MAPERR, 0, 0, ESR(0x24, 0x05), NO_MAP, 0, 0, NULL,
	  RF_CAUSE_NULL_PAGE, RF_ACCESS_READ, 0, false },
	{ "null jump", SIGSEGV, SEGV_MAPERR, 0, 0, ESR(0x20, 0x05), NO_MAP, 0, 0, NULL,
	  RF_CAUSE_NULL_PAGE, RF_ACCESS_EXECUTE, 0, false },
	{ "unmapped write", SIGSEGV, SEGV_MAPERR, 0x7000000, 0, ESR(0x24, 0x46), NO_MAP, 0, 0, NULL,
	  RF_CAUSE_UNMAPPED, RF_ACCESS_WRITE, 0x7000000, false },
	{ "cache maintenance", SIGSEGV, SEGV_MAPERR, 0x7000000, 0, ESR(0x24, 0x146), NO_MAP, 0, 0,
	  NULL, RF_CAUSE_UNMAPPED, RF_ACCESS_READ, 0x7000000, false },
	{ "read-only", SIGSEGV, SEGV_ACCERR, 0x601000, 0, ESR(0x24, 0x4f), RF_MAP_READ, 0, 0, NULL,
	  RF_CAUSE_READ_ONLY, RF_ACCESS_WRITE, 0x601000, false },
	{ "no-execute", SIGSEGV, SEGV_ACCERR, 0x601000, 0, ESR(0x20, 0x0f),
	  RF_MAP_READ | RF_MAP_WRITE, 0, 0, NULL, RF_CAUSE_NO_EXECUTE, RF_ACCESS_EXECUTE, 0x601000,
	  false },
	{ "guard page", SIGSEGV, SEGV_ACCERR, 0x601000, 0, ESR(0x24, 0x0f), 0, 0, 0, NULL,
	  RF_CAUSE_GUARD_PAGE, RF_ACCESS_READ, 0x601000, false },
	{ "main stack", SIGSEGV, SEGV_MAPERR, STACK_TOP - 8 * MIB - 8, 0, ESR(0x24, 0x47), NO_MAP,
	  STACK_TOP - 8 * MIB, 0, NULL, RF_CAUSE_STACK_OVERFLOW, RF_ACCESS_WRITE,
	  STACK_TOP - 8 * MIB - 8, false },
	{ "kernel address", SIGSEGV, SEGV_MAPERR, 0xffff800010000000, 0, ESR(0x24, 0x07), NO_MAP, 0,
	  0, NULL, RF_CAUSE_KERNEL_ADDRESS, RF_ACCESS_READ, 0xffff800010000000, false },
	{ "neither half", SIGSEGV, SEGV_MAPERR, 0x0041414141414140, 0, ESR(0x24, 0x04), NO_MAP, 0,
	  0, NULL, RF_CAUSE_NON_CANONICAL, RF_ACCESS_READ, 0x0041414141414140, false },
	{ "a tagged pointer", SIGSEGV, SEGV_MAPERR, 0x3400000007000000, 0, ESR(0x24, 0x05), NO_MAP,
	  0, 0, NULL, RF_CAUSE_UNMAPPED, RF_ACCESS_READ, 0x3400000007000000, false },
	{ "msr daifset", SIGILL, ILL_ILLOPC, 0x401000, 0, ESR(0x00, 0), NO_MAP, 0, 0, "df4203d5",
	  RF_CAUSE_PRIVILEGED_INSTRUCTION, RF_ACCESS_EXECUTE, 0x401000, false },
	{ "mrs of a system register", SIGILL, ILL_ILLOPC, 0x401000, 0, ESR(0x18, 0), NO_MAP, 0, 0,
	  "001038d5", RF_CAUSE_PRIVILEGED_INSTRUCTION, RF_ACCESS_EXECUTE, 0x401000, false },
	{ "udf", SIGILL, ILL_ILLOPC, 0x401000, 0, ESR(0x00, 0), NO_MAP, 0, 0, "00000000",
	  RF_CAUSE_ILLEGAL_INSTRUCTION, RF_ACCESS_EXECUTE, 0x401000, false },
	{ "float", SIGFPE, FPE_FLTDIV, 0x401000, 0, ESR(0x2c, 0), NO_MAP, 0, 0, NULL,
	  RF_CAUSE_FLOATING_POINT, RF_ACCESS_UNKNOWN, 0x401000, false },
	{ "misaligned data", SIGBUS, BUS_ADRALN, 0x601001, 0, ESR(0x24, 0x21), RF_MAP_READ, 0, 0,
	  NULL, RF_CAUSE_MISALIGNED, RF_ACCESS_READ, 0x601001, false },
	{ "misaligned stack pointer", SIGBUS, BUS_ADRALN, 0x601001, 0, ESR(0x26, 0), RF_MAP_READ, 0,
	  0, NULL, RF_CAUSE_MISALIGNED, RF_ACCESS_UNKNOWN, 0x601001, false },
	{ "beyond the file", SIGBUS, BUS_ADRERR, 0x601000, 0, ESR(0x24, 0x07),
	  RF_MAP_READ | RF_MAP_FILE, 0, 0, NULL, RF_CAUSE_BEYOND_FILE_END, RF_ACCESS_READ, 0x601000,
	  false },
	{ "damaged memory", SIGBUS, BUS_MCEERR_AR, 0x601000, 0, ESR(0x24, 0x10), RF_MAP_READ, 0, 0,
	  NULL, RF_CAUSE_MEMORY_ERROR, RF_ACCESS_READ, 0x601000, false },
	{ "brk", SIGTRAP, TRAP_BRKPT, 0x401000, 0, ESR(0x3c, 0), NO_MAP, 0, 0, "000020d4",
	  RF_CAUSE_BREAKPOINT, RF_ACCESS_UNKNOWN, 0x401000, false },
};

/* What is no trap is the same on both. */
static const struct row common_rows[] = {
	{ "seccomp", SIGSYS, 1, 0, 0, 0, NO_MAP, 0, RF_V_CALL, NULL, RF_CAUSE_SECCOMP,
	  RF_ACCESS_UNKNOWN, 0, true },
	{ "abort by tkill", SIGABRT, SI_TKILL, 0, 0, 0, NO_MAP, 0, 0, NULL, RF_CAUSE_ABORT,
	  RF_ACCESS_UNKNOWN, 0, true },
	{ "sent", SIGSEGV, SI_USER, 0, 14, 4, NO_MAP, 0, RF_V_SENT, NULL, RF_CAUSE_SENT_BY_PROCESS,
	  RF_ACCESS_UNKNOWN, 0, true },
	{ "abort sent by another", SIGABRT, SI_USER, 0, 0, 0, NO_MAP, 0, RF_V_SENT, NULL,
	  RF_CAUSE_SENT_BY_PROCESS, RF_ACCESS_UNKNOWN, 0, true },
	{ "out of memory", SIGKILL, SI_KERNEL, 0, 0, 0, NO_MAP, 0, RF_V_OOM, NULL,
	  RF_CAUSE_OUT_OF_MEMORY, RF_ACCESS_UNKNOWN, 0, true },
	{ "EFAULT without a fault", 0, 0, 0, 0, 0, NO_MAP, 0, RF_V_CALL, NULL,
	  RF_CAUSE_BAD_POINTER_TO_KERNEL, RF_ACCESS_UNKNOWN, 0, true },
	{ "EFAULT, write", 0, 0, 0x8, 14, 2, NO_MAP, 0, RF_V_CALL | RF_V_KFAULT, NULL,
	  RF_CAUSE_BAD_POINTER_TO_KERNEL, RF_ACCESS_WRITE, 0x8, false },
};

static void on_x86(void **state)
{
	for (size_t i = 0; i < sizeof(x86_rows) / sizeof(x86_rows[0]); i++)
		check_row(&x86_rows[i], RF_TRAP_X86_64);
	for (size_t i = 0; i < sizeof(common_rows) / sizeof(common_rows[0]); i++)
		check_row(&common_rows[i], RF_TRAP_X86_64);
}

static void on_arm(void **state)
{
	for (size_t i = 0; i < sizeof(arm_rows) / sizeof(arm_rows[0]); i++)
		check_row(&arm_rows[i], RF_TRAP_ARM64);
	for (size_t i = 0; i < sizeof(common_rows) / sizeof(common_rows[0]); i++)
		check_row(&common_rows[i], RF_TRAP_ARM64);
}

/* Each name leads back to its cause, and each cause is in a table above. */
static void every_cause(void **state)
{
	bool seen[RF_CAUSE_COUNT] = { false };

	for (size_t i = 0; i < sizeof(x86_rows) / sizeof(x86_rows[0]); i++)
		seen[x86_rows[i].cause] = true;
	for (size_t i = 0; i < sizeof(common_rows) / sizeof(common_rows[0]); i++)
		seen[common_rows[i].cause] = true;
	for (int c = 0; c < RF_CAUSE_COUNT; c++) {
		assert_int_equal(rf_cause_parse(rf_cause_name((enum rf_cause)c)), c);
		if (!seen[c])
			fail_msg("%s is in no table", rf_cause_name((enum rf_cause)c));
	}
	assert_true(rf_cause_parse("no-such-cause") < 0);
}

/* ---- instructions ---- */

struct insn_row {
	const char *text;
	const char *bytes;
	const char *name;
	bool privileged;
	bool memory;
	uint64_t address;
	bool write;
	unsigned int align;
};

/* rax 0x100 rcx 0x200 rdx 0x300 rbx 0x400 rsp 0x500 rbp 0x600 rsi 0x700 rdi 0x800 r8 0x900 ...; ip 0x401000 */
static const struct insn_row insns[] = {
	{ "mov (%rax), %eax", "8b00", NULL, false, true, 0x100, false, 0 },
	{ "mov %eax, 8(%rbp)", "894508", NULL, false, true, 0x608, true, 0 },
	{ "mov %eax, -8(%rsp)", "894424f8", NULL, false, true, 0x4f8, true, 0 },
	{ "mov (%rax,%rcx,4), %edx", "8b1488", NULL, false, true, 0x900, false, 0 },
	{ "mov 0x10(%r8,%r9,2), %rax", "4b8b444810", NULL, false, true, 0x900 + 2 * 0xa00 + 0x10,
	  false, 0 },
	{ "mov 0x1000(%rip), %eax", "8b0500100000", NULL, false, true, 0x402006, false, 0 },
	{ "movl $1, 0x10(%rip)", "c7051000000001000000", NULL, false, true, 0x40101a, true, 0 },
	{ "mov %fs:(%rax), %eax", "648b00", NULL, false, false, 0x100, false, 0 },
	{ "mov %eax, %ebx", "89c3", NULL, false, false, 0, false, 0 },
	{ "mov 0x601000, %eax", "8b042500106000", NULL, false, true, 0x601000, false, 0 },
	{ "movaps (%rax), %xmm1", "0f2808", NULL, false, true, 0x100, false, 16 },
	{ "movdqa %xmm1, (%rax)", "660f7f08", NULL, false, true, 0x100, true, 16 },
	{ "movdqu %xmm1, (%rax)", "f30f7f08", NULL, false, true, 0x100, true, 0 },
	{ "vmovaps (%rax), %ymm1", "c5fc2808", NULL, false, true, 0x100, false, 32 },
	{ "vmovdqu (%rax), %ymm1", "c5fe6f08", NULL, false, true, 0x100, false, 0 },
	{ "vmovaps %ymm1, (%r8)", "c4c17c2908", NULL, false, true, 0x900, true, 32 },
	{ "paddd (%rdi), %xmm0", "660ffe07", NULL, false, true, 0x800, false, 16 },
	{ "rep stosb", "f3aa", NULL, false, true, 0x800, true, 0 },
	{ "lodsb", "ac", NULL, false, true, 0x700, false, 0 },
	{ "cmpl $0, (%rax)", "833800", NULL, false, true, 0x100, false, 0 },
	{ "addl $1, (%rax)", "830001", NULL, false, true, 0x100, true, 0 },
	{ "hlt", "f4", "hlt", true, false, 0, false, 0 },
	{ "in $0x60, %al", "e460", "in", true, false, 0, false, 0 },
	{ "out %eax, %dx", "ef", "out", true, false, 0, false, 0 },
	{ "lgdt (%rax)", "0f0110", "lgdt", true, true, 0x100, false, 0 },
	{ "invlpg (%rax)", "0f0138", "invlpg", true, true, 0x100, false, 0 },
	{ "swapgs", "0f01f8", "swapgs", true, false, 0, false, 0 },
	{ "wrmsr", "0f30", "wrmsr", true, false, 0, false, 0 },
	{ "mov %rax, %dr7", "0f23f8", "mov to or from a debug register", true, false, 0, false, 0 },
	{ "ud2", "0f0b", "ud2", false, false, 0, false, 0 },
	{ "int3", "cc", "int3", false, false, 0, false, 0 },
};

static void instructions(void **state)
{
	unsigned long long regs[16];
	struct rf_insn_x86 insn;
	uint8_t bytes[16];

	for (int i = 0; i < 16; i++)
		regs[i] = 0x100ULL * (unsigned int)(i + 1);
	for (size_t i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		const struct insn_row *r = &insns[i];
		uint32_t n = parse_hex(r->bytes, bytes);

		if (!rf_insn_x86_decode(bytes, n, regs, 0x401000, &insn))
			fail_msg("%s: not decoded", r->text);
		if ((insn.name && !r->name) ||
		    (r->name && (!insn.name || strcmp(insn.name, r->name))))
			fail_msg("%s: called %s", r->text, insn.name ? insn.name : "nothing");
		if (insn.privileged != r->privileged || insn.memory != r->memory ||
		    (r->memory && (insn.address != r->address || insn.align != r->align ||
		                   (!r->privileged && insn.write != r->write))))
			fail_msg("%s: memory %d 0x%llx write %d align %u", r->text, insn.memory,
			         (unsigned long long)insn.address, insn.write, insn.align);
		/* cut short anywhere it is not decoded, or it would read beyond the end */
		for (uint32_t cut = 0; cut < n; cut++)
			rf_insn_x86_decode(bytes, cut, regs, 0x401000, &insn);
	}
}

static void any_bytes(void **state)
{
	unsigned long long regs[16] = { 0 };
	struct rf_insn_x86 insn;
	unsigned int seed = 1;

	for (int i = 0; i < 200000; i++) {
		uint8_t *bytes = malloc(16); /* on the heap, for the sanitizer */
		size_t n = (size_t)rand_r(&seed) % 17;

		assert_non_null(bytes);
		for (int k = 0; k < 16; k++)
			bytes[k] = (uint8_t)rand_r(&seed);
		rf_insn_x86_decode(bytes + 16 - n, n, regs, 0, &insn);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_x86),      cmocka_unit_test(on_arm),
		cmocka_unit_test(every_cause), cmocka_unit_test(instructions),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
