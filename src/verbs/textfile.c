// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/textfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* As many as the kernel follows in one path. */
#define LINKS_MAX 40

/* The name under which a version is written; it does not end in .prom, so that nobody reads it. */
#define TEMPORARY ".%s.%d.tmp"

static bool is_trusted(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Puts the target of the link fd before what is left of the path. */
static int prepend_link(int fd, char *rest)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));
	size_t left = strlen(rest);

	if (n < 0)
		return -errno;
	if ((size_t)n + 1 + left >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(rest + n + 1, rest, left + 1);
	memcpy(rest, target, (size_t)n);
	rest[n] = '/';
	return 0;
}

/* Takes the first component off rest. 0, or -ENAMETOOLONG; "" at the end. */
static int next_component(char *rest, char *name, size_t len)
{
	size_t skip = strspn(rest, "/"), n = strcspn(rest + skip, "/");

	if (n >= len)
		return -ENAMETOOLONG;
	memcpy(name, rest + skip, n);
	name[n] = '\0';
	memmove(rest, rest + skip + n, strlen(rest + skip + n) + 1);
	return 0;
}

static int open_start(const char *rest)
{
	return open(*rest == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * Opens a directory step by step, as the kernel would, but looks at who made each symbolic link.
 * A descriptor; -ENOLINK for a link of somebody else; another negative errno.
 */
static int open_directory(const char *path)
{
	char rest[PATH_MAX], name[NAME_MAX + 1];
	unsigned int links = 0;
	__close int at = -1;
	int dir;

	if (snprintf(rest, sizeof(rest), "%s", path) >= (int)sizeof(rest))
		return -ENAMETOOLONG;
	at = open_start(rest);
	while (at >= 0) {
		__close int fd = -1;
		struct stat st;
		int err = next_component(rest, name, sizeof(name));

		if (err)
			return err;
		if (!*name)
			break;
		fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st))
			return -errno;
		if (!S_ISLNK(st.st_mode)) {
			close(at);
			at = rf_steal_fd(&fd);
			continue;
		}
		if (!is_trusted(&st))
			return -ENOLINK;
		if (++links > LINKS_MAX)
			return -ELOOP;
		err = prepend_link(fd, rest);
		if (err)
			return err;
		if (*rest == '/') {
			close(at);
			at = open_start(rest);
		}
	}
	/* O_PATH neither lists nor syncs */
	dir = at < 0 ? -1 : openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

/*
 * What is there now may be replaced: nothing, or a plain file that a rename can replace. 0; -ELOOP:
 * a link; -EISDIR; -EINVAL: another kind; -EXDEV: something is mounted there.
 */
static int check_target(int dir, const char *name)
{
	struct stat st, around;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (fstat(dir, &around))
		return -errno;
	return st.st_dev == around.st_dev ? 0 : -EXDEV;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	/* the umask is not asked: who collects is another user */
	if (fchmod(fd, 0644) || fsync(fd))
		return -errno;
	return 0;
}

static void temporary_name(const struct rf_textfile *t, char *name, size_t len)
{
	snprintf(name, len, TEMPORARY, t->name, (int)getpid());
}

/*
 * Writes a version and puts it in place, or only tries whether that could be done. The lock tells
 * a successor that this is no remains.
 */
static int write_version(const struct rf_textfile *t, int dir, const char *text, size_t len,
                         bool in_place)
{
	char name[NAME_MAX + 1];
	__close int fd = -1;
	int err;

	temporary_name(t, name, sizeof(name));
	/* of a process that had our pid */
	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	flock(fd, LOCK_EX | LOCK_NB);
	err = write_all(fd, text, len);
	if (!err)
		err = check_target(dir, t->name);
	if (!err && in_place && renameat(dir, name, dir, t->name))
		err = -errno;
	if (err || !in_place)
		unlinkat(dir, name, 0);
	else if (fsync(dir))
		err = -errno;
	return err;
}

static bool is_temporary(const struct rf_textfile *t, const char *name)
{
	size_t len = strlen(t->name), digits;

	if (name[0] != '.' || strncmp(name + 1, t->name, len) != 0 || name[1 + len] != '.')
		return false;
	name += len + 2;
	digits = strspn(name, "0123456789");
	return digits && !strcmp(name + digits, ".tmp");
}

/* A version whose writer was killed: nobody holds its lock. */
static void remove_remains(const struct rf_textfile *t, int dir)
{
	__closedir DIR *list = NULL;
	struct dirent *entry;
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	list = again >= 0 ? fdopendir(again) : NULL;
	if (!list && again >= 0)
		close(again);
	while (list && (entry = readdir(list))) {
		__close int fd = -1;

		if (!is_temporary(t, entry->d_name))
			continue;
		fd = openat(dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			unlinkat(dir, entry->d_name, 0);
	}
}

static void explain(const struct rf_textfile *t, int err, char *buf, size_t len)
{
	switch (err) {
	case -ENOENT:
		snprintf(buf, len,
		         "there is no directory %s; create it (the collector's is often "
		         "/var/lib/prometheus/node-exporter)",
		         t->directory);
		break;
	case -ENOTDIR:
		snprintf(buf, len, "%s is no directory", t->directory);
		break;
	case -ENOLINK:
		snprintf(buf, len,
		         "a symbolic link on the way to %s belongs to another user and is not "
		         "followed; name the directory itself",
		         t->path);
		break;
	case -ELOOP:
		snprintf(buf, len,
		         "%s is a symbolic link, which is neither followed nor replaced; "
		         "remove it",
		         t->path);
		break;
	case -EISDIR:
		snprintf(buf, len, "%s is a directory; name a file in it, as in %s/ringfence.prom",
		         t->path, t->path);
		break;
	case -EINVAL:
		snprintf(buf, len, "%s is no plain file; name another", t->path);
		break;
	case -EXDEV:
	case -EBUSY:
		snprintf(
			buf, len,
			"%s is on another file system than its directory (it is mounted there), so "
			"that it cannot be replaced; mount the directory instead",
			t->path);
		break;
	default:
		snprintf(buf, len, "cannot write to %s: %s", t->directory, strerror(-err));
		break;
	}
}

static int split(struct rf_textfile *t, const char *path)
{
	const char *slash = strrchr(path, '/');

	t->path = path;
	t->name = strdup(slash ? slash + 1 : path);
	if (!slash)
		t->directory = strdup(".");
	else
		t->directory = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	return t->name && t->directory ? 0 : -ENOMEM;
}

int rf_textfile_open(struct rf_textfile *t, const char *path, char *err, size_t errlen)
{
	__close int dir = -1;
	int ret;

	*t = (struct rf_textfile){ 0 };
	ret = split(t, path);
	/* room for the temporary's name */
	if (!ret && strlen(t->name) + 32 > NAME_MAX)
		ret = -ENAMETOOLONG;
	if (!ret && (!*t->name || !strcmp(t->name, ".") || !strcmp(t->name, "..")))
		ret = -EISDIR;
	if (!ret) {
		dir = open_directory(t->directory);
		ret = dir < 0 ? dir : check_target(dir, t->name);
	}
	if (!ret) {
		remove_remains(t, dir);
		ret = write_version(t, dir, "", 0, false);
	}
	if (ret)
		explain(t, ret, err, errlen);
	return ret;
}

int rf_textfile_write(struct rf_textfile *t, const char *text, size_t len)
{
	char why[RF_TEXTFILE_ERR];
	/* by its path each time: it may have been made anew */
	__close int dir = open_directory(t->directory);
	int err = dir < 0 ? dir : write_version(t, dir, text, len, true);

	if (err && !t->failing) {
		explain(t, err, why, sizeof(why));
		rf_warn("%s; the last good version stays, and the next one is tried at the next "
		        "interval",
		        why);
	} else if (!err && t->failing) {
		rf_warn("%s is written again", t->path);
	}
	t->failing = -err;
	return err;
}

void rf_textfile_clear(struct rf_textfile *t)
{
	free(t->directory);
	free(t->name);
	*t = (struct rf_textfile){ 0 };
}
