// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/call_set.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "identity/syscall_classes.inc"

_Static_assert(RF_CALL_SET_WORDS * 64 == RF_SYSCALL_LIMIT, "a bit for each number");

#define ALL_ABIS ((1u << RF_ABI_COUNT) - 1)
#define NAME_MAX_LEN 64
/* "file, %process ..." grows with the table below; a test compares both. */
#define CLASS_LIST                                                                                \
	"%file, %process, %network, %net, %signal, %ipc, %desc, %memory, %creds, %clock, %pure, " \
	"%stat, %lstat, %fstat, %%stat, %statfs, %fstatfs, %%statfs"

struct call_class {
	const char *name;
	const char *members;
};

static const struct call_class classes[] = {
	{ "file", CLASS_FILE },
	{ "process", CLASS_PROCESS },
	{ "network", CLASS_NETWORK },
	{ "net", CLASS_NETWORK },
	{ "signal", CLASS_SIGNAL },
	{ "ipc", CLASS_IPC },
	{ "desc", CLASS_DESC },
	{ "memory", CLASS_MEMORY },
	{ "creds", CLASS_CREDS },
	{ "clock", CLASS_CLOCK },
	{ "pure", CLASS_PURE },
	{ "stat", CLASS_STAT },
	{ "lstat", CLASS_LSTAT },
	{ "fstat", CLASS_FSTAT },
	{ "%stat", CLASS_STAT " " CLASS_LSTAT " " CLASS_FSTAT },
	{ "statfs", CLASS_STATFS },
	{ "fstatfs", CLASS_FSTATFS },
	{ "%statfs", CLASS_STATFS " " CLASS_FSTATFS " ustat" },
};
#define NR_CLASSES (sizeof(classes) / sizeof(classes[0]))

struct parser {
	struct rf_call_set *set;
	char *err;
	size_t errlen;
};

static int __attribute__((format(printf, 2, 3))) fail(const struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->err, p->errlen, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void add(struct rf_call_set *set, int abi, unsigned int nr)
{
	set->bits[abi][nr / 64] |= UINT64_C(1) << nr % 64;
}

/* Whether the n bytes at word are one of the words in list. */
static bool in_words(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += n) {
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

typedef bool (*name_test)(const char *name, const void *arg);

/* Add every call whose name passes; the number of ABIs and calls that did. */
static size_t add_matching(struct rf_call_set *set, unsigned int abis, name_test test,
                           const void *arg)
{
	size_t hits = 0;

	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		if (!(abis & 1u << abi))
			continue;
		for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++) {
			const char *name = rf_syscall_name((enum rf_abi)abi, nr);

			if (name && test(name, arg)) {
				add(set, abi, nr);
				hits++;
			}
		}
	}
	return hits;
}

static bool test_equal(const char *name, const void *arg)
{
	return !strcmp(name, arg);
}

static bool test_class(const char *name, const void *arg)
{
	return in_words(arg, name);
}

static bool test_regex(const char *name, const void *arg)
{
	return !regexec(arg, name, 0, NULL, 0);
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edits between two names: insert, delete, replace, or swap of neighbours. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, NAME_MAX_LEN);
	size_t lb = strnlen(b, NAME_MAX_LEN);
	size_t d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];

	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
			               d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[la][lb];
}

struct nearest {
	const char *wanted;
	const char *name;
	size_t distance;
};

static bool consider(const char *name, const void *arg)
{
	struct nearest *best = *(struct nearest *const *)arg;
	size_t distance = edit_distance(best->wanted, name);

	if (distance < best->distance) {
		best->distance = distance;
		best->name = name;
	}
	return false;
}

static const struct call_class *find_class(const char *name)
{
	for (size_t i = 0; i < NR_CLASSES; i++) {
		if (!strcmp(classes[i].name, name))
			return &classes[i];
	}
	return NULL;
}

static int unknown_call(const struct parser *p, const char *name)
{
	/* A third of the name wrong is a typo, more is another word. */
	size_t typo = strlen(name) < 6 ? 1 : strlen(name) / 3;
	struct nearest best = { name, NULL, typo + 1 };
	struct nearest *arg = &best;

	if (find_class(name))
		return fail(p, "unknown call '%s': did you mean the class '%%%s'?", name, name);
	add_matching(p->set, ALL_ABIS, consider, &arg);
	if (!best.name)
		return fail(
			p,
			"unknown call '%s'; names and classes are strace's: openat, %%file, /^epoll_",
			name);
	return fail(p, "unknown call '%s': did you mean '%s'?", name, best.name);
}

static int parse_abi(const struct parser *p, const char *suffix, unsigned int *abis)
{
	int abi = rf_abi_parse(suffix);

	if (abi >= 0)
		*abis = 1u << abi;
	else if (!strcmp(suffix, "64"))
		*abis = 1u << RF_ABI_X86_64 | 1u << RF_ABI_ARM64;
	else if (!strcmp(suffix, "32"))
		*abis = 1u << RF_ABI_I386 | 1u << RF_ABI_ARM;
	else
		return fail(p, "unknown ABI '@%s': it is one of @64, @32, @x32", suffix);
	return 0;
}

static int add_regex(const struct parser *p, const char *pattern, unsigned int abis, bool optional)
{
	char why[128];
	regex_t regex;
	size_t hits;
	int rc = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (rc) {
		regerror(rc, &regex, why, sizeof(why));
		return fail(p, "bad expression '/%s': %s", pattern, why);
	}
	hits = add_matching(p->set, abis, test_regex, &regex);
	regfree(&regex);
	if (!hits && !optional)
		return fail(p, "no call matches '/%s'", pattern);
	return 0;
}

static int add_class(const struct parser *p, const char *name, unsigned int abis)
{
	const struct call_class *c = find_class(name);

	if (!c)
		return fail(p, "unknown class '%%%s': it is one of %s", name, CLASS_LIST);
	add_matching(p->set, abis, test_class, c->members);
	return 0;
}

static int add_number(const struct parser *p, const char *digits, unsigned int abis)
{
	char *end;
	unsigned long nr;

	errno = 0;
	nr = strtoul(digits, &end, 10);
	if (*end)
		return fail(p, "'%s' is not a number", digits);
	if (errno || nr >= RF_SYSCALL_LIMIT)
		return fail(p, "call number %s is out of range: the last is %d", digits,
		            RF_SYSCALL_LIMIT - 1);
	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		if (abis & 1u << abi)
			add(p->set, abi, (unsigned int)nr);
	}
	return 0;
}

static int add_name(const struct parser *p, const char *name, unsigned int abis, bool optional)
{
	if (add_matching(p->set, abis, test_equal, name) || optional)
		return 0;
	if (abis != ALL_ABIS && add_matching(p->set, ALL_ABIS, test_equal, name))
		return fail(p, "'%s' is not a call of that ABI", name);
	return unknown_call(p, name);
}

static void add_all(struct rf_call_set *set, unsigned int abis)
{
	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		if (abis & 1u << abi)
			memset(set->bits[abi], 0xff, sizeof(set->bits[abi]));
	}
	if (abis == ALL_ABIS)
		set->invalid = true;
}

static int add_item(const struct parser *p, char *item)
{
	static const char label[] = "syscall_";
	unsigned int abis = ALL_ABIS;
	bool optional = *item == '?';
	char *at = strrchr(item, '@');
	int rc;

	if (optional)
		item++;
	if (at) {
		*at = '\0';
		rc = parse_abi(p, at + 1, &abis);
		if (rc)
			return rc;
	}
	if (!*item)
		return fail(p, "empty name in the list of calls");
	if (*item == '!')
		return fail(p, "'!' may stand only in front of the whole list");
	if (*item == '/')
		return add_regex(p, item + 1, abis, optional);
	if (*item == '%')
		return add_class(p, item + 1, abis);
	if (isdigit((unsigned char)*item))
		return add_number(p, item, abis);
	if (!strncmp(item, label, sizeof(label) - 1) &&
	    isdigit((unsigned char)item[sizeof(label) - 1]))
		return add_number(p, item + sizeof(label) - 1, abis);
	if (!strcmp(item, "none"))
		return 0;
	if (!strcmp(item, "all"))
		add_all(p->set, abis);
	else if (!strcmp(item, "invalid"))
		p->set->invalid = true;
	else
		return add_name(p, item, abis, optional);
	return 0;
}

static void negate(struct rf_call_set *set)
{
	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		for (size_t i = 0; i < RF_CALL_SET_WORDS; i++)
			set->bits[abi][i] = ~set->bits[abi][i];
	}
	set->invalid = !set->invalid;
}

int rf_call_set_parse(struct rf_call_set *set, const char *list, char *err, size_t errlen)
{
	static const char prefix[] = "trace=";
	const struct parser p = { set, err, errlen };
	__free char *copy = NULL;
	bool negated;
	char *rest;
	char *item;

	memset(set, 0, sizeof(*set));
	if (!strncmp(list, prefix, sizeof(prefix) - 1))
		list += sizeof(prefix) - 1;
	negated = *list == '!';
	copy = strdup(list + negated);
	if (!copy)
		return -ENOMEM;
	for (rest = copy; (item = strsep(&rest, ","));) {
		int rc = add_item(&p, item);

		if (rc) {
			memset(set, 0, sizeof(*set));
			return rc;
		}
	}
	if (negated)
		negate(set);
	return 0;
}

bool rf_call_set_has(const struct rf_call_set *set, enum rf_abi abi, unsigned int nr)
{
	if ((unsigned int)abi >= RF_ABI_COUNT)
		return false;
	if (nr >= RF_SYSCALL_LIMIT)
		return set->invalid;
	return set->bits[abi][nr / 64] >> nr % 64 & 1;
}

size_t rf_call_set_count(const struct rf_call_set *set, enum rf_abi abi)
{
	size_t count = 0;

	for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++)
		count += rf_syscall_name(abi, nr) && rf_call_set_has(set, abi, nr);
	return count;
}

const char *rf_call_set_classes(void)
{
	return CLASS_LIST;
}
