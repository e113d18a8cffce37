/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a cgroup's path says about who runs in it: a systemd unit, a container, a pod.
 *
 * The path is all there is to go by: no daemon is asked. It is hostile input, and so are the names
 * taken from it.
 */
#ifndef RF_IDENTITY_UNIT_H
#define RF_IDENTITY_UNIT_H

#include <stddef.h>

/* A cgroup's name has up to 255 bytes. */
#define RF_UNIT_NAME_LEN 256
/* Digits of a container id that people use. */
#define RF_CONTAINER_SHORT 12

enum rf_unit_kind {
	RF_UNIT_NONE,     /* the root, or a path that names neither */
	RF_UNIT_SYSTEMD,  /* unit is set */
	RF_UNIT_CONTAINER /* container is set, and unit where the path names one too */
};

struct rf_unit {
	enum rf_unit_kind kind;
	/*
	 * The service or scope, with systemd's escapes (\x2d) as they are; the innermost slice if
	 * there is neither. In a user's session it is the user manager's ("user@1000.service"), and
	 * user_unit what that manager runs. In a container it is the container's own unit.
	 */
	char unit[RF_UNIT_NAME_LEN];
	char user_unit[RF_UNIT_NAME_LEN];
	char runtime[16];                 /* docker containerd crio podman lxc machine container */
	char container[RF_UNIT_NAME_LEN]; /* id in full, or a name */
	char pod[40];                     /* Kubernetes' uid of the pod, with dashes */
};

/* Read a path from a hierarchy's root. The innermost container counts. Returns out->kind. */
enum rf_unit_kind rf_cgroup_classify(const char *path, struct rf_unit *out);

/*
 * One name to group by and to show: a container as "docker:0123456789ab" or "lxc:web", else the user's
 * own unit, else the unit, else "". Cut to len.
 */
void rf_unit_label(const struct rf_unit *unit, char *buf, size_t len);

#endif
