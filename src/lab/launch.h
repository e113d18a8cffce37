/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts a lab's program: as nobody, in a directory of its own, with limits on time, memory and
 * processes, in a session of its own; and ends all that is left of it.
 *
 * The child is forked and made ready before anything is measured, and waits; its first crossing
 * after rf_lab_go() is its execve.
 */
#ifndef RF_LAB_LAUNCH_H
#define RF_LAB_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rf_lab_limits {
	unsigned int seconds; /* of CPU time, each process */
	size_t memory;        /* address space in bytes, each process */
	unsigned int processes;
	bool raise_priority; /* the program keeps CAP_SYS_NICE */
};

struct rf_lab_program {
	char **argv;     /* argv[0] is executed unless there is an image */
	int image_fd;    /* the program itself; -1: argv[0] is its path */
	int socket_fd;   /* the program's end of the talk about parts; -1: none */
	const char *dir; /* nobody's, where it runs */
	struct rf_lab_limits limits;
};

struct rf_lab_child {
	pid_t pid; /* 0: none */
	int go_fd;
	int report_fd; /* errno of what failed before the program ran, or end of file */
};

#define RF_LAB_CHILD_INIT ((struct rf_lab_child){ .go_fd = -1, .report_fd = -1 })

/* A directory of nobody's that only nobody and root can enter; path into buf. 0 or a negative errno. */
int rf_lab_dir_make(char *buf, size_t len);
/* Removes it and all that is in it. */
void rf_lab_dir_remove(const char *dir);

/* A copy of an executable that lives in memory alone. A descriptor, or a negative errno. */
int rf_lab_image(const void *data, size_t size);

/* 0 or a negative errno. Undone by rf_lab_child_end(). */
int rf_lab_fork(struct rf_lab_child *c, const struct rf_lab_program *p);
/* Lets it run. 0, or a negative errno when it could not be executed. */
int rf_lab_go(struct rf_lab_child *c);

/* Ends and reaps the program and all processes that came of it. */
void rf_lab_child_end(struct rf_lab_child *c);

#endif
