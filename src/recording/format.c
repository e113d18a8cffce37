// SPDX-License-Identifier: GPL-2.0-or-later
#include "recording/format.h"

#include <errno.h>

#define CRC_SLICES 8

/* Made when first needed. Two threads that make it at once write the same into it. */
static const uint32_t (*crc_tables(void))[256]
{
	static uint32_t tables[CRC_SLICES][256];

	if (tables[CRC_SLICES - 1][255])
		return (const uint32_t(*)[256])tables;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
		tables[0][i] = crc;
	}
	for (uint32_t slice = 1; slice < CRC_SLICES; slice++)
		for (uint32_t i = 0; i < 256; i++)
			tables[slice][i] =
				tables[slice - 1][i] >> 8 ^ tables[0][tables[slice - 1][i] & 0xff];
	return (const uint32_t(*)[256])tables;
}

uint32_t rf_crc32(const void *bytes, size_t n)
{
	const uint32_t(*t)[256] = crc_tables();
	const unsigned char *p = bytes;
	uint32_t crc = 0xffffffff;

	for (; n >= CRC_SLICES; n -= CRC_SLICES, p += CRC_SLICES) {
		uint32_t low = crc ^ rf_get32(p);

		crc = t[7][low & 0xff] ^ t[6][low >> 8 & 0xff] ^ t[5][low >> 16 & 0xff] ^
		      t[4][low >> 24] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]];
	}
	while (n--)
		crc = crc >> 8 ^ t[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

void rf_file_header_put(unsigned char out[RF_FILE_HEADER], const struct rf_file_header *h)
{
	memset(out, 0, RF_FILE_HEADER);
	memcpy(out, RF_FILE_MAGIC, RF_FILE_MAGIC_LEN);
	rf_put16(out + 8, h->major);
	rf_put16(out + 10, h->minor);
	rf_put32(out + 12, RF_FILE_HEADER);
	rf_put64(out + 16, h->start_ns);
	rf_put64(out + 24, h->start_real);
	rf_put64(out + 32, h->start_boot);
	rf_put32(out + 40, h->cpus);
	rf_put16(out + 44, h->arch);
	rf_put16(out + 46, h->flags);
	rf_put32(out + 60, rf_crc32(out, 60));
}

int rf_file_header_get(const unsigned char in[RF_FILE_HEADER], struct rf_file_header *h)
{
	if (memcmp(in, RF_FILE_MAGIC, RF_FILE_MAGIC_LEN))
		return -EINVAL;
	*h = (struct rf_file_header){
		.major = rf_get16(in + 8),
		.minor = rf_get16(in + 10),
		.size = rf_get32(in + 12),
		.start_ns = rf_get64(in + 16),
		.start_real = rf_get64(in + 24),
		.start_boot = rf_get64(in + 32),
		.cpus = rf_get32(in + 40),
		.arch = rf_get16(in + 44),
		.flags = rf_get16(in + 46),
	};
	if (h->major != RF_FILE_MAJOR)
		return -EPROTO;
	if (rf_get32(in + 60) != rf_crc32(in, 60) || h->size < RF_FILE_HEADER || h->size > 65536)
		return -EINVAL;
	return 0;
}

void rf_block_put(unsigned char out[RF_BLOCK_HEADER], const struct rf_block *b)
{
	memset(out, 0, RF_BLOCK_HEADER);
	rf_put32(out, RF_BLOCK_MAGIC);
	rf_put16(out + 4, b->kind);
	rf_put16(out + 6, b->codec);
	rf_put32(out + 8, b->stored);
	rf_put32(out + 12, b->raw);
	rf_put64(out + 16, b->first_ns);
	rf_put64(out + 24, b->last_ns);
	rf_put64(out + 32, b->crossings);
	rf_put32(out + 40, b->sequence);
	rf_put32(out + 44, b->crc);
	rf_put32(out + 60, rf_crc32(out, 60));
}

int rf_block_get(const unsigned char in[RF_BLOCK_HEADER], struct rf_block *b)
{
	if (rf_get32(in) != RF_BLOCK_MAGIC || rf_get32(in + 60) != rf_crc32(in, 60))
		return -EINVAL;
	*b = (struct rf_block){
		.kind = rf_get16(in + 4),
		.codec = rf_get16(in + 6),
		.stored = rf_get32(in + 8),
		.raw = rf_get32(in + 12),
		.first_ns = rf_get64(in + 16),
		.last_ns = rf_get64(in + 24),
		.crossings = rf_get64(in + 32),
		.sequence = rf_get32(in + 40),
		.crc = rf_get32(in + 44),
	};
	if (b->raw > RF_BLOCK_RAW_MAX || b->stored > RF_BLOCK_RAW_MAX ||
	    (b->codec == RF_CODEC_STORED && b->stored != b->raw))
		return -EINVAL;
	return 0;
}

void rf_file_end_put(unsigned char out[RF_END_SIZE], const struct rf_file_end *e)
{
	memset(out, 0, RF_END_SIZE);
	rf_put64(out, e->index_at);
	rf_put64(out + 8, e->end_ns);
	rf_put64(out + 16, e->blocks);
	rf_put64(out + 24, e->crossings);
	rf_put64(out + 32, e->lost);
}

void rf_file_end_get(const unsigned char in[RF_END_SIZE], struct rf_file_end *e)
{
	*e = (struct rf_file_end){
		.index_at = rf_get64(in),
		.end_ns = rf_get64(in + 8),
		.blocks = rf_get64(in + 16),
		.crossings = rf_get64(in + 24),
		.lost = rf_get64(in + 32),
	};
}
