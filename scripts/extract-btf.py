#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""extract-btf.py VMLINUZ OUT: cut the BTF out of a kernel image.

Reads x86 bzImage, arm64 Image and EFI zboot images, packed with xz, zstd, gzip or lz4. An image
does not say where its payload starts, so every place that looks like the packer's magic is tried,
and the largest consistent BTF blob in what unpacks is taken.
"""
import lzma
import struct
import subprocess
import sys
import zlib

BTF_HEADER = struct.pack("<HBBI", 0xEB9F, 1, 0, 24)


def find_btf(data):
    best = b""
    at = data.find(BTF_HEADER)
    while at >= 0:
        type_off, type_len, str_off, str_len = struct.unpack_from("<IIII", data, at + 8)
        end = at + 24 + str_off + str_len
        consistent = type_off == 0 and str_off == type_len and type_len > 1000 < str_len
        if consistent and end <= len(data) and end - at > len(best):
            best = data[at:end]
        at = data.find(BTF_HEADER, at + 1)
    return best


def unpack_with(*command):
    # The payload is followed by other bytes, which these tools complain about: the status says
    # nothing, the output does.
    return lambda data: subprocess.run(command, input=data, capture_output=True).stdout


PACKERS = (
    (b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)),
    (b"\x28\xb5\x2f\xfd", unpack_with("zstd", "-dc")),
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
    (b"\x02\x21\x4c\x18", unpack_with("lz4", "-dcl")),
)


def payloads(image):
    yield image
    for magic, unpack in PACKERS:
        at = image.find(magic)
        while at >= 0:
            try:
                payload = unpack(image[at:])
            except (lzma.LZMAError, zlib.error):
                payload = b""
            if len(payload) > 1 << 20:
                yield payload
            at = image.find(magic, at + 1)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1], "rb") as f:
        image = f.read()
    for payload in payloads(image):
        btf = find_btf(payload)
        if btf:
            with open(sys.argv[2], "wb") as f:
                f.write(btf)
            return
    sys.exit(f"{sys.argv[1]}: no BTF found")


if __name__ == "__main__":
    main()
