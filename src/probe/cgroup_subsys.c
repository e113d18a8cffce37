// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/cgroup_subsys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

int rf_cgroup_subsys(const char *controller)
{
	size_t len = strcspn(controller, ",");
	const struct btf_enum *value;
	const struct btf_type *type;
	int id, ret = -ENOENT;
	struct btf *btf;
	char name[96];

	/* the one controller whose name in v1 is not its name in the kernel */
	if (len == 5 && !strncmp(controller, "blkio", len))
		snprintf(name, sizeof(name), "io_cgrp_id");
	else
		snprintf(name, sizeof(name), "%.*s_cgrp_id", (int)len, controller);

	btf = btf__load_vmlinux_btf();
	if (!btf)
		return -errno;
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	type = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	value = type ? btf_enum(type) : NULL;
	for (int i = 0; type && i < btf_vlen(type); i++, value++)
		if (!strcmp(btf__name_by_offset(btf, value->name_off), name))
			ret = value->val;
	btf__free(btf);
	return ret;
}
