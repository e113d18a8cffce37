// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/top_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static int put_in_place(int fd, int place)
{
	return dup2(fd, place) < 0 ? -errno : 0;
}

/* Forks with other standard descriptors, and has the own ones back when it returns. */
static int fork_with(struct rf_command *c, int in, int out)
{
	__close int own_in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	__close int own_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	__close int own_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int ret;

	if (own_in < 0 || own_out < 0 || own_err < 0)
		return -errno;
	ret = put_in_place(in, STDIN_FILENO);
	if (!ret)
		ret = put_in_place(out, STDOUT_FILENO);
	if (!ret)
		ret = put_in_place(out, STDERR_FILENO);
	if (!ret)
		ret = rf_command_fork(c);
	put_in_place(own_in, STDIN_FILENO);
	put_in_place(own_out, STDOUT_FILENO);
	put_in_place(own_err, STDERR_FILENO);
	return ret;
}

int rf_tail_fork(struct rf_tail *t, struct rf_command *c)
{
	__close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	__close int out = -1;
	int fds[2], ret;

	t->bytes = malloc(RF_TAIL_BYTES);
	if (null < 0 || !t->bytes || pipe2(fds, O_CLOEXEC)) {
		ret = errno ? -errno : -ENOMEM;
		rf_err("cannot keep what the command writes: %s", strerror(-ret));
		return ret;
	}
	t->fd = fds[0];
	out = fds[1];
	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	return fork_with(c, null, out);
}

static void close_end(struct rf_tail *t)
{
	close(t->fd);
	t->fd = -1;
}

/* Bytes read; 0: none for now, or its end. */
static size_t read_some(struct rf_tail *t, char *buf, size_t len)
{
	ssize_t n = read(t->fd, buf, len);

	if (n > 0)
		return (size_t)n;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_end(t);
	return 0;
}

void rf_tail_read(struct rf_tail *t)
{
	/* not for ever: a command that writes faster than this reads must not keep the keys waiting */
	for (int i = 0; i < 16 && t->fd >= 0; i++) {
		size_t at = t->total % RF_TAIL_BYTES;
		size_t n = read_some(t, t->bytes + at, RF_TAIL_BYTES - at);

		if (!n)
			break;
		t->total += n;
	}
}

static bool write_all(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

void rf_tail_print(struct rf_tail *t)
{
	size_t at = t->total % RF_TAIL_BYTES;

	if (t->total > RF_TAIL_BYTES) {
		rf_info("the first %" PRIu64 " bytes that the command wrote were not kept",
		        t->total - RF_TAIL_BYTES);
		write_all(t->bytes + at, RF_TAIL_BYTES - at);
	}
	write_all(t->bytes, at);
	t->total = 0;
}

bool rf_tail_pass(struct rf_tail *t)
{
	char buf[4096];
	size_t n;

	if (t->fd < 0)
		return false;
	n = read_some(t, buf, sizeof(buf));
	if (n && !write_all(buf, n))
		close_end(t);
	return t->fd >= 0;
}

void rf_tail_clear(struct rf_tail *t)
{
	if (t->fd >= 0)
		close_end(t);
	free(t->bytes);
	*t = RF_TAIL_INIT;
}
