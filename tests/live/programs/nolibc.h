/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs whose every crossing is known.
 *
 * A program that includes this file has no C library: it is linked with -nostdlib -static, starts
 * at the _start below and makes exactly the calls that its source shows. Every call goes through
 * rf_call(), which writes down what it did in a tally shared with all processes of the program;
 * rf_finish() prints the tally as one line of JSON. What a tool says about the program can
 * therefore be compared with the tally for equality, over the whole life of the process.
 *
 * Environment:
 *   RF_EXPECT  where the tally goes, one JSON object a line, appended ("-": standard output;
 *              unset: nowhere)
 *   RF_GATE    a FIFO: the program waits for one byte from it after its preparations and before
 *              the measured part (the tally starts anew behind it), and for another one when all
 *              is done and printed
 *
 * Offers: rf_call, rf_call_n, rf_tally_add (calls and their bookkeeping), rf_fork, rf_thread,
 * rf_join (processes and threads), rf_signal (handlers), rf_begin, rf_gate, rf_finish (the frame
 * of every program), rf_extra (more keys for the JSON line), and what little of a C library the
 * programs need.
 */
#ifndef RF_NOLIBC_H
#define RF_NOLIBC_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>

#define RF_UNUSED __attribute__((unused))
#define RF_LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define RF_STACK_SIZE 16384

/* The kernel's own restart codes, seen at the end of a call and never in user mode. */
#define RF_ERESTARTSYS 512
#define RF_ERESTARTNOINTR 513
#define RF_ERESTARTNOHAND 514
#define RF_ERESTART_RESTARTBLOCK 516
/* Booked in the place of an errno for a call that a signal answered. */
#define RF_SIGSYS 1000

enum rf_abi {
	RF_ABI_NATIVE,
	RF_ABI_I386,
};

#if defined(__x86_64__)

#define RF_ABI_NAME "x86_64"

static inline long rf_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
	                 : "=a"(ret)
	                 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return ret;
}

/* The child pops its argument and its function from the stack it was given. */
static inline long rf_raw_clone(unsigned long flags, uintptr_t *sp, int *tid_word)
{
	register long r10 __asm__("r10") = (long)tid_word;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
	                 "test %%rax, %%rax\n\t"
	                 "jnz 1f\n\t"
	                 "xor %%ebp, %%ebp\n\t"
	                 "pop %%rax\n\t"
	                 "pop %%rdi\n\t"
	                 "call *%%rax\n\t"
	                 "ud2\n"
	                 "1:"
	                 : "=a"(ret)
	                 : "a"(__NR_clone), "D"(flags), "S"(sp), "d"(tid_word), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "memory");
	return ret;
}

__asm__(".text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        "	xor %ebp, %ebp\n"
        "	mov %rsp, %rdi\n"
        "	and $-16, %rsp\n"
        "	call rf_start\n"
        "	ud2\n"
        ".globl rf_restorer\n"
        ".type rf_restorer, @function\n"
        "rf_restorer:\n"
        "	mov $15, %eax\n" /* rt_sigreturn */
        "	syscall\n"
        "	ud2\n");

#elif defined(__aarch64__)

#define RF_ABI_NAME "arm64"

static inline long rf_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	/* x8 comes back as restart_syscall where the kernel went on with a call behind a stop */
	__asm__ volatile("svc #0"
	                 : "+r"(x0), "+r"(x8)
	                 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
	                 : "memory");
	return x0;
}

/* The child pops its function and its argument from the stack it was given. */
static inline long rf_raw_clone(unsigned long flags, uintptr_t *sp, int *tid_word)
{
	register long x8 __asm__("x8") = __NR_clone;
	register long x0 __asm__("x0") = (long)flags;
	register long x1 __asm__("x1") = (long)sp;
	register long x2 __asm__("x2") = (long)tid_word;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = (long)tid_word;

	__asm__ volatile("svc #0\n\t"
	                 "cbnz x0, 1f\n\t"
	                 "mov x29, #0\n\t"
	                 "mov x30, #0\n\t"
	                 "ldp x9, x0, [sp], #16\n\t"
	                 "blr x9\n\t"
	                 "brk #1\n"
	                 "1:"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
	                 : "x9", "x30", "memory");
	return x0;
}

__asm__(".text\n"
        ".globl _start\n"
        ".type _start, %function\n"
        "_start:\n"
        "	mov x29, #0\n"
        "	mov x30, #0\n"
        "	mov x0, sp\n"
        "	bl rf_start\n"
        "	brk #1\n"
        ".globl rf_restorer\n"
        ".type rf_restorer, %function\n"
        "rf_restorer:\n"
        "	mov x8, #139\n" /* rt_sigreturn */
        "	svc #0\n"
        "	brk #1\n");

#else
#error "no entry code for this architecture"
#endif

extern char rf_restorer[];

/* The compiler may call these by itself, so they must exist under these names. */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);

void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((volatile char *)to)[i] = ((const char *)from)[i];
	}
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((volatile char *)to)[i] = (char)byte;
	}
	return to;
}

RF_UNUSED static size_t rf_strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
	}
	return n;
}

RF_UNUSED static int rf_streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

RF_UNUSED static long rf_number(const char *s)
{
	long value = 0;

	while (*s >= '0' && *s <= '9') {
		value = value * 10 + (*s++ - '0');
	}
	return value;
}

/* ---- the tally ---- */

struct rf_cell {
	long nr;
	long calls;
	int abi;
	int error; /* 0: not failed */
};

struct rf_slot {
	int pid;
	int lock;
	int cells_used;
	int threads; /* beside the first */
	struct rf_cell cells[48];
};

#define RF_SLOTS 512

struct rf_tally {
	int slots_used;
	/* For what processes of one program tell each other. */
	volatile int words[64];
	struct rf_slot slots[RF_SLOTS];
};

static struct rf_tally *rf_tally;
static struct rf_slot *rf_me;
static char **rf_environ;
static int rf_expect_fd = -1;
static int rf_gate_fd = -1;
static long rf_wall_start;
static char rf_extra_text[2048];
static char rf_out[1024 * 1024];
static size_t rf_out_len;

static void rf_lock(struct rf_slot *slot)
{
	while (__atomic_exchange_n(&slot->lock, 1, __ATOMIC_ACQUIRE)) {
	}
}

static void rf_unlock(struct rf_slot *slot)
{
	__atomic_store_n(&slot->lock, 0, __ATOMIC_RELEASE);
}

/* Books n calls of nr that ended with the error number given (0: not failed). */
static void rf_book(struct rf_slot *slot, int abi, long nr, int error, long n)
{
	int i;

	if (!n) {
		return;
	}
	rf_lock(slot);
	for (i = 0; i < slot->cells_used; i++) {
		if (slot->cells[i].nr == nr && slot->cells[i].abi == abi &&
		    slot->cells[i].error == error) {
			break;
		}
	}
	if (i == RF_LEN(slot->cells)) {
		rf_raw(__NR_exit_group, 98, 0, 0, 0, 0, 0);
	}
	if (i == slot->cells_used) {
		slot->cells_used++;
		slot->cells[i].nr = nr;
		slot->cells[i].abi = abi;
		slot->cells[i].error = error;
		slot->cells[i].calls = 0;
	}
	slot->cells[i].calls += n;
	rf_unlock(slot);
}

RF_UNUSED static void rf_tally_add(long nr, int error, long n)
{
	rf_book(rf_me, RF_ABI_NATIVE, nr, error, n);
}

static int rf_error_of(long ret)
{
	return ret < 0 && ret >= -4095 ? (int)-ret : 0;
}

/*
 * A call, and its bookkeeping. The booking comes first because some calls do not return; its
 * error number is put right afterwards.
 */
RF_UNUSED static long rf_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	struct rf_slot *slot = rf_me;
	long ret;
	int error;

	rf_book(slot, RF_ABI_NATIVE, nr, 0, 1);
	ret = rf_raw(nr, a, b, c, d, e, f);
	error = rf_error_of(ret);
	if (error) {
		rf_book(slot, RF_ABI_NATIVE, nr, 0, -1);
		rf_book(slot, RF_ABI_NATIVE, nr, error, 1);
	}
	return ret;
}

#define RF_PICK(_0, _1, _2, _3, _4, _5, _6, macro, ...) macro
#define RF_CALL0(nr) rf_call6(nr, 0, 0, 0, 0, 0, 0)
#define RF_CALL1(nr, a) rf_call6(nr, (long)(a), 0, 0, 0, 0, 0)
#define RF_CALL2(nr, a, b) rf_call6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define RF_CALL3(nr, a, b, c) rf_call6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RF_CALL4(nr, a, b, c, d) rf_call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RF_CALL5(nr, a, b, c, d, e) \
	rf_call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define RF_CALL6(nr, a, b, c, d, e, f) \
	rf_call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define rf_call(...)                                                                               \
	RF_PICK(__VA_ARGS__, RF_CALL6, RF_CALL5, RF_CALL4, RF_CALL3, RF_CALL2, RF_CALL1, RF_CALL0) \
	(__VA_ARGS__)

/* The same call n times, booked at once so that the loop holds nothing but the call. */
RF_UNUSED static void rf_call_n(long n, long nr, long a, long b, long c)
{
	long first = 0, odd = 0;

	for (long i = 0; i < n; i++) {
		long ret = rf_raw(nr, a, b, c, 0, 0, 0);

		if (!i) {
			first = ret;
		}
		if (rf_error_of(ret) != rf_error_of(first)) {
			odd++;
			rf_tally_add(nr, rf_error_of(ret), 1);
		}
	}
	rf_tally_add(nr, rf_error_of(first), n - odd);
}

/* ---- processes, threads, signals ---- */

static struct rf_slot *rf_slot_new(void)
{
	int i = __atomic_fetch_add(&rf_tally->slots_used, 1, __ATOMIC_RELAXED);

	if (i >= RF_SLOTS) {
		rf_raw(__NR_exit_group, 98, 0, 0, 0, 0, 0);
	}
	return &rf_tally->slots[i];
}

/* In the child, everything after it is booked to a slot of its own. */
RF_UNUSED static long rf_fork(void)
{
	struct rf_slot *child = rf_slot_new();
	long pid;

	rf_tally_add(__NR_clone, 0, 1);
	pid = rf_raw(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (!pid) {
		rf_me = child;
		return 0;
	}
	child->pid = (int)pid;
	return pid;
}

RF_UNUSED static long rf_clone_on(void (*fn)(void *), void *arg, void *stack, unsigned long flags,
                                  int *tid_word)
{
	uintptr_t *sp = (uintptr_t *)(((uintptr_t)stack + RF_STACK_SIZE) & ~(uintptr_t)15);

	*--sp = (uintptr_t)arg;
	*--sp = (uintptr_t)fn;
	rf_tally_add(__NR_clone, 0, 1);
	return rf_raw_clone(flags, sp, tid_word);
}

struct rf_thread {
	void (*fn)(void *);
	void *arg;
	int tid;
	/* Set by the kernel at the start of the thread and cleared by it at its end. */
	volatile int alive;
	char stack[RF_STACK_SIZE] __attribute__((aligned(16)));
};

RF_UNUSED static void rf_thread_main(void *arg)
{
	struct rf_thread *thread = arg;

	thread->fn(thread->arg);
	rf_call(__NR_exit, 0);
}

RF_UNUSED static void rf_thread(struct rf_thread *thread, void (*fn)(void *), void *arg)
{
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
	                      CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

	thread->fn = fn;
	thread->arg = arg;
	rf_me->threads++;
	thread->tid = (int)rf_clone_on(rf_thread_main, thread, thread->stack, flags,
	                               (int *)&thread->alive);
}

RF_UNUSED static void rf_join(struct rf_thread *thread)
{
	int tid;

	while ((tid = thread->alive)) {
		rf_call(__NR_futex, &thread->alive, FUTEX_WAIT, tid, 0);
	}
}

/* The kernel's layout, which is not that of the C library. */
struct rf_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

/*
 * Installs a handler. A handler must not book anything, for it may have interrupted a booking: it
 * counts in a word of its own, and the program books the rt_sigreturns at its end.
 */
RF_UNUSED static void rf_signal(int number, void (*handler)(int), unsigned long flags)
{
	struct rf_sigaction action = {
		.handler = handler,
		.flags = flags | SA_RESTORER,
		.restorer = rf_restorer,
	};

	rf_call(__NR_rt_sigaction, number, &action, 0, 8);
}

RF_UNUSED static void rf_sleep_ms(long ms)
{
	struct __kernel_timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	rf_call(__NR_nanosleep, &ts, 0);
}

RF_UNUSED static long rf_now(int clock)
{
	struct __kernel_timespec ts = { 0 };

	rf_call(__NR_clock_gettime, clock, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* ---- text ---- */

static void rf_put(const char *s)
{
	size_t n = rf_strlen(s);

	if (rf_out_len + n >= sizeof(rf_out)) {
		rf_raw(__NR_exit_group, 97, 0, 0, 0, 0, 0);
	}
	memcpy(rf_out + rf_out_len, s, n);
	rf_out_len += n;
}

static const char *rf_decimal(long value, char text[24])
{
	char *p = text + 23;
	unsigned long left = value < 0 ? -(unsigned long)value : (unsigned long)value;

	*p = '\0';
	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0) {
		*--p = '-';
	}
	return p;
}

static void rf_put_long(long value)
{
	char text[24];

	rf_put(rf_decimal(value, text));
}

/* Adds a key with a number to the JSON line of this program. */
RF_UNUSED static void rf_extra(const char *key, long value)
{
	char text[24];
	const char *parts[] = { ",\"", key, "\":", rf_decimal(value, text) };
	size_t used = rf_strlen(rf_extra_text);

	for (int i = 0; i < RF_LEN(parts); i++) {
		size_t n = rf_strlen(parts[i]);

		if (used + n + 1 > sizeof(rf_extra_text)) {
			rf_raw(__NR_exit_group, 97, 0, 0, 0, 0, 0);
		}
		memcpy(rf_extra_text + used, parts[i], n + 1);
		used += n;
	}
}

/*
 * The state letter of a thread or process as /proc tells it: 'S' means that it sleeps inside a
 * call.
 */
RF_UNUSED static char rf_state_of(int pid, int tid)
{
	char path[64] = "/proc/", text[24], stat[256];
	const char *parts[] = { 0, "/task/", 0, "/stat" };
	size_t used = rf_strlen(path);
	long fd, n;

	for (int i = 0; i < RF_LEN(parts); i++) {
		const char *part = parts[i];
		size_t len;

		if (!part) {
			part = rf_decimal(i ? tid : pid, text);
		}
		len = rf_strlen(part);
		memcpy(path + used, part, len + 1);
		used += len;
	}
	fd = rf_call(__NR_openat, AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0) {
		return '?';
	}
	n = rf_call(__NR_read, fd, stat, sizeof(stat));
	rf_call(__NR_close, fd);
	for (long i = n - 1; i > 0; i--) {
		if (stat[i] == ')') {
			return stat[i + 2];
		}
	}
	return '?';
}

RF_UNUSED static void rf_wait_asleep(int pid, int tid)
{
	while (rf_state_of(pid, tid) != 'S') {
		rf_call(__NR_sched_yield);
	}
}

static const char *rf_getenv(const char *name)
{
	size_t n = rf_strlen(name);

	for (char **e = rf_environ; *e; e++) {
		size_t i = 0;

		while (i < n && (*e)[i] == name[i]) {
			i++;
		}
		if (i == n && (*e)[n] == '=') {
			return *e + n + 1;
		}
	}
	return NULL;
}

/* ---- the frame of a program ---- */

#define RF_NAME(call)              \
	{                          \
		__NR_##call, #call \
	}

static const struct {
	long nr;
	const char *name;
} rf_names[] = {
	RF_NAME(getppid),
	RF_NAME(openat),
	RF_NAME(kill),
	RF_NAME(close),
	RF_NAME(read),
	RF_NAME(write),
	RF_NAME(exit),
	RF_NAME(exit_group),
	RF_NAME(mmap),
	RF_NAME(munmap),
	RF_NAME(madvise),
	RF_NAME(mprotect),
	RF_NAME(clone),
	RF_NAME(wait4),
	RF_NAME(futex),
	RF_NAME(nanosleep),
	RF_NAME(clock_gettime),
	RF_NAME(rt_sigaction),
	RF_NAME(rt_sigreturn),
	RF_NAME(rt_sigprocmask),
	RF_NAME(tgkill),
	RF_NAME(getpid),
	RF_NAME(gettid),
	RF_NAME(sched_yield),
	RF_NAME(execve),
	RF_NAME(prctl),
	RF_NAME(seccomp),
	RF_NAME(getrusage),
	RF_NAME(ppoll),
	RF_NAME(pipe2),
	RF_NAME(setitimer),
	RF_NAME(restart_syscall),
	RF_NAME(clone3),
	RF_NAME(uname),
	RF_NAME(ftruncate),
	RF_NAME(unlinkat),
	RF_NAME(fdatasync),
	RF_NAME(fadvise64),
	RF_NAME(setresuid),
	RF_NAME(setresgid),
	RF_NAME(getuid),
	RF_NAME(geteuid),
	RF_NAME(getgid),
	RF_NAME(getegid),
	RF_NAME(umask),
	RF_NAME(getpgid),
	RF_NAME(getsid),
	RF_NAME(getpriority),
	RF_NAME(dup),
	RF_NAME(lseek),
	RF_NAME(fcntl),
	RF_NAME(getcpu),
	RF_NAME(sched_getscheduler),
	RF_NAME(timerfd_gettime),
	RF_NAME(msync),
	RF_NAME(set_tid_address),
};

static const char *rf_name_of(const struct rf_cell *cell)
{
#if defined(__x86_64__)
	if (cell->abi == RF_ABI_I386) {
		return cell->nr == 20 ? "getpid" : "?";
	}
#endif
	for (int i = 0; i < RF_LEN(rf_names); i++) {
		if (rf_names[i].nr == cell->nr) {
			return rf_names[i].name;
		}
	}
	return "?";
}

static void rf_put_slot(const struct rf_slot *slot)
{
	int first = 1;

	rf_put("{\"pid\":");
	rf_put_long(slot->pid);
	rf_put(",\"threads\":");
	rf_put_long(slot->threads + 1);
	rf_put(",\"cells\":[");
	for (int i = 0; i < slot->cells_used; i++) {
		const struct rf_cell *cell = &slot->cells[i];

		if (!cell->calls) {
			continue;
		}
		rf_put(first ? "{\"abi\":\"" : ",{\"abi\":\"");
		first = 0;
		rf_put(cell->abi == RF_ABI_I386 ? "i386" : RF_ABI_NAME);
		rf_put("\",\"nr\":");
		rf_put_long(cell->nr);
		rf_put(",\"name\":\"");
		rf_put(rf_name_of(cell));
		rf_put("\",\"errno\":");
		rf_put_long(cell->error);
		rf_put(",\"calls\":");
		rf_put_long(cell->calls);
		rf_put("}");
	}
	rf_put("]}");
}

/* Prints the tally. All calls of the program that follow must be booked before. */
static void rf_print(void)
{
	size_t done = 0;

	rf_out_len = 0;
	rf_put("{\"schema\":1");
	rf_put(rf_extra_text);
	rf_put(",\"processes\":[");
	for (int i = 0; i < rf_tally->slots_used; i++) {
		if (i) {
			rf_put(",");
		}
		rf_put_slot(&rf_tally->slots[i]);
	}
	rf_put("]}\n");
	if (rf_expect_fd < 0) {
		return;
	}
	while (done < rf_out_len) {
		long n = rf_raw(__NR_write, rf_expect_fd, (long)(rf_out + done),
		                (long)(rf_out_len - done), 0, 0, 0);

		if (n <= 0 || (done && (size_t)n != rf_out_len)) {
			/* More than one write would make the tally wrong. */
			rf_raw(__NR_exit_group, 96, 0, 0, 0, 0, 0);
		}
		done += (size_t)n;
	}
}

/* Opens the tally and all that the end needs, so that a program may drop its rights in between. */
static void rf_begin(void)
{
	const char *expect, *gate;
	long map = rf_raw(__NR_mmap, 0, sizeof(struct rf_tally), PROT_READ | PROT_WRITE,
	                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (rf_error_of(map)) {
		rf_raw(__NR_exit_group, 95, 0, 0, 0, 0, 0);
	}
	rf_tally = (struct rf_tally *)map;
	rf_me = rf_slot_new();
	rf_tally_add(__NR_mmap, 0, 1);
	rf_me->pid = (int)rf_call(__NR_getpid);
	/* Touched now, so that printing the tally adds no page fault later. */
	for (size_t i = 0; i < sizeof(rf_out); i += 4096) {
		((volatile char *)rf_out)[i] = 0;
	}
	expect = rf_getenv("RF_EXPECT");
	gate = rf_getenv("RF_GATE");
	if (expect && rf_streq(expect, "-")) {
		rf_expect_fd = 1;
	} else if (expect) {
		rf_expect_fd = (int)rf_call(__NR_openat, AT_FDCWD, expect,
		                            O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (rf_expect_fd < 0) {
			rf_raw(__NR_exit_group, 94, 0, 0, 0, 0, 0);
		}
	}
	if (gate) {
		rf_gate_fd = (int)rf_call(__NR_openat, AT_FDCWD, gate, O_RDONLY, 0);
		if (rf_gate_fd < 0) {
			rf_raw(__NR_exit_group, 93, 0, 0, 0, 0, 0);
		}
	}
	rf_wall_start = rf_now(CLOCK_MONOTONIC);
}

/*
 * The measured part begins here. With a gate, the call in which the program waits was entered
 * before the measurement and its preparations are of no interest, so the tally starts anew.
 */
RF_UNUSED static void rf_gate(void)
{
	char byte;

	if (rf_gate_fd < 0) {
		return;
	}
	rf_raw(__NR_read, rf_gate_fd, (long)&byte, 1, 0, 0, 0);
	for (int i = 0; i < rf_tally->slots_used; i++) {
		rf_tally->slots[i].cells_used = 0;
	}
	rf_wall_start = rf_now(CLOCK_MONOTONIC);
}

/*
 * Prints the tally and ends the process. With a gate, the process then waits inside a read that
 * has been entered, and booked, but has not come back; what it does after that is outside the
 * measurement.
 */
__attribute__((noreturn)) static void rf_finish(int status)
{
	char byte;

	rf_extra("wall_ns", rf_now(CLOCK_MONOTONIC) - rf_wall_start);
	if (rf_expect_fd >= 0) {
		rf_tally_add(__NR_write, 0, 1);
	}
	if (rf_gate_fd < 0) {
		rf_tally_add(__NR_exit_group, 0, 1);
	} else {
		rf_tally_add(__NR_read, 0, 1);
	}
	rf_print();
	if (rf_gate_fd >= 0) {
		rf_raw(__NR_read, rf_gate_fd, (long)&byte, 1, 0, 0, 0);
	}
	for (;;) {
		rf_raw(__NR_exit_group, status, 0, 0, 0, 0, 0);
	}
}

/* For children: ends the process without printing, the first process prints for all. */
__attribute__((noreturn)) RF_UNUSED static void rf_exit_child(int status)
{
	for (;;) {
		rf_call(__NR_exit_group, status);
	}
}

RF_UNUSED static long rf_arg(int argc, char **argv, int i, long otherwise)
{
	return i < argc ? rf_number(argv[i]) : otherwise;
}

/* The program proper. Returns the exit status. */
static int rf_main(int argc, char **argv);

void rf_start(uintptr_t *sp);

void rf_start(uintptr_t *sp)
{
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);

	rf_environ = argv + argc + 1;
	rf_begin();
	rf_finish(rf_main(argc, argv));
}

#endif
