// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Call classes against the strace that is installed here.
 *
 * strace has no way to print a class. But it can be made to show one: a child makes every call of
 * every ABI once, strace answers each itself, with one error for the members of the class and with
 * another for the rest. No call is executed, twice over: strace replaces its number, and a seccomp
 * filter refuses what a strace that does not know the call lets through.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "identity/call_set.h"

#define X32_BIT 0x40000000u
#define MEMBER_ERROR "EXDEV"
#define ATTACH_TRIES 500
#define DIFFERENCES "socketcall"

static const char *const classes[] = { "%file",    "%process", "%network", "%signal", "%ipc",
	                               "%desc",    "%memory",  "%creds",   "%clock",  "%pure",
	                               "%stat",    "%lstat",   "%fstat",   "%%stat",  "%statfs",
	                               "%fstatfs", "%%statfs", "%net" };
#define NR_CLASSES (sizeof(classes) / sizeof(classes[0]))

#if defined(__x86_64__)
static void call_64(unsigned long nr)
{
	register unsigned long r10 __asm__("r10") = 0;
	register unsigned long r8 __asm__("r8") = 0;
	register unsigned long r9 __asm__("r9") = 0;

	__asm__ volatile("syscall"
	                 : "+a"(nr)
	                 : "D"(0), "S"(0), "d"(0), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
}

static void call_32(unsigned long nr)
{
	__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp"
	                 : "+a"(nr)
	                 : "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
	                 : "r8", "r9", "r10", "r11", "memory");
}

static void make_every_call(void)
{
	for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++) {
		/* Outside of its trampoline uretprobe is answered with SIGILL, filter or not. */
		if (rf_syscall_name(RF_ABI_X86_64, nr) && nr != 335 && nr != 336)
			call_64(nr);
		if (rf_syscall_name(RF_ABI_X32, nr) && nr != 335 && nr != 336)
			call_64(nr | X32_BIT);
		if (rf_syscall_name(RF_ABI_I386, nr))
			call_32(nr);
	}
}

static void refuse_all_calls(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS) };
	struct sock_fprog program = { 1, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

/* Waits without a call, since strace shows each, and ends by a trap, since exit is refused. */
static void __attribute__((noreturn)) child(const volatile int *go)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGILL, SIG_DFL);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	refuse_all_calls();
	while (!*go)
		;
	make_every_call();
	__builtin_trap();
}

static pid_t start_strace(pid_t pid, const char *class, const char *output)
{
	char member[64];
	char target[16];
	pid_t strace = fork();

	if (strace)
		return strace;
	snprintf(member, sizeof(member), "inject=%s:error=" MEMBER_ERROR, class);
	snprintf(target, sizeof(target), "%d", pid);
	execlp("strace", "strace", "-qq", "-n", "-o", output, "-e", "inject=all:error=ENOSYS", "-e",
	       member, "-p", target, (char *)NULL);
	_exit(127);
}

static int is_traced(pid_t pid)
{
	char path[64];
	char line[256];
	int tracer = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "TracerPid: %d", &tracer);
	if (status)
		fclose(status);
	return tracer;
}

/* Runs the sweep for one class into output; 0, or -1 if strace did not get to trace. */
static int sweep(const char *class, const char *output)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	volatile int *go =
		mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int attached = 0;
	int status = 0;
	pid_t strace;
	pid_t pid;

	assert_ptr_not_equal((const void *)go, MAP_FAILED);
	pid = fork();
	if (!pid)
		child(go);
	strace = start_strace(pid, class, output);
	for (int i = 0; i < ATTACH_TRIES && !attached; i++) {
		nanosleep(&pause, NULL);
		attached = is_traced(pid);
		if (waitpid(strace, &status, WNOHANG) == strace) {
			strace = 0;
			break;
		}
	}
	/* strace has attached, but may still be setting its options. */
	for (int i = 0; i < 10; i++)
		nanosleep(&pause, NULL);
	if (attached)
		*go = 1;
	else
		kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (strace)
		waitpid(strace, NULL, 0);
	munmap((void *)go, sizeof(int));
	if (!attached)
		return -1;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGILL);
	return 0;
}

struct line {
	enum rf_abi abi;
	unsigned int nr;
	char name[64];
	int member;
};

/*
 * "[  59] execve(…) = -1 EXDEV (…) (INJECTED)". An i386 number looks as an x86_64 one does; calls
 * were made in a fixed order, so expect says which it is.
 */
static int read_line(const char *text, struct line *line)
{
	char name[64];
	unsigned long nr;

	if (sscanf(text, "[%lu] %63[a-z0-9_](", &nr, name) != 2)
		return 0;
	if (!strncmp(name, "syscall_", 8) || !strstr(text, "(INJECTED)"))
		return 0;
	line->nr = nr & ~X32_BIT;
	line->member = strstr(text, MEMBER_ERROR) != NULL;
	snprintf(line->name, sizeof(line->name), "%s", name);
	line->abi = nr & X32_BIT ? RF_ABI_X32 : RF_ABI_X86_64;
	return 1;
}

static int is_difference(const char *name)
{
	return !strcmp(name, DIFFERENCES);
}

/*
 * Compares a sweep with our class; how many calls that were. The calls of one number come in the
 * order x86_64, x32, i386, so a line that is not x32's is x86_64's if that has this number and has
 * not come yet.
 */
static size_t compare(const char *class, const char *output)
{
	FILE *file = fopen(output, "re");
	unsigned char seen[RF_SYSCALL_LIMIT] = { 0 };
	struct rf_call_set set;
	char text[4096];
	char err[256];
	size_t compared = 0;

	assert_non_null(file);
	assert_int_equal(rf_call_set_parse(&set, class, err, sizeof(err)), 0);
	while (fgets(text, sizeof(text), file)) {
		struct line line;
		const char *ours;

		if (!read_line(text, &line))
			continue;
		assert_true(line.nr < RF_SYSCALL_LIMIT);
		ours = rf_syscall_name(RF_ABI_X86_64, line.nr);
		if (line.abi == RF_ABI_X86_64 &&
		    (seen[line.nr]++ || !ours || strcmp(ours, line.name) != 0))
			line.abi = RF_ABI_I386;
		ours = rf_syscall_name(line.abi, line.nr);
		assert_non_null(ours);
		assert_string_equal(ours, line.name);
		if (is_difference(line.name) && strstr(class, "net")) {
			assert_true(rf_call_set_has(&set, line.abi, line.nr));
			assert_false(line.member);
		} else if (rf_call_set_has(&set, line.abi, line.nr) != line.member) {
			fail_msg("%s %s is %sin strace's %s", rf_abi_name(line.abi), line.name,
			         line.member ? "" : "not ", class);
		}
		compared++;
	}
	fclose(file);
	return compared;
}

static void against_strace(void **state)
{
	char output[] = "/tmp/rf-classes-XXXXXX";
	int fd = mkstemp(output);
	size_t compared = 0;

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < NR_CLASSES; i++) {
		size_t n;

		if (sweep(classes[i], output)) {
			unlink(output);
			print_message("strace is missing or may not trace here\n");
			skip();
		}
		n = compare(classes[i], output);
		/* Every strace that knows any of these ABIs knows as many of its calls. */
		assert_true(n > 300);
		compared += n;
	}
	unlink(output);
	print_message("%zu memberships compared\n", compared);
}
#else
static void against_strace(void **state)
{
	print_message("the sweep is written for x86-64; the classes are the same by name\n");
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(against_strace) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
