"""A predicted block as bytes, such that damage is noticed."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from dfpenet_mm.mapping.blocks.block import BlockResult

# Magic and version, whether levels are compressed, rows, cols, windows run, seconds, bytes of the
# levels, bytes of the validity; then both, then the CRC-32 of all before it.
HEADER = struct.Struct('<4s?IIIdQQ')
MAGIC = b'DFB1'
CHECKSUM = struct.Struct('<I')
# Rows tried first: noise is not worth compressing, and most probabilities are no noise.
TRIED = 16
WORTH = 0.7


def encode_block(result: BlockResult) -> bytes:
    """Write a result as bytes, without loss."""
    levels = np.ascontiguousarray(result.levels, '<u2')
    tried = levels[::TRIED].tobytes()
    compressed = len(zlib.compress(tried, 1)) < WORTH * len(tried)
    raw = levels.tobytes()
    body = zlib.compress(raw, 1) if compressed else raw
    valid = zlib.compress(np.packbits(result.valid).tobytes(), 1)
    header = HEADER.pack(
        MAGIC,
        compressed,
        *levels.shape,
        result.windows_run,
        result.seconds_predicted,
        len(body),
        len(valid),
    )
    content = b''.join((header, body, valid))
    return content + CHECKSUM.pack(zlib.crc32(content))


def decode_block(content: bytes) -> BlockResult:
    """Read a result from bytes.

    Raises:
        ValueError: if they are torn, damaged or something else.
    """
    check_block(content)
    _, compressed, rows, cols, run, seconds, body_length, _ = HEADER.unpack_from(content)
    valid_start = HEADER.size + body_length
    body = content[HEADER.size : valid_start]
    raw = zlib.decompress(body) if compressed else body
    bits = np.frombuffer(zlib.decompress(content[valid_start : -CHECKSUM.size]), np.uint8)
    return BlockResult(
        levels=np.frombuffer(raw, '<u2').reshape(rows, cols),
        valid=np.unpackbits(bits, count=rows * cols).reshape(rows, cols).astype(bool),
        windows_run=run,
        seconds_predicted=seconds,
    )


def check_block(content: bytes) -> None:
    """Raise ``ValueError`` unless the bytes are those of a whole block."""
    if len(content) < HEADER.size + CHECKSUM.size or not content.startswith(MAGIC):
        raise ValueError('no block')
    *_, body_length, valid_length = HEADER.unpack_from(content)
    if len(content) != HEADER.size + body_length + valid_length + CHECKSUM.size:
        raise ValueError('torn block')
    (checksum,) = CHECKSUM.unpack_from(content, len(content) - CHECKSUM.size)
    if zlib.crc32(memoryview(content)[: -CHECKSUM.size]) != checksum:
        raise ValueError('damaged block')
