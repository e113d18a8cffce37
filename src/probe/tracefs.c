// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probe/tracefs.h"

static int private_mount(void)
{
	__close int fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int read_id(int root, const char *event)
{
	char path[128], text[32];
	__close int fd = -1;
	ssize_t n;
	int id;

	snprintf(path, sizeof(path), "events/%s/id", event);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	id = atoi(text);
	return id > 0 ? id : -EIO;
}

int rf_tracefs_id(const char *event)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	__close int own = -1;

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		__close int root = open(roots[i], O_PATH | O_CLOEXEC);
		int id = root < 0 ? -errno : read_id(root, event);

		if (id > 0)
			return id;
	}
	own = private_mount();
	return own < 0 ? own : read_id(own, event);
}
