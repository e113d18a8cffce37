/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recording's format, as docs/reference/recording.md describes it: a file header, then blocks,
 * each of them readable on its own. All numbers are little-endian, whatever the host.
 */
#ifndef RF_RECORDING_FORMAT_H
#define RF_RECORDING_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RF_FILE_MAGIC "RFREC\r\n\x1a"
#define RF_FILE_MAGIC_LEN 8
#define RF_FILE_MAJOR 1       /* a reader of another major number cannot read it */
#define RF_FILE_MINOR 1       /* what is new can be passed over */
#define RF_MINOR_VIOLATIONS 1 /* from then on COUNTS tell of violations */
#define RF_FILE_HEADER 64

#define RF_BLOCK_MAGIC UINT32_C(0x4b424652) /* "RFBK" */
#define RF_BLOCK_HEADER 64
#define RF_BLOCK_RAW (256 * 1024)      /* a block is closed when it has grown to this */
#define RF_BLOCK_RAW_MAX (1024 * 1024) /* no block is larger, compressed or not */
#define RF_RECORD_HEADER 8
#define RF_RECORD_MAX (64 * 1024)
#define RF_LOSSES_MAX 4096 /* entries in a loss block; the last ones are merged beyond */

enum rf_file_arch { RF_ARCH_X86_64 = 1, RF_ARCH_ARM64 = 2 };

enum rf_block_kind {
	RF_BLOCK_RECORDS = 1,
	RF_BLOCK_LOSSES = 2, /* what is missing, and from when to when */
	RF_BLOCK_INDEX = 3,  /* where the blocks of records are */
	RF_BLOCK_END = 4,    /* the recording was closed: nothing was cut off */
};

enum rf_block_codec { RF_CODEC_STORED = 0, RF_CODEC_ZSTD = 1 };

/* Records beyond those of bpf/records.h and bpf/stream.h, whose types are below these. */
enum rf_file_record {
	RF_FILE_FACT = 0x100,           /* key, NUL, value, NUL */
	RF_FILE_CALL = 0x101,           /* abi 16, number 16, name, NUL */
	RF_FILE_EXE = 0x102,            /* entity 64, path, NUL */
	RF_FILE_USER = 0x103,           /* uid 32, name, NUL */
	RF_FILE_CGROUP = 0x104,         /* id 64, path, NUL */
	RF_FILE_SWEEP = 0x105,          /* the THREAD records of a sweep follow: final 32 */
	RF_FILE_SWEPT = 0x106,          /* they have ended: time 64, skipped 64, final 32 */
	RF_FILE_OPEN = 0x107,           /* calls that were open when what is kept begins: 64 */
	RF_FILE_PROCESS_CGROUP = 0x108, /* entity 64, path of the cgroup in a v1 hierarchy, NUL */
};

struct rf_file_header {
	uint16_t major;
	uint16_t minor;
	uint32_t size;       /* of the header in the file */
	uint64_t start_ns;   /* begin of the window: CLOCK_MONOTONIC, as all times in records */
	uint64_t start_real; /* CLOCK_REALTIME at that moment, ns since 1970 */
	uint64_t start_boot; /* CLOCK_BOOTTIME at that moment */
	uint32_t cpus;
	uint16_t arch; /* enum rf_file_arch */
	uint16_t flags;
};

#define RF_FILE_KEPT 1 /* flags: only the latest past of a longer watch */

struct rf_block {
	uint16_t kind;
	uint16_t codec;
	uint32_t stored;   /* bytes that follow the header */
	uint32_t raw;      /* bytes that they unpack to */
	uint64_t first_ns; /* of its batches; 0 when it has none */
	uint64_t last_ns;
	uint64_t crossings;
	uint32_t sequence; /* from 0 */
	uint32_t crc;      /* of the stored bytes */
	bool plain;        /* RF_INDEX_PLAIN: said by the index alone */
};

/* A gap: crossings that were counted and are not here. */
struct rf_loss {
	uint64_t from_ns;
	uint64_t to_ns;
	uint64_t calls;
	uint64_t faults;
	uint32_t cpu;
};

#define RF_LOSS_SIZE 40
#define RF_INDEX_SIZE 32
#define RF_INDEX_PLAIN 1 /* nothing but batches that follow no loss, and counts */
#define RF_END_SIZE 64

/* What the END block says. */
struct rf_file_end {
	uint64_t index_at; /* offset of the index block */
	uint64_t end_ns;
	uint64_t blocks;
	uint64_t crossings;
	uint64_t lost; /* crossings, all kinds of the kernel side */
};

static inline void rf_put16(unsigned char *p, uint16_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
}

static inline void rf_put32(unsigned char *p, uint32_t v)
{
	rf_put16(p, (uint16_t)v);
	rf_put16(p + 2, (uint16_t)(v >> 16));
}

static inline void rf_put64(unsigned char *p, uint64_t v)
{
	rf_put32(p, (uint32_t)v);
	rf_put32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t rf_get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t rf_get32(const unsigned char *p)
{
	return rf_get16(p) | (uint32_t)rf_get16(p + 2) << 16;
}

static inline uint64_t rf_get64(const unsigned char *p)
{
	return rf_get32(p) | (uint64_t)rf_get32(p + 4) << 32;
}

/* CRC-32 as in zlib and PNG. */
uint32_t rf_crc32(const void *bytes, size_t n);

void rf_file_header_put(unsigned char out[RF_FILE_HEADER], const struct rf_file_header *h);
/* 0; -EINVAL: no recording; -EPROTO: of a major version that this reader does not know. */
int rf_file_header_get(const unsigned char in[RF_FILE_HEADER], struct rf_file_header *h);

void rf_block_put(unsigned char out[RF_BLOCK_HEADER], const struct rf_block *b);
/* 0, or -EINVAL for bytes that are no block header, damaged or impossible. */
int rf_block_get(const unsigned char in[RF_BLOCK_HEADER], struct rf_block *b);

void rf_file_end_put(unsigned char out[RF_END_SIZE], const struct rf_file_end *e);
void rf_file_end_get(const unsigned char in[RF_END_SIZE], struct rf_file_end *e);

/* Whether this build can pack and unpack. */
bool rf_pack_available(void);
/* Room that packing n bytes can take. */
size_t rf_pack_bound(size_t n);
/* Packed bytes, or a negative errno; -EOPNOTSUPP when this build cannot. */
long rf_pack(void *out, size_t room, const void *in, size_t n);
/* Unpacks exactly n bytes. 0; -EINVAL for damaged input; -EOPNOTSUPP. */
int rf_unpack(void *out, size_t n, const void *in, size_t stored);

/*
 * A record of the kernel side, as bytes of the file. Bytes written, RF_RECORD_HEADER included; 0
 * for a type that no recording holds; -EINVAL for one that is malformed or does not fit.
 */
long rf_record_put(unsigned char *out, size_t room, const void *rec, size_t size);

/* Room that suffices for every record of the kernel side. */
#define RF_RECORD_ROOM 12288

/*
 * The reverse: fills rec (room bytes, suitably aligned) from a record's payload. Its size; 0 for
 * a type that this version does not know; -EINVAL for a malformed one.
 */
long rf_record_get(void *rec, size_t room, uint16_t type, uint16_t epoch, const unsigned char *in,
                   size_t size);

#endif
