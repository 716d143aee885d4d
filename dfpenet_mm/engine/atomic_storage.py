"""A storage backend that never shows half a file under its final name."""

from __future__ import annotations

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

SUFFIX = '.incomplete'


@register_backend('atomic', force=True)
class AtomicBackend(LocalBackend):
    """Local files, written beside and then renamed.

    mmengine writes checkpoints in place: one that is being written when the machine stops
    stays behind as a truncated file under its final name.
    ``backend_args=dict(backend='atomic')`` of a hook chooses this backend.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file; until it is complete an older one stays.

        Args:
            obj: its content.
            filepath: its name; the folder is made if need be.
        """
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f'.{path.name}{SUFFIX}')
        try:
            with part.open('wb') as file:
                file.write(obj)
                file.flush()
                # Otherwise a power cut may keep the new name and lose the content.
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
