/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an x86-64 instruction that faulted was about to do: for general protection faults the
 * processor tells no address, so it is worked out from the instruction's bytes and the registers.
 *
 * Not a disassembler: it knows the instructions that only the kernel may run, those that insist on
 * aligned memory, and how any instruction names memory. Pure, and safe on any bytes.
 */
#ifndef RF_LEDGER_INSN_X86_H
#define RF_LEDGER_INSN_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rf_insn_x86 {
	const char *name; /* of a privileged instruction, of ud2, int3 ...; NULL: none of these */
	bool privileged;  /* only the kernel may run it */
	bool too_long;    /* more than 15 bytes: never valid */
	bool memory;      /* names memory, at .address */
	uint64_t address;
	bool write;         /* writes there, as far as is known */
	unsigned int align; /* bytes that .address must be a multiple of; 0: any */
	bool jump;          /* call or jmp through a register or memory, or ret */
	bool target_known;  /* .target is where it would have gone */
	uint64_t target;
};

/*
 * regs: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15. true if the bytes could be read as far as was
 * needed; an instruction that is cut short is not.
 */
bool rf_insn_x86_decode(const uint8_t *code, size_t n, const unsigned long long regs[16],
                        uint64_t ip, struct rf_insn_x86 *insn);

#endif
