/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command after `--`: found before anything is measured, started when the window opens,
 * waited for with its last descendant, its exit status handed on.
 *
 * Between fork and execve the child makes no call but the read that it waits in, so that what is
 * measured begins with exactly one execve. It runs as the caller does (under sudo: as root), with
 * the signal mask, dispositions and limits that ringfence was started with.
 */
#ifndef RF_VERBS_COMMAND_H
#define RF_VERBS_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct rf_command {
	char **argv;     /* borrowed, NULL-terminated */
	char *path;      /* what execve gets; owned */
	pid_t pid;       /* 0: not forked */
	int go_fd;       /* a byte here lets the child go on */
	int report_fd;   /* errno of a failed execve, or end of file; -1 once read */
	int exec_errno;  /* of a failed execve */
	bool exited;     /* COMMAND itself */
	bool all_exited; /* and every descendant */
	int status;      /* as wait(2) gives it, when exited */
};

#define RF_COMMAND_INIT ((struct rf_command){ .go_fd = -1, .report_fd = -1 })

/*
 * Looks argv[0] up as a shell does. 0; or -ENOENT (exit status 127), -EACCES (126) or -ENOMEM
 * after a message.
 */
int rf_command_resolve(struct rf_command *c, char **argv);

/*
 * Forks the child, which blocks. It inherits signals, limits and descriptors as they are now. Makes
 * this process the reaper of its orphaned descendants. 0, or a negative errno after a message.
 */
int rf_command_fork(struct rf_command *c);

/* Lets the child execve. 0 or a negative errno. */
int rf_command_go(struct rf_command *c);

/* When report_fd is readable: 0 the command runs, -errno its execve failed (after a message). */
int rf_command_report(struct rf_command *c);

/* On SIGCHLD: takes in who has ended; sets exited and all_exited. */
void rf_command_reap(struct rf_command *c);

/* Blocks until COMMAND itself has ended. */
void rf_command_wait(struct rf_command *c);

/* The exit status to hand on: the command's, 128 + signal, or 126 when it could not be executed. */
int rf_command_exit_status(const struct rf_command *c);

/* Frees everything; a child that was never let go ends. */
void rf_command_clear(struct rf_command *c);

#endif
