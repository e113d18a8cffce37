/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users by name and number. Names come from the host's name service, which may ask a server: each
 * is asked for once and kept in a cache of fixed size. A static build reads /etc/passwd alone,
 * since the name service needs shared objects of the very C library that it was built with.
 */
#ifndef RF_IDENTITY_USER_H
#define RF_IDENTITY_USER_H

#include <stddef.h>
#include <sys/types.h>

struct rf_users;

/* A cache of up to max users; NULL if memory is out. Free with rf_users_free(), which takes NULL. */
struct rf_users *rf_users_new(size_t max);
void rf_users_free(struct rf_users *users);

/*
 * The user's name in buf, hostile bytes included and cut to fit; 0. If there is none, its number;
 * -ENOENT.
 */
int rf_user_name(struct rf_users *users, uid_t uid, char *buf, size_t len);

/*
 * A user that a person named. A name goes before a number, and a number needs no user of its own,
 * as files and processes do not either. 0; -ENOENT: no user of that name; -EINVAL: empty, or a
 * number out of range.
 */
int rf_user_parse(const char *text, uid_t *uid);

#endif
