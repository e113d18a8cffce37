// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/cause.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "ledger/insn_x86.h"

/* x86: exceptions, and the bits of a page fault's error code */
enum {
	X86_DIVIDE = 0,
	X86_STACK = 12,
	X86_PROTECTION = 13,
	X86_PAGE_FAULT = 14,
	X86_ALIGNMENT = 17,
	X86_CONTROL = 21
};
#define PF_WRITE 2
#define PF_INSTRUCTION 16
#define PF_KEY 32

/* arm64: exception classes in the syndrome */
#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define ESR_FAULT(esr) ((esr)&0x3f)
#define ESR_WRITE 0x40
#define ESR_CACHE 0x100 /* of a cache maintenance instruction, which counts as a write */
enum {
	ARM_UNKNOWN = 0x00,
	ARM_SYSTEM = 0x18,
	ARM_FETCH_LOWER = 0x20,
	ARM_FETCH = 0x21,
	ARM_PC_ALIGNMENT = 0x22,
	ARM_DATA_LOWER = 0x24,
	ARM_DATA = 0x25,
	ARM_SP_ALIGNMENT = 0x26,
	ARM_BREAKPOINT = 0x3c
};

/* Below the lowest address that any distribution lets a process map (vm.mmap_min_addr). */
#define NULL_END 0x10000
/* A frame touches the stack so far from its pointer without moving it first, and no further. */
#define STACK_BELOW 0x11000
#define STACK_ABOVE 0x100000
#define STACK_GAP 0x100000 /* that the kernel keeps free under a stack: 256 pages */

static const char *const cause_names[RF_CAUSE_COUNT] = {
	[RF_CAUSE_NULL_PAGE] = "null-page",
	[RF_CAUSE_UNMAPPED] = "unmapped",
	[RF_CAUSE_READ_ONLY] = "read-only",
	[RF_CAUSE_NO_EXECUTE] = "no-execute",
	[RF_CAUSE_GUARD_PAGE] = "guard-page",
	[RF_CAUSE_STACK_OVERFLOW] = "stack-overflow",
	[RF_CAUSE_KERNEL_ADDRESS] = "kernel-address",
	[RF_CAUSE_NON_CANONICAL] = "non-canonical",
	[RF_CAUSE_PRIVILEGED_INSTRUCTION] = "privileged-instruction",
	[RF_CAUSE_ILLEGAL_INSTRUCTION] = "illegal-instruction",
	[RF_CAUSE_DIVIDE_ERROR] = "divide-error",
	[RF_CAUSE_FLOATING_POINT] = "floating-point",
	[RF_CAUSE_MISALIGNED] = "misaligned",
	[RF_CAUSE_BEYOND_FILE_END] = "beyond-file-end",
	[RF_CAUSE_MEMORY_ERROR] = "memory-error",
	[RF_CAUSE_PROTECTION_KEY] = "protection-key",
	[RF_CAUSE_BREAKPOINT] = "breakpoint",
	[RF_CAUSE_SECCOMP] = "seccomp",
	[RF_CAUSE_ABORT] = "abort",
	[RF_CAUSE_BAD_POINTER_TO_KERNEL] = "bad-pointer-to-kernel",
	[RF_CAUSE_OUT_OF_MEMORY] = "out-of-memory",
	[RF_CAUSE_SENT_BY_PROCESS] = "sent-by-process",
};

const char *rf_cause_name(enum rf_cause cause)
{
	return cause < RF_CAUSE_COUNT ? cause_names[cause] : "unknown";
}

int rf_cause_parse(const char *name)
{
	for (int i = 0; i < RF_CAUSE_COUNT; i++)
		if (!strcmp(cause_names[i], name))
			return i;
	return -EINVAL;
}

const char *rf_access_name(enum rf_access access)
{
	static const char *const names[] = { NULL, "read", "write", "execute" };

	return names[access & 3];
}

bool rf_cause_is_trap_signal(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE ||
	       sig == SIGTRAP || sig == SIGABRT || sig == SIGSYS;
}

static bool is_arm(const struct rf_violation_rec *v)
{
	return v->arch == RF_TRAP_ARM64;
}

static void set_address(struct rf_judgement *j, uint64_t address)
{
	j->has_address = true;
	j->address = address;
}

/* ---- addresses ---- */

/* The kernel's half of the address space. */
static bool is_kernel_address(const struct rf_violation_rec *v, uint64_t address)
{
	/* arm64 ignores the upper byte, which may be a tag */
	return is_arm(v) ? (address >> 48 & 0xff) == 0xff : address >> 63;
}

static bool is_canonical(const struct rf_violation_rec *v, uint64_t address)
{
	uint64_t top = address >> (is_arm(v) ? 48 : 47);

	if (is_arm(v))
		return !(top & 0xff) || (top & 0xff) == 0xff;
	/* with five-level tables user space reaches to bit 55; it is mapped there or it is not */
	return !top || top == 0x1ffff;
}

/* Near the stack pointer: what a frame being entered touches. */
static bool is_near_sp(const struct rf_violation_rec *v, uint64_t address)
{
	return v->flags & RF_V_REGS && address + STACK_BELOW >= v->sp &&
	       address < v->sp + STACK_ABOVE;
}

/* The main thread's stack has used up its limit. */
static bool is_past_stack_limit(const struct rf_violation_rec *v, uint64_t address)
{
	uint64_t used = v->start_stack - address;

	if (!v->start_stack || address >= v->start_stack)
		return false;
	/* what the kernel put above the first frame counts too, up to a quarter of the limit */
	return v->stack_limit != UINT64_MAX && used >= v->stack_limit / 4 * 3 - STACK_GAP / 4 &&
	       used <= v->stack_limit + 2 * STACK_GAP;
}

/* In the gap right under a mapping that is a stack, by its use. */
static bool is_under_stack(const struct rf_violation_rec *v, uint64_t address)
{
	return v->flags & RF_V_GAP && v->gap_end - address <= STACK_GAP &&
	       v->start_stack >= v->gap_end && is_past_stack_limit(v, address);
}

static enum rf_cause judge_unmapped(const struct rf_violation_rec *v, uint64_t address,
                                    enum rf_access access)
{
	if (is_kernel_address(v, address))
		return RF_CAUSE_KERNEL_ADDRESS;
	/* x86 raises another exception for those: what made a page fault is canonical */
	if (is_arm(v) && !is_canonical(v, address))
		return RF_CAUSE_NON_CANONICAL;
	if (address < NULL_END)
		return RF_CAUSE_NULL_PAGE;
	if (access != RF_ACCESS_EXECUTE &&
	    (is_under_stack(v, address) ||
	     (is_near_sp(v, address) && is_past_stack_limit(v, address))))
		return RF_CAUSE_STACK_OVERFLOW;
	return RF_CAUSE_UNMAPPED;
}

static enum rf_cause judge_mapped(const struct rf_violation_rec *v, uint64_t address,
                                  enum rf_access access)
{
	uint32_t flags = v->maps[RF_MAP_OF_ADDRESS].flags;

	if (!(flags & (RF_MAP_READ | RF_MAP_WRITE | RF_MAP_EXECUTE)))
		return access != RF_ACCESS_EXECUTE && is_near_sp(v, address) ?
		               RF_CAUSE_STACK_OVERFLOW :
		               RF_CAUSE_GUARD_PAGE;
	if (access == RF_ACCESS_EXECUTE)
		return RF_CAUSE_NO_EXECUTE;
	/* a mapping that may be written and executed but not read does not exist on x86 */
	return access == RF_ACCESS_READ && !(flags & RF_MAP_READ) ? RF_CAUSE_GUARD_PAGE :
	                                                            RF_CAUSE_READ_ONLY;
}

static void judge_page_fault(const struct rf_violation_rec *v, struct rf_judgement *j,
                             uint64_t address)
{
	const struct rf_mapping_rec *map = &v->maps[RF_MAP_OF_ADDRESS];
	bool mapped = map->end && address >= map->start && address < map->end;

	set_address(j, address);
	if (v->code == SEGV_PKUERR || (!is_arm(v) && v->error_code & PF_KEY))
		j->cause = RF_CAUSE_PROTECTION_KEY;
	else if (mapped && v->code != SEGV_MAPERR)
		j->cause = judge_mapped(v, address, j->access);
	else
		j->cause = judge_unmapped(v, address, j->access);
}

static void judge_bus(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	set_address(j, v->address);
	if (v->code == BUS_MCEERR_AR || v->code == BUS_MCEERR_AO)
		j->cause = RF_CAUSE_MEMORY_ERROR;
	else if (v->code == BUS_ADRALN)
		j->cause = RF_CAUSE_MISALIGNED;
	else
		j->cause = RF_CAUSE_BEYOND_FILE_END;
}

/* ---- x86-64 ---- */

static enum rf_access x86_access(uint64_t error_code)
{
	if (error_code & PF_INSTRUCTION)
		return RF_ACCESS_EXECUTE;
	return error_code & PF_WRITE ? RF_ACCESS_WRITE : RF_ACCESS_READ;
}

/* The processor tells no address: the instruction does. */
static void x86_general_protection(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	struct rf_insn_x86 insn;
	bool known = rf_insn_x86_decode(v->insn, v->insn_bytes, v->regs, v->ip, &insn);

	j->cause = RF_CAUSE_NON_CANONICAL;
	if (known && insn.privileged) {
		j->cause = RF_CAUSE_PRIVILEGED_INSTRUCTION;
		j->insn = insn.name;
		j->access = RF_ACCESS_EXECUTE;
		return;
	}
	if (insn.too_long) {
		j->cause = RF_CAUSE_ILLEGAL_INSTRUCTION;
		j->access = RF_ACCESS_EXECUTE;
		set_address(j, v->ip);
		return;
	}
	if (known && insn.jump && (insn.target_known || !insn.memory)) {
		j->access = RF_ACCESS_EXECUTE;
		if (insn.target_known)
			set_address(j, insn.target);
		return;
	}
	if (!known || !insn.memory)
		return;
	j->access = insn.write ? RF_ACCESS_WRITE : RF_ACCESS_READ;
	set_address(j, insn.address);
	if (insn.align && is_canonical(v, insn.address) && insn.address % insn.align) {
		j->cause = RF_CAUSE_MISALIGNED;
		j->align = insn.align;
	}
}

static void x86_segv(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	switch (v->trap) {
	case X86_PAGE_FAULT:
		j->access = x86_access(v->error_code);
		/* a handler's frame that did not fit on the stack comes without an address of its own */
		judge_page_fault(v, j, v->code == SI_KERNEL ? v->trap_address : v->address);
		break;
	case X86_CONTROL:
		j->cause = RF_CAUSE_NO_EXECUTE;
		j->access = RF_ACCESS_EXECUTE;
		break;
	default:
		x86_general_protection(v, j);
		break;
	}
}

static void x86_bus(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	struct rf_insn_x86 insn;

	switch (v->trap) {
	case X86_STACK:
		x86_general_protection(v, j);
		break;
	case X86_ALIGNMENT:
		j->cause = RF_CAUSE_MISALIGNED;
		if (rf_insn_x86_decode(v->insn, v->insn_bytes, v->regs, v->ip, &insn) &&
		    insn.memory) {
			j->access = insn.write ? RF_ACCESS_WRITE : RF_ACCESS_READ;
			set_address(j, insn.address);
		}
		break;
	default:
		j->access = x86_access(v->error_code);
		judge_bus(v, j);
		break;
	}
}

static void x86_ill(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	struct rf_insn_x86 insn;
	bool known = rf_insn_x86_decode(v->insn, v->insn_bytes, v->regs, v->ip, &insn);

	j->cause = RF_CAUSE_ILLEGAL_INSTRUCTION;
	if (known)
		j->insn = insn.name;
	j->access = RF_ACCESS_EXECUTE;
	set_address(j, v->ip);
}

/* ---- arm64 ---- */

static enum rf_access arm_access(uint64_t esr)
{
	switch (ESR_CLASS(esr)) {
	case ARM_FETCH:
	case ARM_FETCH_LOWER:
	case ARM_PC_ALIGNMENT:
		return RF_ACCESS_EXECUTE;
	case ARM_DATA:
	case ARM_DATA_LOWER:
		return esr & ESR_WRITE && !(esr & ESR_CACHE) ? RF_ACCESS_WRITE : RF_ACCESS_READ;
	default:
		return RF_ACCESS_UNKNOWN;
	}
}

static uint32_t arm_insn(const struct rf_violation_rec *v)
{
	uint32_t insn = 0;

	if (v->insn_bytes >= sizeof(insn))
		memcpy(&insn, v->insn, sizeof(insn));
	return insn;
}

/* The name of an instruction that user mode may not run; NULL: it may. */
static const char *arm_privileged(uint32_t insn)
{
	if ((insn & 0xffe0001f) == 0xd4000002)
		return "hvc";
	if ((insn & 0xffe0001f) == 0xd4000003)
		return "smc";
	if ((insn & 0xffe0001f) == 0xd4400000)
		return "hlt";
	if (insn == 0xd69f03e0)
		return "eret";
	if ((insn & 0xfff00000) == 0xd5300000)
		return "mrs";
	if ((insn & 0xfff00000) == 0xd5100000 || (insn & 0xfff8f01f) == 0xd500401f)
		return "msr";
	if ((insn & 0xfff80000) == 0xd5080000)
		return "sys";
	return NULL;
}

static void arm_ill(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	j->insn = arm_privileged(arm_insn(v));
	j->cause = j->insn ? RF_CAUSE_PRIVILEGED_INSTRUCTION : RF_CAUSE_ILLEGAL_INSTRUCTION;
	j->access = RF_ACCESS_EXECUTE;
	set_address(j, v->ip);
}

static void arm_segv(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	j->access = arm_access(v->error_code);
	judge_page_fault(v, j, v->address ? v->address : v->trap_address);
}

static void arm_bus(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	unsigned int class = ESR_CLASS(v->error_code);

	j->access = arm_access(v->error_code);
	judge_bus(v, j);
	if (class == ARM_PC_ALIGNMENT || class == ARM_SP_ALIGNMENT ||
	    ESR_FAULT(v->error_code) == 0x21)
		j->cause = RF_CAUSE_MISALIGNED;
}

/* ---- all ---- */

static void judge_fpe(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	j->cause = v->code == FPE_INTDIV || v->code == FPE_INTOVF ||
	                           (!is_arm(v) && v->trap == X86_DIVIDE) ?
	                   RF_CAUSE_DIVIDE_ERROR :
	                   RF_CAUSE_FLOATING_POINT;
	set_address(j, v->ip);
}

static void judge_efault(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	j->cause = RF_CAUSE_BAD_POINTER_TO_KERNEL;
	j->kernel_mode = true;
	if (!(v->flags & RF_V_KFAULT))
		return;
	j->access = x86_access(v->error_code);
	set_address(j, v->trap_address);
}

static void judge_trap(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	bool arm = is_arm(v);

	switch (v->rec.count) {
	case SIGSEGV:
		(arm ? arm_segv : x86_segv)(v, j);
		break;
	case SIGBUS:
		(arm ? arm_bus : x86_bus)(v, j);
		break;
	case SIGILL:
		(arm ? arm_ill : x86_ill)(v, j);
		break;
	case SIGFPE:
		judge_fpe(v, j);
		break;
	case SIGTRAP:
		j->cause = RF_CAUSE_BREAKPOINT;
		set_address(j, v->ip);
		break;
	case SIGSYS:
		j->cause = RF_CAUSE_SECCOMP;
		break;
	default:
		j->cause = RF_CAUSE_ABORT;
		break;
	}
}

void rf_cause_judge(const struct rf_violation_rec *v, struct rf_judgement *j)
{
	*j = (struct rf_judgement){ .cause = RF_CAUSE_SENT_BY_PROCESS };
	if (v->flags & RF_V_OOM)
		j->cause = RF_CAUSE_OUT_OF_MEMORY;
	else if (!v->rec.count)
		judge_efault(v, j);
	else if (v->rec.count == SIGABRT && (v->sender == v->tgid || !(v->flags & RF_V_SENT)))
		j->cause = RF_CAUSE_ABORT;
	else if (!(v->flags & RF_V_SENT))
		judge_trap(v, j);
}
