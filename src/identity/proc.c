// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rf_time.h"
#include "base/str.h"
#include "identity/cgroup.h"
#include "identity/proc_file.h"

#define PROC_FILE_MAX ((size_t)1 << 18)
#define PF_KTHREAD 0x00200000

static uint64_t ticks_per_second(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return hz > 0 ? (uint64_t)hz : 100;
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = ticks_per_second();

	return ticks / hz * RF_NSEC_PER_SEC + ticks % hz * RF_NSEC_PER_SEC / hz;
}

/* stat's fields from the third on; the second, in parentheses, may hold anything. */
static int read_stat(int dir, struct rf_proc_info *info)
{
	__rf_str struct rf_str text = RF_STR_BOUNDED(PROC_FILE_MAX);
	const char *rest;
	unsigned int flags;
	uint64_t ticks;
	int rc = rf_proc_file(dir, "stat", &text);

	if (rc)
		return rc;
	rest = strrchr(rf_str_get(&text), ')');
	if (!rest ||
	    sscanf(rest,
	           ") %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %" SCNu32
	           " %*d %" SCNu64,
	           &info->state, &info->ppid, &flags, &info->threads, &ticks) != 5)
		return -EPROTO;
	/* A process that is reaped while stat is read still has a line, with its relations at 0. */
	if (!info->threads)
		return -ESRCH;
	info->kernel_thread = flags & PF_KTHREAD;
	info->start_time_ns = ticks_to_ns(ticks);
	return 0;
}

/* comm itself, and not stat or status: there the kernel escapes newlines and backslashes. */
static int read_comm(int dir, struct rf_proc_info *info)
{
	__rf_str struct rf_str text = RF_STR_BOUNDED(PROC_FILE_MAX);
	int rc = rf_proc_file(dir, "comm", &text);
	size_t n = text.len;

	if (rc)
		return rc;
	if (n && text.data[n - 1] == '\n')
		n--;
	if (n >= sizeof(info->comm))
		n = sizeof(info->comm) - 1;
	memcpy(info->comm, rf_str_get(&text), n);
	info->comm[n] = '\0';
	return 0;
}

static int read_status(int dir, struct rf_proc_info *info)
{
	__rf_str struct rf_str text = RF_STR_BOUNDED(PROC_FILE_MAX);
	const char *tgid;
	const char *uid;
	int rc = rf_proc_file(dir, "status", &text);

	if (rc)
		return rc;
	tgid = strstr(rf_str_get(&text), "\nTgid:\t");
	uid = strstr(rf_str_get(&text), "\nUid:\t");
	if (!tgid || !uid || sscanf(tgid, "\nTgid: %d", &info->tgid) != 1 ||
	    sscanf(uid, "\nUid: %u", &info->uid) != 1)
		return -EPROTO;
	return info->tgid > 0 ? 0 : -ESRCH;
}

/* Whether the process' own view of path leads to the file that it runs. */
static bool still_named(int dir, const char *path)
{
	char inside[PATH_MAX + 8];
	struct stat running;
	struct stat named;

	snprintf(inside, sizeof(inside), "root%s", path);
	return !fstatat(dir, "exe", &running, 0) && !fstatat(dir, inside, &named, 0) &&
	       running.st_dev == named.st_dev && running.st_ino == named.st_ino;
}

static int read_exe(int dir, struct rf_proc_info *info)
{
	static const char mark[] = " (deleted)";
	ssize_t n = readlinkat(dir, "exe", info->exe, sizeof(info->exe) - 1);

	info->exe[n > 0 ? n : 0] = '\0';
	if (n < 0)
		return errno == ESRCH ? -ESRCH : 0;
	n -= (ssize_t)sizeof(mark) - 1;
	/* A file's own name may end so, too. */
	if (n <= 0 || strcmp(info->exe + n, mark) != 0 || still_named(dir, info->exe))
		return 0;
	info->exe[n] = '\0';
	info->exe_deleted = true;
	return 0;
}

static int read_cgroup(int dir, struct rf_proc_info *info)
{
	__rf_str struct rf_str text = RF_STR_BOUNDED(PROC_FILE_MAX);
	int rc = rf_proc_file(dir, "cgroup", &text);

	/* A kernel without cgroups has no such file; a process that is gone has failed before. */
	if (rc || rf_cgroup_choose(rf_str_get(&text), info->cgroup, sizeof(info->cgroup)))
		info->cgroup[0] = '\0';
	return 0;
}

int rf_proc_read(pid_t pid, struct rf_proc_info *info)
{
	/* stat comes again at the end: what was read of a process that ended meanwhile has holes. */
	static int (*const readers[])(int dir, struct rf_proc_info *info) = {
		read_stat, read_comm, read_status, read_exe, read_cgroup, read_stat,
	};
	__close int dir = -1;
	char path[32];

	memset(info, 0, sizeof(*info));
	if (pid <= 0)
		return -ESRCH;
	info->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		int rc = readers[i](dir, info);

		if (rc)
			return rc;
	}
	return 0;
}

bool rf_proc_same_start(uint64_t kernel_ns, uint64_t proc_ns)
{
	return kernel_ns >= proc_ns && kernel_ns - proc_ns < RF_NSEC_PER_SEC / ticks_per_second();
}
