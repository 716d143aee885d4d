"""An offline bundle: whether it arrived whole, which Python it is for, how pip takes it.

``tools/write_bundle.py`` writes bundles; "Set up" and a bundle's own ``install.py``, which reads
this file out of the plug-in's archive, install from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .landslide_map import CommandError

WHEELS, CHECKSUMS, CONSTRAINTS = 'wheels', 'SHA256SUMS', 'constraints.txt'
# What the wheels need, as JSON: see Bundle.
ABOUT = 'bundle.json'


@dataclass(frozen=True)
class Bundle:
    """A bundle that is whole.

    Args:
        folder: that holds it.
        python: version for which its wheels are, such as ``3.11``; empty for any.
        system: beginning of what ``sysconfig.get_platform()`` says where they run, such as
            ``linux-x86_64``; empty for any.
    """

    folder: Path
    python: str = ''
    system: str = ''

    def options(self) -> list[str]:
        """Return the options by which pip takes all from it, whatever else it is told to use."""
        constraints = self.folder / CONSTRAINTS
        options = ['--isolated', '--no-index', '--find-links', str(self.folder / WHEELS)]
        return options + (['--constraint', str(constraints)] if constraints.is_file() else [])

    def mismatch(self, version: str, system: str) -> str:
        """Say why an interpreter cannot use it; empty if it can.

        Args:
            version: of the interpreter, such as ``3.11``.
            system: what its ``sysconfig.get_platform()`` says.
        """
        if self.system and not system.startswith(self.system):
            return f'runs on {system}, and the bundle is for {self.system}; take one for {system}'
        if self.python and version != self.python:
            return (
                f'is Python {version}, and the bundle is for Python {self.python}; name a Python '
                f'{self.python}, from python.org if there is none'
            )
        return ''


def open_bundle(folder: Path) -> Bundle:
    """Look through a bundle.

    Args:
        folder: that holds it.

    Returns:
        What it is for.

    Raises:
        CommandError: if it is none, or a file is missing or damaged.
    """
    if not (folder / WHEELS).is_dir() and not (folder / CHECKSUMS).is_file():
        raise CommandError(
            f'{folder} is no offline bundle, as it has no folder "{WHEELS}"; name the folder with '
            f'"{CHECKSUMS}" in it'
        )
    damaged = next(_damaged(folder), None)
    if damaged:
        raise CommandError(f'{damaged} of the bundle is missing or damaged; copy the bundle again')
    about = folder / ABOUT
    known = json.loads(about.read_text(encoding='utf-8')) if about.is_file() else {}
    return Bundle(folder, known.get('python', ''), known.get('system', ''))


def _damaged(bundle: Path) -> Iterator[str]:
    listed = bundle / CHECKSUMS
    if not listed.is_file():
        yield CHECKSUMS
        return
    for line in listed.read_text(encoding='utf-8', errors='replace').splitlines():
        digest, _, name = line.partition('  ')
        try:
            whole = sha256(bundle / name) == digest
        except OSError:
            whole = False
        if not whole:
            yield name or CHECKSUMS


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        for part in iter(lambda: file.read(1 << 20), b''):
            digest.update(part)
    return digest.hexdigest()
