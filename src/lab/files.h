/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the workshop carries inside the binary: texts, sources, programs. cmake/RfLab.cmake puts
 * them there, byte for byte, so that what is shown is what runs.
 */
#ifndef RF_LAB_FILES_H
#define RF_LAB_FILES_H

#include <stddef.h>

struct rf_lab_file {
	const char *name; /* without a directory; NULL ends the table */
	const char *data; /* followed by a NUL */
	const char *end;
};

extern const struct rf_lab_file rf_lab_files[];

/* The file of that name, or NULL. */
const struct rf_lab_file *rf_lab_file(const char *name);

static inline size_t rf_lab_file_size(const struct rf_lab_file *f)
{
	return (size_t)(f->end - f->data);
}

#endif
