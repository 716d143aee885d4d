"""The files that an input is read from: mosaics of mosaics, sidecars, parts of a shapefile."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from dfpenet_mm.errors import InputFileError

# Beside a raster: what says of its pixels which are valid, and where they lie.
AUXILIARY = '.aux.xml'
SIDECARS = (AUXILIARY, '.msk')
# Viewers write them at any time, and no pixel is read from them at full resolution.
OVERVIEWS = '.ovr'
# Beside the geometries of a shapefile, or not yet inside of a GeoPackage.
VECTOR_PARTS = {'.shp': ('.dbf', '.shx', '.prj', '.cpg')}
PENDING = '-wal'
ARCHIVES = re.compile(r'(/vsi(zip|tar|gzip|7z|rar)/)+')


def source_files(path: Path) -> list[Path]:
    """List the files besides its own that an input's content depends on.

    Args:
        path: a raster or a vector file.

    Returns:
        Files that exist, each once: of a raster those that GDAL lists and, if they are mosaics
        (VRT) themselves, those that they are made of, all with their sidecars; of a
        shapefile its parts. An ``.aux.xml`` is among them if it says more than statistics.

    Raises:
        InputFileError: if a mosaic is made of itself.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                return raster_sources(dataset)
    except RasterioError:
        return [file for file in companions(path) if _counts(file)]


def raster_sources(dataset: DatasetReader) -> list[Path]:
    """List the files besides its own that an open raster is read from, as ``source_files`` does.

    Raises:
        InputFileError: if it is a mosaic that is made of itself.
    """
    found: dict[Path, None] = {}
    _collect(dataset, (), found)
    own = Path(dataset.name)
    everything = [beside for file in (own, *found) for beside in (file, *companions(file))]
    return [file for file in dict.fromkeys(everything) if file != own and _counts(file)]


def companions(path: Path) -> list[Path]:
    """Name the files beside ``path`` that would change what is read from it, if they exist."""
    beside = [f'{path}{suffix}' for suffix in (*SIDECARS, PENDING)]
    for part in VECTOR_PARTS.get(path.suffix.lower(), ()):
        # Archives of old systems hold names in capitals.
        beside += [str(path.with_suffix(part)), str(path.with_suffix(part.upper()))]
    return [Path(name) for name in beside]


def sidecar_checksum(path: Path) -> str | None:
    """Sum up what an ``.aux.xml`` says of a raster besides statistics, which viewers add.

    Returns:
        SHA-256, hexadecimal; None if it says nothing else, or there is no such file.
    """
    try:
        state = path.stat()
        return _sidecar_checksum(path, (state.st_ino, state.st_size, state.st_mtime_ns))
    except OSError:
        return None


@cache
def _sidecar_checksum(path: Path, _: tuple[int, int, int]) -> str | None:
    content = path.read_bytes()
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return hashlib.sha256(content).hexdigest()
    _drop_statistics(root)
    return hashlib.sha256(ElementTree.tostring(root)).hexdigest() if len(root) else None


def _drop_statistics(element: ElementTree.Element) -> None:
    for child in list(element):
        _drop_statistics(child)
        counted = child.tag == 'Histograms' or child.get('key', '').startswith('STATISTICS_')
        emptied = child.tag in ('Metadata', 'PAMRasterBand') and not len(child)
        if counted or emptied:
            element.remove(child)
    if not (element.text or '').strip():
        element.text = None
    element.tail = None


def _collect(dataset: DatasetReader, above: tuple[str, ...], found: dict[Path, None]) -> None:
    """Add the files of a raster; ``above`` are the mosaics that it is a part of."""
    trail = (*above, os.path.realpath(dataset.name))
    for name in dataset.files[1:]:
        if name.endswith((AUXILIARY, OVERVIEWS)):
            continue
        if os.path.realpath(name) in trail:
            raise InputFileError(
                f'{trail[0]} is a mosaic that is made of itself (by way of {dataset.name}), so it '
                f'holds no pixel; build it again from the images, for example with gdalbuildvrt'
            )
        file = _on_disk(name)
        if file is None or file in found:
            continue
        found[file] = None
        if _is_mosaic(name):
            try:
                with rasterio.open(name) as part:
                    _collect(part, trail, found)
            except RasterioError:
                continue  # reading it will tell


def _is_mosaic(name: str) -> bool:
    """Tell a list of other files, written as XML under any name, from an image."""
    try:
        with open(name, 'rb') as file:
            return file.read(200).lstrip(b'\xef\xbb\xbf \r\n\t').startswith(b'<')
    except OSError:
        return name.lower().endswith('.vrt')


def _on_disk(name: str) -> Path | None:
    """Find the file that holds what GDAL calls ``name``: of a part of an archive, the archive."""
    if not name.startswith('/vsi'):
        return Path(name)
    archive = ARCHIVES.match(name)
    if archive is None:
        return None
    inside = Path(name[archive.end() :].replace('{', '').replace('}', ''))
    return next((path for path in (inside, *inside.parents) if path.is_file()), None)


def _counts(file: Path) -> bool:
    if file.name.endswith(AUXILIARY):
        return sidecar_checksum(file) is not None
    return file.is_file() and not (file.name.endswith(PENDING) and not file.stat().st_size)
