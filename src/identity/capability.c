// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/capability.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
	[0] = "CAP_CHOWN",
	[1] = "CAP_DAC_OVERRIDE",
	[2] = "CAP_DAC_READ_SEARCH",
	[3] = "CAP_FOWNER",
	[4] = "CAP_FSETID",
	[5] = "CAP_KILL",
	[6] = "CAP_SETGID",
	[7] = "CAP_SETUID",
	[8] = "CAP_SETPCAP",
	[9] = "CAP_LINUX_IMMUTABLE",
	[10] = "CAP_NET_BIND_SERVICE",
	[11] = "CAP_NET_BROADCAST",
	[12] = "CAP_NET_ADMIN",
	[13] = "CAP_NET_RAW",
	[14] = "CAP_IPC_LOCK",
	[15] = "CAP_IPC_OWNER",
	[16] = "CAP_SYS_MODULE",
	[17] = "CAP_SYS_RAWIO",
	[18] = "CAP_SYS_CHROOT",
	[19] = "CAP_SYS_PTRACE",
	[20] = "CAP_SYS_PACCT",
	[21] = "CAP_SYS_ADMIN",
	[22] = "CAP_SYS_BOOT",
	[23] = "CAP_SYS_NICE",
	[24] = "CAP_SYS_RESOURCE",
	[25] = "CAP_SYS_TIME",
	[26] = "CAP_SYS_TTY_CONFIG",
	[27] = "CAP_MKNOD",
	[28] = "CAP_LEASE",
	[29] = "CAP_AUDIT_WRITE",
	[30] = "CAP_AUDIT_CONTROL",
	[31] = "CAP_SETFCAP",
	[32] = "CAP_MAC_OVERRIDE",
	[33] = "CAP_MAC_ADMIN",
	[34] = "CAP_SYSLOG",
	[35] = "CAP_WAKE_ALARM",
	[36] = "CAP_BLOCK_SUSPEND",
	[37] = "CAP_AUDIT_READ",
	[38] = "CAP_PERFMON",
	[39] = "CAP_BPF",
	[40] = "CAP_CHECKPOINT_RESTORE",
};
#define NR_NAMES ((int)(sizeof(names) / sizeof(names[0])))
/* The kernel's capability sets are 64 bits wide. */
#define MAX_CAPS 64

const char *rf_capability_name(int cap)
{
	return cap >= 0 && cap < NR_NAMES ? names[cap] : NULL;
}

const char *rf_capability_label(int cap, char *buf, size_t len)
{
	const char *name = rf_capability_name(cap);

	if (name)
		return name;
	snprintf(buf, len, "CAP_%d", cap);
	return buf;
}

int rf_capability_lookup(const char *name)
{
	char *end;
	long cap;

	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (int i = 0; i < NR_NAMES; i++) {
		if (!strcasecmp(names[i] + 4, name))
			return i;
	}
	if (*name < '0' || *name > '9')
		return -ENOENT;
	cap = strtol(name, &end, 10);
	return *end || cap >= MAX_CAPS ? -ENOENT : (int)cap;
}
