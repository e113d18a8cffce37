// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rf_time.h"
#include "bpf/stream.h"
#include "recording/format.h"

struct index_entry {
	struct rf_block block;
	uint64_t at;
};

/* A closed block that is held in memory. */
struct held {
	struct held *next;
	struct rf_block block;
	uint64_t epoch;   /* blocks of one epoch go together */
	uint64_t open;    /* calls that were open when it began */
	uint64_t last_ns; /* end of its epoch */
	size_t bytes;     /* header included */
	unsigned char data[];
};

struct rf_writer {
	struct rf_writer_options o;
	int fd;
	int err; /* of the file, for good */
	uint64_t at;
	struct rf_file_header header;
	unsigned char *raw; /* the block that is being filled */
	size_t used;
	struct rf_block block; /* what is known of it */
	bool mixed;            /* it is not RF_INDEX_PLAIN */
	unsigned char *packed;
	size_t packed_room;
	uint32_t sequence;
	struct index_entry *index;
	size_t nr_index;
	size_t index_room;
	struct rf_loss *losses;
	size_t nr_losses;
	struct rf_writer_stats stats;
	uint64_t lost;
	/* kept */
	struct held *oldest, **newest;
	unsigned int dumps;
	uint64_t epoch;
	int64_t open;         /* calls that were entered and have not ended, as the counts say */
	int64_t epoch_open;   /* the same when the epoch began */
	unsigned char *names; /* facts and names: never let go */
	size_t names_used;
	size_t names_room;
};

static int complain(struct rf_writer *w, int err)
{
	if (w->err)
		return w->err;
	w->err = -err;
	if (err == ENOSPC || err == EDQUOT)
		rf_err("no space left for %s: the recording ends here; what is in the file up to "
		       "now can be read with ringfence report",
		       w->o.path);
	else if (err == ELOOP)
		rf_err("cannot write to %s: it is a symbolic link, which -o does not follow; "
		       "name the file itself",
		       w->o.path);
	else
		rf_err("cannot write to %s: %s", w->o.path, strerror(err));
	return w->err;
}

static bool keeps(const struct rf_writer *w)
{
	return w->o.keep_ns || w->o.keep_bytes;
}

/* Not a file that somebody else could have put there for us to overwrite. */
static int judge_existing(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))
		return 1;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	return st.st_uid == geteuid() ? 0 : -EPERM;
}

/* A new file under another name takes the place of the one that is there. */
static int replace(const char *path)
{
	__free char *other = NULL;
	int fd, err;

	if (asprintf(&other, "%s.XXXXXX", path) < 0) {
		other = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(other, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!rename(other, path))
		return fd;
	err = errno;
	unlink(other);
	close(fd);
	return -err;
}

static int create(const char *path)
{
	int fd, kind;

	if (!strcmp(path, "-")) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		return fd;
	if (errno != EEXIST)
		return -errno;
	kind = judge_existing(path);
	if (kind < 0)
		return kind;
	if (!kind)
		return replace(path);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int rf_writer_open(struct rf_writer **writer, const struct rf_writer_options *o)
{
	struct rf_writer *w = calloc(1, sizeof(*w));

	*writer = NULL;
	if (!w) {
		rf_err("out of memory");
		return -ENOMEM;
	}
	w->o = *o;
	w->newest = &w->oldest;
	w->packed_room = rf_pack_bound(RF_BLOCK_RAW_MAX);
	w->raw = malloc(RF_BLOCK_RAW_MAX);
	w->packed = malloc(w->packed_room);
	w->fd = w->raw && w->packed ? create(o->path) : -ENOMEM;
	if (w->fd < 0) {
		int err = complain(w, -w->fd);

		rf_writer_free(w);
		return err;
	}
	*writer = w;
	return 0;
}

void rf_writer_free(struct rf_writer *w)
{
	struct held *next;

	if (!w)
		return;
	for (struct held *h = w->oldest; h; h = next) {
		next = h->next;
		free(h);
	}
	if (w->fd >= 0)
		close(w->fd);
	free(w->raw);
	free(w->packed);
	free(w->index);
	free(w->losses);
	free(w->names);
	free(w);
}

static int write_all(struct rf_writer *w, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(w->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Writes a piece as a whole, or takes it back, so that the file ends with a whole block. */
static int append(struct rf_writer *w, const void *head, size_t head_size, const void *body,
                  size_t body_size)
{
	int err = w->err;

	if (err)
		return err;
	err = write_all(w, head, head_size);
	if (!err)
		err = write_all(w, body, body_size);
	if (err) {
		/* pipes cannot be cut; their reader passes over the rest */
		if (ftruncate(w->fd, (off_t)w->at))
			errno = 0;
		return complain(w, -err);
	}
	w->at += head_size + body_size;
	w->stats.bytes = w->at;
	return 0;
}

static int write_header(struct rf_writer *w)
{
	unsigned char bytes[RF_FILE_HEADER];

	rf_file_header_put(bytes, &w->header);
	return append(w, bytes, sizeof(bytes), NULL, 0);
}

int rf_writer_begin(struct rf_writer *w, uint64_t start_ns)
{
	uint64_t ago = rf_now_ns() - start_ns;

	w->header = (struct rf_file_header)
	{
		.major = RF_FILE_MAJOR, .minor = RF_FILE_MINOR, .start_ns = start_ns,
		.start_real = rf_clock_ns(CLOCK_REALTIME) - ago,
		.start_boot = rf_clock_ns(CLOCK_BOOTTIME) - ago,
		.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF),
#if defined(__x86_64__)
		.arch = RF_ARCH_X86_64,
#elif defined(__aarch64__)
		.arch = RF_ARCH_ARM64,
#endif
		.flags = keeps(w) ? RF_FILE_KEPT : 0,
	};
	return keeps(w) ? 0 : write_header(w);
}

/* Packs a block's bytes; *body is what is stored. */
static void pack(struct rf_writer *w, struct rf_block *b, const void *raw, const void **body)
{
	long packed = rf_pack(w->packed, w->packed_room, raw, b->raw);

	b->codec = RF_CODEC_STORED;
	b->stored = b->raw;
	*body = raw;
	if (packed > 0 && packed < (long)b->raw) {
		b->codec = RF_CODEC_ZSTD;
		b->stored = (uint32_t)packed;
		*body = w->packed;
	}
	b->crc = rf_crc32(*body, b->stored);
}

static int remember(struct rf_writer *w, const struct rf_block *b)
{
	if (w->nr_index == w->index_room) {
		size_t room = w->index_room ? w->index_room * 2 : 64;
		struct index_entry *index = reallocarray(w->index, room, sizeof(*index));

		if (!index)
			return complain(w, ENOMEM);
		w->index = index;
		w->index_room = room;
	}
	w->index[w->nr_index++] = (struct index_entry){ *b, w->at };
	return 0;
}

static int write_block(struct rf_writer *w, struct rf_block *b, const void *body)
{
	unsigned char head[RF_BLOCK_HEADER];
	int err = 0;

	b->sequence = w->sequence;
	if (b->kind == RF_BLOCK_RECORDS)
		err = remember(w, b);
	if (err)
		return err;
	rf_block_put(head, b);
	err = append(w, head, sizeof(head), body, b->stored);
	if (err)
		return err;
	w->sequence++;
	w->stats.blocks++;
	return 0;
}

static int write_raw(struct rf_writer *w, uint16_t kind, const void *raw, size_t n)
{
	struct rf_block b = { .kind = kind, .raw = (uint32_t)n };
	const void *body;

	pack(w, &b, raw, &body);
	return write_block(w, &b, body);
}

static int hold(struct rf_writer *w, const struct rf_block *b, const void *body)
{
	struct held *h = malloc(sizeof(*h) + b->stored);

	if (!h)
		return complain(w, ENOMEM);
	*h = (struct held){ .block = *b,
		            .epoch = w->epoch,
		            .open = w->epoch_open > 0 ? (uint64_t)w->epoch_open : 0,
		            .bytes = RF_BLOCK_HEADER + b->stored };
	memcpy(h->data, body, b->stored);
	*w->newest = h;
	w->newest = &h->next;
	w->stats.bytes += h->bytes;
	w->stats.blocks++;
	return 0;
}

static int close_block(struct rf_writer *w)
{
	struct rf_block b = w->block;
	const void *body;

	if (!w->used)
		return 0;
	b.kind = RF_BLOCK_RECORDS;
	b.raw = (uint32_t)w->used;
	b.plain = !w->mixed;
	w->mixed = false;
	w->used = 0;
	w->block = (struct rf_block){ 0 };
	pack(w, &b, w->raw, &body);
	return keeps(w) ? hold(w, &b, body) : write_block(w, &b, body);
}

static void note_loss(struct rf_writer *w, const struct rf_batch_head *h)
{
	struct rf_loss *last = w->nr_losses ? &w->losses[w->nr_losses - 1] : NULL;

	w->stats.lost += (uint64_t)h->lost_calls + h->lost_faults;
	if (!w->losses)
		w->losses = calloc(RF_LOSSES_MAX, sizeof(*w->losses));
	if (!w->losses)
		return; /* the batches tell it too */
	if (w->nr_losses == RF_LOSSES_MAX) {
		last->calls += h->lost_calls;
		last->faults += h->lost_faults;
		if (h->lost_to_ns > last->to_ns)
			last->to_ns = h->lost_to_ns;
		return;
	}
	w->losses[w->nr_losses++] = (struct rf_loss){
		.from_ns = h->lost_from_ns,
		.to_ns = h->lost_to_ns,
		.calls = h->lost_calls,
		.faults = h->lost_faults,
		.cpu = h->cpu,
	};
}

static void note_batch(struct rf_writer *w, const void *rec)
{
	struct rf_batch_head h;

	memcpy(&h, rec, sizeof(h));
	if (h.lost_calls || h.lost_faults) {
		w->mixed = true;
		note_loss(w, &h);
	}
	w->stats.crossings += (uint64_t)h.calls + h.faults;
	w->block.crossings += (uint64_t)h.calls + h.faults;
	if (!h.rec.count)
		return;
	if (!w->block.first_ns || h.base_ns < w->block.first_ns)
		w->block.first_ns = h.base_ns;
	if (h.last_ns > w->block.last_ns)
		w->block.last_ns = h.last_ns;
}

static void note_counts(struct rf_writer *w, const void *rec)
{
	struct rf_counts_rec r;

	memcpy(&r, rec, sizeof(r));
	for (unsigned int kind = 0; kind < RF_LOST_KINDS; kind++)
		w->lost += r.counts.lost[kind];
	w->open += (int64_t)(r.counts.entered + r.counts.refused - r.counts.finished -
	                     r.counts.lost[RF_LOST_STATE]);
}

static int room_for(struct rf_writer *w, size_t n)
{
	if (w->err)
		return w->err;
	return w->used + n > RF_BLOCK_RAW ? close_block(w) : 0;
}

int rf_writer_record(struct rf_writer *w, const void *rec, size_t size)
{
	int err = room_for(w, RF_RECORD_ROOM);
	struct rf_rec head;
	long n;

	if (err)
		return err;
	n = rf_record_put(w->raw + w->used, RF_BLOCK_RAW_MAX - w->used, rec, size);
	if (n <= 0)
		return (int)n;
	memcpy(&head, rec, sizeof(head));
	if (head.type == RF_REC_BATCH)
		note_batch(w, rec);
	else if (head.type == RF_REC_COUNTS)
		note_counts(w, rec);
	else
		w->mixed = true;
	w->used += (size_t)n;
	return 0;
}

/* Facts and the names of calls outlive the blocks that are let go; all else is said again. */
static int keep_name(struct rf_writer *w, const unsigned char *bytes, size_t n)
{
	if (w->names_used + n > w->names_room) {
		size_t room = (w->names_used + n) * 2;
		unsigned char *names = realloc(w->names, room);

		if (!names)
			return complain(w, ENOMEM);
		w->names = names;
		w->names_room = room;
	}
	memcpy(w->names + w->names_used, bytes, n);
	w->names_used += n;
	return 0;
}

/* A record of the file alone: numbers, then up to two strings. */
static int put_own(struct rf_writer *w, uint16_t type, const unsigned char *numbers, size_t n,
                   const char *text, const char *more)
{
	size_t len = text ? strlen(text) + 1 : 0, len_more = more ? strlen(more) + 1 : 0;
	size_t size = n + len + len_more;
	unsigned char *p;
	int err;

	if (size > RF_RECORD_MAX)
		return 0;
	err = room_for(w, RF_RECORD_HEADER + size);
	if (err)
		return err;
	p = w->raw + w->used;
	rf_put16(p, type);
	rf_put16(p + 2, 0);
	rf_put32(p + 4, (uint32_t)size);
	p += RF_RECORD_HEADER;
	if (n)
		memcpy(p, numbers, n);
	if (len)
		memcpy(p + n, text, len);
	if (len_more)
		memcpy(p + n + len, more, len_more);
	if (keeps(w) && (type == RF_FILE_FACT || type == RF_FILE_CALL))
		return keep_name(w, w->raw + w->used, RF_RECORD_HEADER + size);
	w->mixed = true;
	w->used += RF_RECORD_HEADER + size;
	return 0;
}

int rf_writer_fact(struct rf_writer *w, const char *key, const char *value)
{
	return put_own(w, RF_FILE_FACT, NULL, 0, key, value);
}

int rf_writer_call_name(struct rf_writer *w, unsigned int abi, unsigned int nr, const char *name)
{
	unsigned char n[4];

	rf_put16(n, (uint16_t)abi);
	rf_put16(n + 2, (uint16_t)nr);
	return put_own(w, RF_FILE_CALL, n, sizeof(n), name, NULL);
}

static int put_named(struct rf_writer *w, uint16_t type, uint64_t id, const char *name)
{
	unsigned char n[8];

	rf_put64(n, id);
	return put_own(w, type, n, sizeof(n), name, NULL);
}

int rf_writer_exe(struct rf_writer *w, uint64_t entity, const char *path)
{
	return put_named(w, RF_FILE_EXE, entity, path);
}

int rf_writer_user(struct rf_writer *w, uint32_t uid, const char *name)
{
	unsigned char n[4];

	rf_put32(n, uid);
	return put_own(w, RF_FILE_USER, n, sizeof(n), name, NULL);
}

int rf_writer_cgroup(struct rf_writer *w, uint64_t id, const char *path)
{
	return put_named(w, RF_FILE_CGROUP, id, path);
}

int rf_writer_process_cgroup(struct rf_writer *w, uint64_t entity, const char *path)
{
	return put_named(w, RF_FILE_PROCESS_CGROUP, entity, path);
}

int rf_writer_sweep(struct rf_writer *w, bool final)
{
	unsigned char n[4];

	rf_put32(n, final);
	return put_own(w, RF_FILE_SWEEP, n, sizeof(n), NULL, NULL);
}

int rf_writer_swept(struct rf_writer *w, uint64_t now_ns, uint64_t skipped, bool final)
{
	unsigned char n[20];

	rf_put64(n, now_ns);
	rf_put64(n + 8, skipped);
	rf_put32(n + 16, final);
	return put_own(w, RF_FILE_SWEPT, n, sizeof(n), NULL, NULL);
}

static bool is_too_much(const struct rf_writer *w, const struct held *first, uint64_t now_ns)
{
	if (w->o.keep_bytes && w->stats.bytes > w->o.keep_bytes)
		return true;
	return w->o.keep_ns && first->last_ns + w->o.keep_ns < now_ns;
}

/* Lets the oldest epochs go, whole ones, and never the last one. */
static void let_go(struct rf_writer *w, uint64_t now_ns)
{
	while (w->oldest && w->oldest->epoch != w->epoch && is_too_much(w, w->oldest, now_ns)) {
		uint64_t epoch = w->oldest->epoch;

		while (w->oldest && w->oldest->epoch == epoch) {
			struct held *h = w->oldest;

			w->oldest = h->next;
			w->stats.bytes -= h->bytes;
			w->stats.blocks--;
			free(h);
		}
	}
	if (!w->oldest)
		w->newest = &w->oldest;
}

int rf_writer_cut(struct rf_writer *w, uint64_t now_ns)
{
	int err = close_block(w);

	if (err || !keeps(w))
		return err;
	for (struct held *h = w->oldest; h; h = h->next)
		if (h->epoch == w->epoch)
			h->last_ns = now_ns;
	let_go(w, now_ns);
	w->stats.held_ns = 0;
	for (struct held *h = w->oldest; h; h = h->next) {
		if (!h->block.first_ns)
			continue;
		w->stats.held_ns = now_ns - h->block.first_ns;
		break;
	}
	w->epoch++;
	w->epoch_open = w->open;
	return 0;
}

static int write_open(struct rf_writer *w, uint64_t open)
{
	unsigned char record[RF_RECORD_HEADER + 8];

	rf_put16(record, RF_FILE_OPEN);
	rf_put16(record + 2, 0);
	rf_put32(record + 4, 8);
	rf_put64(record + RF_RECORD_HEADER, open);
	return write_raw(w, RF_BLOCK_RECORDS, record, sizeof(record));
}

/* As many blocks as the names need; a record is never torn. */
static int write_names(struct rf_writer *w)
{
	size_t begin = 0, at = 0;
	int err = 0;

	while (!err && at < w->names_used) {
		size_t n = RF_RECORD_HEADER + rf_get32(w->names + at + 4);

		if (at + n - begin > RF_BLOCK_RAW) {
			err = write_raw(w, RF_BLOCK_RECORDS, w->names + begin, at - begin);
			begin = at;
		}
		at += n;
	}
	return err || at == begin ? err :
	                            write_raw(w, RF_BLOCK_RECORDS, w->names + begin, at - begin);
}

void rf_writer_stats(const struct rf_writer *w, struct rf_writer_stats *stats)
{
	*stats = w->stats;
}

static int write_losses(struct rf_writer *w)
{
	__free unsigned char *bytes = calloc(w->nr_losses + 1, RF_LOSS_SIZE);

	if (!bytes)
		return complain(w, ENOMEM);
	for (size_t i = 0; i < w->nr_losses; i++) {
		unsigned char *p = bytes + i * RF_LOSS_SIZE;

		rf_put64(p, w->losses[i].from_ns);
		rf_put64(p + 8, w->losses[i].to_ns);
		rf_put64(p + 16, w->losses[i].calls);
		rf_put64(p + 24, w->losses[i].faults);
		rf_put32(p + 32, w->losses[i].cpu);
	}
	return write_raw(w, RF_BLOCK_LOSSES, bytes, w->nr_losses * RF_LOSS_SIZE);
}

/* A recording of days has more blocks than fit one index; then each index has a part. */
static int write_index(struct rf_writer *w)
{
	size_t most = RF_BLOCK_RAW / RF_INDEX_SIZE, done = 0;
	__free unsigned char *bytes = malloc(most * RF_INDEX_SIZE);
	int err = 0;

	if (!bytes)
		return complain(w, ENOMEM);
	do {
		size_t n = w->nr_index - done < most ? w->nr_index - done : most;

		for (size_t i = 0; i < n; i++) {
			const struct index_entry *e = &w->index[done + i];
			unsigned char *p = bytes + i * RF_INDEX_SIZE;

			rf_put64(p, e->at);
			rf_put64(p + 8, e->block.first_ns);
			rf_put64(p + 16, e->block.last_ns);
			rf_put32(p + 24, (uint32_t)e->block.crossings);
			rf_put32(p + 28, e->block.plain ? RF_INDEX_PLAIN : 0);
		}
		err = write_raw(w, RF_BLOCK_INDEX, bytes, n * RF_INDEX_SIZE);
		done += n;
	} while (!err && done < w->nr_index);
	return err;
}

/* Losses, index and end behind the blocks that were written. */
static int write_tail(struct rf_writer *w, uint64_t end_ns)
{
	unsigned char bytes[RF_END_SIZE];
	struct rf_file_end end = { .end_ns = end_ns, .lost = w->lost };
	struct rf_block b = { .kind = RF_BLOCK_END, .raw = RF_END_SIZE, .stored = RF_END_SIZE };
	int err = w->nr_losses ? write_losses(w) : 0;

	for (size_t i = 0; i < w->nr_index; i++)
		end.crossings += w->index[i].block.crossings;
	end.index_at = w->at;
	if (!err)
		err = write_index(w);
	if (err)
		return err;
	end.blocks = w->sequence + 1;
	rf_file_end_put(bytes, &end);
	b.crc = rf_crc32(bytes, sizeof(bytes));
	err = write_block(w, &b, bytes);
	/* what is no regular file cannot be synchronised, and need not be */
	if (!err && fsync(w->fd) && errno != EINVAL && errno != EROFS)
		err = complain(w, errno);
	return err;
}

int rf_writer_finish(struct rf_writer *w, uint64_t end_ns)
{
	int err = close_block(w);

	return err ? err : write_tail(w, end_ns);
}

/* The file of the next dump: FILE, then FILE.2, FILE.3 ... */
static int open_dump(struct rf_writer *w)
{
	__free char *path = NULL;

	w->at = 0;
	w->sequence = 0;
	w->nr_index = 0;
	w->dumps++;
	if (w->fd >= 0)
		return 0;
	if (asprintf(&path, "%s.%u", w->o.path, w->dumps) < 0) {
		path = NULL;
		return complain(w, ENOMEM);
	}
	w->fd = create(path);
	return w->fd < 0 ? complain(w, -w->fd) : 0;
}

static void set_kept_times(struct rf_writer *w)
{
	uint64_t ago;

	for (const struct held *h = w->oldest; h; h = h->next) {
		if (!h->block.first_ns)
			continue;
		w->header.start_ns = h->block.first_ns;
		break;
	}
	ago = rf_now_ns() - w->header.start_ns;
	w->header.start_real = rf_clock_ns(CLOCK_REALTIME) - ago;
	w->header.start_boot = rf_clock_ns(CLOCK_BOOTTIME) - ago;
}

int rf_writer_dump(struct rf_writer *w, uint64_t now_ns)
{
	struct rf_writer_stats held = w->stats;
	int err = close_block(w);

	if (!err)
		err = open_dump(w);
	set_kept_times(w);
	if (!err)
		err = write_header(w);
	if (!err)
		err = write_names(w);
	if (!err)
		err = write_open(w, w->oldest ? w->oldest->open : 0);
	for (struct held *h = w->oldest; h && !err; h = h->next)
		err = write_block(w, &h->block, h->data);
	if (!err)
		err = write_tail(w, now_ns);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->stats = held;
	return err;
}
