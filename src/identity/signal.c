// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/signal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Numbers, not <signal.h>: codes newer than the C library are wanted too. */
enum { ILL = 4, TRAP = 5, BUS = 7, FPE = 8, SEGV = 11, CHLD = 17, POLL = 29, SYS = 31 };
enum { RT_FIRST = 32, RT_MIN = 34, RT_MAX = 64 };

static const char *const names[] = {
	[1] = "SIGHUP",     [2] = "SIGINT",   [3] = "SIGQUIT",   [4] = "SIGILL",   [5] = "SIGTRAP",
	[6] = "SIGABRT",    [7] = "SIGBUS",   [8] = "SIGFPE",    [9] = "SIGKILL",  [10] = "SIGUSR1",
	[11] = "SIGSEGV",   [12] = "SIGUSR2", [13] = "SIGPIPE",  [14] = "SIGALRM", [15] = "SIGTERM",
	[16] = "SIGSTKFLT", [17] = "SIGCHLD", [18] = "SIGCONT",  [19] = "SIGSTOP", [20] = "SIGTSTP",
	[21] = "SIGTTIN",   [22] = "SIGTTOU", [23] = "SIGURG",   [24] = "SIGXCPU", [25] = "SIGXFSZ",
	[26] = "SIGVTALRM", [27] = "SIGPROF", [28] = "SIGWINCH", [29] = "SIGIO",   [30] = "SIGPWR",
	[31] = "SIGSYS",
};
#define NR_NAMES ((int)(sizeof(names) / sizeof(names[0])))

static const struct {
	const char *name;
	int sig;
} aliases[] = { { "IOT", 6 }, { "CLD", 17 }, { "POLL", 29 }, { "UNUSED", 31 } };

struct code {
	int sig; /* 0: any */
	int code;
	const char *name;
};

static const struct code codes[] = {
	{ 0, 0, "SI_USER" },         { 0, 0x80, "SI_KERNEL" },
	{ 0, -1, "SI_QUEUE" },       { 0, -2, "SI_TIMER" },
	{ 0, -3, "SI_MESGQ" },       { 0, -4, "SI_ASYNCIO" },
	{ 0, -5, "SI_SIGIO" },       { 0, -6, "SI_TKILL" },
	{ 0, -7, "SI_DETHREAD" },    { 0, -60, "SI_ASYNCNL" },
	{ ILL, 1, "ILL_ILLOPC" },    { ILL, 2, "ILL_ILLOPN" },
	{ ILL, 3, "ILL_ILLADR" },    { ILL, 4, "ILL_ILLTRP" },
	{ ILL, 5, "ILL_PRVOPC" },    { ILL, 6, "ILL_PRVREG" },
	{ ILL, 7, "ILL_COPROC" },    { ILL, 8, "ILL_BADSTK" },
	{ ILL, 9, "ILL_BADIADDR" },  { FPE, 1, "FPE_INTDIV" },
	{ FPE, 2, "FPE_INTOVF" },    { FPE, 3, "FPE_FLTDIV" },
	{ FPE, 4, "FPE_FLTOVF" },    { FPE, 5, "FPE_FLTUND" },
	{ FPE, 6, "FPE_FLTRES" },    { FPE, 7, "FPE_FLTINV" },
	{ FPE, 8, "FPE_FLTSUB" },    { FPE, 14, "FPE_FLTUNK" },
	{ FPE, 15, "FPE_CONDTRAP" }, { SEGV, 1, "SEGV_MAPERR" },
	{ SEGV, 2, "SEGV_ACCERR" },  { SEGV, 3, "SEGV_BNDERR" },
	{ SEGV, 4, "SEGV_PKUERR" },  { SEGV, 5, "SEGV_ACCADI" },
	{ SEGV, 6, "SEGV_ADIDERR" }, { SEGV, 7, "SEGV_ADIPERR" },
	{ SEGV, 8, "SEGV_MTEAERR" }, { SEGV, 9, "SEGV_MTESERR" },
	{ SEGV, 10, "SEGV_CPERR" },  { BUS, 1, "BUS_ADRALN" },
	{ BUS, 2, "BUS_ADRERR" },    { BUS, 3, "BUS_OBJERR" },
	{ BUS, 4, "BUS_MCEERR_AR" }, { BUS, 5, "BUS_MCEERR_AO" },
	{ TRAP, 1, "TRAP_BRKPT" },   { TRAP, 2, "TRAP_TRACE" },
	{ TRAP, 3, "TRAP_BRANCH" },  { TRAP, 4, "TRAP_HWBKPT" },
	{ TRAP, 5, "TRAP_UNK" },     { TRAP, 6, "TRAP_PERF" },
	{ CHLD, 1, "CLD_EXITED" },   { CHLD, 2, "CLD_KILLED" },
	{ CHLD, 3, "CLD_DUMPED" },   { CHLD, 4, "CLD_TRAPPED" },
	{ CHLD, 5, "CLD_STOPPED" },  { CHLD, 6, "CLD_CONTINUED" },
	{ POLL, 1, "POLL_IN" },      { POLL, 2, "POLL_OUT" },
	{ POLL, 3, "POLL_MSG" },     { POLL, 4, "POLL_ERR" },
	{ POLL, 5, "POLL_PRI" },     { POLL, 6, "POLL_HUP" },
	{ SYS, 1, "SYS_SECCOMP" },   { SYS, 2, "SYS_USER_DISPATCH" },
};

const char *rf_signal_name(int sig)
{
	return sig > 0 && sig < NR_NAMES ? names[sig] : NULL;
}

const char *rf_signal_label(int sig, char *buf, size_t len)
{
	const char *name = rf_signal_name(sig);

	if (name)
		return name;
	if (sig == RT_MIN)
		return "SIGRTMIN";
	if (sig > RT_MIN && sig <= RT_MAX)
		snprintf(buf, len, "SIGRTMIN+%d", sig - RT_MIN);
	else if (sig >= RT_FIRST && sig < RT_MIN)
		snprintf(buf, len, "SIG%d", sig);
	else
		snprintf(buf, len, "signal_%d", sig);
	return buf;
}

/* The whole of text as a number from 0 to 64, or -EINVAL. */
static int parse_number(const char *text)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtol(text, &end, 10);
	return *end || errno || n > RT_MAX ? -EINVAL : (int)n;
}

/* "RTMIN", "RTMIN+n" upwards from base, "RTMAX", "RTMAX-n" downwards. */
static int parse_realtime(const char *text, const char *word, char sign, int base)
{
	size_t len = strlen(word);
	int n;

	if (strncasecmp(text, word, len) != 0)
		return -EINVAL;
	if (!text[len])
		return base;
	if (text[len] != sign)
		return -EINVAL;
	n = parse_number(text + len + 1);
	if (n < 0 || n > RT_MAX - RT_MIN)
		return -EINVAL;
	return sign == '+' ? base + n : base - n;
}

int rf_signal_parse(const char *text)
{
	int sig = parse_number(text);

	if (sig >= 0)
		return sig ? sig : -EINVAL;
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (sig = 1; sig < NR_NAMES; sig++) {
		if (!strcasecmp(names[sig] + 3, text))
			return sig;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (!strcasecmp(aliases[i].name, text))
			return aliases[i].sig;
	}
	sig = parse_number(text);
	if (sig >= RT_FIRST && sig < RT_MIN)
		return sig;
	sig = parse_realtime(text, "RTMIN", '+', RT_MIN);
	return sig >= 0 ? sig : parse_realtime(text, "RTMAX", '-', RT_MAX);
}

const char *rf_si_code_name(int sig, int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].code == code && (!codes[i].sig || codes[i].sig == sig))
			return codes[i].name;
	}
	return NULL;
}

const char *rf_si_code_label(int sig, int code, char *buf, size_t len)
{
	const char *name = rf_si_code_name(sig, code);

	if (name)
		return name;
	snprintf(buf, len, "code_%d", code);
	return buf;
}
