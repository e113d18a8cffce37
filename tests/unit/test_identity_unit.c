// SPDX-License-Identifier: GPL-2.0-or-later
/* What cgroup paths, as real hosts have them, say about who runs inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "identity/unit.h"

#define ID "3f4e1c2b5a697887960514233241506f7e8d9cabbac9d8e7f605142332415060"
#define SHORT "3f4e1c2b5a69"
#define ID2 "aaaa1c2b5a697887960514233241506f7e8d9cabbac9d8e7f605142332415060"
#define POD "0b5a2d1c-7f3e-4a6b-9c8d-1e2f3a4b5c6d"
#define POD_ "0b5a2d1c_7f3e_4a6b_9c8d_1e2f3a4b5c6d"
#define HASH "1f2e3d4c5b6a79880f1e2d3c4b5a6978"

struct row {
	const char *path;
	enum rf_unit_kind kind;
	const char *unit;
	const char *user_unit;
	const char *runtime;
	const char *container;
	const char *pod;
	const char *label;
};

#define NONE(path)                                         \
	{                                                  \
		path, RF_UNIT_NONE, "", "", "", "", "", "" \
	}
#define UNIT(path, unit)                                          \
	{                                                         \
		path, RF_UNIT_SYSTEMD, unit, "", "", "", "", unit \
	}
#define USER(path, unit, user, label)                                \
	{                                                            \
		path, RF_UNIT_SYSTEMD, unit, user, "", "", "", label \
	}
#define CONTAINER(path, rt, name, pod, label)                         \
	{                                                             \
		path, RF_UNIT_CONTAINER, "", "", rt, name, pod, label \
	}

static const struct row rows[] = {
	NONE("/"),
	NONE(""),
	NONE("/mygroup"),
	NONE("/mygroup/worker.1"),
	NONE("/.service"),
	NONE("/process_api/766acd3ab667d660f5c48764af6203bc"),

	UNIT("/init.scope", "init.scope"),
	UNIT("/system.slice", "system.slice"),
	UNIT("/system.slice/ssh.service", "ssh.service"),
	UNIT("system.slice/ssh.service", "ssh.service"),
	UNIT("//system.slice//ssh.service/", "ssh.service"),
	UNIT("/system.slice/ssh.service/child", "ssh.service"),
	UNIT("/system.slice/a.service/b.service", "a.service"),
	UNIT("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
	UNIT("/system.slice/dbus.socket", "dbus.socket"),
	UNIT("/system.slice/home-a\\x2db.mount", "home-a\\x2db.mount"),
	UNIT("/system.slice/system-x\\x2dy.slice/x\\x2dy@1.service", "x\\x2dy@1.service"),
	UNIT("/system.slice/_cpu.service", "cpu.service"),
	UNIT("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
	UNIT("/user.slice/user-1000.slice", "user-1000.slice"),

	USER("/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox.scope",
	     "user@1000.service", "app-firefox.scope", "app-firefox.scope"),
	USER("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service",
	     "init.scope", "user@1000.service"),
	USER("/user.slice/user-1000.slice/user@1000.service/session.slice", "user@1000.service",
	     "session.slice", "user@1000.service"),
	USER("/user.slice/user-0.slice/user@0.service", "user@0.service", "", "user@0.service"),

	CONTAINER("/docker/" ID, "docker", ID, "", "docker:" SHORT),
	CONTAINER("/system.slice/docker-" ID ".scope", "docker", ID, "", "docker:" SHORT),
	CONTAINER("/system.slice/docker-" ID ".scope/worker", "docker", ID, "", "docker:" SHORT),
	CONTAINER("/actions_job/" ID, "container", ID, "", "container:" SHORT),
	CONTAINER("/default/" ID, "container", ID, "", "container:" SHORT),
	CONTAINER("/system.slice/nerdctl-" ID ".scope", "containerd", ID, "", "containerd:" SHORT),
	CONTAINER("/machine.slice/libpod-" ID ".scope", "podman", ID, "", "podman:" SHORT),
	CONTAINER("/machine.slice/libpod-" ID ".scope/container", "podman", ID, "",
	          "podman:" SHORT),
	CONTAINER("/libpod_parent/libpod-" ID, "podman", ID, "", "podman:" SHORT),
	CONTAINER("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
	          "podman", ID, "", "podman:" SHORT),
	CONTAINER("/user.slice/libpod-payload-" ID, "podman", ID, "", "podman:" SHORT),
	CONTAINER("/kubepods/burstable/pod" POD "/" ID, "container", ID, POD, "container:" SHORT),
	CONTAINER("/kubepods/pod" HASH "/" ID, "container", ID, HASH, "container:" SHORT),
	CONTAINER("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_
	          ".slice/cri-containerd-" ID ".scope",
	          "containerd", ID, POD, "containerd:" SHORT),
	CONTAINER("/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope", "crio", ID, POD,
	          "crio:" SHORT),
	CONTAINER("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" HASH
	          ".slice/docker-" ID ".scope",
	          "docker", ID, HASH, "docker:" SHORT),
	CONTAINER("/system.slice/containerd.service/kubepods-burstable-pod" POD_
	          ".slice:cri-containerd:" ID,
	          "containerd", ID, POD, "containerd:" SHORT),
	CONTAINER("/lxc.payload.web", "lxc", "web", "", "lxc:web"),
	CONTAINER("/lxc/web", "lxc", "web", "", "lxc:web"),
	CONTAINER("/machine.slice/machine-deb\\x2d12.scope", "machine", "deb\\x2d12", "",
	          "machine:deb\\x2d12"),
	CONTAINER("/machine.slice/systemd-nspawn@deb.service/payload", "machine", "deb", "",
	          "machine:deb"),
	/* A container in a container: the inner one. */
	CONTAINER("/docker/" ID2 "/docker/" ID, "docker", ID, "", "docker:" SHORT),

	/* A system in a container: its own units, under the container's name. */
	{ "/lxc.payload.web/system.slice/nginx.service", RF_UNIT_CONTAINER, "nginx.service", "",
	  "lxc", "web", "", "lxc:web" },
	{ "/docker/" ID "/system.slice/a.service", RF_UNIT_CONTAINER, "a.service", "", "docker", ID,
	  "", "docker:" SHORT },

	/* What manages a container is not in it. */
	UNIT("/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope"),
	{ "/kubepods.slice/kubepods-pod" POD_ ".slice/crio-conmon-" ID ".scope", RF_UNIT_SYSTEMD,
	  "crio-conmon-" ID ".scope", "", "", "", POD, "crio-conmon-" ID ".scope" },
	UNIT("/system.slice/docker.service", "docker.service"),
	NONE("/lxc.monitor.web"),

	/* Nearly an id. */
	UNIT("/system.slice/docker-" ID "0.scope", "docker-" ID "0.scope"),
	UNIT("/system.slice/docker-3f4e.scope", "docker-3f4e.scope"),
	NONE("/docker/" ID "0"),
	NONE("/docker/3F4E1C2B5A697887960514233241506F7E8D9CABBAC9D8E7F605142332415060"),
	NONE("/lxc.payload."),
	NONE("/docker-" ID ".slice.x"),
};

static void paths(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct rf_unit unit;
		char label[128];

		if (rf_cgroup_classify(r->path, &unit) != r->kind)
			fail_msg("'%s' is of kind %d", r->path, unit.kind);
		assert_int_equal(unit.kind, r->kind);
		assert_string_equal(unit.pod, r->pod);
		assert_string_equal(unit.unit, r->unit);
		assert_string_equal(unit.user_unit, r->user_unit);
		assert_string_equal(unit.runtime, r->runtime);
		assert_string_equal(unit.container, r->container);
		rf_unit_label(&unit, label, sizeof(label));
		assert_string_equal(label, r->label);
	}
}

static void hostile_paths(void **state)
{
	char path[8192];
	struct rf_unit unit;
	char label[8];

	/* Names longer than the kernel allows, and no end of levels. */
	memset(path, 'a', sizeof(path));
	memcpy(path, "/lxc.payload.", 13);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rf_cgroup_classify(path, &unit), RF_UNIT_CONTAINER);
	assert_true(strlen(unit.container) < RF_UNIT_NAME_LEN);
	rf_unit_label(&unit, label, sizeof(label));
	assert_string_equal(label, "lxc:aaa");

	for (size_t i = 0; i + 1 < sizeof(path); i++)
		path[i] = i % 2 ? 'x' : '/';
	assert_int_equal(rf_cgroup_classify(path, &unit), RF_UNIT_NONE);

	/* Bytes pass through as they are: views escape them. */
	assert_int_equal(rf_cgroup_classify("/system.slice/a\x1b[2J\"\xff.service", &unit),
	                 RF_UNIT_SYSTEMD);
	assert_string_equal(unit.unit, "a\x1b[2J\"\xff.service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(hostile_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
