/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that a reader may open at any moment and finds whole: each version is written under
 * another name in the same directory, brought to the disk, and put in place by a rename. What
 * kills this process, or fills the disk, leaves the last good version.
 *
 * The directory is reached without following symbolic links that others than root and the caller
 * have made, and nothing inside it is followed at all: a link planted where the file goes is
 * refused, one planted where the temporary file goes is passed by.
 */
#ifndef RF_VERBS_TEXTFILE_H
#define RF_VERBS_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>

struct rf_textfile {
	const char *path; /* borrowed */
	char *directory;  /* owned, as is name */
	char *name;
	int failing; /* errno that was told; 0: the last write went well */
};

#define RF_TEXTFILE_ERR 512

/*
 * Looks whether the file can be written, by writing an empty one beside it, and removes what a
 * killed predecessor has left. 0, or a negative errno with the reason and the remedy in err. To be
 * cleared in either case.
 */
int rf_textfile_open(struct rf_textfile *t, const char *path, char *err, size_t errlen);

/*
 * The new version. 0 or a negative errno; after the first failure in a row there is a message, and
 * another one when it goes well again.
 */
int rf_textfile_write(struct rf_textfile *t, const char *text, size_t len);

void rf_textfile_clear(struct rf_textfile *t);

#endif
