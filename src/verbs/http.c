// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HOST_LEN 64

static int resolve(const char *address, struct addrinfo **found, char *err, size_t errlen)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		                  .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':'), *port = colon ? colon + 1 : address;
	size_t len = colon ? (size_t)(colon - address) : 0;
	char host[HOST_LEN] = "127.0.0.1", *end;
	unsigned long number;

	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len >= sizeof(host)) {
		snprintf(err, errlen, "\"%s\" is no address", address);
		return -EINVAL;
	}
	if (len && (len != strlen("localhost") || strncmp(address, "localhost", len) != 0))
		snprintf(host, sizeof(host), "%.*s", (int)len, address);
	number = strtoul(port, &end, 10);
	if (*port < '0' || *port > '9' || *end || number > 65535) {
		snprintf(err, errlen,
		         "\"%s\" is no port; use 127.0.0.1:9950, or another from 1 to "
		         "65535",
		         port);
		return -EINVAL;
	}
	if (getaddrinfo(host, port, &hints, found)) {
		snprintf(err, errlen,
		         "\"%s\" is no address of this host; use a number, as in 127.0.0.1:%s or "
		         "[::1]:%s",
		         host, port, port);
		return -EINVAL;
	}
	return 0;
}

int rf_http_check(const char *address, char *err, size_t errlen)
{
	struct addrinfo *found;
	int ret = resolve(address, &found, err, errlen);

	if (!ret)
		freeaddrinfo(found);
	return ret;
}

#if RF_HAVE_MICROHTTPD

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <zlib.h>

#include "base/rf_time.h"
#include "verbs/accept.h"
#include "views/prometheus.h"

#define CONNECTIONS_MAX 16
#define IDLE_S 10
#define LIFE_NS (20 * RF_NSEC_PER_SEC)
#define LOOK_MS 1000
#define MEMORY_MAX 16384
#define URL_LEN (HOST_LEN + 32)

enum { TEXT, OPENMETRICS, FORMATS };

/* One version of the page, in all forms; immutable but for its readers. */
struct page {
	unsigned int readers; /* answers under way, and one for being the newest */
	char *bytes[FORMATS];
	size_t len[FORMATS];
	unsigned char *packed[FORMATS]; /* NULL: not asked for yet */
	size_t packed_len[FORMATS];
};

struct connection {
	int fd; /* -1: free */
	uint64_t since_ns;
};

struct rf_http {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int stop_fd;
	char url[URL_LEN];
	pthread_mutex_t lock; /* of page, and of all pages' readers */
	struct page *page;    /* NULL: nothing was published */
	/* the thread's own */
	struct connection connections[CONNECTIONS_MAX];
	bool busy; /* there were some */
};

static void page_free(struct page *p)
{
	for (size_t i = 0; i < FORMATS; i++) {
		free(p->bytes[i]);
		free(p->packed[i]);
	}
	free(p);
}

static struct page *page_take(struct rf_http *h)
{
	struct page *p;

	pthread_mutex_lock(&h->lock);
	p = h->page;
	if (p)
		p->readers++;
	pthread_mutex_unlock(&h->lock);
	return p;
}

static void page_give_back(struct rf_http *h, struct page *p)
{
	bool last;

	pthread_mutex_lock(&h->lock);
	last = !--p->readers;
	pthread_mutex_unlock(&h->lock);
	if (last)
		page_free(p);
}

/* Compresses a form of the page for good, only on the server's thread. 0 or -ENOMEM. */
static int pack(struct page *p, int format)
{
	z_stream z = { 0 };
	uLong room;
	int ret;

	if (p->packed[format])
		return 0;
	/* 16: a gzip header and trailer */
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	room = deflateBound(&z, p->len[format]);
	p->packed[format] = malloc(room);
	z.next_in = (Bytef *)p->bytes[format];
	z.avail_in = (uInt)p->len[format];
	z.next_out = p->packed[format];
	z.avail_out = (uInt)room;
	ret = p->packed[format] ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	p->packed_len[format] = room - z.avail_out;
	deflateEnd(&z);
	if (ret == Z_STREAM_END)
		return 0;
	free(p->packed[format]);
	p->packed[format] = NULL;
	return -ENOMEM;
}

static enum MHD_Result answer_line(struct MHD_Connection *c, unsigned int status, const char *line)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(line), (void *)line, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result ret;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
	MHD_add_response_header(r, "Connection", "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	ret = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return ret;
}

struct answer {
	struct rf_http *http;
	struct page *page;
	const void *bytes;
	size_t len;
};

static ssize_t answer_read(void *cls, uint64_t at, char *buf, size_t max)
{
	const struct answer *a = cls;
	size_t left = a->len - at;

	if (!left)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (max > left)
		max = left;
	memcpy(buf, (const char *)a->bytes + at, max);
	return (ssize_t)max;
}

static void answer_free(void *cls)
{
	struct answer *a = cls;

	page_give_back(a->http, a->page);
	free(a);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer_page(struct rf_http *h, struct MHD_Connection *c, struct page *p)
{
	int format = rf_accepts_openmetrics(header(c, "Accept")) ? OPENMETRICS : TEXT;
	bool packed = rf_accepts_gzip(header(c, "Accept-Encoding")) && !pack(p, format);
	struct answer *a = malloc(sizeof(*a));
	struct MHD_Response *r = NULL;
	enum MHD_Result ret;

	if (a) {
		*a = (struct answer){ h, p,
			              packed ? (const void *)p->packed[format] : p->bytes[format],
			              packed ? p->packed_len[format] : p->len[format] };
		r = MHD_create_response_from_callback(a->len, MEMORY_MAX, answer_read, a,
		                                      answer_free);
	}
	if (!r) {
		free(a);
		page_give_back(h, p);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type",
	                        format == OPENMETRICS ? RF_PROMETHEUS_OPENMETRICS :
	                                                RF_PROMETHEUS_TEXT);
	if (packed)
		MHD_add_response_header(r, "Content-Encoding", "gzip");
	MHD_add_response_header(r, "Vary", "Accept, Accept-Encoding");
	MHD_add_response_header(r, "Connection", "close");
	ret = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return ret;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **state)
{
	struct rf_http *h = cls;
	struct page *p;

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	/* at once, before a body is read */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_line(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD only\n");
	if (strcmp(url, "/metrics") != 0)
		return answer_line(c, MHD_HTTP_NOT_FOUND, "ringfence export: see /metrics\n");
	p = page_take(h);
	if (!p)
		return answer_line(c, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing was measured yet\n");
	return answer_page(h, c, p);
}

static void on_connection(void *cls, struct MHD_Connection *c, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct rf_http *h = cls;

	(void)state;
	for (size_t i = 0; info && i < CONNECTIONS_MAX; i++) {
		struct connection *known = &h->connections[i];

		if (code == MHD_CONNECTION_NOTIFY_STARTED && known->fd < 0) {
			*known = (struct connection){ info->connect_fd, rf_now_ns() };
			return;
		}
		if (code == MHD_CONNECTION_NOTIFY_CLOSED && known->fd == info->connect_fd)
			known->fd = -1;
	}
}

/*
 * Ends what has lasted too long, whatever it is at; returns ms until that is to be looked at again.
 * Once more after the last one has gone: having been full, the library listens again only when it
 * is run another time.
 */
static int end_old_connections(struct rf_http *h)
{
	bool any = false, before = h->busy;
	uint64_t now = rf_now_ns();

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		const struct connection *c = &h->connections[i];

		any |= c->fd >= 0;
		if (c->fd >= 0 && now - c->since_ns > LIFE_NS)
			shutdown(c->fd, SHUT_RDWR);
	}
	h->busy = any;
	return any || before ? LOOK_MS : -1;
}

static int timeout_ms(struct rf_http *h)
{
	MHD_UNSIGNED_LONG_LONG wanted;
	int own = end_old_connections(h);

	if (MHD_get_timeout(h->daemon, &wanted) != MHD_YES)
		return own;
	if (own >= 0 && wanted > (MHD_UNSIGNED_LONG_LONG)own)
		return own;
	return wanted > LOOK_MS ? LOOK_MS : (int)wanted;
}

static void *serve(void *arg)
{
	struct rf_http *h = arg;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = { { .fd = h->stop_fd, .events = POLLIN },
		                { .fd = info->epoll_fd, .events = POLLIN } };

	while (!fds[0].revents) {
		if (poll(fds, 2, timeout_ms(h)) < 0 && errno != EINTR)
			break;
		MHD_run(h->daemon);
	}
	return NULL;
}

static int take_port(struct rf_http *h, const char *address, char *err, size_t errlen)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	char host[HOST_LEN], port[8];
	struct addrinfo *found;
	__close int fd = -1;
	int one = 1, ret = resolve(address, &found, err, errlen);

	if (ret)
		return ret;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* what a former server left in TIME_WAIT is no reason to wait */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, CONNECTIONS_MAX) ||
	    getsockname(fd, (struct sockaddr *)&bound, &len))
		ret = -errno;
	freeaddrinfo(found);
	if (ret) {
		snprintf(err, errlen, "cannot listen on %s: %s%s", address, strerror(-ret),
		         ret == -EADDRINUSE    ? "; choose another port" :
		         ret == -EADDRNOTAVAIL ? "; it is no address of this host" :
		         ret == -EACCES        ? "; ports below 1024 need CAP_NET_BIND_SERVICE" :
		                                 "");
		return ret;
	}
	getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
	            NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(h->url, sizeof(h->url),
	         strchr(host, ':') ? "http://[%s]:%s/metrics" : "http://%s:%s/metrics", host, port);
	return rf_steal_fd(&fd);
}

static int start(struct rf_http *h, int listen_fd)
{
	sigset_t all, before;
	int ret;

	h->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (h->stop_fd < 0) {
		ret = -errno;
		close(listen_fd);
		return ret;
	}
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, h, MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	if (!h->daemon) {
		close(listen_fd);
		return -ENOMEM;
	}
	/* signals are for the thread that measures */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&h->thread, NULL, serve, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret) {
		MHD_stop_daemon(h->daemon);
		h->daemon = NULL;
	}
	return -ret;
}

int rf_http_open(struct rf_http **http, const char *address, char *err, size_t errlen)
{
	struct rf_http *h = calloc(1, sizeof(*h));
	int fd, ret;

	*http = NULL;
	if (!h) {
		snprintf(err, errlen, "out of memory");
		return -ENOMEM;
	}
	h->stop_fd = -1;
	pthread_mutex_init(&h->lock, NULL);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		h->connections[i].fd = -1;
	fd = take_port(h, address, err, errlen);
	ret = fd < 0 ? fd : start(h, fd);
	if (ret) {
		if (fd >= 0)
			snprintf(err, errlen, "cannot serve: %s", strerror(-ret));
		rf_http_close(h);
		return ret;
	}
	*http = h;
	return 0;
}

void rf_http_close(struct rf_http *h)
{
	uint64_t one = 1;

	if (!h)
		return;
	if (h->daemon) {
		if (write(h->stop_fd, &one, sizeof(one)) == sizeof(one))
			pthread_join(h->thread, NULL);
		MHD_stop_daemon(h->daemon);
	}
	if (h->stop_fd >= 0)
		close(h->stop_fd);
	if (h->page)
		page_give_back(h, h->page);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

const char *rf_http_url(const struct rf_http *h)
{
	return h->url;
}

int rf_http_publish(struct rf_http *h, const char *text, const char *openmetrics)
{
	const char *const forms[FORMATS] = { text, openmetrics };
	struct page *p = calloc(1, sizeof(*p)), *former;

	if (!p)
		return -ENOMEM;
	p->readers = 1;
	for (size_t i = 0; i < FORMATS; i++) {
		p->len[i] = strlen(forms[i]);
		p->bytes[i] = strdup(forms[i]);
		if (!p->bytes[i]) {
			page_free(p);
			return -ENOMEM;
		}
	}
	pthread_mutex_lock(&h->lock);
	former = h->page;
	h->page = p;
	pthread_mutex_unlock(&h->lock);
	if (former)
		page_give_back(h, former);
	return 0;
}

#else

int rf_http_open(struct rf_http **http, const char *address, char *err, size_t errlen)
{
	*http = NULL;
	(void)address;
	snprintf(err, errlen, "this ringfence was built without libmicrohttpd; use --textfile");
	return -ENOSYS;
}

void rf_http_close(struct rf_http *http)
{
	(void)http;
}

const char *rf_http_url(const struct rf_http *http)
{
	(void)http;
	return "";
}

int rf_http_publish(struct rf_http *http, const char *text, const char *openmetrics)
{
	(void)http;
	(void)text;
	(void)openmetrics;
	return -ENOSYS;
}

#endif
