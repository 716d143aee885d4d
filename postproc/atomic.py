"""Files that appear under their final name only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dfpenet_mm.errors import OutputError


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Lend a path to write to, and rename it to ``path`` if the block ends well.

    Args:
        path: final name; a file of that name is replaced. Its folder must exist.

    Yields:
        A path of the same file name on the same file system. Whatever stands there, and any
        side file of the driver, is gone after a block that raises.

    Raises:
        OutputError: if the folder does not exist.
    """
    if not path.parent.is_dir():
        raise OutputError(
            f'{path.parent} is no folder, so {path.name} cannot be written; create it'
        )
    with TemporaryDirectory(prefix='.part-', dir=path.parent) as folder:
        part = Path(folder) / path.name
        yield part
        os.replace(part, path)
