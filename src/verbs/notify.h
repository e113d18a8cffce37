/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling the service manager how far this process is: the protocol of sd_notify(3), which is one
 * datagram. systemd's own documentation asks for independent implementations of it; libsystemd
 * would bring five more libraries into a process of root, and cannot be linked statically.
 */
#ifndef RF_VERBS_NOTIFY_H
#define RF_VERBS_NOTIFY_H

/* state: as in sd_notify(3), "READY=1". 0, also where nobody waits for it; or a negative errno. */
int rf_notify(const char *state);

#endif
