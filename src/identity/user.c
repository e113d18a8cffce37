// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* An entry of a directory service can be long, but not without end. */
#define ENTRY_MIN 1024
#define ENTRY_MAX ((size_t)1 << 20)

struct user {
	uid_t uid;
	bool known;
	char *name; /* NULL: asked for, there is none */
};

struct rf_users {
	size_t count;
	struct user slots[]; /* by uid modulo count: a clash costs one more question, no memory */
};

struct rf_users *rf_users_new(size_t max)
{
	struct rf_users *users;

	max = max ? max : 1;
	users = calloc(1, sizeof(*users) + max * sizeof(users->slots[0]));
	if (users)
		users->count = max;
	return users;
}

void rf_users_free(struct rf_users *users)
{
	if (!users)
		return;
	for (size_t i = 0; i < users->count; i++)
		free(users->slots[i].name);
	free(users);
}

#ifdef RF_STATIC_LINK
static int ask(const char *name, uid_t uid, struct passwd *entry, char *buf, size_t len,
               struct passwd **found)
{
	__fclose FILE *file = fopen("/etc/passwd", "re");
	int rc;

	*found = NULL;
	if (!file)
		return errno;
	while (!(rc = fgetpwent_r(file, entry, buf, len, found))) {
		if (name ? !strcmp(entry->pw_name, name) : entry->pw_uid == uid)
			return 0;
	}
	*found = NULL;
	return rc;
}
#else
static int ask(const char *name, uid_t uid, struct passwd *entry, char *buf, size_t len,
               struct passwd **found)
{
	return name ? getpwnam_r(name, entry, buf, len, found) :
	              getpwuid_r(uid, entry, buf, len, found);
}
#endif

/* Find by name, or by uid if name is NULL: 0, *uid and *copy; -ENOENT; -ENOMEM. */
static int find(const char *name, uid_t *uid, char **copy)
{
	for (size_t len = ENTRY_MIN; len <= ENTRY_MAX; len *= 4) {
		__free char *buf = malloc(len);
		struct passwd *found = NULL;
		struct passwd entry;
		int rc;

		if (!buf)
			return -ENOMEM;
		do
			rc = ask(name, *uid, &entry, buf, len, &found);
		while (rc == EINTR);
		if (rc == ERANGE)
			continue;
		if (!found)
			return -ENOENT;
		*uid = found->pw_uid;
		*copy = strdup(found->pw_name);
		return *copy ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

int rf_user_name(struct rf_users *users, uid_t uid, char *buf, size_t len)
{
	struct user *user = &users->slots[uid % users->count];

	if (!user->known || user->uid != uid) {
		uid_t wanted = uid;

		free(user->name);
		*user = (struct user){ .uid = uid };
		/* Out of memory is no answer: ask again next time. */
		user->known = find(NULL, &wanted, &user->name) != -ENOMEM;
	}
	if (user->name)
		snprintf(buf, len, "%s", user->name);
	else
		snprintf(buf, len, "%u", uid);
	return user->name ? 0 : -ENOENT;
}

int rf_user_parse(const char *text, uid_t *uid)
{
	__free char *name = NULL;
	uid_t found = 0;
	unsigned long long number;
	char *end;
	int rc;

	if (!*text)
		return -EINVAL;
	rc = find(text, &found, &name);
	if (!rc)
		*uid = found;
	if (rc != -ENOENT)
		return rc;
	if (text[strspn(text, "0123456789")])
		return -ENOENT;
	errno = 0;
	number = strtoull(text, &end, 10);
	/* The kernel reads the last number as "no user". */
	if (errno || number >= UINT32_MAX)
		return -EINVAL;
	*uid = (uid_t)number;
	return 0;
}
