// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/log.h"
#include "bpf/stream.h"

/* Two heads and a body fit, so that a block lies in one piece. */
#define BUFFER (RF_BLOCK_RAW_MAX + 4 * RF_BLOCK_HEADER + 65536)

struct rf_reader {
	int fd; /* -1: from memory */
	const unsigned char *memory;
	size_t memory_left;
	bool quiet;
	const char *path;
	struct rf_file_header header;
	struct rf_reader_state state;
	uint32_t sequence;
	unsigned char *buffer; /* [at, filled) is read and not used */
	size_t at;
	size_t filled;
	bool dry;           /* nothing more comes */
	unsigned char *raw; /* the block that is being handed out */
	size_t raw_size;
	size_t raw_at;
	union {
		uint64_t align;
		unsigned char bytes[RF_RECORD_ROOM];
	} rec;
};

static long fetch(struct rf_reader *r, void *to, size_t n)
{
	ssize_t got;

	if (r->fd < 0) {
		got = (ssize_t)(n < r->memory_left ? n : r->memory_left);
		memcpy(to, r->memory, (size_t)got);
		r->memory += got;
		r->memory_left -= (size_t)got;
		return got;
	}
	do
		got = read(r->fd, to, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* Makes n bytes available at ->at, as far as there are any. Bytes available, or a negative errno. */
static long need(struct rf_reader *r, size_t n)
{
	if (r->at + n > BUFFER) {
		memmove(r->buffer, r->buffer + r->at, r->filled - r->at);
		r->filled -= r->at;
		r->at = 0;
	}
	while (r->filled - r->at < n && !r->dry) {
		long got = fetch(r, r->buffer + r->filled, BUFFER - r->filled);

		if (got < 0) {
			if (!r->quiet)
				rf_err("cannot read %s: %s", r->path, strerror((int)-got));
			return got;
		}
		r->dry = !got;
		r->filled += (size_t)got;
		r->state.bytes += (size_t)got;
	}
	return (long)(r->filled - r->at);
}

static int complain(const struct rf_reader *r, int err)
{
	if (r->quiet)
		return err;
	if (err == -EPROTO)
		rf_err("%s was recorded in format %u, which this ringfence does not read; use a "
		       "newer one",
		       r->path, r->header.major);
	else if (err == -EINVAL)
		rf_err("%s is no recording, or its first 64 bytes are damaged; ringfence record "
		       "-o FILE makes one",
		       r->path);
	else
		rf_err("cannot read %s: %s", r->path, strerror(-err));
	return err;
}

static int read_header(struct rf_reader *r)
{
	long have = need(r, RF_FILE_HEADER);
	int err;

	if (have < 0)
		return (int)have;
	if (have < RF_FILE_HEADER)
		return complain(r, -EINVAL);
	err = rf_file_header_get(r->buffer, &r->header);
	if (err)
		return complain(r, err);
	have = need(r, r->header.size);
	if (have < 0)
		return (int)have;
	if ((size_t)have < r->header.size)
		return complain(r, -EINVAL);
	r->at += r->header.size;
	return 0;
}

static int open_reader(struct rf_reader **reader, struct rf_reader template)
{
	struct rf_reader *r = malloc(sizeof(*r));
	int err;

	*reader = NULL;
	if (!r) {
		if (template.fd > 0)
			close(template.fd);
		return -ENOMEM;
	}
	*r = template;
	r->buffer = malloc(BUFFER);
	r->raw = malloc(RF_BLOCK_RAW_MAX);
	err = r->buffer && r->raw ? read_header(r) : -ENOMEM;
	if (err) {
		rf_reader_close(r);
		return err;
	}
	*reader = r;
	return 0;
}

int rf_reader_open(struct rf_reader **r, const char *path)
{
	struct rf_reader template = { .path = path };

	template.fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) :
	                                  fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (template.fd < 0) {
		int err = errno;

		rf_err("cannot read %s: %s", path, strerror(err));
		return -err;
	}
	return open_reader(r, template);
}

int rf_reader_open_memory(struct rf_reader **r, const void *bytes, size_t n)
{
	return open_reader(r, (struct rf_reader){ .fd = -1,
	                                          .memory = bytes,
	                                          .memory_left = n,
	                                          .quiet = true,
	                                          .path = "memory" });
}

void rf_reader_close(struct rf_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r->buffer);
	free(r->raw);
	free(r);
}

const struct rf_file_header *rf_reader_header(const struct rf_reader *r)
{
	return &r->header;
}

const struct rf_reader_state *rf_reader_state(const struct rf_reader *r)
{
	return &r->state;
}

/* Passes over bytes up to what could be a block's first. */
static void pass_over(struct rf_reader *r)
{
	unsigned char magic[4];
	const unsigned char *next;

	rf_put32(magic, RF_BLOCK_MAGIC);
	r->at++;
	r->state.bad_bytes++;
	next = memmem(r->buffer + r->at, r->filled - r->at, magic, sizeof(magic));
	if (!next) /* it may begin in the last bytes that are here */
		next = r->buffer + (r->filled - r->at > 3 ? r->filled - 3 : r->at);
	r->state.bad_bytes += (uint64_t)(next - r->buffer) - r->at;
	r->at = (size_t)(next - r->buffer);
}

/* The next block's head and, at *body, its bytes. 1; 0 at the end of what can be read; -errno. */
static int next_block(struct rf_reader *r, struct rf_block *b, const unsigned char **body)
{
	for (;;) {
		long have = need(r, RF_BLOCK_HEADER);

		if (have < 0)
			return (int)have;
		if (have < RF_BLOCK_HEADER) {
			r->state.bad_bytes += (uint64_t)have;
			r->at = r->filled;
			return 0;
		}
		if (rf_block_get(r->buffer + r->at, b)) {
			pass_over(r);
			continue;
		}
		have = need(r, RF_BLOCK_HEADER + (size_t)b->stored);
		if (have < 0)
			return (int)have;
		if ((size_t)have < RF_BLOCK_HEADER + (size_t)b->stored) {
			/* cut off, or a head that lies: what follows it may be sound */
			pass_over(r);
			continue;
		}
		*body = r->buffer + r->at + RF_BLOCK_HEADER;
		return 1;
	}
}

static int unpack_block(struct rf_reader *r, const struct rf_block *b, const unsigned char *body)
{
	if (rf_crc32(body, b->stored) != b->crc)
		return -EINVAL;
	if (b->codec == RF_CODEC_ZSTD)
		return rf_unpack(r->raw, b->raw, body, b->stored);
	if (b->codec != RF_CODEC_STORED)
		return -EINVAL;
	memcpy(r->raw, body, b->raw);
	return 0;
}

static void count_missing(struct rf_reader *r, const struct rf_block *b)
{
	/* a number that goes back is no gap: recordings may be joined */
	if (b->sequence > r->sequence)
		r->state.bad_blocks += b->sequence - r->sequence;
	r->sequence = b->sequence + 1;
}

/* Makes the next block of records current. 1; 0 at the end; -errno. */
static int next_records(struct rf_reader *r)
{
	const unsigned char *body = NULL;
	struct rf_block b;
	int ret;

	while ((ret = next_block(r, &b, &body)) > 0) {
		count_missing(r, &b);
		ret = unpack_block(r, &b, body);
		if (ret == -EOPNOTSUPP) {
			if (!r->quiet)
				rf_err("%s is compressed, and this build has no zstd", r->path);
			return ret;
		}
		r->at += RF_BLOCK_HEADER + b.stored;
		if (ret) {
			r->state.bad_blocks++;
			r->state.bad_bytes += RF_BLOCK_HEADER + b.stored;
			r->state.bad_crossings += b.crossings;
			continue;
		}
		if (b.kind == RF_BLOCK_END && b.raw >= RF_END_SIZE) {
			rf_file_end_get(r->raw, &r->state.end);
			r->state.ended = true;
		}
		if (b.kind != RF_BLOCK_RECORDS)
			continue;
		r->raw_size = b.raw;
		r->raw_at = 0;
		return 1;
	}
	return ret;
}

/* A string of the payload, with its NUL inside; NULL: there is none. */
static const char *string_at(const unsigned char *p, size_t size, size_t at)
{
	return at < size && memchr(p + at, '\0', size - at) ? (const char *)p + at : NULL;
}

static bool get_own(struct rf_entry_read *e, uint16_t type, const unsigned char *p, size_t size)
{
	switch (type) {
	case RF_FILE_FACT:
		e->kind = RF_ENTRY_FACT;
		e->key = string_at(p, size, 0);
		e->text = e->key ? string_at(p, size, strlen(e->key) + 1) : NULL;
		return e->text;
	case RF_FILE_CALL:
		e->kind = RF_ENTRY_CALL;
		e->text = string_at(p, size, 4);
		if (!e->text)
			return false;
		e->abi = rf_get16(p);
		e->nr = rf_get16(p + 2);
		return true;
	case RF_FILE_USER:
		e->kind = RF_ENTRY_USER;
		e->text = string_at(p, size, 4);
		e->id = e->text ? rf_get32(p) : 0;
		return e->text;
	case RF_FILE_EXE:
	case RF_FILE_CGROUP:
	case RF_FILE_PROCESS_CGROUP:
		e->kind = type == RF_FILE_EXE    ? RF_ENTRY_EXE :
		          type == RF_FILE_CGROUP ? RF_ENTRY_CGROUP :
		                                   RF_ENTRY_PROCESS_CGROUP;
		e->text = string_at(p, size, 8);
		e->id = e->text ? rf_get64(p) : 0;
		return e->text;
	case RF_FILE_SWEEP:
		e->kind = RF_ENTRY_SWEEP;
		e->final = size >= 4 && rf_get32(p);
		return size >= 4;
	case RF_FILE_SWEPT:
		e->kind = RF_ENTRY_SWEPT;
		if (size < 20)
			return false;
		e->time_ns = rf_get64(p);
		e->skipped = rf_get64(p + 8);
		e->final = rf_get32(p + 16);
		return true;
	case RF_FILE_OPEN:
		e->kind = RF_ENTRY_OPEN;
		e->count = size >= 8 ? rf_get64(p) : 0;
		return size >= 8;
	default:
		return false;
	}
}

static void note_batch(struct rf_reader *r)
{
	const struct rf_batch_head *h = (const void *)r->rec.bytes;

	if (h->rec.type == RF_REC_BATCH && h->last_ns > r->state.last_ns)
		r->state.last_ns = h->last_ns;
}

/* One record of the current block. 1 and *e; 0: passed over. */
static int next_record(struct rf_reader *r, struct rf_entry_read *e)
{
	const unsigned char *p = r->raw + r->raw_at;
	size_t left = r->raw_size - r->raw_at, size;
	uint16_t type;
	long got;

	if (left < RF_RECORD_HEADER || rf_get32(p + 4) > left - RF_RECORD_HEADER) {
		r->state.bad_records++;
		r->raw_at = r->raw_size;
		return 0;
	}
	type = rf_get16(p);
	size = rf_get32(p + 4);
	r->raw_at += RF_RECORD_HEADER + size;
	*e = (struct rf_entry_read){ 0 };
	if (type >= RF_FILE_FACT) {
		if (get_own(e, type, p + RF_RECORD_HEADER, size))
			return 1;
		if (type > RF_FILE_PROCESS_CGROUP)
			r->state.unknown_records++;
		else
			r->state.bad_records++;
		return 0;
	}
	got = rf_record_get(r->rec.bytes, sizeof(r->rec.bytes), type, rf_get16(p + 2),
	                    p + RF_RECORD_HEADER, size);
	if (got <= 0) {
		if (got)
			r->state.bad_records++;
		else
			r->state.unknown_records++;
		return 0;
	}
	note_batch(r);
	e->kind = RF_ENTRY_RECORD;
	e->rec = r->rec.bytes;
	e->size = (size_t)got;
	return 1;
}

int rf_reader_next(struct rf_reader *r, struct rf_entry_read *e)
{
	for (;;) {
		while (r->raw_at < r->raw_size)
			if (next_record(r, e))
				return 1;
		int ret = next_records(r);

		if (ret <= 0)
			return ret;
	}
}
