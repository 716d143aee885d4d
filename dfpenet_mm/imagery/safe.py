"""Sentinel-2 products on a disk, as folders or zip archives, read as items."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import shapely

from dfpenet_mm.errors import ImageryError, InputFileError
from dfpenet_mm.files import read_errors
from dfpenet_mm.imagery.items import BANDS, COPERNICUS, ORBIT, SCL, TILE, SourceAsset, SourceItem

METADATA = 'MTD_MSIL2A.xml'
FILES = {
    'red': r'R10m/\w+_B04_10m\.jp2$',
    'green': r'R10m/\w+_B03_10m\.jp2$',
    'blue': r'R10m/\w+_B02_10m\.jp2$',
    'nir': r'R10m/\w+_B08_10m\.jp2$',
    SCL: r'R20m/\w+_SCL_20m\.jp2$',
}
# Numbers of the bands in the metadata: B2, B3, B4, B8.
BAND_IDS = {'blue': '1', 'green': '2', 'red': '3', 'nir': '7'}
ADVICE = 'give a whole Sentinel-2 product of level 2A, as a .SAFE folder or a zip of one'


def read_product(path: Path) -> SourceItem:
    """Read a product as an item whose files lie on this machine.

    Args:
        path: folder ``*.SAFE``, or a zip archive of one.

    Raises:
        InputFileError: if it is missing, or is no product of level 2A.
        ImageryError: if its metadata lack a time, or files are missing.
    """
    names, prefix, text = _contents(path)
    with read_errors(path, ElementTree.ParseError, ValueError, advice=ADVICE):
        root = ElementTree.fromstring(text)
    told = {element.tag.rpartition('}')[2]: (element.text or '').strip() for element in root.iter()}
    name = told.get('PRODUCT_URI', path.name).removesuffix('.SAFE')
    try:
        time = datetime.fromisoformat(told['PRODUCT_START_TIME'])
    except (KeyError, ValueError) as error:
        raise ImageryError(f'{path} does not say when it was taken; {ADVICE}') from error
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    offsets = {
        element.get('band_id'): float(element.text or 0)
        for element in root.iter()
        if element.tag.rpartition('}')[2] == 'BOA_ADD_OFFSET'
    }
    scale = 1 / float(told.get('BOA_QUANTIFICATION_VALUE') or 10_000)
    assets = {}
    for role, pattern in FILES.items():
        found = [file for file in names if re.search(pattern, file)]
        if len(found) != 1:
            raise ImageryError(
                f'{path} has {len(found)} files like {pattern[:-1]}, wanted is one; {ADVICE}'
            )
        offset = offsets.get(BAND_IDS.get(role))
        assets[role] = SourceAsset(
            href=f'{prefix}{found[0]}',
            scale=scale if role in BANDS else None,
            offset=None if offset is None else offset * scale,
        )
    orbit = ORBIT.search(name) or re.fullmatch(r'(\d+)', told.get('SENSING_ORBIT_NUMBER', ''))
    tile = TILE.search(name)
    return SourceItem(
        id=name,
        collection='SAFE',
        time=time,
        assets=assets,
        baseline=told.get('PROCESSING_BASELINE') or None,
        orbit=int(orbit[1]) if orbit else None,
        tile=tile[1] if tile else '',
        footprint=_footprint(told.get('EXT_POS_LIST', '')),
        licence=COPERNICUS.format(year=time.year),
    )


def read_products(paths: Sequence[Path]) -> list[SourceItem]:
    """Read several products.

    Raises:
        InputFileError: as ``read_product``.
        ImageryError: likewise.
    """
    return [read_product(path) for path in paths]


def _contents(path: Path) -> tuple[list[str], str, bytes]:
    """Return the files of a product, what GDAL's name of one begins with, and its metadata."""
    if not path.exists():
        raise InputFileError(f'{path} does not exist; check the path')
    with read_errors(path, zipfile.BadZipFile, KeyError, RuntimeError, advice=ADVICE):
        if path.is_dir():
            files = [file for file in path.rglob('*') if file.is_file()]
            names = sorted(file.relative_to(path).as_posix() for file in files)
            prefix = f'{path.absolute()}/'
            described = _metadata(path, names)
            return names, prefix, (path / described).read_bytes()
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
            described = _metadata(path, names)
            return names, f'/vsizip/{path.absolute()}/', archive.read(described)


def _metadata(path: Path, names: Sequence[str]) -> str:
    found = [name for name in names if name.rpartition('/')[2] == METADATA]
    if len(found) != 1:
        raise InputFileError(f'{path} holds {len(found)} files {METADATA}, wanted is one; {ADVICE}')
    return found[0]


def _footprint(text: str) -> shapely.Geometry | None:
    """Read latitudes and longitudes in turn."""
    numbers = np.array(text.split(), float)
    if numbers.size < 6 or numbers.size % 2:
        return None
    return shapely.Polygon(numbers.reshape(-1, 2)[:, ::-1])
