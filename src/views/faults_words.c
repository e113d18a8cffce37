// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A violation in words.
 */
#include <signal.h>
#include <string.h>

#include <linux/types.h>

#include "identity/signal.h"
#include "identity/syscall.h"
#include "views/faults.h"

#define PAGE 4096
#define NEAR 65536

void rf_mapping_path(const struct rf_mapping_rec *map, struct rf_str *path)
{
	const char *parts[RF_MAP_PATH];
	size_t nr = 0, at = 0;

	if (!(map->flags & RF_MAP_FILE)) {
		rf_str_append(path, map->flags & RF_MAP_STACK ? "[stack]" :
		                    map->flags & RF_MAP_HEAP  ? "[heap]" :
		                                                "[anonymous]");
		return;
	}
	while (at < map->path_bytes) {
		size_t len = strnlen(map->path + at, map->path_bytes - at);

		if (at + len == map->path_bytes && len == RF_MAP_PATH)
			break; /* cut in the middle of a name */
		parts[nr++] = map->path + at;
		at += len + 1;
	}
	if (map->flags & RF_MAP_CUT)
		rf_str_append(path, "...");
	/* a name in it that was cut has its NUL all the same */
	while (nr--)
		rf_str_appendf(path, "/%.*s", RF_MAP_PATH, parts[nr]);
	if (map->flags & RF_MAP_DELETED)
		rf_str_append(path, " (deleted)");
}

static const struct rf_mapping_rec *mapping_of(const struct rf_violation_rec *rec, uint64_t address)
{
	for (size_t i = RF_MAP_OF_IP; i < RF_MAPS; i++)
		if (address >= rec->maps[i].start && address < rec->maps[i].end)
			return &rec->maps[i];
	return NULL;
}

static const uint8_t *build_id_at(const struct rf_violation_rec *rec, uint64_t ip)
{
	const struct rf_mapping_rec *map = mapping_of(rec, ip);

	for (size_t i = 0; map && i < rec->nr_frames; i++)
		if (rec->ids[i].status == 1 && rec->frames[i] >= map->start &&
		    rec->frames[i] < map->end)
			return rec->ids[i].build_id;
	return NULL;
}

static int find_symbol(const struct rf_faults_view *view, const struct rf_violation *v,
                       const struct rf_mapping_rec *map, uint64_t ip, char *name, size_t len)
{
	__rf_str struct rf_str path = RF_STR_INIT;
	struct rf_mapping_rec named = *map;
	struct rf_symbol_query q = {
		.pid = v->outcome == RF_OUTCOME_KILLED && v->ended ? 0 : (pid_t)v->rec.tgid,
		.offset = ip - map->start + map->offset,
		.build_id = build_id_at(&v->rec, ip),
		.inode = map->inode,
		.dev = (dev_t)((uint64_t)(map->dev >> 20) << 8 | (map->dev & 0xff) |
		               (uint64_t)(map->dev & 0xfff00) << 12),
	};

	if (!view->symbols || !(map->flags & RF_MAP_FILE) || map->flags & RF_MAP_CUT)
		return -1;
	named.flags &= ~(uint32_t)RF_MAP_DELETED;
	rf_mapping_path(&named, &path);
	q.path = rf_str_get(&path);
	return rf_symbol_find(view->symbols, &q, name, len);
}

static void append_place(const struct rf_faults_view *view, const struct rf_violation *v,
                         uint64_t ip, uint64_t lookup, struct rf_str *where)
{
	const struct rf_mapping_rec *map = mapping_of(&v->rec, ip);
	char name[RF_SYMBOL_LEN];

	if (!map) {
		rf_str_appendf(where, "0x%llx", (unsigned long long)ip);
		return;
	}
	rf_mapping_path(map, where);
	rf_str_appendf(where, "+0x%llx", (unsigned long long)(ip - map->start + map->offset));
	if (!find_symbol(view, v, map, lookup, name, sizeof(name)))
		rf_str_appendf(where, " %s", name);
}

void rf_violation_where(const struct rf_faults_view *view, const struct rf_violation *v,
                        struct rf_str *where)
{
	if (v->rec.flags & RF_V_REGS)
		append_place(view, v, v->rec.ip, v->rec.ip, where);
}

void rf_violation_frame(const struct rf_faults_view *view, const struct rf_violation *v,
                        size_t frame, struct rf_str *where)
{
	uint64_t ip = v->rec.frames[frame];

	/* a return address may be the first byte of the next function */
	append_place(view, v, ip, frame ? ip - 1 : ip, where);
}

/* ---- sentences ---- */

static const char *verb_of(const struct rf_judgement *j)
{
	static const char *const verbs[] = { "touched", "read", "wrote to", "jumped to" };

	return verbs[j->access & 3];
}

static void append_action(const struct rf_judgement *j, struct rf_str *s)
{
	if (j->has_address)
		rf_str_appendf(s, "%s address 0x%llx", verb_of(j), (unsigned long long)j->address);
	else
		rf_str_appendf(s, "%s an address", verb_of(j));
}

static void explain_null(const struct rf_judgement *j, struct rf_str *s)
{
	const char *what =
		j->access == RF_ACCESS_EXECUTE ? "a null function pointer" : "a null pointer";

	append_action(j, s);
	if (!j->address)
		rf_str_appendf(s, ": %s", what);
	else
		rf_str_appendf(s, ", in the first %s, which is never mapped: %s with an offset",
		               j->address < PAGE ? "page" : "64 KiB", what);
}

static void explain_unmapped(const struct rf_violation *v, struct rf_str *s)
{
	const struct rf_violation_rec *rec = &v->rec;
	uint64_t address = v->judgement.address;

	append_action(&v->judgement, s);
	rf_str_append(s, ", where nothing is mapped");
	if (!(rec->flags & RF_V_GAP))
		return;
	if (rec->gap_start && address - rec->gap_start < NEAR)
		rf_str_appendf(s, ": %llu bytes past the end of a mapping",
		               (unsigned long long)(address - rec->gap_start));
	else if (rec->gap_end - address <= NEAR)
		rf_str_appendf(s, ": %llu bytes before the start of a mapping",
		               (unsigned long long)(rec->gap_end - address));
}

static void append_mapping(const struct rf_violation *v, struct rf_str *s)
{
	const struct rf_mapping_rec *map = &v->rec.maps[RF_MAP_OF_ADDRESS];

	if (map->flags & RF_MAP_FILE) {
		rf_str_append(s, map->flags & RF_MAP_EXECUTE ? "text of " : "data of ");
		rf_mapping_path(map, s);
	} else {
		rf_str_append(s, map->flags & RF_MAP_STACK ? "stack" :
		                 map->flags & RF_MAP_HEAP  ? "heap" :
		                                             "memory");
	}
}

static void explain_read_only(const struct rf_violation *v, struct rf_str *s)
{
	append_action(&v->judgement, s);
	rf_str_append(s, ", in the read-only ");
	append_mapping(v, s);
}

static void explain_no_execute(const struct rf_violation *v, struct rf_str *s)
{
	append_action(&v->judgement, s);
	if (!v->judgement.has_address) {
		rf_str_append(s, " that is not the one on the shadow stack");
		return;
	}
	rf_str_append(s, ", in the ");
	append_mapping(v, s);
	rf_str_append(s, ", which holds no code: it may not be executed");
}

/* "f → f", "g → f → g": the functions that call each other, the outermost first. */
static void append_recursion(const struct rf_faults_view *view, const struct rf_violation *v,
                             struct rf_str *s)
{
	char names[6][RF_SYMBOL_LEN];
	size_t nr = 0, again = 0;

	for (size_t i = 0; i < v->rec.nr_frames && nr < 6 && !again; i++) {
		uint64_t ip = v->rec.frames[i] - (i ? 1 : 0);
		const struct rf_mapping_rec *map = mapping_of(&v->rec, ip);

		if (!map || find_symbol(view, v, map, ip, names[nr], sizeof(names[nr])))
			return;
		for (size_t k = 0; k < nr && !again; k++)
			if (!strcmp(names[k], names[nr]))
				again = nr;
		nr++;
	}
	if (!again)
		return;
	rf_str_append(s, " in a recursion of ");
	for (size_t i = nr; i--;)
		rf_str_appendf(s, "%s%s", names[i], i ? " -> " : "");
}

static void explain_stack(const struct rf_faults_view *view, const struct rf_violation *v,
                          struct rf_str *s)
{
	if (v->rec.maps[RF_MAP_OF_ADDRESS].end)
		rf_str_append(s, "the thread's stack grew into the guard page at its end");
	else if (v->rec.stack_limit >= (1 << 20))
		rf_str_appendf(s, "the stack grew past its %llu MiB limit",
		               (unsigned long long)v->rec.stack_limit >> 20);
	else
		rf_str_appendf(s, "the stack grew past its %llu KiB limit",
		               (unsigned long long)v->rec.stack_limit >> 10);
	append_recursion(view, v, s);
}

static void explain_non_canonical(const struct rf_violation *v, struct rf_str *s)
{
	append_action(&v->judgement, s);
	if (v->judgement.has_address)
		rf_str_append(s, ", which is no address: its upper bits are not all alike");
	else
		rf_str_append(s, " that is none: its upper bits are not all alike, or the "
		                 "instruction broke another rule of the processor");
}

/* Most are the kernel's alone; some are everybody's until it is switched off. */
static void explain_privileged(const char *insn, struct rf_str *s)
{
	static const struct {
		const char *insn;
		const char *words;
	} others[] = {
		{ "int", "an interrupt only the kernel may raise" },
		{ "rdtsc", "which this process has had forbidden (PR_SET_TSC)" },
		{ "rdtscp", "which this process has had forbidden (PR_SET_TSC)" },
		{ "cpuid", "which this process has had forbidden (ARCH_SET_CPUID)" },
	};
	const char *words = "an instruction only the kernel may run";

	for (size_t i = 0; insn && i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].insn, insn))
			words = others[i].words;
	rf_str_appendf(s, "tried `%s`, %s", insn ? insn : "?", words);
}

static void explain_insn(const struct rf_violation *v, struct rf_str *s)
{
	const struct rf_judgement *j = &v->judgement;

	if (j->cause == RF_CAUSE_PRIVILEGED_INSTRUCTION) {
		explain_privileged(j->insn, s);
		return;
	}
	if (j->insn && !strncmp(j->insn, "ud", 2)) {
		rf_str_appendf(s,
		               "ran `%s`, which is never valid: compilers place it where "
		               "control must not get",
		               j->insn);
		return;
	}
	rf_str_append(s, "ran bytes that are no instruction here:");
	for (uint32_t i = 0; i < v->rec.insn_bytes && i < 8; i++)
		rf_str_appendf(s, " %02x", v->rec.insn[i]);
}

static void explain_float(const struct rf_violation *v, struct rf_str *s)
{
	static const struct {
		int code;
		const char *words;
	} codes[] = {
		{ FPE_FLTDIV, "divided a floating-point number by zero" },
		{ FPE_FLTOVF, "a floating-point result was too large" },
		{ FPE_FLTUND, "a floating-point result was too small" },
		{ FPE_FLTRES, "a floating-point result was not exact" },
		{ FPE_FLTINV, "a floating-point operation was not valid" },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].code != v->rec.code)
			continue;
		rf_str_appendf(s, "%s, and the program asked to be told", codes[i].words);
		return;
	}
	rf_str_append(s, "a floating-point exception that the program asked to be told of");
}

static void explain_misaligned(const struct rf_violation *v, struct rf_str *s)
{
	append_action(&v->judgement, s);
	if (v->judgement.align)
		rf_str_appendf(s, ", with an instruction that needs a multiple of %u",
		               v->judgement.align);
	else
		rf_str_append(s, ", which is not aligned as the instruction needs it");
}

static void explain_file_end(const struct rf_violation *v, struct rf_str *s)
{
	const struct rf_mapping_rec *map = &v->rec.maps[RF_MAP_OF_ADDRESS];

	append_action(&v->judgement, s);
	if (!(map->flags & RF_MAP_FILE)) {
		rf_str_append(s, ", for which the kernel had no memory");
		return;
	}
	rf_str_append(s, ", in a mapping of ");
	rf_mapping_path(map, s);
	rf_str_appendf(s, ", beyond the file's end (%llu bytes)", (unsigned long long)map->size);
}

static void append_call(const struct rf_violation *v, struct rf_str *s)
{
	char label[RF_SYSCALL_NAME_LEN];

	rf_str_append(s, rf_syscall_label((enum rf_abi)RF_CALL_ABI(v->rec.call),
	                                  RF_CALL_NR(v->rec.call), label, sizeof(label)));
}

static void explain_efault(const struct rf_violation *v, struct rf_str *s)
{
	const struct rf_judgement *j = &v->judgement;

	rf_str_append(s, "handed the kernel a bad pointer in `");
	append_call(v, s);
	rf_str_append(s, "`");
	if (j->has_address)
		rf_str_appendf(s, ": it could not %s address 0x%llx",
		               j->access == RF_ACCESS_WRITE ? "write to" : "read",
		               (unsigned long long)j->address);
}

static void explain_sender(const struct rf_violation *v, struct rf_str *s)
{
	char label[RF_SIGNAL_NAME_LEN];

	rf_str_appendf(s, "was sent %s by %sprocess %u (%.*s) of user %u",
	               rf_signal_label((int)v->rec.rec.count, label, sizeof(label)),
	               v->rec.sender == v->rec.tgid ? "itself, " : "", v->rec.sender, RF_COMM_LEN,
	               v->rec.sender_comm, v->rec.sender_uid);
}

static void explain_seccomp(const struct rf_violation *v, struct rf_str *s)
{
	rf_str_append(s, "made the call `");
	append_call(v, s);
	rf_str_append(s, "`, which its seccomp filter forbids");
}

void rf_violation_explain(const struct rf_faults_view *view, const struct rf_violation *v,
                          struct rf_str *s)
{
	const struct rf_judgement *j = &v->judgement;

	switch (j->cause) {
	case RF_CAUSE_NULL_PAGE:
		explain_null(j, s);
		break;
	case RF_CAUSE_UNMAPPED:
		explain_unmapped(v, s);
		break;
	case RF_CAUSE_READ_ONLY:
		explain_read_only(v, s);
		break;
	case RF_CAUSE_NO_EXECUTE:
		explain_no_execute(v, s);
		break;
	case RF_CAUSE_GUARD_PAGE:
		append_action(j, s);
		rf_str_append(s, ", in a guard page: memory that may not be touched at all");
		break;
	case RF_CAUSE_STACK_OVERFLOW:
		explain_stack(view, v, s);
		break;
	case RF_CAUSE_KERNEL_ADDRESS:
		append_action(j, s);
		rf_str_append(s, ", which is the kernel's");
		break;
	case RF_CAUSE_NON_CANONICAL:
		explain_non_canonical(v, s);
		break;
	case RF_CAUSE_PRIVILEGED_INSTRUCTION:
	case RF_CAUSE_ILLEGAL_INSTRUCTION:
		explain_insn(v, s);
		break;
	case RF_CAUSE_DIVIDE_ERROR:
		rf_str_append(s, "divided an integer by zero, or by so little that the quotient "
		                 "does not fit");
		break;
	case RF_CAUSE_FLOATING_POINT:
		explain_float(v, s);
		break;
	case RF_CAUSE_MISALIGNED:
		explain_misaligned(v, s);
		break;
	case RF_CAUSE_BEYOND_FILE_END:
		explain_file_end(v, s);
		break;
	case RF_CAUSE_MEMORY_ERROR:
		append_action(j, s);
		rf_str_append(s, ", where the hardware reports damaged memory");
		break;
	case RF_CAUSE_PROTECTION_KEY:
		append_action(j, s);
		rf_str_append(s, ", which its protection key forbids to this thread");
		break;
	case RF_CAUSE_BREAKPOINT:
		rf_str_append(s, "ran into a breakpoint, and no debugger is there to take it");
		break;
	case RF_CAUSE_SECCOMP:
		explain_seccomp(v, s);
		break;
	case RF_CAUSE_ABORT:
		rf_str_append(s,
		              "called abort(): the program itself found that something is wrong");
		break;
	case RF_CAUSE_BAD_POINTER_TO_KERNEL:
		explain_efault(v, s);
		break;
	case RF_CAUSE_OUT_OF_MEMORY:
		rf_str_append(s, "was chosen by the kernel to make room: memory had run out");
		break;
	default:
		explain_sender(v, s);
		break;
	}
}
