"""Files as users and GDAL name them: found, told from pipes, and opened."""

from __future__ import annotations

import re
import stat
import warnings
import zipfile
from pathlib import Path

from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from dfpenet_mm.errors import InputFileError, RasterFormatError, brief
from dfpenet_mm.source_files import raster_sources
from dfpenet_mm.validity import open_unhidden
from dfpenet_mm.wording import counted

# Names inside of others: of an archive, or of a table by its driver, as in GPKG:file.gpkg:table.
VIRTUAL = re.compile(r'/vsi\w+/')
ARCHIVE = re.compile(r'(/vsi(?:zip|tar|gzip|7z|rar)/)(?=[^/{])')
BY_DRIVER = re.compile(r'[A-Za-z][\w+-]+:(?P<rest>.+)', re.DOTALL)
# A Sentinel-2 product lists four, a weather model hundreds.
NAMES_SHOWN = 6


def gdal_name(path: str | Path) -> str:
    """Return the name by which GDAL opens what a user named.

    ``pathlib`` takes one of two slashes away, and ``/vsizip//data/a.zip/b.tif`` or
    ``/vsicurl/https://...`` then names another file.
    """
    text = str(path)
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
        if VIRTUAL.match(str(path)) or BY_DRIVER.fullmatch(str(path)):
            # A database or a server: GDAL will say.
            return
        raise InputFileError(f'{what} does not exist; check its path')
    kind = local.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise InputFileError(
            f'{what} is a pipe or a device, and it has to be read more than once; write it to a '
            f'file first, and give that'
        )


def open_raster(path: Path, what: str | None = None) -> DatasetReader:
    """Open a raster for reading; one alone in a zip archive too.

    Args:
        path: file, or a name of GDAL's.
        what: how a sentence about it begins; None for its path.

    Raises:
        InputFileError: if it is missing, GDAL cannot read it, or it is a mosaic of itself.
        RasterFormatError: if it holds several rasters, or none.
    """
    what = what or str(path)
    require_file(path, what)
    name = gdal_name(path)
    try:
        with warnings.catch_warnings():
            # check_georeference says it in words that help.
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            dataset = _open(name)
    except (RasterioError, UnicodeError) as error:
        raise InputFileError(
            f'{what} cannot be read as a raster ({brief(error)}); {_advice(name)}'
        ) from error
    if dataset.driver == 'VRT':
        raster_sources(dataset)  # refuses a loop
    if not dataset.count:
        with dataset:
            raise RasterFormatError(_no_bands(what, dataset.subdatasets))
    return dataset


def _open(name: str) -> DatasetReader:
    try:
        return open_unhidden(name)
    except RasterioError:
        if not zipfile.is_zipfile(name):
            raise
        return open_unhidden(f'/vsizip/{name}')


def _advice(name: str) -> str:
    if zipfile.is_zipfile(name):
        with zipfile.ZipFile(name) as archive:
            inside = [f'/vsizip/{name}/{file}' for file in archive.namelist() if file[-1] != '/']
        return f'name the raster in the archive: {_listed(inside)}'
    return 'check it with gdalinfo, and copy or download it again'


def _no_bands(what: str, inside: list[str]) -> str:
    if not inside:
        return f'{what} has no band; give a raster that has one'
    return f'{what} holds {counted(len(inside), "raster")}; name one of them: {_listed(inside)}'


def _listed(names: list[str]) -> str:
    more = f' and {len(names) - NAMES_SHOWN} more' if len(names) > NAMES_SHOWN else ''
    return ', '.join(names[:NAMES_SHOWN]) + more


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
        text = text[: max(text.rfind('/'), text.rfind(':'), 0)]
    return None


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        # Too long, or with a character that no name has.
        return False
