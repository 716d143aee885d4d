"""The files that an input is read from, as users and GDAL name them.

An input may be a part of an archive or of a database, a mosaic of mosaics, or have sidecars.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from dfpenet_mm.errors import InputFileError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

# Beside a raster: what says of its pixels which are valid, and where they lie.
AUXILIARY = '.aux.xml'
SIDECARS = (AUXILIARY, '.msk')
# Viewers write them at any time, and no pixel is read from them at full resolution.
OVERVIEWS = '.ovr'
# Beside the geometries of a shapefile, or not yet inside of a GeoPackage.
VECTOR_PARTS = {'.shp': ('.dbf', '.shx', '.prj', '.cpg')}
PENDING = '-wal'
# Names inside of others: of an archive, or of a table by its driver, as in GPKG:file.gpkg:table.
VIRTUAL = re.compile(r'/vsi\w+/')
ARCHIVE = re.compile(r'(/vsi(?:zip|tar|gzip|7z|rar)/)(?=[^/{])')
BY_DRIVER = re.compile(r'[A-Za-z][\w+-]+:(?P<rest>.+)', re.DOTALL)


def gdal_name(path: str | Path) -> str:
    """Return the name by which GDAL opens what a user named.

    ``pathlib`` takes one of two slashes away, and ``/vsizip//data/a.zip/b.tif`` or
    ``/vsicurl/https://...`` then names another file.
    """
    # Names of GDAL's have slashes on Windows too.
    text = path.as_posix() if isinstance(path, Path) else path
    if _exists(text):
        return text
    if '/vsi' in text:
        text = re.sub(r'(?<=/)(https?|ftp):/(?=[^/])', r'\1://', text)
        found = ARCHIVE.search(text)
        if found and not _first_file(text[found.end() :]):
            rest = '/' + text[found.end() :]
            if rest.startswith('/vsi') or _first_file(rest):
                text = text[: found.end()] + rest
    return text


def is_virtual(path: str | Path) -> bool:
    """Tell a name that only GDAL can open from the path of a file."""
    text = path.as_posix() if isinstance(path, Path) else path
    return not _exists(text) and bool(VIRTUAL.match(text) or BY_DRIVER.fullmatch(text))


def local_file(path: str | Path) -> Path | None:
    """Find the file or folder of this machine that a name leads to.

    Args:
        path: of a file, or a name of GDAL's such as ``/vsizip/a.zip/b.tif`` or
            ``GPKG:a.gpkg:table``.

    Returns:
        What can be watched and summed up, such as the archive; None if there is none.
    """
    text = gdal_name(path)
    if _exists(text):
        return Path(text)
    inside = [found.end() for found in VIRTUAL.finditer(text)]
    if inside:
        return _first_file(text[inside[-1] :])
    named = BY_DRIVER.fullmatch(text)
    return _first_file(named['rest']) if named else None


def absolute_name(path: Path) -> Path:
    """Return a name that holds in any working folder."""
    if not is_virtual(path):
        return path.absolute()
    local = local_file(path)
    if local is None or local.is_absolute():
        return path
    return Path(gdal_name(path).replace(str(local), str(local.absolute()), 1))


def require_file(path: Path, what: str) -> None:
    """Refuse what is not there, and what cannot be read twice.

    Args:
        path: file, folder, or a name of GDAL's.
        what: how the sentence begins, such as ``the reference a.gpkg``.

    Raises:
        InputFileError: for a name that leads to no file, or for a pipe or a device.
    """
    local = local_file(path)
    if local is None:
        if is_virtual(path):
            # A database or a server: GDAL will say.
            return
        raise InputFileError(f'{what} does not exist; check its path')
    kind = local.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise InputFileError(
            f'{what} is a pipe or a device, and it has to be read more than once; write it to a '
            f'file first, and give that'
        )


def require_folder(path: Path, mend: str) -> None:
    """Raise ``InputFileError`` for what is no folder; ``mend`` says what to give."""
    if not path.is_dir():
        raise InputFileError(f'{path} is no folder; {mend}')


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
    # Whether a file is there at all is asked before GDAL is loaded, which takes a second.
    import rasterio  # noqa: PLC0415
    from rasterio.errors import NotGeoreferencedWarning, RasterioError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            with rasterio.open(gdal_name(path)) as dataset:
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
    import rasterio  # noqa: PLC0415
    from rasterio.errors import RasterioError  # noqa: PLC0415

    trail = (*above, os.path.realpath(dataset.name))
    for name in dataset.files[1:]:
        if name.endswith((AUXILIARY, OVERVIEWS)):
            continue
        if os.path.realpath(name) in trail:
            raise InputFileError(
                f'{trail[0]} is a mosaic that is made of itself (by way of {dataset.name}), so it '
                f'holds no pixel; build it again from the images, for example with gdalbuildvrt'
            )
        file = local_file(name)
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


def _counts(file: Path) -> bool:
    if file.name.endswith(AUXILIARY):
        return sidecar_checksum(file) is not None
    return file.is_file() and not (file.name.endswith(PENDING) and not file.stat().st_size)


def _first_file(text: str) -> Path | None:
    """Find the file that a name begins with, whatever follows it."""
    braced = re.match(r'\{(.+?)\}|"(.+?)"', text)
    if braced:
        text = braced[1] or braced[2]
    inside = VIRTUAL.match(text)
    if inside:
        return _first_file(text[inside.end() :])
    whole = text
    while text:
        # A folder is one only if nothing but the name of a table follows.
        if _exists(text) and (Path(text).is_file() or whole[len(text) :][:1] in ('', ':')):
            return Path(text)
        text = text[: max(*map(text.rfind, '/:\\'), 0)]
    return None


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        # Too long, or with a character that no name has.
        return False
