/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups by path and by id.
 *
 * A cgroup's id is its kernfs node's, which bpf_get_current_cgroup_id() returns and which is the
 * inode number of its directory. Ids are unique within a hierarchy only. A host has the v2
 * hierarchy, or v1 hierarchies of one controller or more each, or both; a hierarchy is named here
 * by its controllers as /proc/PID/cgroup names them ("memory", "cpu,cpuacct", "name=systemd"), and
 * the v2 hierarchy by "".
 *
 * Paths count from the root of the hierarchy ("/system.slice/ssh.service"), as the kernel gives
 * them. They are hostile input: only '/', NUL and newline cannot be in a cgroup's name.
 */
#ifndef RF_IDENTITY_CGROUP_H
#define RF_IDENTITY_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RF_CGROUP_CONTROLLER_LEN 64

struct rf_cgroup {
	uint64_t id;
	bool v2;
	char controller[RF_CGROUP_CONTROLLER_LEN]; /* "" in the v2 hierarchy */
	char path[PATH_MAX];
};

/* The hierarchies that are mounted, and a cache from id to path. */
struct rf_cgroups;

/*
 * Find what is mounted, and keep up to max paths. 0 and *cgroups, also on a host without any
 * cgroup hierarchy; or a negative errno. Free with rf_cgroups_free(), which takes NULL.
 */
int rf_cgroups_new(struct rf_cgroups **cgroups, size_t max);
void rf_cgroups_free(struct rf_cgroups *cgroups);

/* The same from a file in the format of /proc/PID/mountinfo. */
int rf_cgroups_new_from(struct rf_cgroups **cgroups, size_t max, const char *mountinfo);

/*
 * The cgroup that a person named, by a path in the file system ("/sys/fs/cgroup/…") or from the
 * root of a hierarchy. The latter is looked for in the v2 hierarchy, then in v1's memory, pids,
 * the other controllers, and the named ones, and the first that has it counts.
 *
 * 0; -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, or -EINVAL (empty, or with a ".."), each with one
 * line in err.
 */
int rf_cgroup_open(struct rf_cgroups *cgroups, const char *path, struct rf_cgroup *cgroup,
                   char *err, size_t errlen);

/*
 * The hierarchy that tells this host's processes apart: v2, unless it has no cgroup below its root
 * and v1's memory, pids or another controller has. Written as controllers, "" for v2.
 */
void rf_cgroups_main(const struct rf_cgroups *cgroups, char *controller, size_t len);

/*
 * The path of a cgroup by its hierarchy and id: from the cache, else from the kernel, which finds
 * it by its id without a search where that is allowed (CAP_DAC_READ_SEARCH). A path is kept after
 * its cgroup is gone. 0; -ENOENT: unknown; -ENAMETOOLONG.
 */
int rf_cgroup_path(struct rf_cgroups *cgroups, const char *controller, uint64_t id, char *buf,
                   size_t len);

/*
 * Walk a hierarchy, upper levels first, into the cache: for where the kernel may not be asked by
 * id. Looks at max_dirs directories at most. Returns how many it looked at, or -ENOENT if the
 * hierarchy is not mounted.
 */
ssize_t rf_cgroups_refresh(struct rf_cgroups *cgroups, const char *controller, size_t max_dirs);

/*
 * The cgroup of a process: its path in the v2 hierarchy, unless that is "/" and a v1 hierarchy
 * (systemd, memory, pids) has put it deeper. 0; -ESRCH: no such process; -ENAMETOOLONG.
 */
int rf_pid_cgroup(pid_t pid, char *buf, size_t len);

/* The same choice from the text of a /proc/PID/cgroup; -ENOENT if there is no usable line in it. */
int rf_cgroup_choose(const char *text, char *buf, size_t len);

#endif
