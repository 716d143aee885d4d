"""Images and elevation tiles as catalogues describe them, whatever names they give their parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError

from dfpenet_mm.errors import ImageryError, InputFileError
from dfpenet_mm.files import read_errors

BANDS = ('red', 'green', 'blue', 'nir')
SCL, ELEVATION = 'scl', 'elevation'
# By role: names of its asset at Earth Search, at the Planetary Computer and in the Copernicus
# Data Space.
ASSETS = {
    'red': ('red', 'B04', 'B04_10m'),
    'green': ('green', 'B03', 'B03_10m'),
    'blue': ('blue', 'B02', 'B02_10m'),
    'nir': ('nir', 'B08', 'B08_10m'),
    SCL: ('scl', 'SCL', 'SCL_20m'),
    ELEVATION: ('data', 'elevation', 'dem'),
}
BASELINE = ('s2:processing_baseline', 'processing:version', 'sentinel:processing_baseline')
APPLIED = ('earthsearch:boa_offset_applied', 'sentinel:boa_offset_applied')
ORBIT = re.compile(r'_R(\d{3})(?:_|$)')
TILE = re.compile(r'(?:_T?|^)(\d{1,2}[C-X][A-Z]{2})(?:_|$)')
# Tiles of one pass over an area follow each other so soon.
PASS_GAP = timedelta(minutes=20)
COPERNICUS = 'Contains modified Copernicus Sentinel data {year}'
GLO30 = (
    '(c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space GmbH 2014-2018, provided under '
    'COPERNICUS by the European Union and ESA; all rights reserved'
)


@dataclass(frozen=True)
class SourceAsset:
    """One file of an item.

    Args:
        href: its address, or its path on this machine.
        scale: what a number is multiplied by to give reflectance; None if not told.
        offset: what is added then; None if not told.
        checksum: of the file, as the catalogue tells it.
    """

    href: str
    scale: float | None = None
    offset: float | None = None
    checksum: str | None = None

    @property
    def gdal_name(self) -> str:
        """The name by which GDAL opens it."""
        return f'/vsicurl/{self.href}' if is_address(self.href) else self.href


@dataclass(frozen=True, eq=False)
class SourceItem:
    """One image, or one tile of elevation.

    Args:
        id: its name in the catalogue.
        collection: that it belongs to.
        time: when it was taken, UTC.
        assets: its files by role.
        baseline: version of the processing, such as ``05.09``; None if not told.
        applied: if the offset of reflectance is taken off already; None if not told.
        orbit: relative orbit; None if not told.
        tile: of the grid of tiles; empty if not told.
        footprint: in degrees; None if not told.
        licence: the notice that its use asks for.
    """

    id: str
    collection: str
    time: datetime
    assets: Mapping[str, SourceAsset]
    baseline: str | None = None
    applied: bool | None = None
    orbit: int | None = None
    tile: str = ''
    footprint: shapely.Geometry | None = None
    licence: str = ''

    @property
    def missing(self) -> list[str]:
        """Roles of an image that it lacks."""
        return [role for role in (*BANDS, SCL) if role not in self.assets]


@dataclass(frozen=True, eq=False)
class Overpass:
    """The tiles that a satellite took of an area within minutes.

    Args:
        items: in the order of their names.
    """

    items: tuple[SourceItem, ...]

    @property
    def time(self) -> datetime:
        """Time of the first of them."""
        return min(item.time for item in self.items)

    @property
    def orbit(self) -> int | None:
        """Relative orbit."""
        return self.items[0].orbit


def is_address(href: str) -> bool:
    """Tell an address on the network from a path."""
    return href.lower().startswith(('http://', 'https://'))


def read_item(document: Mapping[str, Any], folder: Path | None = None) -> SourceItem:
    """Read a STAC item.

    Args:
        document: the item as JSON.
        folder: what relative paths are relative to; None for an item of a server, which may
            only point at addresses.

    Raises:
        ImageryError: if it has no name, no time, or its assets are no list of files.
    """
    name = str(document.get('id') or 'without a name')
    told = document.get('properties') or {}
    try:
        text = told.get('datetime') or told['start_datetime']
        time = datetime.fromisoformat(str(text))
        given = dict(document['assets'])
        assets = {
            role: _asset(given[key], folder)
            for role, keys in ASSETS.items()
            if (key := next((key for key in keys if key in given), None))
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ImageryError(
            f'the item {name} is no STAC item with a time and assets ({error}); leave it out, or '
            f'name another collection'
        ) from error
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    names = ' '.join(str(told.get(key) or '') for key in ('s2:product_uri', 'product_uri'))
    elevation = ELEVATION in assets and 'red' not in assets
    return SourceItem(
        id=name,
        collection=str(document.get('collection') or ''),
        time=time,
        assets={role: asset for role, asset in assets.items() if asset is not None},
        baseline=_first(told, BASELINE),
        applied=next((bool(told[key]) for key in APPLIED if told.get(key) is not None), None),
        orbit=_orbit(told, f'{names} {name}'),
        tile=_tile(told, name),
        footprint=_shape(document.get('geometry')),
        licence=GLO30 if elevation else COPERNICUS.format(year=time.year),
    )


def _asset(document: Mapping[str, Any], folder: Path | None) -> SourceAsset | None:
    href = str(document['href'])
    if not is_address(href):
        if folder is None or '://' in href:
            return None
        href = str(folder / href)
    bands = document.get('raster:bands') or document.get('bands') or [{}]
    band = {**document, **bands[0]}
    scale, offset = (band.get(key, band.get(f'raster:{key}')) for key in ('scale', 'offset'))
    return SourceAsset(
        href=href,
        scale=None if scale is None else float(scale),
        offset=None if offset is None else float(offset),
        checksum=document.get('file:checksum') or document.get('checksum:multihash'),
    )


def _first(told: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    return next((str(told[key]) for key in keys if told.get(key)), None)


def _orbit(told: Mapping[str, Any], names: str) -> int | None:
    number = told.get('sat:relative_orbit')
    if number is not None:
        return int(number)
    found = ORBIT.search(names.replace('.SAFE', ''))
    return int(found[1]) if found else None


def _tile(told: Mapping[str, Any], name: str) -> str:
    code = str(told.get('grid:code') or told.get('s2:mgrs_tile') or '')
    found = TILE.search(code.removeprefix('MGRS-') or name)
    return found[1] if found else ''


def _shape(document: Any) -> shapely.Geometry | None:
    try:
        return None if document is None else shapely.from_geojson(json.dumps(document))
    except (ShapelyError, TypeError, ValueError):
        return None


def read_items(path: Path) -> list[SourceItem]:
    """Read items from a file.

    Args:
        path: a STAC item, a FeatureCollection, or a list of items, as JSON; the paths of their
            files are relative to it.

    Raises:
        InputFileError: if it cannot be read, or is no such JSON.
        ImageryError: if an item is none.
    """
    with read_errors(path, ValueError, advice='give the JSON of a STAC search'):
        document = json.loads(path.read_text(encoding='utf-8'))
    listed = document.get('features', [document]) if isinstance(document, dict) else document
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise InputFileError(f'{path} holds no STAC items; give the JSON of a STAC search')
    return [read_item(entry, path.absolute().parent) for entry in listed]


def overpasses(items: Iterable[SourceItem]) -> Iterator[Overpass]:
    """Group images by the pass that took them, in the order of time.

    Of a tile that comes in several versions the one of the latest processing is kept.
    """
    together: list[SourceItem] = []
    for item in sorted(items, key=lambda item: (item.time, item.id)):
        last = together[-1] if together else None
        if last and (item.time - last.time > PASS_GAP or item.orbit != last.orbit):
            yield Overpass(_latest(together))
            together = []
        together.append(item)
    if together:
        yield Overpass(_latest(together))


def _latest(items: Sequence[SourceItem]) -> tuple[SourceItem, ...]:
    versions = sorted(items, key=lambda item: (item.baseline or '', item.id))
    kept = {item.tile or item.id: item for item in versions}
    return tuple(sorted(kept.values(), key=lambda item: item.id))
