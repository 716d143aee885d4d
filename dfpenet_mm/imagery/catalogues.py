"""Places to look for images: a STAC server, a file of items, or products on a disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import shapely
from shapely import affinity

from dfpenet_mm.errors import InstallError
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.items import ELEVATION, SourceItem, read_item
from dfpenet_mm.imagery.network import CONNECT_S, READ_S, network_errors, retries

EARTH_SEARCH = 'https://earth-search.aws.element84.com/v1'
SENTINEL2, GLO30 = 'sentinel-2-c1-l2a', 'cop-dem-glo-30'
# More images of one area than a year and a half can bring.
MOST_ITEMS = 2_000
PAGE = 100
# Around an area, so that slopes at its edge are known, degrees.
DEM_MARGIN = 0.01


class Catalogue(Protocol):
    """Somewhere to look for images and elevation."""

    def images(self, area: Area, start: datetime, end: datetime) -> list[SourceItem]:
        """Return the images that touch an area, taken from ``start`` to ``end``."""
        ...

    def elevation(self, area: Area) -> list[SourceItem]:
        """Return the tiles of elevation that touch an area."""
        ...


@dataclass(frozen=True)
class StacServer:
    """A server with a STAC API.

    Args:
        url: of its landing page.
        collection: of Sentinel-2's images on the ground.
        dem_collection: of the elevation tiles.
    """

    url: str = EARTH_SEARCH
    collection: str = SENTINEL2
    dem_collection: str = GLO30

    def images(self, area: Area, start: datetime, end: datetime) -> list[SourceItem]:
        """Search for images.

        Raises:
            NetworkError: if the server cannot be reached, or refuses.
        """
        # Times of a search have whole seconds.
        times = f'{start:%Y-%m-%dT%H:%M:%SZ}/{end + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}'
        found = self._search(self.collection, area.boxes(), times)
        return [item for item in found if start <= item.time <= end and touches(item, area)]

    def elevation(self, area: Area) -> list[SourceItem]:
        """Search for tiles of elevation.

        Raises:
            NetworkError: likewise.
        """
        return self._search(self.dem_collection, area.boxes(DEM_MARGIN), None)

    def _search(
        self, collection: str, boxes: Sequence[tuple[float, ...]], times: str | None
    ) -> list[SourceItem]:
        with _stac(self.url) as client:
            found = {}
            for box in boxes:
                search = client.search(
                    collections=[collection],
                    bbox=list(box),
                    datetime=times,
                    limit=PAGE,
                    max_items=MOST_ITEMS,
                )
                for document in search.items_as_dicts():
                    item = read_item(document)
                    found[item.id] = item
        return list(found.values())


@contextmanager
def _stac(url: str) -> Iterator[Any]:
    try:
        from pystac_client import Client  # noqa: PLC0415
        from pystac_client.exceptions import APIError, ParametersError  # noqa: PLC0415
        from pystac_client.stac_api_io import StacApiIO  # noqa: PLC0415
    except ImportError as error:
        raise InstallError(
            'searching for images needs pystac-client, which is not installed; install it with '
            'pip install pystac-client, or give --from-items or --from-safe'
        ) from error
    # Whatever a server that is none answers: a page, or JSON without what a catalogue has.
    kinds = (APIError, ParametersError, KeyError, ValueError, TypeError, NotImplementedError)
    with network_errors(f'the image server {url}', *kinds):
        io = StacApiIO(timeout=(CONNECT_S, READ_S), max_retries=retries())
        yield Client.open(url, stac_io=io)


@dataclass(frozen=True, eq=False)
class KnownItems:
    """Items that are at hand, of a file or of products on a disk.

    Args:
        items: images and tiles of elevation.
        server: where elevation is looked for if none is among them; None for nowhere.
    """

    items: Sequence[SourceItem] = field(default_factory=list)
    server: StacServer | None = None

    def images(self, area: Area, start: datetime, end: datetime) -> list[SourceItem]:
        """Return those that touch an area, taken from ``start`` to ``end``."""
        return [
            item
            for item in self.items
            if not _is_elevation(item) and start <= item.time <= end and touches(item, area)
        ]

    def elevation(self, area: Area) -> list[SourceItem]:
        """Return the tiles of elevation that touch an area, or search for them."""
        found = [item for item in self.items if _is_elevation(item) and touches(item, area)]
        return found or (self.server.elevation(area) if self.server else [])


def _is_elevation(item: SourceItem) -> bool:
    return ELEVATION in item.assets and 'red' not in item.assets


def touches(item: SourceItem, area: Area) -> bool:
    """Tell whether an item may show an area, on any turn of longitude."""
    if item.footprint is None:
        return True
    # A footprint that jumps from 180 to -180 spans the globe; let the pixels tell.
    west, _, east, _ = item.footprint.bounds
    if east - west > 180:
        return True
    boxes = shapely.union_all([shapely.box(*box) for box in area.boxes(DEM_MARGIN)])
    turns = (affinity.translate(item.footprint, turn) for turn in (-360, 0, 360))
    return any(turned.intersects(boxes) for turned in turns)
