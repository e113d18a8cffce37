/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a lab's program tells ringfence which of its parts begins. Run without ringfence, it does
 * nothing, so the program runs on its own as well.
 *
 *	lab_part("getpid", 1000);	the part before it ends, this one begins: 1000 items of work
 *	lab_end();			the part ends, and what follows is in none
 *
 * The two talk over a socket, with sendto and recvfrom: ringfence leaves these two calls out of
 * what it shows. A part includes all that the program's children do in it, so wait for them before
 * it ends. Children never call lab_part().
 */
#ifndef LAB_H
#define LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int lab_socket = -1;
static int lab_children;

__attribute__((unused)) static void lab_part(const char *name, long items)
{
	const char *number = getenv("RF_LAB_SOCKET");
	char message[64], go;

	if (lab_socket < 0 && number)
		lab_socket = atoi(number);
	if (lab_socket < 0)
		return;
	snprintf(message, sizeof(message), "%ld %s", items, name);
	if (send(lab_socket, message, strlen(message), MSG_NOSIGNAL) < 0 ||
	    recv(lab_socket, &go, 1, 0) != 1)
		lab_socket = -1;
}

__attribute__((unused)) static void lab_end(void)
{
	lab_part("", 0);
}

/* A child process of that name; 0 in the child, as fork(2). */
__attribute__((unused)) static pid_t lab_fork(const char *name)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_NAME, name);
	else if (pid > 0)
		lab_children++;
	return pid;
}

/* Waits until one more child, or all of them, have ended. */
__attribute__((unused)) static void lab_wait_one(void)
{
	if (wait(NULL) > 0)
		lab_children--;
}

__attribute__((unused)) static void lab_wait(void)
{
	while (lab_children > 0)
		lab_wait_one();
}

#endif
