// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/lessons.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rf_time.h"
#include "lab/guest.h"
#include "views/text.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* The signal for an instruction that may not be executed. */
#if defined(__x86_64__)
#define FORBIDDEN_INSTRUCTION SIGSEGV
#define FORBIDDEN_CAUSE RF_CAUSE_PRIVILEGED_INSTRUCTION
#else
#define FORBIDDEN_INSTRUCTION SIGILL
#define FORBIDDEN_CAUSE RF_CAUSE_ILLEGAL_INSTRUCTION
#endif

typedef const struct rf_lab_result result;
typedef const struct rf_lab_part part;

void rf_lab_claim(struct rf_lab_judgement *j, bool holds, const char *fmt, ...)
{
	struct rf_lab_claim *c = &j->claims[j->nr_claims];
	va_list ap;

	if (j->nr_claims == RF_LAB_CLAIMS)
		return;
	j->nr_claims++;
	c->holds = holds;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
}

/* A number as people read it; good for as many as one claim names. */
static const char *num(uint64_t n)
{
	static char texts[8][RF_TEXT_LEN];
	static unsigned int next;

	return rf_text_number(texts[next++ % 8], n);
}

static void answer(struct rf_lab_judgement *j, const char *letters)
{
	snprintf(j->letters, sizeof(j->letters), "%s", letters);
}

/* Of the time on the CPU: waiting for a CPU is the neighbours' doing. */
static uint64_t percent_of_cpu(part *p, uint64_t ns)
{
	uint64_t cpu = p->time.user + p->time.kernel;

	return cpu ? 100 * ns / cpu : 0;
}

static void judge_where(result *r, struct rf_lab_judgement *j)
{
	part *compute = rf_lab_part(r, 'a'), *copy = rf_lab_part(r, 'b'),
	     *sleep = rf_lab_part(r, 'c');
	uint64_t user = percent_of_cpu(compute, compute->time.user);
	uint64_t kernel = percent_of_cpu(copy, copy->time.kernel);
	uint64_t cpu_ns = sleep->time.user + sleep->time.kernel;

	answer(j, "b");
	rf_lab_claim(j, user >= 80, "The loop spent %" PRIu64 " %% of its CPU time in user space.",
	             user);
	rf_lab_claim(j, kernel >= 60,
	             "The copy spent %" PRIu64 " %% of its CPU time in the kernel.", kernel);
	rf_lab_claim(j,
	             sleep->time.waiting > 20 * cpu_ns && sleep->wall_ns > 140 * RF_NSEC_PER_MSEC,
	             "The sleep used the CPU for %" PRIu64 " of its %" PRIu64 " µs.", cpu_ns / 1000,
	             sleep->wall_ns / 1000);
}

/* Clocks that the vDSO can read without the kernel. */
static bool clock_is_readable(char *name, size_t len)
{
	static const char *const readable[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
		                                "arch_sys_counter" };
	__fclose FILE *f =
		fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	if (!f || !fgets(name, (int)len, f))
		return false;
	name[strcspn(name, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		if (!strcmp(name, readable[i]))
			return true;
	return false;
}

static void judge_asking(result *r, struct rf_lab_judgement *j)
{
	part *buffered = rf_lab_part(r, 'b'), *unbuffered = rf_lab_part(r, 'c');
	part *small = rf_lab_part(r, 'd'), *large = rf_lab_part(r, 'e');
	part *clock = rf_lab_part(r, 'f');
	uint64_t few = rf_lab_call(buffered, "write").calls;
	uint64_t many = rf_lab_call(unbuffered, "write").calls;
	uint64_t maps = rf_lab_call(large, "mmap").calls;
	char source[64] = "unknown";
	size_t n = 0;

	/* a few calls in a thousand lines are a buffer's or a heap's, not the line's own */
	for (char c = 'a'; c <= 'h'; c++)
		if (rf_lab_part(r, c)->calls >= 500)
			j->letters[n++] = c;
	rf_lab_claim(j, !rf_lab_part(r, 'a')->calls, "strlen: no call.");
	rf_lab_claim(j, few <= 1 && many == 1000,
	             "printf: writes for 1,000 lines: %s with a buffer, %s without.", num(few),
	             num(many));
	rf_lab_claim(j, small->calls <= 4 && maps == 1000,
	             "malloc: %s calls for 1,000 small pieces, %s for 1,000 large ones.",
	             num(small->calls), num(large->calls));
	if (clock_is_readable(source, sizeof(source)))
		rf_lab_claim(j, !clock->calls,
		             "clock_gettime: no call. The vDSO reads the clock (%s) in user space.",
		             source);
	else
		rf_lab_claim(j, true,
		             "clock_gettime: %s calls: this machine's clock (%s) cannot be read in "
		             "user space.",
		             num(clock->calls), source);
	rf_lab_claim(j,
	             rf_lab_call(rf_lab_part(r, 'g'), "getppid").calls == 1000 &&
	                     rf_lab_call(rf_lab_part(r, 'h'), "write").calls == 1000,
	             "getppid and write: one call each time.");
}

static void judge_price(result *r, struct rf_lab_judgement *j)
{
	part *bytes = rf_lab_part(r, 'a'), *stdio = rf_lab_part(r, 'b'),
	     *blocks = rf_lab_part(r, 'c');
	uint64_t times = blocks->wall_ns ? bytes->wall_ns / blocks->wall_ns : 0;

	answer(j, times < 5 ? "a" : times < 50 ? "b" : "c");
	rf_lab_claim(j, bytes->calls == 1048576 && blocks->calls == 16,
	             "%s calls against %s for the same MiB.", num(bytes->calls),
	             num(blocks->calls));
	rf_lab_claim(j, times >= 10, "One byte at a time took %s times as long.", num(times));
	rf_lab_claim(j, stdio->calls <= 1024 && stdio->calls >= 16,
	             "getc reads byte for byte too, but from a buffer: %s calls.",
	             num(stdio->calls));
}

/* A file that is read page by page: from the disk, then from memory. */
static void judge_file(part *cold, part *warm, struct rf_lab_judgement *j)
{
	if (cold->faults.major)
		rf_lab_claim(j, !warm->faults.major,
		             "The file on the disk: %s major page faults. In memory: %s.",
		             num(cold->faults.major), num(warm->faults.major));
	else
		rf_lab_claim(j, !warm->faults.major,
		             "No major page fault: the files of this directory are in memory. "
		             "TMPDIR names one on a disk.");
}

static void judge_memory(result *r, struct rf_lab_judgement *j)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = 256 * MIB / page;
	uint64_t copied = 16 * MIB / page;
	uint64_t mapped = rf_lab_part(r, 'a')->faults.minor;
	uint64_t touched = rf_lab_part(r, 'b')->faults.minor;
	const struct rf_faults *again = &rf_lab_part(r, 'c')->faults;
	uint64_t reads = rf_lab_part(r, 'd')->faults.minor;
	uint64_t writes = rf_lab_part(r, 'e')->faults.minor;

	j->number = touched;
	rf_lab_claim(j, mapped < 100, "256 MiB were mapped with %s page faults.", num(mapped));
	rf_lab_claim(j, touched >= pages && touched < pages + 100,
	             "The first touch: %s page faults for %s pages.", num(touched), num(pages));
	rf_lab_claim(j, again->minor + again->major < 10, "The second touch: %s page faults.",
	             num(again->minor + again->major));
	rf_lab_claim(j, reads < copied / 4 && writes >= copied,
	             "A child that reads its parent's 16 MiB: %s page faults. One that writes to "
	             "them: %s, a copy of each page.",
	             num(reads), num(writes));
	judge_file(rf_lab_part(r, 'f'), rf_lab_part(r, 'g'), j);
}

static void judge_permission(result *r, struct rf_lab_judgement *j)
{
	size_t killed = 0, caught = 0;

	for (char c = 'a'; c <= 'c'; c++) {
		part *p = rf_lab_part(r, c);

		killed += rf_lab_ended(p, FORBIDDEN_INSTRUCTION) == 1;
		caught += rf_lab_violations(p, FORBIDDEN_CAUSE, RF_OUTCOME_KILLED, NULL) == 1;
	}
	answer(j, killed == 3 ? "c" : "b");
	rf_lab_claim(j, killed == 3 && (caught == 3 || !r->causes_known),
	             "%zu of 3 traps of the processor became a signal and ended the process.",
	             killed);
	rf_lab_claim(j, r->status == 0,
	             "The process that had started them went on to its end, and so did this one.");
}

static void judge_walls(result *r, struct rf_lab_judgement *j)
{
	static const enum rf_cause causes[] = { RF_CAUSE_KERNEL_ADDRESS, RF_CAUSE_UNMAPPED,
		                                RF_CAUSE_READ_ONLY, RF_CAUSE_NO_EXECUTE };
	part *stranger = rf_lab_part(r, 'e');
	size_t killed = 0, explained = 0;

	for (unsigned int i = 0; i < 4; i++) {
		part *p = rf_lab_part(r, (char)('a' + i));

		killed += rf_lab_ended(p, SIGSEGV) == 1;
		explained += rf_lab_violations(p, causes[i], RF_OUTCOME_KILLED, NULL) == 1;
	}
	j->number = killed;
	rf_lab_claim(j, killed == 4 && (explained == 4 || !r->causes_known),
	             "%zu of 4 processes that reached over a wall were killed, each at a wall of "
	             "its own.",
	             killed);
	rf_lab_claim(j, rf_lab_ended(rf_lab_part(r, 'b'), 0) == 1,
	             "The neighbour found its memory as it was, and ended well.");
	rf_lab_claim(j, rf_lab_failed_with(stranger, EPERM) == 1 && !stranger->nr_ends,
	             "The one that asked the kernel was refused (EPERM), and lived on.");
}

/* What the book of violations says of the threads that died; nothing where it was not kept. */
static void judge_threads(result *r, part *processes, part *threads, struct rf_lab_judgement *j)
{
	uint64_t one, all;

	if (!r->causes_known)
		return;
	rf_lab_violations(processes, RF_CAUSE_NULL_PAGE, RF_OUTCOME_KILLED, &one);
	rf_lab_violations(threads, RF_CAUSE_NULL_PAGE, RF_OUTCOME_KILLED, &all);
	rf_lab_claim(
		j, one == 1 && all == 21,
		"The same bug killed %s thread there, and %s here, the main thread among them.",
		num(one), num(all));
}

static void judge_radius(result *r, struct rf_lab_judgement *j)
{
	part *processes = rf_lab_part(r, 'a'), *threads = rf_lab_part(r, 'b');
	uint64_t done = rf_lab_call(processes, "write").calls;
	uint64_t done_by_threads = rf_lab_call(threads, "write").calls;

	/* a worker that finishes has done its ten items */
	j->number = rf_lab_ended(threads, 0) ? 19 : 0;
	rf_lab_claim(j,
	             rf_lab_ended(processes, 0) == 19 && rf_lab_ended(processes, SIGSEGV) == 1 &&
	                     done == 195,
	             "Processes: %zu of 20 finished, and %s of 200 items were done: all but the "
	             "five of the dead.",
	             rf_lab_ended(processes, 0), num(done));
	rf_lab_claim(j, rf_lab_ended(threads, SIGSEGV) == 1 && done_by_threads < 150,
	             "Threads: the process was killed with all of them, after %s of 200 items.",
	             num(done_by_threads));
	judge_threads(r, processes, threads, j);
	rf_lab_claim(j, processes->faults.minor > 2 * threads->faults.minor,
	             "What it costs to be a process: %s page faults there, against %s.",
	             num(processes->faults.minor), num(threads->faults.minor));
}

static void judge_requests(result *r, struct rf_lab_judgement *j)
{
	part *file = rf_lab_part(r, 'a'), *kill = rf_lab_part(r, 'b'), *held = rf_lab_part(r, 'c');
	part *dropped = rf_lab_part(r, 'd'), *filter = rf_lab_part(r, 'e');
	uint64_t filtered =
		filter->nr_errnos && filter->errnos[0].refused ? filter->errnos[0].count : 0;

	j->number = file->denied;
	rf_lab_claim(j, rf_lab_failed_with(file, EACCES) == 10,
	             "The file: refused %s times (EACCES), by its owner and mode.",
	             num(rf_lab_failed_with(file, EACCES)));
	rf_lab_claim(j, rf_lab_failed_with(kill, EPERM) == 10,
	             "The process: refused %s times (EPERM), by its user.",
	             num(rf_lab_failed_with(kill, EPERM)));
	rf_lab_claim(j, held->calls == 10 && !held->failed && dropped->denied == 10,
	             "The same request with the capability: refused %s times. Without: %s.",
	             num(held->denied), num(dropped->denied));
	rf_lab_claim(j, filtered == 10 && filter->calls == 10,
	             "The filter: refused %s times, before the call even began.", num(filtered));
}

static void judge_pointer(result *r, struct rf_lab_judgement *j)
{
	part *writes = rf_lab_part(r, 'a'), *reads = rf_lab_part(r, 'b');
	part *null = rf_lab_part(r, 'c'), *own = rf_lab_part(r, 'd');
	uint64_t efault = rf_lab_failed_with(writes, EFAULT) + rf_lab_failed_with(reads, EFAULT);

	answer(j, efault == 200 ? "c" : "a");
	rf_lab_claim(j, efault == 200, "write and read: EFAULT %s times out of 200.", num(efault));
#if defined(__x86_64__)
	rf_lab_claim(j, writes->faults.kernel >= 100 && reads->faults.kernel >= 100,
	             "The kernel itself faulted %s times in them, and recovered each time.",
	             num(writes->faults.kernel + reads->faults.kernel));
#endif
	rf_lab_claim(j, null->calls == 100 && !null->failed,
	             "/dev/null took the bad pointer 100 times: it never looks.");
	rf_lab_claim(j, rf_lab_ended(own, SIGSEGV) == 1 && r->status == 0,
	             "The process that used the pointer itself was killed; the other one went on.");
}

/* Of the CPU: a part that is over in a moment may have had to wait for one. */
static uint64_t cpu_per_item(part *p)
{
	return p->items ? (p->time.user + p->time.kernel) / p->items : 0;
}

static void judge_misconceptions(result *r, struct rf_lab_judgement *j)
{
	part *kernel = rf_lab_part(r, 'a'), *program = rf_lab_part(r, 'b');
	part *coroutines = rf_lab_part(r, 'c'), *threads = rf_lab_part(r, 'd');

	j->number = coroutines->calls;
	rf_lab_claim(j, kernel->calls == 100000 && !program->calls,
	             "100,000 additions: %s calls by way of the kernel, %s in the program.",
	             num(kernel->calls), num(program->calls));
	rf_lab_claim(j, cpu_per_item(kernel) >= 10 * (cpu_per_item(program) + 1),
	             "An addition took %s ns of CPU there, %s ns here.", num(cpu_per_item(kernel)),
	             num(cpu_per_item(program)));
	/* the other thread's first and last read may lie just outside */
	rf_lab_claim(j, !coroutines->calls && threads->calls >= 39999 && threads->calls <= 40001,
	             "20,000 switches: %s calls with threads, %s with coroutines.",
	             num(threads->calls), num(coroutines->calls));
	rf_lab_claim(j, cpu_per_item(threads) >= 10 * (cpu_per_item(coroutines) + 1),
	             "A switch took %s ns of CPU there, %s ns here.", num(cpu_per_item(threads)),
	             num(cpu_per_item(coroutines)));
}

#define LIMITS(bytes)                                               \
	{                                                           \
		.seconds = 40, .memory = (bytes), .processes = 1024 \
	}

const struct rf_lab rf_labs[RF_LABS] = {
	{ "01-where", "lab01.c", RF_LAB_CHOICE, 'c', RF_LAB_SPLIT, 40, LIMITS(GIB), judge_where },
	{ "02-asking", "lab02.c", RF_LAB_SET, 'h',
	  RF_LAB_PREDICTED | RF_LAB_CALLS | RF_LAB_FAULTS | RF_LAB_WHICH, 40, LIMITS(2 * GIB),
	  judge_asking },
	{ "03-price", "lab03.c", RF_LAB_CHOICE, 'c', RF_LAB_CALLS | RF_LAB_TIME | RF_LAB_PER_ITEM,
	  60, LIMITS(GIB), judge_price },
	{ "04-memory", "lab04.c", RF_LAB_NUMBER, 0, RF_LAB_FAULTS | RF_LAB_MAJOR | RF_LAB_TIME, 60,
	  LIMITS(GIB), judge_memory },
	{ "05-permission", "lab05.c", RF_LAB_CHOICE, 'd', RF_LAB_CAUSE | RF_LAB_ENDED, 40,
	  LIMITS(GIB), judge_permission },
	{ "06-memory-walls", "lab06.c", RF_LAB_NUMBER, 0, RF_LAB_CAUSE | RF_LAB_ENDED, 40,
	  LIMITS(GIB), judge_walls },
	{ "07-blast-radius", "lab07.c", RF_LAB_NUMBER, 0,
	  RF_LAB_CALLS | RF_LAB_FAULTS | RF_LAB_CAUSE | RF_LAB_ENDED, 40, LIMITS(GIB),
	  judge_radius },
	{ "08-requests",
	  "lab08.c",
	  RF_LAB_NUMBER,
	  0,
	  RF_LAB_CALLS | RF_LAB_FAILED | RF_LAB_DENIED | RF_LAB_ERRORS,
	  40,
	  { .seconds = 40, .memory = GIB, .processes = 1024, .raise_priority = true },
	  judge_requests },
	{ "09-bad-pointer", "lab09.c", RF_LAB_CHOICE, 'd',
	  RF_LAB_CALLS | RF_LAB_KERNEL_FAULTS | RF_LAB_ERRORS | RF_LAB_CAUSE, 40, LIMITS(GIB),
	  judge_pointer },
	{ "10-misconceptions", "lab10.c", RF_LAB_NUMBER, 0,
	  RF_LAB_CALLS | RF_LAB_TIME | RF_LAB_PER_ITEM, 40, LIMITS(GIB), judge_misconceptions },
	{ "11-guest",
	  NULL,
	  RF_LAB_NUMBER,
	  0,
	  RF_LAB_TIME | RF_LAB_ENDED,
	  180,
	  { .seconds = 170, .memory = 16 * GIB, .processes = 1024 },
	  rf_lab_guest_judge },
};
