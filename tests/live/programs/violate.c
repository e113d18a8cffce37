/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breaks a rule on purpose: violate CAUSE [OPTION...]
 *
 *   --handled        with a handler, from which it goes on and ends with status 0
 *   --thread         in a thread that is not the leader
 *   --children N     with N children that live on
 *   --deathsig N     the same, and they asked for SIGTERM when their parent dies
 *   --threads N      with N more threads that wait
 *   --memory MIB     with so much memory of its own
 *   --times N        so often; needs --handled
 *   --forks N        in N processes, one after the other, each breaks it once
 *   --gate           first waits for a line on standard input
 *
 * Before it does so it prints one line: where it is going to touch, and in which function, as far
 * as that is known: "address 0x10 function touch_read". Ends with 77 and the reason where the
 * machine or kernel cannot do it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __clang__ /* which makes no clones */
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif
#define PAGE 4096

static int handled;
static long times = 1;
static __thread sigjmp_buf back;
static volatile int sink;
static const int constant = 42;
static void *volatile nowhere = (void *)8;

static void say(const void *address, const char *function)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "address 0x%llx function %s\n",
	                 (unsigned long long)(uintptr_t)address, function);

	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

static void cannot(const char *why)
{
	fprintf(stderr, "%s\n", why);
	_exit(77);
}

NOINLINE int touch_read(volatile int *p)
{
	return *p;
}

NOINLINE void touch_write(volatile int *p)
{
	*p = 1;
}

NOINLINE void touch_run(void (*f)(void))
{
	f();
	sink = 1; /* no tail call */
}

static void read_at(void *p)
{
	say(p, "touch_read");
	sink = touch_read(p);
}

static void write_at(void *p)
{
	say(p, "touch_write");
	touch_write(p);
}

static void run_at(void *p)
{
	say(p, "");
	touch_run((void (*)(void))p);
}

static void *map(size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	return p;
}

static void null_page(void)
{
	read_at((void *)0x10);
}

static void null_write(void)
{
	write_at(NULL);
}

static void null_jump(void)
{
	run_at(NULL);
}

static void unmapped(void)
{
	char *p = map(3 * PAGE, PROT_READ | PROT_WRITE);

	munmap(p + PAGE, PAGE);
	read_at(p + PAGE + 8);
}

static void read_only(void)
{
	write_at((void *)&constant);
}

static void read_only_text(void)
{
	write_at((void *)touch_read);
}

static void no_execute(void)
{
	unsigned char *p = map(PAGE, PROT_READ | PROT_WRITE);

	memset(p, 0xc3, PAGE);
	run_at(p);
}

static void no_execute_heap(void)
{
	unsigned char *p = malloc(64);

	memset(p, 0xc3, 64);
	run_at(p);
}

static void guard_page(void)
{
	read_at((char *)map(PAGE, PROT_NONE) + 16);
}

NOINLINE int recurse(volatile int *p)
{
	volatile int mine[256];

	mine[0] = *p + 1;
	return mine[0] > 0 ? recurse(mine) + mine[1] : 0;
}

static void stack_overflow(void)
{
	volatile int zero = 0;

	say(NULL, "recurse");
	sink = recurse(&zero);
}

static void kernel_address(void)
{
	read_at((void *)0xffffffff81000000ULL);
}

static void divide_error(void)
{
#if defined(__x86_64__)
	volatile int zero = 0;

	say(NULL, "divide_error");
	sink = sink / zero;
#else
	cannot("this architecture divides by zero without a trap");
#endif
}

static void floating_point(void)
{
	volatile double zero = 0;

#if defined(__x86_64__)
	__builtin_ia32_ldmxcsr(0x1f80 & ~0x200); /* the mask of division by zero */
#else
	cannot("this processor does not trap floating-point exceptions");
#endif
	say(NULL, "floating_point");
	sink = (int)(1 / zero);
}

static void beyond_file_end(void)
{
	char name[] = "violate-XXXXXX";
	int fd = mkstemp(name);
	char *p;

	if (fd < 0 || ftruncate(fd, PAGE))
		_exit(1);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unlink(name);
	read_at(p + PAGE + 4);
}

static void memory_error(void)
{
	char *p = map(PAGE, PROT_READ | PROT_WRITE);

	*p = 1;
	if (madvise(p, PAGE, MADV_HWPOISON))
		cannot("this kernel cannot mark memory as damaged (CONFIG_MEMORY_FAILURE)");
	read_at(p);
}

static void protection_key(void)
{
#if defined(__x86_64__)
	int *p = map(PAGE, PROT_READ | PROT_WRITE);
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);

	if (key < 0)
		cannot("this processor has no protection keys");
	pkey_mprotect(p, PAGE, PROT_READ | PROT_WRITE, key);
	read_at(p);
#else
	cannot("this architecture has no protection keys");
#endif
}

static void breakpoint(void)
{
	say(NULL, "breakpoint");
#if defined(__x86_64__)
	__asm__ volatile("int3");
#else
	__asm__ volatile("brk #0");
#endif
}

static void illegal(void)
{
	say(NULL, "illegal");
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
}

static void illegal_bytes(void)
{
	say(NULL, "illegal_bytes");
#if defined(__x86_64__)
	__asm__ volatile(".byte 0x06"); /* push %es, which 64-bit code has lost */
#else
	__asm__ volatile(".inst 0x00000001");
#endif
}

#if defined(__x86_64__)
static void privileged(void)
{
	say(NULL, "privileged");
	__asm__ volatile("hlt");
}

static void privileged_cli(void)
{
	say(NULL, "privileged_cli");
	__asm__ volatile("cli");
}

static void privileged_int(void)
{
	say(NULL, "privileged_int");
	__asm__ volatile("int $0x58");
}

static void privileged_in(void)
{
	say(NULL, "privileged_in");
	__asm__ volatile("inb $0x60, %%al" : : : "rax");
}

static void privileged_cr(void)
{
	say(NULL, "privileged_cr");
	__asm__ volatile("mov %%cr3, %%rax" : : : "rax");
}

static void privileged_msr(void)
{
	say(NULL, "privileged_msr");
	__asm__ volatile("wrmsr" : : "a"(0), "c"(0x10), "d"(0));
}

static void non_canonical(void)
{
	read_at((void *)0x4141414141414140ULL);
}

static void non_canonical_write(void)
{
	write_at((void *)0x8000000000000000ULL);
}

static void non_canonical_jump(void)
{
	say((void *)0x4141414141414141ULL, "non_canonical_jump");
	__asm__ volatile("movabs $0x4141414141414141, %%rax\n\tjmp *%%rax" : : : "rax");
}

static void misaligned(void)
{
	static char buffer[64] __attribute__((aligned(16)));

	say(buffer + 1, "misaligned");
	__asm__ volatile("movaps %%xmm0, (%0)" : : "r"(buffer + 1) : "memory");
}

/* The processor checks alignment of every access if user mode asks for it. */
static void misaligned_checked(void)
{
	static char buffer[64] __attribute__((aligned(16)));

	say(buffer + 1, "misaligned_checked");
	__asm__ volatile("pushf\n\torl $0x40000, (%%rsp)\n\tpopf\n\t"
	                 "movl (%0), %%eax\n\t"
	                 "pushf\n\tandl $~0x40000, (%%rsp)\n\tpopf"
	                 :
	                 : "r"(buffer + 1)
	                 : "rax", "memory");
}

static void divide_overflow(void)
{
	volatile int least = -2147483647 - 1, minus = -1;

	say(NULL, "divide_overflow");
	sink = least / minus;
}
#else
static void privileged(void)
{
	say(NULL, "privileged");
	__asm__ volatile("msr daifset, #2");
}

static void misaligned(void)
{
	static char buffer[64] __attribute__((aligned(16)));
	long value;

	say(buffer + 1, "misaligned");
	__asm__ volatile("ldaxr %0, [%1]" : "=r"(value) : "r"(buffer + 1) : "memory");
}

static void non_canonical(void)
{
	read_at((void *)0x0041414141414140ULL);
}
#endif

static void filter(unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		cannot("this kernel has no seccomp filters");
	say(NULL, "");
	sink = (int)syscall(SYS_getppid);
}

static void seccomp_trap(void)
{
	filter(SECCOMP_RET_TRAP);
}

static void seccomp_kill(void)
{
	filter(SECCOMP_RET_KILL_PROCESS);
}

static void seccomp_kill_thread(void)
{
	filter(SECCOMP_RET_KILL_THREAD);
}

static void abort_self(void)
{
	say(NULL, "");
	abort();
}

static void bad_pointer(void)
{
	say((void *)8, "");
	if (uname(nowhere) != -1 || errno != EFAULT)
		_exit(1);
}

static void bad_pointer_read(void)
{
	int pipe_fds[2];

	say((void *)8, "");
	if (pipe(pipe_fds) || write(pipe_fds[1], nowhere, 4) != -1 || errno != EFAULT)
		_exit(1);
}

static void sent(void)
{
	say(NULL, "");
	kill(getpid(), SIGSEGV);
}

/* Takes memory until it is refused, or killed. */
static void out_of_memory(void)
{
	say(NULL, "");
	for (;;) {
		char *p = map(1 << 20, PROT_READ | PROT_WRITE);

		memset(p, 1, 1 << 20);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} causes[] = {
	{ "null-page", null_page },
	{ "null-write", null_write },
	{ "null-jump", null_jump },
	{ "unmapped", unmapped },
	{ "read-only", read_only },
	{ "read-only-text", read_only_text },
	{ "no-execute", no_execute },
	{ "no-execute-heap", no_execute_heap },
	{ "guard-page", guard_page },
	{ "stack-overflow", stack_overflow },
	{ "kernel-address", kernel_address },
	{ "non-canonical", non_canonical },
	{ "privileged-instruction", privileged },
	{ "illegal-instruction", illegal },
	{ "illegal-bytes", illegal_bytes },
	{ "divide-error", divide_error },
	{ "floating-point", floating_point },
	{ "misaligned", misaligned },
	{ "beyond-file-end", beyond_file_end },
	{ "memory-error", memory_error },
	{ "protection-key", protection_key },
	{ "breakpoint", breakpoint },
	{ "seccomp", seccomp_trap },
	{ "seccomp-kill", seccomp_kill },
	{ "seccomp-kill-thread", seccomp_kill_thread },
	{ "abort", abort_self },
	{ "bad-pointer-to-kernel", bad_pointer },
	{ "bad-pointer-read", bad_pointer_read },
	{ "out-of-memory", out_of_memory },
	{ "sent-by-process", sent },
#if defined(__x86_64__)
	{ "privileged-cli", privileged_cli },
	{ "privileged-in", privileged_in },
	{ "privileged-int", privileged_int },
	{ "privileged-cr", privileged_cr },
	{ "privileged-msr", privileged_msr },
	{ "non-canonical-write", non_canonical_write },
	{ "non-canonical-jump", non_canonical_jump },
	{ "misaligned-checked", misaligned_checked },
	{ "divide-overflow", divide_overflow },
#endif
};

static void on_signal(int sig)
{
	(void)sig;
#if defined(__x86_64__)
	/* the kernel leaves the checks of misaligned_checked() on */
	__asm__ volatile("pushf\n\tandl $~0x40000, (%%rsp)\n\tpopf" : : : "memory");
#endif
	siglongjmp(back, 1);
}

static void handle_all(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS };
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &act, NULL);
}

static void use_other_stack(void)
{
	stack_t stack = { .ss_size = 65536 };

	stack.ss_sp = map(stack.ss_size, PROT_READ | PROT_WRITE);
	sigaltstack(&stack, NULL);
}

static void *run(void *arg)
{
	void (*cause)(void) = *(void (**)(void))arg;

	if (handled)
		use_other_stack();
	for (volatile long i = 0; i < times; i++) {
		if (!handled || !sigsetjmp(back, 1))
			cause();
	}
	return NULL;
}

static void *wait_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void add_children(long n, int deathsig)
{
	for (long i = 0; i < n; i++) {
		int ready[2];
		char c;

		if (pipe(ready))
			_exit(1);
		if (!fork()) {
			/* whoever waits for our output shall not wait for the children */
			int null = open("/dev/null", O_RDWR);

			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
			if (deathsig)
				prctl(PR_SET_PDEATHSIG, SIGTERM);
			alarm(3);
			close(ready[0]);
			if (write(ready[1], "", 1) != 1)
				_exit(1);
			wait_forever(NULL);
		}
		if (read(ready[0], &c, 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
	}
}

static void fork_and_wait(long n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid)
			return;
		if (waitpid(pid, NULL, 0) != pid)
			_exit(1);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	long children = 0, threads = 0, memory = 0, forks = 0;
	int in_thread = 0, deathsig = 0, gate = 0;
	void (*cause)(void) = NULL;
	pthread_t thread;
	char line[16];

	for (size_t i = 0; argc > 1 && i < sizeof(causes) / sizeof(causes[0]); i++)
		if (!strcmp(argv[1], causes[i].name))
			cause = causes[i].run;
	if (!cause)
		return 2;
	for (int i = 2; i < argc; i++) {
		long n = i + 1 < argc ? atol(argv[i + 1]) : 0;

		if (!strcmp(argv[i], "--handled"))
			handled = 1;
		else if (!strcmp(argv[i], "--thread"))
			in_thread = 1;
		else if (!strcmp(argv[i], "--gate"))
			gate = 1;
		else if (!strcmp(argv[i], "--children"))
			children = n;
		else if (!strcmp(argv[i], "--deathsig"))
			deathsig = 1, children = n;
		else if (!strcmp(argv[i], "--threads"))
			threads = n;
		else if (!strcmp(argv[i], "--memory"))
			memory = n;
		else if (!strcmp(argv[i], "--times"))
			times = n;
		else if (!strcmp(argv[i], "--forks"))
			forks = n;
	}
	if (gate && !fgets(line, sizeof(line), stdin))
		return 1;
	if (memory)
		memset(map((size_t)memory << 20, PROT_READ | PROT_WRITE), 1, (size_t)memory << 20);
	add_children(children, deathsig);
	for (long i = 0; i < threads; i++)
		pthread_create(&thread, NULL, wait_forever, NULL);
	if (handled)
		handle_all();
	if (forks)
		fork_and_wait(forks);
	if (in_thread) {
		if (pthread_create(&thread, NULL, run, &cause))
			return 1;
		pthread_join(thread, NULL);
	} else {
		run(&cause);
	}
	return 0;
}
