#!/usr/bin/env python
"""Zip qgis_plugin/ for QGIS's plug-in manager (Install from ZIP); equal files give equal bytes."""

import argparse
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The folder in a profile's python/plugins, which QGIS imports by this name.
FOLDER = 'landslides'
SHIPPED = ('.py', '.txt', '.svg')
# The first moment that a zip archive can tell, and a plain file that everybody may read.
MOMENT = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16


def write_zip(target: Path) -> Path:
    """Write the archive.

    Args:
        target: file to write.

    Returns:
        The same.
    """
    plugin = ROOT / 'qgis_plugin'
    files = {path.relative_to(plugin).as_posix(): path for path in plugin.rglob('*')}
    shipped = {name: path for name, path in files.items() if path.suffix in SHIPPED}
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, 'w') as archive:
        for name, path in sorted({**shipped, 'LICENSE': ROOT / 'LICENSE'}.items()):
            entry = zipfile.ZipInfo(f'{FOLDER}/{name}', MOMENT)
            entry.external_attr, entry.create_system = READABLE, 3
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target


def main() -> None:
    """Write the archive that the command line names, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'target',
        nargs='?',
        type=Path,
        default=ROOT / 'dist' / 'landslides.zip',
        help='file to write (default: dist/landslides.zip)',
    )
    print(write_zip(parser.parse_args().target))


if __name__ == '__main__':
    main()
