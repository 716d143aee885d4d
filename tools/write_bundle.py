#!/usr/bin/env python
"""Write a folder from which landslide-map installs without a network, here or elsewhere.

It holds the wheels of the base, the plug-in for QGIS and an install script: see docs/offline.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from qgis_plugin.command.bundle import ABOUT, CHECKSUMS, CONSTRAINTS, WHEELS, sha256
from tools.zip_plugin import write_zip

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / 'tools' / 'bundle'
# Wheels for this GNU C library run with every newer one: Debian 10, Ubuntu 20.04, RHEL 8 and on.
GLIBC = 28
MANYLINUX = re.compile(r'manylinux_2_(?P<minor>\d+)_(?P<machine>\w+)')
# Names that manylinux wheels had before they were named after the library, by its version.
OLD_NAMES = {17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1'}
# What markers call a system, by the beginning of a wheel's platform.
MARKERS = {
    'manylinux': {'os_name': 'posix', 'sys_platform': 'linux', 'platform_system': 'Linux'},
    'win': {'os_name': 'nt', 'sys_platform': 'win32', 'platform_system': 'Windows'},
    'macosx': {'os_name': 'posix', 'sys_platform': 'darwin', 'platform_system': 'Darwin'},
}
# Every moment in the project's wheel: a zip archive can tell none before 1980.
MOMENT = '315532800'


class BundleError(Exception):
    """A sentence on why there is no bundle."""


def this_platform() -> str:
    """Return the platform of wheels for machines like this one."""
    if sys.platform == 'linux':
        return f'manylinux_2_{GLIBC}_{platform.machine()}'
    if sys.platform == 'darwin':
        return f'macosx_{platform.mac_ver()[0].split(".")[0]}_0_{platform.machine()}'
    return sysconfig.get_platform().replace('-', '_')


def platform_options(name: str) -> list[str]:
    """Return pip's options for a platform: on Linux with every older one, whose wheels run too."""
    names = [name]
    if found := MANYLINUX.fullmatch(name):
        versions = range(int(found['minor']), 4, -1)
        names = [f'manylinux_2_{minor}' for minor in versions]
        names += [old for minor, old in OLD_NAMES.items() if minor in versions]
        names = [f'{name}_{found["machine"]}' for name in names]
    return [word for name in names for word in ('--platform', name)]


def system_of(name: str) -> str:
    """Return the beginning of what ``sysconfig.get_platform()`` says on a platform's machines."""
    if found := MANYLINUX.fullmatch(name):
        return f'linux-{found["machine"]}'
    return 'macosx-' if name.startswith('macosx') else name.replace('_', '-', 1)


def markers(name: str, python: str) -> dict[str, str]:
    """Return the values of environment markers on a platform.

    Raises:
        BundleError: if no wheels are named after such a platform.
    """
    of_system = next((v for k, v in MARKERS.items() if name.startswith(k)), None)
    if of_system is None:
        raise BundleError(
            f'{name} is no platform that wheels are named after; name one such as '
            f'manylinux_2_{GLIBC}_x86_64, win_amd64 or macosx_14_0_arm64'
        )
    machine = name.split('_', 1)[1] if name.startswith('win') else name.split('_', 3)[-1]
    return {
        **default_environment(),
        **of_system,
        'platform_machine': machine.upper() if name.startswith('win') else machine,
        'python_version': python,
        'python_full_version': f'{python}.0',
        'extra': '',
    }


def lacking(wheels: Path, values: dict[str, str]) -> list[str]:
    """Return what wheels of a folder ask for on a platform and no other one of them is.

    Args:
        wheels: the folder.
        values: of the platform's environment markers. pip takes those of its own machine, even
            where it downloads for another one.

    Returns:
        Requirements, sorted.
    """
    there = set(versions(wheels))
    asked = {
        str(requirement)
        for wheel in wheels.glob('*.whl')
        for requirement in requirements(wheel)
        if (requirement.marker is None or requirement.marker.evaluate(values))
        and canonicalize_name(requirement.name) not in there
    }
    return sorted(text.partition(';')[0].strip() for text in asked)


def requirements(wheel: Path) -> Iterator[Requirement]:
    """Yield what a wheel asks for, extras included."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith('.dist-info/METADATA'))
        metadata = message_from_bytes(archive.read(name))
    yield from map(Requirement, metadata.get_all('Requires-Dist') or ())


def versions(wheels: Path) -> dict[str, str]:
    """Return the versions of a folder's wheels by their names."""
    parsed = [parse_wheel_filename(path.name)[:2] for path in sorted(wheels.glob('*.whl'))]
    return {str(name): str(version) for name, version in parsed}


def pip(*arguments: str | Path, **variables: str) -> None:
    """Run pip.

    Raises:
        BundleError: if it fails; it has said why.
    """
    command = [sys.executable, '-m', 'pip', '--disable-pip-version-check', *map(str, arguments)]
    if subprocess.run(command, env={**os.environ, **variables}, check=False).returncode:
        raise BundleError(
            'pip could not get the wheels (see above); look whether this machine reaches the '
            'package index, and whether every package has a wheel for that platform and Python'
        )


def build_wheel(target: Path) -> None:
    """Build the project's wheel, leaving the checkout clean and taking nothing stale from it."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Path(scratch) / 'settings.cfg'
        settings.write_text(
            f'[build]\nbuild_base = {scratch}\n[egg_info]\negg_base = {scratch}\n', encoding='utf-8'
        )
        moment = os.environ.get('SOURCE_DATE_EPOCH', MOMENT)
        variables = {'DIST_EXTRA_CONFIG': str(settings), 'SOURCE_DATE_EPOCH': moment}
        pip('wheel', '--quiet', '--no-deps', '--wheel-dir', target, ROOT, **variables)


def download(wheels: Path, name: str, python: str) -> None:
    """Download what the project's wheel, the only one in a folder, needs on a platform."""
    values = markers(name, python)
    common = ['download', '--quiet', '--only-binary=:all:', '--python-version', python]
    common += [*platform_options(name), '--constraint', ROOT / CONSTRAINTS, '--dest', wheels]
    # Each round may bring packages that ask for others on that platform alone.
    while missing := lacking(wheels, values):
        pip(*common, *missing)


def write_bundle(target: Path, name: str, python: str, wheel: Path | None = None) -> Path:
    """Write a bundle.

    Args:
        target: folder that will hold its folder.
        name: platform of the wheels.
        python: version of Python for which they are, such as ``3.11``.
        wheel: of the project; None to build it.

    Returns:
        The bundle's folder.

    Raises:
        BundleError: if wheels cannot be had.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix='.bundle-') as scratch:
        made = Path(scratch) / 'bundle'
        wheels = made / WHEELS
        wheels.mkdir(parents=True)
        if wheel is None:
            build_wheel(wheels)
        else:
            shutil.copyfile(wheel, wheels / wheel.name)
        version = versions(wheels)['dfpenet-mm']
        download(wheels, name, python)
        about = {'version': version, 'platform': name, 'python': python, 'system': system_of(name)}
        write_rest(made, about)
        folder = target / f'dfpenet_mm-{version}-{name}-py{python.replace(".", "")}'
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    return folder


def write_rest(bundle: Path, about: dict[str, str]) -> None:
    """Write what lies beside the wheels; equal wheels give equal bytes."""
    write_zip(bundle / 'landslides.zip')
    shutil.copyfile(SHIPPED / 'install.py', bundle / 'install.py')
    readme = (SHIPPED / 'README.txt').read_text(encoding='utf-8')
    texts = {
        'README.txt': readme.replace('@PYTHON@', about['python']).replace(
            '@MACHINE@', in_words(about['platform'])
        ),
        ABOUT: json.dumps(about, indent=2) + '\n',
        CONSTRAINTS: ''.join(f'{n}=={v}\n' for n, v in versions(bundle / WHEELS).items()),
    }
    for file, text in texts.items():
        (bundle / file).write_text(text, encoding='utf-8', newline='\n')
    files = sorted(p.relative_to(bundle).as_posix() for p in bundle.rglob('*') if p.is_file())
    sums = ''.join(f'{sha256(bundle / file)}  {file}\n' for file in files)
    (bundle / CHECKSUMS).write_text(sums, encoding='utf-8', newline='\n')


def in_words(name: str) -> str:
    """Say what machine a platform means."""
    if found := MANYLINUX.fullmatch(name):
        return f'Linux on {found["machine"]} with glibc 2.{found["minor"]} or newer'
    if name.startswith('macosx'):
        _, major, _, machine = name.split('_', 3)
        return f'macOS {major} or newer on {machine}'
    return f'Windows 10 or newer on {name.partition("_")[2]}'


def main() -> None:
    """Write the bundle that the command line asks for, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--platform',
        default=this_platform(),
        help='of the wheels, such as win_amd64 (default: like this machine, %(default)s)',
    )
    parser.add_argument(
        '--python-version',
        default='{}.{}'.format(*sys.version_info),
        help='of the Python there (default: this one, %(default)s)',
    )
    parser.add_argument('--wheel', type=Path, help='of dfpenet_mm (default: built from here)')
    parser.add_argument(
        '--dist', type=Path, default=ROOT / 'dist', help='folder for it (default: dist/)'
    )
    args = parser.parse_args()
    try:
        folder = write_bundle(args.dist, args.platform, args.python_version, args.wheel)
    except (BundleError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
    print(folder)


if __name__ == '__main__':
    main()
