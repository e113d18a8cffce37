// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/insn_x86.h"

#include <string.h>

#define INSN_MAX 15 /* bytes */

enum map { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A };

struct decoder {
	const uint8_t *at;
	const uint8_t *end;
	const unsigned long long *regs;
	uint64_t ip;
	const uint8_t *start;
	enum map map;
	uint8_t op;
	uint8_t mod, reg, rm;
	bool has_modrm;
	bool rex_w;
	uint8_t rex_r, rex_x, rex_b;
	bool opsize;  /* 66 */
	uint8_t rep;  /* F2 or F3 */
	bool segment; /* fs or gs: the base is not known */
	bool vex;
	unsigned int vector; /* bytes in a vector register */
	bool cut;
};

static uint8_t next(struct decoder *d)
{
	if (d->at >= d->end) {
		d->cut = true;
		return 0;
	}
	return *d->at++;
}

static int32_t next_i32(struct decoder *d)
{
	uint32_t v = next(d);

	v |= (uint32_t)next(d) << 8;
	v |= (uint32_t)next(d) << 16;
	v |= (uint32_t)next(d) << 24;
	return (int32_t)v;
}

/* Prefixes up to and with REX; the first byte behind them is left in place. */
static void read_prefixes(struct decoder *d)
{
	for (;;) {
		uint8_t b = d->at < d->end ? *d->at : 0;

		if (b == 0x66)
			d->opsize = true;
		else if (b == 0xf2 || b == 0xf3)
			d->rep = b;
		else if (b == 0x64 || b == 0x65)
			d->segment = true;
		else if (b != 0x67 && b != 0xf0 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26)
			break;
		d->at++;
	}
	if (d->at < d->end && (*d->at & 0xf0) == 0x40) {
		uint8_t rex = next(d);

		d->rex_w = rex & 8;
		d->rex_r = (rex & 4) << 1;
		d->rex_x = (rex & 2) << 2;
		d->rex_b = (rex & 1) << 3;
	}
}

static void read_vex_pp(struct decoder *d, uint8_t b)
{
	static const uint8_t reps[] = { 0, 0, 0xf3, 0xf2 };

	d->opsize = (b & 3) == 1;
	d->rep = reps[b & 3];
	d->vector = b & 4 ? 32 : 16;
	d->vex = true;
}

static void read_vex(struct decoder *d, uint8_t b)
{
	uint8_t second = next(d), third;

	d->rex_r = second & 0x80 ? 0 : 8;
	d->map = MAP_0F;
	if (b == 0xc4) {
		third = next(d);
		d->rex_x = second & 0x40 ? 0 : 8;
		d->rex_b = second & 0x20 ? 0 : 8;
		d->map = (second & 0x1f) == 2 ? MAP_0F38 : (second & 0x1f) == 3 ? MAP_0F3A : MAP_0F;
		d->rex_w = third & 0x80;
		read_vex_pp(d, third);
	} else {
		read_vex_pp(d, second);
	}
	d->op = next(d);
}

/* AVX-512: four bytes; its displacement is scaled, which is left aside. */
static void read_evex(struct decoder *d)
{
	uint8_t p0 = next(d), p1 = next(d), p2 = next(d);

	d->rex_r = p0 & 0x80 ? 0 : 8;
	d->rex_x = p0 & 0x40 ? 0 : 8;
	d->rex_b = p0 & 0x20 ? 0 : 8;
	d->map = (p0 & 3) == 2 ? MAP_0F38 : (p0 & 3) == 3 ? MAP_0F3A : MAP_0F;
	read_vex_pp(d, p1);
	d->vector = 16U << ((p2 >> 5) & 3);
	d->op = next(d);
}

static void read_opcode(struct decoder *d)
{
	uint8_t b = next(d);

	if (b == 0xc4 || b == 0xc5) {
		read_vex(d, b);
		return;
	}
	if (b == 0x62) {
		read_evex(d);
		return;
	}
	d->vector = 16;
	d->op = b;
	if (b != 0x0f)
		return;
	d->map = MAP_0F;
	d->op = next(d);
	if (d->op == 0x38 || d->op == 0x3a) {
		d->map = d->op == 0x38 ? MAP_0F38 : MAP_0F3A;
		d->op = next(d);
	}
}

static bool one_byte_has_modrm(uint8_t op)
{
	if (op < 0x40)
		return (op & 7) < 4;
	switch (op) {
	case 0x63:
	case 0x69:
	case 0x6b:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xc7:
	case 0xf6:
	case 0xf7:
	case 0xfe:
	case 0xff:
		return true;
	default:
		return (op >= 0x80 && op <= 0x8f) || (op >= 0xd0 && op <= 0xd3) ||
		       (op >= 0xd8 && op <= 0xdf);
	}
}

static bool two_byte_has_modrm(uint8_t op)
{
	switch (op) {
	case 0x05:
	case 0x06:
	case 0x07:
	case 0x08:
	case 0x09:
	case 0x0b:
	case 0x77:
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa8:
	case 0xa9:
	case 0xaa:
		return false;
	default:
		return !(op >= 0x30 && op <= 0x37) && !(op >= 0x80 && op <= 0x8f) &&
		       !(op >= 0xc8 && op <= 0xcf);
	}
}

static bool has_modrm(const struct decoder *d)
{
	if (d->map == MAP_ONE)
		return one_byte_has_modrm(d->op);
	return d->map != MAP_0F || two_byte_has_modrm(d->op);
}

/* Bytes of the immediate that follow an instruction with a ModRM byte: for rip-relative addresses. */
static unsigned int immediate_bytes(const struct decoder *d)
{
	unsigned int word = d->opsize && !d->rex_w ? 2 : 4;

	if (d->map == MAP_0F3A)
		return 1;
	if (d->map == MAP_0F)
		return (d->op >= 0x70 && d->op <= 0x73) || d->op == 0xa4 || d->op == 0xac ||
		                       d->op == 0xba || d->op == 0xc2 || d->op == 0xc4 ||
		                       d->op == 0xc5 || d->op == 0xc6 ?
		               1 :
		               0;
	if (d->map != MAP_ONE)
		return 0;
	switch (d->op) {
	case 0x80:
	case 0x83:
	case 0x6b:
	case 0xc0:
	case 0xc1:
	case 0xc6:
		return 1;
	case 0x69:
	case 0x81:
	case 0xc7:
		return word;
	case 0xf6:
		return d->reg < 2 ? 1 : 0;
	case 0xf7:
		return d->reg < 2 ? word : 0;
	default:
		return 0;
	}
}

/* The memory operand; the instruction's end is needed for those relative to it. */
static uint64_t read_memory(struct decoder *d)
{
	uint64_t address = 0;
	uint8_t rm = d->rm & 7;
	bool none = false;

	if (rm == 4) {
		uint8_t sib = next(d);
		uint8_t index = (sib >> 3 & 7) | d->rex_x, base = (sib & 7) | d->rex_b;

		if (index != 4)
			address += d->regs[index] << (sib >> 6);
		if ((sib & 7) == 5 && d->mod == 0)
			address += (uint64_t)(int64_t)next_i32(d);
		else
			address += d->regs[base];
	} else if (rm == 5 && d->mod == 0) {
		address = (uint64_t)(int64_t)next_i32(d);
		address += d->ip + (uint64_t)(d->at - d->start) + immediate_bytes(d);
		none = true;
	} else {
		address = d->regs[rm | d->rex_b];
	}
	if (d->mod == 1 && !none)
		address += (uint64_t)(int64_t)(int8_t)next(d);
	else if (d->mod == 2 && !none)
		address += (uint64_t)(int64_t)next_i32(d);
	return address;
}

static void read_modrm(struct decoder *d, struct rf_insn_x86 *insn)
{
	uint8_t b;

	d->has_modrm = has_modrm(d);
	if (!d->has_modrm)
		return;
	b = next(d);
	d->mod = b >> 6;
	d->reg = b >> 3 & 7;
	d->rm = b & 7;
	/* control and debug registers have no memory form, whatever mod says */
	if (d->map == MAP_0F && d->op >= 0x20 && d->op <= 0x23)
		d->mod = 3;
	if (d->mod == 3 || d->cut)
		return;
	insn->address = read_memory(d);
	insn->memory = !d->segment;
}

static const char *privileged_one(uint8_t op)
{
	switch (op) {
	case 0xf4:
		return "hlt";
	case 0xfa:
		return "cli";
	case 0xfb:
		return "sti";
	case 0xcd:
		return "int";
	case 0x6c:
	case 0x6d:
		return "ins";
	case 0x6e:
	case 0x6f:
		return "outs";
	case 0xe4:
	case 0xe5:
	case 0xec:
	case 0xed:
		return "in";
	case 0xe6:
	case 0xe7:
	case 0xee:
	case 0xef:
		return "out";
	default:
		return NULL;
	}
}

static const char *privileged_group(const struct decoder *d)
{
	static const char *const group6[8] = { "sldt", "str", "lldt", "ltr" };
	static const char *const group7[8] = { "sgdt", "sidt", "lgdt", "lidt",
		                               "smsw", NULL,   "lmsw", "invlpg" };

	if (d->op == 0x00)
		return group6[d->reg];
	if (d->mod != 3)
		return group7[d->reg];
	if (d->reg == 2 && d->rm == 1)
		return "xsetbv";
	if (d->reg == 7)
		return d->rm == 0 ? "swapgs" : d->rm == 1 ? "rdtscp" : NULL;
	return d->reg == 4 || d->reg == 6 ? group7[d->reg] : NULL;
}

static const char *privileged_two(const struct decoder *d)
{
	switch (d->op) {
	case 0x00:
	case 0x01:
		return privileged_group(d);
	case 0x06:
		return "clts";
	case 0x07:
		return "sysret";
	case 0x08:
		return "invd";
	case 0x09:
		return "wbinvd";
	case 0x20:
	case 0x22:
		return "mov to or from a control register";
	case 0x21:
	case 0x23:
		return "mov to or from a debug register";
	case 0x30:
		return "wrmsr";
	case 0x31:
		return "rdtsc";
	case 0x32:
		return "rdmsr";
	case 0x33:
		return "rdpmc";
	case 0x35:
		return "sysexit";
	case 0xa2:
		return "cpuid";
	default:
		return NULL;
	}
}

static void name_insn(const struct decoder *d, struct rf_insn_x86 *insn)
{
	if (d->vex)
		return;
	if (d->map == MAP_ONE)
		insn->name = privileged_one(d->op);
	else if (d->map == MAP_0F)
		insn->name = privileged_two(d);
	insn->privileged = insn->name;
	if (insn->name)
		return;
	if (d->map == MAP_0F && (d->op == 0x0b || d->op == 0xb9 || d->op == 0xff))
		insn->name = d->op == 0x0b ? "ud2" : d->op == 0xb9 ? "ud1" : "ud0";
	else if (d->map == MAP_ONE && d->op == 0xcc)
		insn->name = "int3";
	else if (d->map == MAP_ONE && d->op == 0xcf)
		insn->name = "iret";
}

/* movaps, movapd, movdqa and the like; the rest of SSE's operands only without VEX. */
static unsigned int alignment(const struct decoder *d)
{
	if (d->map == MAP_0F) {
		switch (d->op) {
		case 0x28:
		case 0x29:
		case 0x2b:
			return d->vector;
		case 0x6f:
		case 0x7f:
			return d->opsize ? d->vector : 0;
		case 0xe7:
			return d->opsize ? d->vector : 0;
		default:
			break;
		}
		if (d->vex || d->rep)
			return 0;
		if ((d->op >= 0x51 && d->op <= 0x5f && d->op != 0x5a) || d->op == 0x14 ||
		    d->op == 0x15 || d->op == 0xc6)
			return 16;
		if (d->opsize && ((d->op >= 0x60 && d->op <= 0x6d) || d->op == 0x70 ||
		                  (d->op >= 0x74 && d->op <= 0x76) || d->op >= 0xd1))
			return 16;
	}
	if (d->map == MAP_0F38 && d->opsize && d->op == 0x2a)
		return d->vector;
	return d->map == MAP_0F38 && d->opsize && !d->vex ? 16 : 0;
}

static bool writes(const struct decoder *d)
{
	if (d->map == MAP_0F) {
		switch (d->op) {
		case 0x11:
		case 0x13:
		case 0x17:
		case 0x29:
		case 0x2b:
		case 0x7f:
		case 0xe7:
		case 0xb0:
		case 0xb1:
		case 0xc0:
		case 0xc1:
		case 0xc3:
		case 0xc7:
			return true;
		case 0x7e:
			return d->rep != 0xf3;
		case 0xd6:
			return d->opsize;
		default:
			return d->op >= 0x90 && d->op <= 0x9f;
		}
	}
	if (d->map != MAP_ONE)
		return false;
	if (d->op < 0x38)
		return (d->op & 7) < 2;
	switch (d->op) {
	case 0x80:
	case 0x81:
	case 0x83:
		return d->reg != 7;
	case 0x86:
	case 0x87:
	case 0x88:
	case 0x89:
	case 0x8f:
	case 0xc6:
	case 0xc7:
		return true;
	case 0xf6:
	case 0xf7:
		return d->reg == 2 || d->reg == 3;
	case 0xfe:
	case 0xff:
		return d->reg < 2;
	default:
		return (d->op >= 0xd0 && d->op <= 0xd3) || d->op == 0xc0 || d->op == 0xc1;
	}
}

static void find_jump(const struct decoder *d, struct rf_insn_x86 *insn)
{
	if (d->map != MAP_ONE)
		return;
	if (d->op == 0xc3 || d->op == 0xc2) {
		insn->jump = true;
	} else if (d->op == 0xff && (d->reg == 2 || d->reg == 4)) {
		insn->jump = true;
		if (d->mod == 3) {
			insn->target_known = true;
			insn->target = d->regs[d->rm | d->rex_b];
		}
	}
}

/* Instructions that take their address from rsi and rdi. */
static void find_string(const struct decoder *d, struct rf_insn_x86 *insn)
{
	if (d->map != MAP_ONE)
		return;
	switch (d->op) {
	case 0xa4:
	case 0xa5:
	case 0xaa:
	case 0xab:
		insn->memory = true;
		insn->write = true;
		insn->address = d->regs[7];
		break;
	case 0xac:
	case 0xad:
		insn->memory = true;
		insn->address = d->regs[6];
		break;
	default:
		break;
	}
}

bool rf_insn_x86_decode(const uint8_t *code, size_t n, const unsigned long long regs[16],
                        uint64_t ip, struct rf_insn_x86 *insn)
{
	struct decoder d = { .at = code, .end = code + n, .start = code, .regs = regs, .ip = ip };

	memset(insn, 0, sizeof(*insn));
	read_prefixes(&d);
	read_opcode(&d);
	read_modrm(&d, insn);
	if (d.cut) {
		insn->memory = false;
		insn->too_long = n >= INSN_MAX && d.at >= code + INSN_MAX;
		return false;
	}
	name_insn(&d, insn);
	find_jump(&d, insn);
	find_string(&d, insn);
	if (insn->memory && d.has_modrm) {
		insn->write = writes(&d);
		insn->align = alignment(&d);
	}
	return true;
}
