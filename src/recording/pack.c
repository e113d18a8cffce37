// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "recording/format.h"

#if RF_HAVE_ZSTD
#include <zstd.h>

/* The recorder shares the host with what it watches: the fastest level that is worth it. */
#define LEVEL 1

bool rf_pack_available(void)
{
	return true;
}

size_t rf_pack_bound(size_t n)
{
	return ZSTD_compressBound(n);
}

long rf_pack(void *out, size_t room, const void *in, size_t n)
{
	size_t packed = ZSTD_compress(out, room, in, n, LEVEL);

	return ZSTD_isError(packed) ? -ENOMEM : (long)packed;
}

int rf_unpack(void *out, size_t n, const void *in, size_t stored)
{
	size_t got = ZSTD_decompress(out, n, in, stored);

	return ZSTD_isError(got) || got != n ? -EINVAL : 0;
}

#else

bool rf_pack_available(void)
{
	return false;
}

size_t rf_pack_bound(size_t n)
{
	return n;
}

long rf_pack(void *out, size_t room, const void *in, size_t n)
{
	(void)out, (void)room, (void)in, (void)n;
	return -EOPNOTSUPP;
}

int rf_unpack(void *out, size_t n, const void *in, size_t stored)
{
	(void)out, (void)n, (void)in, (void)stored;
	return -EOPNOTSUPP;
}

#endif
