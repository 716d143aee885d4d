"""The provenance of a run and its products: inputs, weights, settings and software."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dfpenet_mm import __version__
from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.files import file_digest, read_errors
from dfpenet_mm.installation import installed_version
from dfpenet_mm.source_files import local_file, require_file

# What of a config shapes a map.
SECTIONS = ('model', 'mapping', 'postproc')
# What differs between two runs that come to the same: products go without it, so that resumed,
# repeated and distributed runs write the same bytes. The summary has it all.
OF_ONE_RUN = ('command', 'created')
PACKAGES = (
    'torch',
    'onedl-mmengine',
    'onedl-mmcv',
    'onedl-mmsegmentation',
    'mmengine',
    'mmcv',
    'mmsegmentation',
    'rasterio',
    'geopandas',
    'shapely',
    'pyproj',
    'numpy',
    'openvino',
)


def lasting(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a provenance goes into the products."""
    return {name: value for name, value in origin.items() if name not in OF_ONE_RUN}


def sha256(path: Path) -> str:
    """Return the SHA-256 checksum of a file's bytes, hexadecimal.

    A folder, such as a FileGDB, is summed up by the checksums of its files, sorted by path.
    """
    if not path.is_dir():
        return file_digest(path)
    return hashlib.sha256(b''.join(bytes.fromhex(file_digest(f)) for f in _files(path))).hexdigest()


def describe_input(path: Path) -> dict[str, Any]:
    """Name an input so that it can be told from any other.

    Raises:
        InputFileError: if it cannot be read.
    """
    local = local_file(path)
    if local is None:
        require_file(path, str(path))
        return {'name': str(path)}  # of a database or a server
    with read_errors(path, advice='check that you may read it and that its disk is there'):
        size = sum(file.stat().st_size for file in _files(local))
        return {'name': path.name, 'bytes': size, 'sha256': sha256(local)}


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob('*') if file.is_file()) if path.is_dir() else [path]


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that shape a result, as far as installed."""
    found = {package: installed_version(package) for package in PACKAGES}
    installed = {package: version for package, version in found.items() if version}
    return {'python': platform.python_version(), 'dfpenet_mm': __version__, **installed}


def resolved_settings(config: ConfigSections) -> dict[str, Any]:
    """Return the sections of a config that shape a map, inherited values and options included.

    The checksum of the config file alone would not tell when one of its bases has changed.
    """
    sections = config.to_dict()
    wanted = {name: sections[name] for name in SECTIONS if name in sections}
    settings = json.loads(json.dumps(wanted, default=str))
    predictor = settings.get('mapping', {}).get('predictor', {})
    if predictor.get('quantised'):
        # Its checksum is among the inputs; where it lies is of no account.
        predictor['quantised'] = Path(predictor['quantised']).name
    return settings


def provenance(
    *, inputs: Mapping[str, Path | None], settings: Mapping[str, Any], command: Sequence[str]
) -> dict[str, Any]:
    """Describe a run so that it can be repeated.

    Args:
        inputs: files by role; None where the role was not given.
        settings: plain values that shaped the result.
        command: the command line, program first.

    Returns:
        Plain JSON values: names and checksums of the inputs, settings, versions, command
        and time (UTC).
    """
    return {
        'inputs': {role: describe_input(path) for role, path in inputs.items() if path is not None},
        'settings': dict(settings),
        'versions': package_versions(),
        'command': list(command),
        'created': datetime.now(UTC).isoformat(timespec='seconds'),
    }
