// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CONTAINER_ID_LEN 64
#define POD_UID_LEN 36
/* A pod that the kubelet reads from a file has the hash of that file for a uid. */
#define POD_HASH_LEN 32
#define HEX "0123456789abcdef"

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s);
	size_t m = strlen(suffix);

	return n > m && !strcmp(s + n - m, suffix);
}

static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

/* Whether s begins with a container's id and nothing longer: 64 hexadecimal digits. */
static bool is_id(const char *s)
{
	return strspn(s, HEX) == CONTAINER_ID_LEN;
}

static void set(char *buf, size_t len, const char *s, size_t n)
{
	snprintf(buf, len, "%.*s", (int)n, s);
}

static void set_container(struct rf_unit *out, const char *runtime, const char *name, size_t n)
{
	out->kind = RF_UNIT_CONTAINER;
	/* Units outside of the container are its manager's. */
	out->unit[0] = '\0';
	out->user_unit[0] = '\0';
	set(out->runtime, sizeof(out->runtime), runtime, strlen(runtime));
	set(out->container, sizeof(out->container), name, n);
}

/* "docker-<id>.scope", or without the suffix where the runtime makes cgroups itself. */
static bool read_prefixed_id(const char *name, struct rf_unit *out)
{
	static const struct {
		const char *prefix;
		const char *runtime;
	} known[] = {
		{ "docker-", "docker" }, { "cri-containerd-", "containerd" },
		{ "crio-", "crio" },     { "libpod-payload-", "podman" },
		{ "libpod-", "podman" }, { "nerdctl-", "containerd" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *id = after(name, known[i].prefix);

		if (!id || !is_id(id))
			continue;
		if (id[CONTAINER_ID_LEN] && strcmp(id + CONTAINER_ID_LEN, ".scope") != 0)
			continue;
		set_container(out, known[i].runtime, id, CONTAINER_ID_LEN);
		return true;
	}
	return false;
}

/* A directory that is nothing but an id; who made it shows in its parent, at best. */
static bool read_bare_id(const char *name, const char *parent, struct rf_unit *out)
{
	const char *runtime = "container";

	if (!is_id(name) || name[CONTAINER_ID_LEN])
		return false;
	if (!strcmp(parent, "docker"))
		runtime = "docker";
	else if (!strcmp(parent, "libpod_parent"))
		runtime = "podman";
	set_container(out, runtime, name, CONTAINER_ID_LEN);
	return true;
}

/* containerd's cgroupfs driver under systemd: "kubepods-…-pod<uid>.slice:cri-containerd:<id>". */
static bool read_colons(const char *name, struct rf_unit *out)
{
	const char *id = strrchr(name, ':');

	if (!id || !is_id(id + 1) || id[1 + CONTAINER_ID_LEN])
		return false;
	set_container(out, strstr(name, ":cri-containerd:") ? "containerd" : "container", id + 1,
	              CONTAINER_ID_LEN);
	return true;
}

/* Containers that have a name instead of an id. */
static bool read_named(const char *name, const char *parent, struct rf_unit *out)
{
	const char *own = after(name, "lxc.payload.");

	if (own && *own) {
		set_container(out, "lxc", own, strlen(own));
		return true;
	}
	if (!strcmp(parent, "lxc") && *name) {
		set_container(out, "lxc", name, strlen(name));
		return true;
	}
	own = after(name, "machine-");
	if (own && !strcmp(parent, "machine.slice") && ends_with(own, ".scope")) {
		set_container(out, "machine", own, strlen(own) - strlen(".scope"));
		return true;
	}
	own = after(name, "systemd-nspawn@");
	if (own && ends_with(own, ".service")) {
		set_container(out, "machine", own, strlen(own) - strlen(".service"));
		return true;
	}
	return false;
}

/* "pod<uid>" or "kubepods-burstable-pod<uid>.slice", where dashes are underscores. */
static void read_pod(const char *name, struct rf_unit *out)
{
	const char *uid = after(name, "pod");
	const char *slice = strstr(name, "-pod");
	size_t n;

	if (!uid && slice && after(name, "kubepods"))
		uid = slice + strlen("-pod");
	if (!uid)
		return;
	n = strspn(uid, HEX "-_");
	if ((n != POD_UID_LEN && n != POD_HASH_LEN) || (uid[n] && uid[n] != '.'))
		return;
	set(out->pod, sizeof(out->pod), uid, n);
	for (char *c = out->pod; *c; c++) {
		if (*c == '_')
			*c = '-';
	}
}

static bool is_leaf_unit(const char *name)
{
	return ends_with(name, ".service") || ends_with(name, ".scope") ||
	       ends_with(name, ".socket") || ends_with(name, ".mount") || ends_with(name, ".swap");
}

static void read_unit(const char *name, struct rf_unit *out)
{
	bool in_manager = !strncmp(out->unit, "user@", 5) && ends_with(out->unit, ".service");
	char *field = in_manager ? out->user_unit : out->unit;

	/* systemd puts an underscore before names that would clash with the kernel's files. */
	name += *name == '_';
	/* What a service makes below itself is not systemd's. */
	if (is_leaf_unit(field) || (!is_leaf_unit(name) && !ends_with(name, ".slice")))
		return;
	set(field, RF_UNIT_NAME_LEN, name, strlen(name));
	if (out->kind == RF_UNIT_NONE)
		out->kind = RF_UNIT_SYSTEMD;
}

enum rf_unit_kind rf_cgroup_classify(const char *path, struct rf_unit *out)
{
	char parent[RF_UNIT_NAME_LEN] = "";

	memset(out, 0, sizeof(*out));
	while (*path) {
		size_t n = strcspn(path, "/");
		char name[RF_UNIT_NAME_LEN];

		set(name, sizeof(name), path, n);
		path += n + (path[n] == '/');
		if (!n)
			continue;
		read_pod(name, out);
		if (!read_prefixed_id(name, out) && !read_bare_id(name, parent, out) &&
		    !read_colons(name, out) && !read_named(name, parent, out))
			read_unit(name, out);
		memcpy(parent, name, sizeof(parent));
	}
	return out->kind;
}

void rf_unit_label(const struct rf_unit *unit, char *buf, size_t len)
{
	/* Every user's manager has an init.scope, and so has the system. */
	bool users = is_leaf_unit(unit->user_unit) && strcmp(unit->user_unit, "init.scope") != 0;
	const char *name = users ? unit->user_unit : unit->unit;

	if (unit->kind != RF_UNIT_CONTAINER)
		snprintf(buf, len, "%s", name);
	else
		snprintf(buf, len, "%s:%.*s", unit->runtime,
		         is_id(unit->container) && !unit->container[CONTAINER_ID_LEN] ?
		                 RF_CONTAINER_SHORT :
		                 RF_UNIT_NAME_LEN,
		         unit->container);
}
