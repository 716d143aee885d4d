"""Wheels of a few lines, and a bundle of one."""

import json
import zipfile

from qgis_plugin.command.bundle import ABOUT, CHECKSUMS, WHEELS, sha256

MODULE = """\
import sys


def main():
    print(f'landslide-map 9.9.9 {sys.argv[1]}'.removesuffix(' --version'))
"""


def write_wheel(folder, name='dfpenet_mm', version='9.9.9', tag='py3-none-any', needs=()):
    """Write a wheel whose command ``landslide-map`` says its version and what it was asked."""
    wheel = folder / f'{name}-{version}-{tag}.whl'
    folder.mkdir(parents=True, exist_ok=True)
    info = f'{name}-{version}.dist-info'
    asked = ''.join(f'Requires-Dist: {requirement}\n' for requirement in needs)
    files = {
        f'{info}/METADATA': f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}',
        f'{info}/WHEEL': f'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n',
    }
    if name == 'dfpenet_mm':
        files['small_command.py'] = MODULE
        scripts = '[console_scripts]\nlandslide-map = small_command:main\n'
        files[f'{info}/entry_points.txt'] = scripts
    record = ''.join(f'{name},,\n' for name in [*files, f'{info}/RECORD'])
    with zipfile.ZipFile(wheel, 'w') as archive:
        for file, text in {**files, f'{info}/RECORD': record}.items():
            archive.writestr(file, text)
    return wheel


def write_bundle(folder, **about):
    """Write a bundle of one wheel; its command knows its version."""
    wheel = write_wheel(folder / WHEELS)
    (folder / ABOUT).write_text(json.dumps(about))
    files = (f'{WHEELS}/{wheel.name}', ABOUT)
    (folder / CHECKSUMS).write_text(''.join(f'{sha256(folder / f)}  {f}\n' for f in files))
    return folder
