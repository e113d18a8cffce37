// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bpf/stream.h"

/* Two heads and a body fit, so that a block lies in one piece. */
#define BUFFER (RF_BLOCK_RAW_MAX + 4 * RF_BLOCK_HEADER + 65536)

/* Blocks that follow each other in the file and need not be read. */
struct gap {
	uint64_t begin; /* offsets */
	uint64_t end;
	uint32_t blocks;
};

struct rf_reader {
	int fd; /* -1: from memory */
	const unsigned char *memory;
	size_t memory_size;
	bool quiet;
	const char *path;
	struct rf_file_header header;
	struct rf_reader_state state;
	uint32_t sequence;
	unsigned char *buffer; /* [at, filled) is read and not used */
	size_t at;
	size_t filled;
	uint64_t offset;  /* in the file, of what is at filled */
	bool dry;         /* nothing more comes */
	struct gap *gaps; /* by offset */
	size_t nr_gaps;
	size_t gap;         /* the next one */
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
		size_t left = r->offset < r->memory_size ? r->memory_size - r->offset : 0;

		if (n > left)
			n = left;
		memcpy(to, r->memory + (left ? r->offset : 0), n);
		return (long)n;
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
		r->offset += (size_t)got;
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
	                                          .memory_size = n,
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
	free(r->gaps);
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

/* ---- the index ---- */

/* n bytes at an offset, wherever the reader is. */
static bool read_at(const struct rf_reader *r, void *to, size_t n, uint64_t at)
{
	if (r->fd >= 0)
		return at <= INT64_MAX && pread(r->fd, to, n, (off_t)at) == (ssize_t)n;
	if (at > r->memory_size || n > r->memory_size - at)
		return false;
	memcpy(to, r->memory + at, n);
	return true;
}

/* A block whose bytes are not packed or are unpacked into raw. Its size in the file, or 0. */
static size_t read_block_at(const struct rf_reader *r, uint64_t at, uint16_t kind,
                            struct rf_block *b, unsigned char *raw)
{
	unsigned char head[RF_BLOCK_HEADER];
	__free unsigned char *stored = NULL;

	if (!read_at(r, head, sizeof(head), at) || rf_block_get(head, b) || b->kind != kind)
		return 0;
	stored = malloc(b->stored ? b->stored : 1);
	if (!stored || !read_at(r, stored, b->stored, at + sizeof(head)) ||
	    rf_crc32(stored, b->stored) != b->crc)
		return 0;
	if (b->codec == RF_CODEC_ZSTD ? rf_unpack(raw, b->raw, stored, b->stored) :
	                                b->codec != RF_CODEC_STORED)
		return 0;
	if (b->codec == RF_CODEC_STORED)
		memcpy(raw, stored, b->raw);
	return sizeof(head) + b->stored;
}

struct part {
	uint64_t from_ns;
	uint64_t to_ns;
	uint64_t size;  /* of the file */
	uint64_t begin; /* of a plain block outside of it whose end is not known yet; 0: none */
	uint64_t last;  /* offset of the entry before */
};

static int add_gap(struct rf_reader *r, uint64_t begin, uint64_t end)
{
	struct gap *last = r->nr_gaps ? &r->gaps[r->nr_gaps - 1] : NULL, *gaps;

	if (last && last->end == begin) {
		last->end = end;
		last->blocks++;
		return 0;
	}
	if (!(r->nr_gaps & (r->nr_gaps - 1))) {
		gaps = reallocarray(r->gaps, r->nr_gaps ? r->nr_gaps * 2 : 1, sizeof(*gaps));
		if (!gaps)
			return -ENOMEM;
		r->gaps = gaps;
	}
	r->gaps[r->nr_gaps++] = (struct gap){ begin, end, 1 };
	return 0;
}

/* A block ends where the next one begins. -EINVAL for entries that are not in order. */
static int take_index(struct rf_reader *r, struct part *part, const unsigned char *raw, size_t size)
{
	for (; size >= RF_INDEX_SIZE; raw += RF_INDEX_SIZE, size -= RF_INDEX_SIZE) {
		uint64_t at = rf_get64(raw), first = rf_get64(raw + 8), last = rf_get64(raw + 16);
		bool outside = last < part->from_ns || (part->to_ns && first >= part->to_ns);
		int err = 0;

		if (at <= part->last || at >= part->size)
			return -EINVAL;
		if (part->begin)
			err = add_gap(r, part->begin, at);
		if (err)
			return err;
		part->last = at;
		part->begin = first && outside && rf_get32(raw + 28) & RF_INDEX_PLAIN ? at : 0;
	}
	return 0;
}

static int read_index(struct rf_reader *r, struct part *part)
{
	__free unsigned char *raw = malloc(RF_BLOCK_RAW_MAX);
	uint64_t end_at = part->size - RF_BLOCK_HEADER - RF_END_SIZE, at;
	struct rf_file_end end;
	struct rf_block b;
	int err = 0;

	if (!raw)
		return -ENOMEM;
	if (part->size <= RF_BLOCK_HEADER + RF_END_SIZE ||
	    !read_block_at(r, end_at, RF_BLOCK_END, &b, raw) || b.raw < RF_END_SIZE)
		return -EINVAL;
	rf_file_end_get(raw, &end);
	for (at = end.index_at; !err && at < end_at;) {
		size_t n = read_block_at(r, at, RF_BLOCK_INDEX, &b, raw);

		err = n ? take_index(r, part, raw, b.raw) : -EINVAL;
		at += n;
	}
	return err || at == end_at ? err : -EINVAL;
}

int rf_reader_part(struct rf_reader *r, uint64_t from_ns, uint64_t to_ns)
{
	struct part part = { .from_ns = from_ns, .to_ns = to_ns };
	uint64_t size = r->memory_size;
	struct stat st;
	int err;

	r->nr_gaps = r->gap = 0;
	if (r->fd >= 0) {
		/* standard input may begin anywhere in a file */
		if (fstat(r->fd, &st) || !S_ISREG(st.st_mode) ||
		    lseek(r->fd, 0, SEEK_CUR) != (off_t)r->offset)
			return 0;
		size = (uint64_t)st.st_size;
	}
	part.size = size;
	err = read_index(r, &part);
	if (err)
		r->nr_gaps = 0;
	return err == -ENOMEM ? err : 0;
}

/* Passes over the blocks that need not be read, if such are next. */
static int jump(struct rf_reader *r)
{
	uint64_t at = r->offset - (r->filled - r->at);
	const struct gap *g;

	while (r->gap < r->nr_gaps && r->gaps[r->gap].begin < at)
		r->gap++;
	if (r->gap == r->nr_gaps || r->gaps[r->gap].begin != at)
		return 0;
	g = &r->gaps[r->gap++];
	if (g->end <= r->offset) {
		r->at += g->end - at;
	} else {
		if (r->fd >= 0 && lseek(r->fd, (off_t)g->end, SEEK_SET) < 0)
			return -EINVAL;
		r->at = r->filled = 0;
		r->offset = g->end;
	}
	r->sequence += g->blocks;
	r->state.passed_blocks += g->blocks;
	return 0;
}

/* The next block's head and, at *body, its bytes. 1; 0 at the end of what can be read; -errno. */
static int next_block(struct rf_reader *r, struct rf_block *b, const unsigned char **body)
{
	for (;;) {
		long have = jump(r);

		if (!have)
			have = need(r, RF_BLOCK_HEADER);
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
		if (b.kind > RF_BLOCK_END)
			r->state.unknown_blocks++;
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
