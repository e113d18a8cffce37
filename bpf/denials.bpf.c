// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that failed for a reason of isolation; and capabilities that were asked
 * for and are not there. Many of those checks are only a question, whose "no"
 * refuses nothing; so what was found wanting is remembered and told only when
 * the call fails with EPERM or EACCES.
 */
#include "isolation.bpf.h"

#define EPERM 1
#define EACCES 13
#define EFAULT 14

static __always_inline int rf_wanting(int cap, int ret)
{
	struct rf_cpu *c;

	if (!ret || rf_off() || cap < 0 || cap > 63)
		return 0;
	c = rf_this_cpu();
	if (!c || c->task != (__u64)rf_current() || !(c->flags & RF_T_COUNTED))
		return 0;
	if (c->caps_mark != rf_open_mark(c)) {
		c->caps_mark = rf_open_mark(c);
		c->caps = 0;
	}
	c->caps |= 1ULL << cap;
	return 0;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(rf_cap_capable, const struct cred *cred, struct user_namespace *target,
             const struct user_namespace *capable, int cap, int ret)
{
	return rf_wanting(cap, ret);
}

/* Where programs on the BTF tracepoints may be preempted; see calls.bpf.c. */
struct rf_classic_capable {
	__u64 common;
	__u64 cred;
	__u64 target;
	__u64 capable;
	int cap;
	int ret;
};

SEC("tracepoint")
int rf_cap_capable_classic(struct rf_classic_capable *ctx)
{
	return rf_wanting(ctx->cap, ctx->ret);
}

static __always_inline void rf_book_capabilities(struct rf_cpu *c)
{
	__u64 caps = c->caps;
	__u32 cap;

	for (cap = 0; cap < 64 && caps; cap++, caps >>= 1) {
		if (!(caps & 1))
			continue;
		if (!rf_count_isolated(c->entity, RF_ISOLATION_CAPABILITY, cap, c->call))
			c->counts[rf_epoch()].lost_details++;
	}
}

/* The call that c is about, which has just ended, failed with err. */
__noinline int rf_refused(__u32 err)
{
	struct rf_cpu *c = rf_this_cpu();

	if (!c)
		return 0;
	if (err == EFAULT)
		rf_bad_pointer();
	else if ((err == EPERM || err == EACCES) && c->caps_mark == rf_open_mark(c))
		rf_book_capabilities(c);
	return 0;
}
