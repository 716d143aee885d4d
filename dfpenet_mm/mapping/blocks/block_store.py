"""Finished blocks of a scene, kept in a folder until all are there."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dfpenet_mm.errors import OutputError
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.blocks.block_file import check_block, decode_block, encode_block

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
