"""Finished blocks of a scene, kept in a folder until all are there, such that damage is noticed."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import disk_errors, whole_file
from dfpenet_mm.mapping.blocks.block import BlockResult

# Rows tried first: noise is not worth compressing, and most probabilities are no noise.
TRIED = 16
WORTH = 0.7
ZIP_START = b'PK'
CHECKSUM_BYTES = 4
SUFFIX = '.block'
ADVICE = (
    'the finished blocks are kept: free some space or make the folder writable, and run again '
    'with --resume'
)


def encode_block(result: BlockResult) -> bytes:
    """Write a result as an archive that ``numpy.load`` reads, and its CRC-32.

    It is what ``numpy.savez`` writes, but for the level of compression, which that fixes to none
    or to one that takes up to twelve times as long as the fastest.
    """
    tried = result.levels[::TRIED].tobytes()
    compress = len(zlib.compress(tried, 1)) < WORTH * len(tried)
    arrays = {
        'levels': result.levels,
        'valid': np.packbits(result.valid),
        'windows_run': np.array(result.windows_run),
        'seconds_predicted': np.array(result.seconds_predicted),
    }
    content = BytesIO()
    with ZipFile(content, 'w', ZIP_DEFLATED if compress else ZIP_STORED, compresslevel=1) as file:
        for name, array in arrays.items():
            with file.open(f'{name}.npy', 'w') as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    content.write(zlib.crc32(content.getbuffer()).to_bytes(CHECKSUM_BYTES))
    return content.getvalue()


def decode_block(content: bytes) -> BlockResult:
    """Read a result from bytes.

    Raises:
        ValueError: if they are torn, damaged or something else.
    """
    check_block(content)
    with np.load(BytesIO(content)) as arrays:
        levels = arrays['levels']
        valid = np.unpackbits(arrays['valid'], count=levels.size).reshape(levels.shape)
        return BlockResult(
            levels=levels,
            valid=valid.astype(bool),
            windows_run=int(arrays['windows_run']),
            seconds_predicted=float(arrays['seconds_predicted']),
        )


def check_block(content: bytes) -> None:
    """Raise ``ValueError`` unless the bytes are those of a whole block."""
    whole = memoryview(content)
    if not content.startswith(ZIP_START):
        raise ValueError('this is no block')
    if zlib.crc32(whole[:-CHECKSUM_BYTES]) != int.from_bytes(whole[-CHECKSUM_BYTES:]):
        raise ValueError('the block is torn or damaged')


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
        with disk_errors(folder, advice=ADVICE):
            folder.mkdir(parents=True, exist_ok=True)

    def finished(self) -> set[int]:
        """Return the blocks that are whole, and remove the rest of the files."""
        whole = set()
        for path in sorted(self._folder.iterdir()):
            with disk_errors(self._folder, advice=ADVICE):
                if path.is_dir():
                    shutil.rmtree(path)
                    continue
                try:
                    if path.suffix != SUFFIX:
                        raise ValueError('not a finished block')
                    check_block(path.read_bytes())
                    whole.add(int(path.stem))
                except ValueError:
                    path.unlink(missing_ok=True)
        return whole

    def write(self, index: int, result: BlockResult) -> None:
        """Keep a block.

        Raises:
            OutputError: if the disk refuses.
        """
        if self._before_write:
            self._before_write()
        with whole_file(self._path(index), durable=True, advice=ADVICE) as part:
            part.write_bytes(encode_block(result))

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
