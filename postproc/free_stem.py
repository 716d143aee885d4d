"""Names for the files of a hook that stands in a config several times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def free_stem(stem: str | None, results: Mapping[str, Any]) -> str | None:
    """Return a stem of file names that no earlier hook has used.

    Args:
        stem: the one asked for, such as ``evaluation``; None for no files.
        results: what the hooks so far found out; ``file`` or ``files`` of each is what it wrote.

    Returns:
        The stem, with ``_2``, ``_3`` and so on behind it when it is taken.
    """
    if stem is None:
        return None
    taken = {
        Path(name).stem
        for result in results.values()
        if isinstance(result, Mapping)
        for name in (result.get('file'), *(result.get('files') or ()))
        if name
    }
    free, run = stem, 1
    while free in taken:
        run += 1
        free = f'{stem}_{run}'
    return free
