// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/call_format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "identity/signal.h"
#include "identity/syscall.h"

#define FORMAT_MAX 8192
#define SMALL 65536 /* numbers below are easier to read in decimal */

struct known {
	char name[RF_SYSCALL_NAME_LEN];
	bool has;
	struct rf_call_format format;
};

struct rf_call_formats {
	const char *dir; /* NULL: by custom */
	void *tree;      /* struct known, by name */
};

struct rf_call_formats *rf_call_formats_new(void)
{
	return calloc(1, sizeof(struct rf_call_formats));
}

struct rf_call_formats *rf_call_formats_new_from(const char *dir)
{
	struct rf_call_formats *f = rf_call_formats_new();

	if (f)
		f->dir = dir;
	return f;
}

void rf_call_formats_free(struct rf_call_formats *f)
{
	if (!f)
		return;
	tdestroy(f->tree, free);
	free(f);
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static enum rf_arg_type type_of(const char *type, const char *name)
{
	static const char *const fds[] = { "fd",        "dfd",   "olddfd",   "newdfd",
		                           "oldfd",     "newfd", "fildes",   "ufd",
		                           "epfd",      "pidfd", "fd_in",    "fd_out",
		                           "out_fd",    "in_fd", "from_dfd", "mqdes",
		                           "to_dfd",    "fs_fd", "from_fd",  "fsmount_fd",
		                           "cgroup_fd", "dirfd", "group_fd", "ruleset_fd",
		                           NULL };
	static const char *const bits[] = { "flags", "flag",        "prot",   "events", "at_flags",
		                            "cmd",   "clone_flags", "msgflg", "shmflg", "atflag",
		                            "mask",  "op",          "advice", NULL };
	static const char *const sizes[] = { "count",  "len",       "size",     "vlen",
		                             "nr",     "nsegs",     "length",   "sigsetsize",
		                             "usize",  "maxevents", "nfds",     "buflen",
		                             "bufsiz", "ubuflen",   "data_len", NULL };
	bool is_name = has(name, "name") || has(name, "path") || !strcmp(name, "specialfile") ||
	               !strcmp(name, "library");

	if (has(type, "char *"))
		return has(type, "const") && is_name ? RF_ARG_STRING : RF_ARG_POINTER;
	if (has(type, "*") || has(type, "sighandler_t"))
		return RF_ARG_POINTER;
	if (is_one_of(name, fds))
		return RF_ARG_FD;
	if (has(type, "umode_t"))
		return RF_ARG_MODE;
	if (!strcmp(name, "sig") || !strcmp(name, "signo"))
		return RF_ARG_SIGNAL;
	if (is_one_of(name, bits))
		return RF_ARG_BITS;
	if (is_one_of(name, sizes) || has(type, "size_t"))
		return RF_ARG_SIZE;
	if (has(type, "loff_t") || has(type, "off_t") || !strcmp(type, "long"))
		return RF_ARG_LONG;
	if (!strcmp(type, "int") || has(type, "pid_t") || has(type, "clockid_t") ||
	    has(type, "timer_t") || has(type, "key_t") || has(type, "s32"))
		return RF_ARG_SIGNED;
	return RF_ARG_NUMBER;
}

/* One "field:TYPE NAME;" line. */
static void parse_field(struct rf_call_format *f, const char *field, size_t len, bool *begun)
{
	char text[128], *name;

	if (len >= sizeof(text))
		return;
	memcpy(text, field, len);
	text[len] = '\0';
	name = strrchr(text, ' ');
	if (!name)
		return;
	*name++ = '\0';
	if (!strcmp(name, "__syscall_nr") || !strcmp(name, "nr")) {
		if (!*begun) {
			*begun = true;
			return;
		}
	}
	/* newer kernels add what pointers point to */
	if (!*begun || !strncmp(text, "__data_loc", 10) || f->nr == RF_CALL_ARGS)
		return;
	snprintf(f->args[f->nr].name, RF_CALL_ARG_NAME, "%s", name);
	f->args[f->nr].type = type_of(text, name);
	f->nr++;
}

int rf_call_format_parse(struct rf_call_format *format, const char *text)
{
	const char *at = text, *end;
	bool begun = false;

	*format = (struct rf_call_format){ 0 };
	while ((at = strstr(at, "\tfield:"))) {
		at += 7;
		end = strchr(at, ';');
		if (!end)
			return -EINVAL;
		parse_field(format, at, (size_t)(end - at), &begun);
		at = end;
	}
	return begun ? 0 : -EINVAL;
}

static bool read_format(const char *dir, const char *name, struct rf_call_format *format)
{
	char path[PATH_MAX], text[FORMAT_MAX];
	__close int fd = -1;
	size_t used = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/sys_enter_%s/format", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return !rf_call_format_parse(format, text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

static bool find(const struct rf_call_formats *f, const char *name, struct rf_call_format *format)
{
	static const char *const dirs[] = { "/sys/kernel/tracing/events/syscalls",
		                            "/sys/kernel/debug/tracing/events/syscalls" };

	if (strchr(name, '/'))
		return false;
	if (f->dir)
		return read_format(f->dir, name, format);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (read_format(dirs[i], name, format))
			return true;
	return false;
}

const struct rf_call_format *rf_call_format(struct rf_call_formats *f, const char *name)
{
	struct known key = { 0 }, *k, **found;

	snprintf(key.name, sizeof(key.name), "%s", name);
	found = tfind(&key, &f->tree, by_name);
	if (found)
		return (*found)->has ? &(*found)->format : NULL;
	k = malloc(sizeof(*k));
	if (!k)
		return NULL;
	*k = key;
	k->has = find(f, k->name, &k->format);
	if (!tsearch(k, &f->tree, by_name)) {
		free(k);
		return NULL;
	}
	return k->has ? &k->format : NULL;
}

uint16_t rf_call_format_strings(const struct rf_call_format *format)
{
	unsigned int strings = 0, shift = 0;

	for (unsigned int i = 0; i < format->nr && shift < 6; i++) {
		if (format->args[i].type != RF_ARG_STRING)
			continue;
		strings |= (i + 1) << shift;
		shift += 3;
	}
	return (uint16_t)strings;
}

const char *rf_call_arg_text(enum rf_arg_type type, uint64_t value, char *buf, size_t len)
{
	char label[RF_SIGNAL_NAME_LEN];

	switch (type) {
	case RF_ARG_FD:
		if ((int32_t)value == AT_FDCWD) {
			snprintf(buf, len, "AT_FDCWD");
			break;
		}
		snprintf(buf, len, "%" PRId32, (int32_t)value);
		break;
	case RF_ARG_SIGNED:
		snprintf(buf, len, "%" PRId32, (int32_t)value);
		break;
	case RF_ARG_LONG:
		snprintf(buf, len, "%" PRId64, (int64_t)value);
		break;
	case RF_ARG_SIZE:
		snprintf(buf, len, "%" PRIu64, value);
		break;
	case RF_ARG_BITS:
		if (value)
			snprintf(buf, len, "0x%" PRIx64, value);
		else
			snprintf(buf, len, "0");
		break;
	case RF_ARG_MODE:
		snprintf(buf, len, "0%03" PRIo32, (uint32_t)value & 0xffff);
		break;
	case RF_ARG_SIGNAL:
		if (value && value < 65)
			snprintf(buf, len, "%s", rf_signal_label((int)value, label, sizeof(label)));
		else
			snprintf(buf, len, "%" PRId32, (int32_t)value);
		break;
	case RF_ARG_POINTER:
	case RF_ARG_STRING:
		if (value)
			snprintf(buf, len, "0x%" PRIx64, value);
		else
			snprintf(buf, len, "NULL");
		break;
	default:
		if (value < SMALL)
			snprintf(buf, len, "%" PRIu64, value);
		else
			snprintf(buf, len, "0x%" PRIx64, value);
		break;
	}
	return buf;
}
