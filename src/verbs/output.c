// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static int complain(const struct rf_output *o, int err)
{
	if (err == ELOOP)
		rf_err("cannot write to %s: it is a symbolic link, which -o does not follow; "
		       "name the file itself",
		       o->path);
	else
		rf_err("cannot write to %s: %s", o->path, strerror(err));
	return -err;
}

int rf_output_open(struct rf_output *o, const char *path)
{
	int fd;

	*o = (struct rf_output){ .file = stdout, .path = "standard output" };
	if (!path)
		return fcntl(STDOUT_FILENO, F_GETFD) < 0 ? complain(o, errno) : 0;
	o->path = path;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0644);
	if (fd < 0)
		return complain(o, errno);
	o->file = fdopen(fd, "w");
	if (!o->file) {
		int err = errno;

		close(fd);
		return complain(o, err);
	}
	o->owned = true;
	o->fresh = true;
	return 0;
}

int rf_output_begin(struct rf_output *o)
{
	struct stat st;
	int fd = fileno(o->file);

	if (!o->fresh)
		return 0;
	o->fresh = false;
	/* devices and pipes cannot be cut, and need not be */
	if (fstat(fd, &st) || (S_ISREG(st.st_mode) && ftruncate(fd, 0)))
		return complain(o, errno);
	return 0;
}

int rf_output_flush(struct rf_output *o)
{
	if (fflush(o->file) || ferror(o->file))
		return complain(o, errno ? errno : EIO);
	return 0;
}

int rf_output_close(struct rf_output *o)
{
	FILE *file = o->file;

	o->file = NULL;
	if (!file || !o->owned)
		return 0;
	return fclose(file) ? complain(o, errno) : 0;
}
