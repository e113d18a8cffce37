/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands before libbpf's header of this name on the include path of every room but the probe. */
#error "only src/probe talks to libbpf"
