// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/top_collect.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/rf_time.h"

/*
 * Cells count in 32 bits and open spans grow until a sweep takes them in, so a long interval is
 * swept now and then all the same.
 */
#define SWEEP_NS (30 * RF_NSEC_PER_SEC)
/* The first interval is shorter: whoever starts top wants to see something. */
#define FIRST_NS (250 * RF_NSEC_PER_MSEC)

int rf_collector_feed(void *ctx, const void *rec, size_t size)
{
	struct rf_collector *c = ctx;
	int ret = rf_feed(&c->feeder, rec, size);

	if (!ret && c->isolation)
		ret = rf_isolation_feed(c->isolation, rec, size);
	return ret ? ret : rf_top_taker_feed(c->taker, rec, size);
}

/* An rf_violation_sink. A line that there is no memory for is missing in the feed alone. */
static void take_violation(void *ctx, const struct rf_violation *v)
{
	struct rf_collector *c = ctx;

	(void)rf_top_taker_violation(c->taker, &c->words, v);
}

int rf_collector_watch_violations(struct rf_collector *c)
{
	c->isolation = rf_isolation_new(take_violation, c);
	return c->isolation ? 0 : -ENOMEM;
}

int rf_collector_open(struct rf_collector *c, struct rf_top_taker *taker)
{
	*c = (struct rf_collector){ .taker = taker, .ready_fd = -1, .wake_fd = -1 };
	pthread_mutex_init(&c->lock, NULL);
	c->ledger = rf_ledger_new();
	if (!c->ledger)
		return -ENOMEM;
	c->feeder.ledger = c->ledger;
	c->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->ready_fd < 0 || c->wake_fd < 0)
		return -errno;
	c->cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	return 0;
}

void rf_collector_close(struct rf_collector *c)
{
	if (!c->ledger)
		return;
	rf_collector_stop(c);
	rf_top_snapshot_free(c->latest);
	rf_isolation_free(c->isolation);
	rf_ledger_free(c->ledger);
	if (c->ready_fd >= 0)
		close(c->ready_fd);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	pthread_mutex_destroy(&c->lock);
	*c = (struct rf_collector){ .ready_fd = -1, .wake_fd = -1 };
}

/* An eventfd that is full has been signalled already. */
static void signal_fd(int fd)
{
	uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void clear_fd(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * RF_NSEC_PER_SEC + (uint64_t)tv.tv_usec * RF_NSEC_PER_USEC;
}

static void measure_cost(struct rf_collector *c, struct rf_top_cost *cost)
{
	struct rf_probe_cost probe = { 0 };
	struct rusage usage = { 0 };
	uint64_t cpu_ns;

	getrusage(RUSAGE_SELF, &usage);
	cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	cost->cpu_ns = cpu_ns - c->cpu_ns;
	c->cpu_ns = cpu_ns;
	if (rf_probe_cost(c->probe, &probe))
		return;
	cost->kernel_bytes = probe.kernel_bytes;
	cost->has_bpf = probe.timed;
	cost->bpf_ns = probe.bpf_ns > c->bpf_ns ? probe.bpf_ns - c->bpf_ns : 0;
	c->bpf_ns = probe.bpf_ns;
}

static void hand_over(struct rf_collector *c, struct rf_top_snapshot *s, int error)
{
	struct rf_top_snapshot *old;

	pthread_mutex_lock(&c->lock);
	old = c->latest;
	if (s)
		c->latest = s;
	c->error = error;
	pthread_mutex_unlock(&c->lock);
	/* the other half was too slow for it */
	if (s)
		rf_top_snapshot_free(old);
	signal_fd(c->ready_fd);
}

static int sweep(struct rf_collector *c, uint64_t *now)
{
	int ret = rf_ledger_sweep_begin(c->ledger);

	rf_top_taker_begin(c->taker);
	if (!ret)
		ret = rf_probe_sweep(c->probe, now);
	rf_ledger_set_skipped(c->ledger, rf_probe_skipped(c->probe));
	if (!ret)
		ret = rf_ledger_sweep_end(c->ledger, *now, false);
	if (!c->isolation)
		return ret;
	rf_isolation_set_skipped(c->isolation, rf_probe_violations_skipped(c->probe));
	rf_isolation_sweep_end(c->isolation);
	rf_isolation_advance(c->isolation, rf_now_ns());
	return ret;
}

static int end_interval(struct rf_collector *c)
{
	struct rf_top_moment moment = { .cpus = c->cpus };
	struct rf_top_snapshot *s;
	int ret = sweep(c, &moment.now_ns);

	if (ret)
		return ret;
	measure_cost(c, &moment.cost);
	s = rf_top_take(c->taker, c->ledger, c->isolation, &moment);
	if (!s)
		return -ENOMEM;
	hand_over(c, s, 0);
	rf_ledger_next_interval(c->ledger, moment.now_ns);
	if (c->isolation)
		rf_isolation_next_interval(c->isolation);
	return 0;
}

/* Waits until due, or until the ring or the other half want something. */
static int wait_until(struct rf_collector *c, uint64_t due)
{
	struct pollfd fds[] = { { .fd = rf_probe_fd(c->probe), .events = POLLIN },
		                { .fd = c->wake_fd, .events = POLLIN } };
	uint64_t now = rf_now_ns();
	struct timespec left = rf_ns_to_timespec(due > now ? due - now : 0);
	int ret = 0;

	if (ppoll(fds, 2, &left, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		clear_fd(c->wake_fd);
	if (fds[0].revents)
		ret = rf_probe_poll(c->probe, 0);
	return ret == -EINTR ? 0 : ret;
}

/* The times between which one interval lies, and the sweeps in it. */
static int run_intervals(struct rf_collector *c)
{
	uint64_t begin = rf_now_ns(), swept = begin, now, end;
	bool first = true;
	int ret = 0;

	while (!ret && !atomic_load(&c->stop)) {
		uint64_t interval = atomic_load(&c->interval_ns), due;

		end = begin + (first && interval > FIRST_NS ? FIRST_NS : interval);
		due = end - swept > SWEEP_NS ? swept + SWEEP_NS : end;
		ret = wait_until(c, due);
		now = rf_now_ns();
		if (ret || now < due || atomic_load(&c->stop))
			continue;
		if (now < end) {
			ret = sweep(c, &swept);
			continue;
		}
		ret = end_interval(c);
		swept = now;
		/* intervals that were slept through are left out */
		begin = first || now - end > interval ? now : end;
		first = false;
	}
	return ret;
}

static void *collect(void *ctx)
{
	struct rf_collector *c = ctx;
	int ret = run_intervals(c);

	if (ret)
		hand_over(c, NULL, ret);
	return NULL;
}

int rf_collector_start(struct rf_collector *c, struct rf_probe *probe, uint64_t start_ns,
                       uint64_t interval_ns)
{
	struct rf_top_cost ignored;
	sigset_t all, before;
	int ret;

	c->probe = probe;
	atomic_store(&c->interval_ns, interval_ns);
	rf_ledger_start(c->ledger, start_ns);
	measure_cost(c, &ignored);
	/* signals are the other half's, but those that the thread itself causes */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	ret = pthread_create(&c->thread, NULL, collect, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->running = !ret;
	return -ret;
}

void rf_collector_set_interval(struct rf_collector *c, uint64_t interval_ns)
{
	atomic_store(&c->interval_ns, interval_ns);
	signal_fd(c->wake_fd);
}

void rf_collector_stop(struct rf_collector *c)
{
	if (!c->running)
		return;
	atomic_store(&c->stop, true);
	signal_fd(c->wake_fd);
	pthread_join(c->thread, NULL);
	c->running = false;
}

struct rf_top_snapshot *rf_collector_take(struct rf_collector *c, int *error)
{
	struct rf_top_snapshot *s;

	clear_fd(c->ready_fd);
	pthread_mutex_lock(&c->lock);
	s = c->latest;
	c->latest = NULL;
	*error = c->error;
	pthread_mutex_unlock(&c->lock);
	return s;
}
