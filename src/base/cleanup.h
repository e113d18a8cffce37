/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound release: a variable declared with one of these attributes gives back what it holds
 * when it goes out of scope, on every way out.
 *
 *	__free char *line = NULL;		free()
 *	__close int fd = open(...);		close(), if fd >= 0
 *	__fclose FILE *f = fopen(...);		fclose(), if not NULL
 *	__closedir DIR *d = opendir(...);	closedir(), if not NULL
 *
 * Initialise such a variable where it is declared. errno survives the release. To hand the
 * resource to somebody else, return rf_steal_ptr(&p) or rf_steal_fd(&fd).
 */
#ifndef RF_BASE_CLEANUP_H
#define RF_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define __cleanup(fn) __attribute__((cleanup(fn)))

static inline void rf_cleanup_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

static inline void rf_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void rf_cleanup_fclose(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}

static inline void rf_cleanup_closedir(DIR **d)
{
	int saved = errno;

	if (*d)
		closedir(*d);
	errno = saved;
}

#define __free __cleanup(rf_cleanup_free)
#define __close __cleanup(rf_cleanup_close)
#define __fclose __cleanup(rf_cleanup_fclose)
#define __closedir __cleanup(rf_cleanup_closedir)

/* rf_steal_ptr(&p): the pointer's value; p is NULL afterwards and its cleanup does nothing. */
#define rf_steal_ptr(p)                                                  \
	({                                                               \
		__typeof__(p) rf_stolen_from = (p);                      \
		__typeof__(*rf_stolen_from) rf_stolen = *rf_stolen_from; \
		*rf_stolen_from = NULL;                                  \
		rf_stolen;                                               \
	})

/* The descriptor's value; *fd is -1 afterwards and its cleanup does nothing. */
static inline int rf_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
