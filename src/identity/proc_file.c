// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"

int rf_proc_file(int dir, const char *name, struct rf_str *text)
{
	__close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char chunk[4096];
	ssize_t n = -1;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n && rf_str_append_n(text, chunk, (size_t)n))
			return text->err;
	} while (n);
	return 0;
}
