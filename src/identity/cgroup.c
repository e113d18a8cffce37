// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "identity/proc_file.h"

#define WAYS 4
/* Handle type of a kernfs node; the C library has no name for it. */
#define FILEID_KERNFS 0xfe
/* A /proc/PID/cgroup has a line for each hierarchy, each with a path. */
#define PROC_CGROUP_MAX ((size_t)1 << 18)

struct hierarchy {
	char controller[RF_CGROUP_CONTROLLER_LEN];
	char *mount;
	char *root; /* the cgroup that is mounted there, "" for the topmost */
	int fd;
	dev_t dev;
};

struct entry {
	uint64_t id;
	uint32_t hierarchy;
	uint32_t age;
	char *path; /* NULL: free */
};

struct rf_cgroups {
	struct hierarchy *hierarchies;
	size_t count;
	struct entry *entries; /* sets of WAYS, by id */
	size_t sets;
	uint32_t clock;
};

struct handle {
	struct file_handle head;
	uint64_t id;
};

/* Cache */

static struct entry *cache_set(const struct rf_cgroups *c, uint64_t id)
{
	return &c->entries[id * UINT64_C(0x9e3779b97f4a7c15) % c->sets * WAYS];
}

static struct entry *cache_find(const struct rf_cgroups *c, size_t hierarchy, uint64_t id)
{
	struct entry *set = cache_set(c, id);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].path && set[i].id == id && set[i].hierarchy == hierarchy)
			return &set[i];
	}
	return NULL;
}

static struct entry *cache_victim(const struct rf_cgroups *c, uint64_t id)
{
	struct entry *set = cache_set(c, id);
	struct entry *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (!set[i].path)
			return &set[i];
		if ((int32_t)(set[i].age - oldest->age) < 0)
			oldest = &set[i];
	}
	return oldest;
}

static void cache_put(struct rf_cgroups *c, size_t hierarchy, uint64_t id, const char *path)
{
	struct entry *e = cache_find(c, hierarchy, id);
	char *copy = strdup(path);

	/* Without memory the path is not kept, and is asked for again. */
	if (!copy)
		return;
	if (!e)
		e = cache_victim(c, id);
	free(e->path);
	*e = (struct entry){ id, (uint32_t)hierarchy, c->clock++, copy };
}

/* Mounts */

/* Undo mountinfo's octal escapes in place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		unsigned int byte;

		if (in[0] == '\\' && in[1] && in[2] && in[3] && sscanf(in + 1, "%3o", &byte) == 1) {
			*out = (char)byte;
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* The controllers among a v1 mount's options, which are told apart by leaving out the others. */
static void read_controllers(char *options, char *buf, size_t len)
{
	static const char *const others[] = { "rw",
		                              "ro",
		                              "none",
		                              "xattr",
		                              "noprefix",
		                              "clone_children",
		                              "favordynmods",
		                              "nofavordynmods",
		                              "cpuset_v2_mode" };
	size_t used = 0;
	char *option;

	*buf = '\0';
	while ((option = strsep(&options, ","))) {
		bool other = strchr(option, '=') && strncmp(option, "name=", 5) != 0;

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			other |= !strcmp(option, others[i]);
		if (!other && used < len)
			used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? "," : "",
			                         option);
	}
}

static struct hierarchy *find_hierarchy(const struct rf_cgroups *c, const char *controller)
{
	for (size_t i = 0; i < c->count; i++) {
		if (!strcmp(c->hierarchies[i].controller, controller))
			return &c->hierarchies[i];
	}
	return NULL;
}

static int add_hierarchy(struct rf_cgroups *c, const char *controller, const char *mount,
                         const char *root)
{
	__close int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct hierarchy *known = find_hierarchy(c, controller);
	struct hierarchy *grown;
	struct stat st;

	/* A mount of a part (a container's, bind-mounted) gives way to one of the whole. */
	if (fd < 0 || fstat(fd, &st) || (known && !*known->root) || (known && *root))
		return 0;
	if (!known) {
		grown = realloc(c->hierarchies, (c->count + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->hierarchies = grown;
		known = &grown[c->count++];
		*known = (struct hierarchy){ .fd = -1 };
		snprintf(known->controller, sizeof(known->controller), "%s", controller);
	}
	free(known->mount);
	free(known->root);
	if (known->fd >= 0)
		close(known->fd);
	known->fd = rf_steal_fd(&fd);
	known->dev = st.st_dev;
	known->mount = strdup(mount);
	known->root = strdup(root);
	return known->mount && known->root ? 0 : -ENOMEM;
}

/* One line: "36 35 0:29 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw". */
static int read_mount(struct rf_cgroups *c, char *line)
{
	char controller[RF_CGROUP_CONTROLLER_LEN] = "";
	char *options = strstr(line, " - ");
	char *field[5];
	char *type;

	line[strcspn(line, "\n")] = '\0';
	if (!options)
		return 0;
	*options = '\0';
	options += 3;
	for (size_t i = 0; i < 5; i++) {
		field[i] = strsep(&line, " ");
		if (!field[i])
			return 0;
	}
	type = strsep(&options, " ");
	strsep(&options, " ");
	if (!options || (strcmp(type, "cgroup2") != 0 && strcmp(type, "cgroup") != 0))
		return 0;
	if (!strcmp(type, "cgroup"))
		read_controllers(options, controller, sizeof(controller));
	if (!*controller && strcmp(type, "cgroup2") != 0)
		return 0;
	unescape(field[3]);
	unescape(field[4]);
	return add_hierarchy(c, controller, field[4], strcmp(field[3], "/") != 0 ? field[3] : "");
}

static int read_mounts(struct rf_cgroups *c, const char *mountinfo)
{
	__fclose FILE *file = fopen(mountinfo, "re");
	__free char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	if (!file)
		return -errno;
	while (!rc && getline(&line, &cap, file) > 0)
		rc = read_mount(c, line);
	return rc;
}

int rf_cgroups_new_from(struct rf_cgroups **cgroups, size_t max, const char *mountinfo)
{
	struct rf_cgroups *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	*cgroups = NULL;
	if (c) {
		c->sets = (max + WAYS - 1) / WAYS;
		c->sets += !c->sets;
		c->entries = calloc(c->sets * WAYS, sizeof(*c->entries));
		if (c->entries)
			rc = read_mounts(c, mountinfo);
	}
	if (rc)
		rf_cgroups_free(c);
	else
		*cgroups = c;
	return rc;
}

int rf_cgroups_new(struct rf_cgroups **cgroups, size_t max)
{
	return rf_cgroups_new_from(cgroups, max, "/proc/self/mountinfo");
}

void rf_cgroups_free(struct rf_cgroups *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->hierarchies[i].mount);
		free(c->hierarchies[i].root);
		close(c->hierarchies[i].fd);
	}
	for (size_t i = 0; c->entries && i < c->sets * WAYS; i++)
		free(c->entries[i].path);
	free(c->hierarchies);
	free(c->entries);
	free(c);
}

/* Path to id */

static int __attribute__((format(printf, 4, 5)))
fail(char *err, size_t errlen, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return code;
}

/* What follows the whole components of prefix in path ("" or "/…"), or NULL. */
static const char *below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

/* "/a/b" from "a//b/./": 0, or a negative errno. */
static int normalise(const char *path, char *buf, size_t len)
{
	size_t used = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !strncmp(path, "..", 2))
			return -EINVAL;
		if (n && !(n == 1 && *path == '.')) {
			if (used + n + 2 > len)
				return -ENAMETOOLONG;
			buf[used++] = '/';
			memcpy(buf + used, path, n);
			used += n;
		}
		path += n + (path[n] == '/');
	}
	if (!used)
		buf[used++] = '/';
	buf[used] = '\0';
	return 0;
}

/* The cgroup at path, which counts from the hierarchy's root. */
static int open_in(const struct hierarchy *h, const char *path, struct rf_cgroup *cgroup)
{
	const char *inside = below(strcmp(path, "/") != 0 ? path : "", h->root);
	struct stat st;

	if (!inside)
		return -ENOENT;
	while (*inside == '/')
		inside++;
	if (fstatat(h->fd, *inside ? inside : ".", &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	/* Something else is mounted inside. */
	if (st.st_dev != h->dev)
		return -ENOENT;
	cgroup->id = st.st_ino;
	cgroup->v2 = !*h->controller;
	memcpy(cgroup->controller, h->controller, sizeof(cgroup->controller));
	snprintf(cgroup->path, sizeof(cgroup->path), "%s", path);
	return 0;
}

/* The hierarchy that a path in the file system leads into, and the cgroup's own path. */
static const struct hierarchy *by_mount(const struct rf_cgroups *c, const char *path, char *buf,
                                        size_t len)
{
	const struct hierarchy *best = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const struct hierarchy *h = &c->hierarchies[i];

		if (below(path, h->mount) && (!best || strlen(h->mount) > strlen(best->mount)))
			best = h;
	}
	if (best)
		snprintf(buf, len, "%s%s", best->root, path + strlen(best->mount));
	if (best && !*buf)
		snprintf(buf, len, "/");
	return best;
}

/* In which order hierarchies are tried, the lowest first. */
static int rank(const struct hierarchy *h)
{
	if (!*h->controller)
		return 0;
	if (!strcmp(h->controller, "memory"))
		return 1;
	if (!strcmp(h->controller, "pids"))
		return 2;
	return strncmp(h->controller, "name=", 5) != 0 ? 3 : 4;
}

/* A directory has a link for each of its subdirectories, and two of its own. */
static bool has_cgroups(const struct hierarchy *h)
{
	struct stat st;

	return !fstat(h->fd, &st) && st.st_nlink > 2;
}

void rf_cgroups_main(const struct rf_cgroups *c, char *controller, size_t len)
{
	const struct hierarchy *best = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const struct hierarchy *h = &c->hierarchies[i];

		/* a named hierarchy has no controller by which the kernel side could find it */
		if (rank(h) < 4 && has_cgroups(h) && (!best || rank(h) < rank(best)))
			best = h;
	}
	snprintf(controller, len, "%s", best ? best->controller : "");
}

/* The error that says most: "not there" only if all say so. */
static int open_in_any(const struct rf_cgroups *c, const char *path, struct rf_cgroup *cgroup)
{
	int worst = -ENOENT;

	for (int r = 0; r <= 4; r++) {
		for (size_t i = 0; i < c->count; i++) {
			int rc;

			if (rank(&c->hierarchies[i]) != r)
				continue;
			rc = open_in(&c->hierarchies[i], path, cgroup);
			if (!rc)
				return 0;
			if (rc != -ENOENT)
				worst = rc;
		}
	}
	return worst;
}

int rf_cgroup_open(struct rf_cgroups *c, const char *path, struct rf_cgroup *cgroup, char *err,
                   size_t errlen)
{
	char clean[PATH_MAX];
	char inside[2 * PATH_MAX];
	const struct hierarchy *h;
	int rc = *path ? normalise(path, clean, sizeof(clean)) : -EINVAL;

	if (rc == -EINVAL)
		return fail(err, errlen, rc, "bad cgroup path '%s': it is empty or has a '..'",
		            path);
	if (rc)
		return fail(err, errlen, rc, "the cgroup path is too long");
	if (!c->count)
		return fail(err, errlen, -ENOENT, "no cgroup hierarchy is mounted");
	h = by_mount(c, clean, inside, sizeof(inside));
	if (h && strlen(inside) >= sizeof(cgroup->path))
		return fail(err, errlen, -ENAMETOOLONG, "the cgroup path is too long");
	rc = h ? open_in(h, inside, cgroup) : open_in_any(c, clean, cgroup);
	if (rc == -ENOENT)
		return fail(err, errlen, rc, "no cgroup '%s'; give a path below /sys/fs/cgroup",
		            path);
	if (rc == -ENOTDIR)
		return fail(err, errlen, rc, "'%s' is not a cgroup: it is no directory", path);
	if (rc)
		return fail(err, errlen, rc, "cgroup '%s': %s", path, strerror(-rc));
	cache_put(c, (size_t)((h ? h : find_hierarchy(c, cgroup->controller)) - c->hierarchies),
	          cgroup->id, cgroup->path);
	return 0;
}

/* Id to path */

/* The path in the file system of an open directory, as a cgroup's own path. */
static int path_of_fd(const struct hierarchy *h, int fd, char *buf, size_t len)
{
	char link[PATH_MAX];
	char proc[64];
	const char *inside;
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	inside = below(link, h->mount);
	if (!inside)
		return -ENOENT;
	n = snprintf(buf, len, "%s%s", h->root, inside);
	if (!n)
		n = snprintf(buf, len, "/");
	return (size_t)n < len ? 0 : -ENAMETOOLONG;
}

static int ask_kernel(const struct hierarchy *h, uint64_t id, char *buf, size_t len)
{
	struct handle handle = {
		.head = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS },
	};
	struct rf_cgroup found;
	__close int fd = -1;
	int rc;

	memcpy(handle.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(h->fd, &handle.head, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = path_of_fd(h, fd, buf, len);
	if (rc)
		return rc;
	/*
	 * Handles also reach files, and on some kernels cgroups that are gone but still held: look
	 * whether the path leads back.
	 */
	rc = open_in(h, buf, &found);
	return !rc && found.id != id ? -ENOENT : rc;
}

int rf_cgroup_path(struct rf_cgroups *c, const char *controller, uint64_t id, char *buf, size_t len)
{
	const struct hierarchy *h = find_hierarchy(c, controller);
	char path[PATH_MAX];
	struct entry *e;
	int n;

	if (!h)
		return -ENOENT;
	e = cache_find(c, (size_t)(h - c->hierarchies), id);
	if (e) {
		e->age = c->clock++;
		n = snprintf(buf, len, "%s", e->path);
		return (size_t)n < len ? 0 : -ENAMETOOLONG;
	}
	if (ask_kernel(h, id, path, sizeof(path)))
		return -ENOENT;
	cache_put(c, (size_t)(h - c->hierarchies), id, path);
	n = snprintf(buf, len, "%s", path);
	return (size_t)n < len ? 0 : -ENAMETOOLONG;
}

struct queue {
	char **paths;
	size_t head, tail, cap; /* cap: directories that will be looked at */
};

static void queue_put(struct queue *q, const char *dir, const char *name)
{
	char *path = NULL;

	if (q->tail < q->cap && asprintf(&path, "%s/%s", dir, name) >= 0)
		q->paths[q->tail++] = path;
}

/* Note one directory, and its children for later. dir is "" or "/…", below the mount. */
static void walk_dir(struct rf_cgroups *c, const struct hierarchy *h, const char *dir,
                     struct queue *q)
{
	int fd = openat(h->fd, *dir ? dir + 1 : ".",
	                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	__closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char path[2 * PATH_MAX];
	const struct dirent *entry;
	struct stat st;

	/* Cgroups come and go while they are walked. */
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fstat(fd, &st) || st.st_dev != h->dev)
		return;
	snprintf(path, sizeof(path), "%s%s", h->root, dir);
	cache_put(c, (size_t)(h - c->hierarchies), st.st_ino, *path ? path : "/");
	while ((entry = readdir(d))) {
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			queue_put(q, dir, entry->d_name);
	}
}

ssize_t rf_cgroups_refresh(struct rf_cgroups *c, const char *controller, size_t max_dirs)
{
	const struct hierarchy *h = find_hierarchy(c, controller);
	struct queue q = { .cap = max_dirs };

	if (!h)
		return -ENOENT;
	q.paths = calloc(max_dirs + 1, sizeof(*q.paths));
	if (!q.paths)
		return -ENOMEM;
	if (max_dirs)
		q.paths[q.tail++] = strdup("");
	for (; q.head < q.tail; q.head++) {
		if (q.paths[q.head])
			walk_dir(c, h, q.paths[q.head], &q);
		free(q.paths[q.head]);
	}
	free(q.paths);
	return (ssize_t)q.head;
}

/* Processes */

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1] && path[1] != '/';
	return n;
}

/* Whether a comma-separated list of controllers has one. */
static bool has_controller(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, name, n) && (!list[n] || list[n] == ','))
			return true;
	}
	return false;
}

static bool says_where(const char *controllers)
{
	return has_controller(controllers, "name=systemd") ||
	       has_controller(controllers, "memory") || has_controller(controllers, "pids");
}

/* Only the kernel adds this, to the path of a cgroup that was removed while in use. */
static void strip_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(path);

	if (n >= sizeof(mark) && !strcmp(path + n - (sizeof(mark) - 1), mark))
		path[n - (sizeof(mark) - 1)] = '\0';
}

int rf_cgroup_choose(const char *text, char *buf, size_t len)
{
	__free char *copy = strdup(text);
	const char *chosen = NULL;
	const char *v2 = NULL;
	char *rest = copy;
	char *line;
	int n;

	if (!copy)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n"))) {
		const char *controllers;

		if (!strsep(&line, ":") || !line)
			continue;
		controllers = strsep(&line, ":");
		/* A path may hold colons; it begins with a slash. */
		if (!line || *line != '/')
			continue;
		strip_deleted(line);
		if (!*controllers)
			v2 = line;
		else if (says_where(controllers) && (!chosen || depth(line) > depth(chosen)))
			chosen = line;
	}
	if (v2 && (depth(v2) || !chosen || !depth(chosen)))
		chosen = v2;
	if (!chosen)
		return -ENOENT;
	n = snprintf(buf, len, "%s", chosen);
	return (size_t)n < len ? 0 : -ENAMETOOLONG;
}

int rf_pid_cgroup(pid_t pid, char *buf, size_t len)
{
	__rf_str struct rf_str text = RF_STR_BOUNDED(PROC_CGROUP_MAX);
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	rc = rf_proc_file(AT_FDCWD, path, &text);
	return rc ? rc : rf_cgroup_choose(rf_str_get(&text), buf, len);
}
