"""Finished blocks of a scene, kept in a folder until all are there, such that damage is noticed."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from dfpenet_mm.errors import OutputError
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


SUFFIX = '.block'
PARTIAL = '.partial'


class BlockStore:
    """Blocks by their index, each in a file of its own.

    A file appears under its name only when it is on the disk, and carries a checksum: whatever
    a crash leaves of it is noticed and never used.

    Args:
        folder: where they lie; made if need be.
        before_write: called before a block is kept; what it raises keeps the block out.

    Raises:
        OutputError: if it cannot be made.
    """

    def __init__(self, folder: Path, before_write: Callable[[], None] | None = None) -> None:
        self._folder = folder
        self._before_write = before_write
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._refused(error) from error

    def finished(self) -> set[int]:
        """Return the blocks that are whole, and remove the rest of the files."""
        whole = set()
        for path in sorted(self._folder.iterdir()):
            try:
                if path.suffix != SUFFIX:
                    raise ValueError('not a finished block')
                check_block(path.read_bytes())
                whole.add(int(path.stem))
            except ValueError:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise self._refused(error) from error
        return whole

    def write(self, index: int, result: BlockResult) -> None:
        """Keep a block.

        Raises:
            OutputError: if the disk refuses.
        """
        if self._before_write:
            self._before_write()
        path = self._path(index)
        partial = path.with_suffix(PARTIAL)
        try:
            with partial.open('wb') as file:
                file.write(encode_block(result))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            # On a full disk every byte counts.
            with suppress(OSError):
                partial.unlink()
            raise self._refused(error) from error

    def read(self, index: int) -> BlockResult:
        """Return a kept block.

        Raises:
            OutputError: if it was damaged or removed since it was written.
        """
        path = self._path(index)
        try:
            return decode_block(path.read_bytes())
        except (OSError, ValueError) as error:
            raise OutputError(
                f'the finished block {path} cannot be read back ({error}); check the disk and '
                f'run again with --resume'
            ) from error

    def _path(self, index: int) -> Path:
        return self._folder / f'{index:08d}{SUFFIX}'

    def _refused(self, error: OSError) -> OutputError:
        return OutputError(
            f'{self._folder} cannot be written to ({error.strerror or error}); the finished blocks '
            f'are kept: free some space or make it writable, and run again with --resume'
        )
