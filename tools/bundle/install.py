"""Install landslide-map from this bundle, without a network, into a folder of its own.

It needs the standard library alone and changes nothing outside of the folder.
"""

import argparse
import sys
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The plug-in for QGIS, whose "Set up" does the same by the same code.
PLUGIN = HERE / 'landslides.zip'
IN_QGIS = """
In QGIS:
  1. Plugins > Manage and Install Plugins > Install from ZIP: {plugin}
  2. Settings > Options > Processing > Providers > Landslides > landslide-map: {command}"""


def load_plugin() -> bool:
    """Make the plug-in's modules importable, unless the archive is damaged."""
    try:
        with zipfile.ZipFile(PLUGIN) as archive:
            whole = archive.testzip() is None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError):
        whole = False
    sys.path.insert(0, str(PLUGIN))
    return whole


def install(folder: Path, python: Path | None) -> int:
    """Install into a folder, and let the command look at itself.

    Args:
        folder: of the environment; new or empty, or an environment to renew.
        python: interpreter that makes it; None to look for one.

    Returns:
        The exit code.
    """
    from landslides.command import installation, landslide_map, process  # noqa: PLC0415

    def tell(line: str) -> None:
        print(line.rstrip(), flush=True)

    try:
        print('Checking the bundle ...', flush=True)
        command = installation.install(
            installation.Installation(
                folder, bundle=HERE, python=python, preferred=Path(sys.executable)
            ),
            tell=tell,
            progress=lambda _: None,
            stop=lambda: False,
        )
        tell('Looking at the installation ...')
        ended = process.run_program([str(command), 'doctor'], said=tell, printed=tell)
    except (landslide_map.CommandError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    tell(f'\nlandslide-map is installed: {command}')
    tell(IN_QGIS.format(plugin=PLUGIN, command=command))
    return 2 if ended.code else 0


def main() -> int:
    """Read the command line, check the bundle and install."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument(
        'folder',
        nargs='?',
        type=lambda name: Path(name).expanduser().absolute(),
        default=Path.home() / 'landslide-map',
        help='where to install; new or empty, or an earlier installation (default: %(default)s)',
    )
    parser.add_argument('--python', type=Path, help='the Python to use (default: looked for)')
    args = parser.parse_args()
    # A console of Windows may lack letters of a path or of pip's.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors='replace')
    if not load_plugin():
        print(
            f'error: {PLUGIN.name} of the bundle is missing or damaged; copy the bundle again',
            file=sys.stderr,
        )
        return 2
    try:
        return install(args.folder, args.python)
    except KeyboardInterrupt:
        print('\nStopped. Run it again to complete the installation.', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
