"""Where a product comes from: inputs, weights, settings and software."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import rasterio

from dfpenet_mm import __version__

# GeoTIFF tag that holds a product's provenance as JSON.
TAG = 'DFPENET_MM'
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
)


def sha256(path: Path) -> str:
    """Return the SHA-256 checksum of a file's bytes, hexadecimal."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that shape a result, as far as installed."""
    versions = {'python': platform.python_version(), 'dfpenet_mm': __version__}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


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
        'inputs': {
            role: {'name': path.name, 'bytes': path.stat().st_size, 'sha256': sha256(path)}
            for role, path in inputs.items()
            if path is not None
        },
        'settings': dict(settings),
        'versions': package_versions(),
        'command': list(command),
        'created': datetime.now(UTC).isoformat(timespec='seconds'),
    }


def stamp_rasters(paths: Iterable[Path], origin: Mapping[str, Any]) -> None:
    """Write the provenance into GeoTIFFs, as JSON in the tag ``TAG``."""
    for path in paths:
        with rasterio.open(path, 'r+') as dataset:
            dataset.update_tags(**{TAG: json.dumps(origin)})
