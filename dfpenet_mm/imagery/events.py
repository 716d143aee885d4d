"""Earthquakes of the USGS catalogue: when, where, and how far the ground shook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely import affinity

from dfpenet_mm.errors import ImageryError, NetworkError
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.network import get_json
from dfpenet_mm.vocabulary import WGS84

COMCAT = 'https://earthquake.usgs.gov/fdsnws/event/1/query'
# Names of the contours, today's and those of older ShakeMaps.
CONTOURS = ('download/cont_mmi.json', 'download/cont_mi.json')
# Distance within which most landslides lie, of magnitude M: 10 ** (a M + b) km. A rule of thumb
# for where there is no ShakeMap.
GROWTH, START = 0.43, -1.25
# No area reaches further from the epicentre, km.
FARTHEST_KM = 70.0
NEAREST_KM = 5.0
RING_POINTS = 128


@dataclass(frozen=True, eq=False)
class Earthquake:
    """An event of the catalogue.

    Args:
        id: its code, such as ``us2000h8ty``.
        title: in words.
        time: of its origin, UTC.
        lon: of the epicentre, degrees.
        lat: likewise.
        magnitude: None where the catalogue has none.
        area: polygon in degrees within which images are wanted.
        basis: how that was found, in words.
    """

    id: str
    title: str
    time: datetime
    lon: float
    lat: float
    magnitude: float | None
    area: shapely.Geometry
    basis: str


def find_earthquake(event: str, *, intensity: float = 6.0, url: str = COMCAT) -> Earthquake:
    """Look an event up.

    Args:
        event: its code in the catalogue.
        intensity: of the ShakeMap's contour that bounds the area, Modified Mercalli.
        url: of the catalogue.

    Raises:
        ImageryError: if there is no such event, or it has no place or magnitude to start from.
        NetworkError: if the catalogue cannot be reached.
    """
    what = 'the earthquake catalogue'
    found = get_json(url, what, {'eventid': event, 'format': 'geojson'})
    if found is None:
        raise ImageryError(
            f'the earthquake catalogue knows no event {event}; look its code up at '
            f'earthquake.usgs.gov, such as us2000h8ty, or give --bbox and --date'
        )
    try:
        told = found['properties']
        lon, lat = map(float, found['geometry']['coordinates'][:2])
        time = datetime.fromtimestamp(told['time'] / 1000, UTC)
    except (KeyError, TypeError, ValueError) as error:
        raise NetworkError(
            f'{what} answers for {event} without a place or a time; try again later, or give '
            f'--bbox and --date'
        ) from error
    magnitude = None if told.get('mag') is None else float(told['mag'])
    area, basis = _area(told, (lon, lat), magnitude, intensity)
    title = str(told.get('title') or told.get('place') or event)
    return Earthquake(event, title, time, lon, lat, magnitude, area, basis)


def _area(
    told: dict[str, Any], epicentre: tuple[float, float], magnitude: float | None, intensity: float
) -> tuple[shapely.Geometry, str]:
    contour = _contour(told, intensity)
    around = circle(*epicentre, FARTHEST_KM)
    if contour is not None:
        near = shapely.union_all(
            [affinity.translate(contour, turn).intersection(around) for turn in (-360, 0, 360)]
        )
        if not near.is_empty:
            cut = near.area < 0.999 * contour.area
            basis = f'shaken with intensity {intensity:g} or more, by the ShakeMap'
            return near, basis + (f', within {FARTHEST_KM:g} km of the epicentre' if cut else '')
    if magnitude is None:
        raise ImageryError(
            'the event has neither a ShakeMap that reaches the intensity nor a magnitude; give '
            'its area with --bbox or --aoi and its day with --date'
        )
    km = float(np.clip(10 ** (GROWTH * magnitude + START), NEAREST_KM, FARTHEST_KM))
    why = 'no ShakeMap' if contour is None else 'no ShakeMap near the epicentre'
    return circle(*epicentre, km), f'within {km:.0f} km of the epicentre, by its magnitude ({why})'


def circle(lon: float, lat: float, km: float) -> shapely.Polygon:
    """Return a circle on the ellipsoid, in degrees; longitudes run on past 180.

    Args:
        lon: of its centre.
        lat: likewise.
        km: radius.
    """
    angles = np.linspace(0, 360, RING_POINTS, endpoint=False)
    ones = np.ones_like(angles)
    geod = pyproj.CRS.from_user_input(WGS84).get_geod() or pyproj.Geod(ellps='WGS84')
    lons, lats, _ = geod.fwd(lon * ones, lat * ones, angles, km * 1000 * ones)
    lons = lon + (np.asarray(lons) - lon + 180) % 360 - 180
    return shapely.Polygon(np.column_stack([lons, lats]))


def _contour(told: dict[str, Any], intensity: float) -> shapely.Geometry | None:
    """Return the ground inside of a ShakeMap's contour; None where it has none."""
    maps = (told.get('products') or {}).get('shakemap') or []
    contents = maps[0].get('contents', {}) if maps else {}
    url = next((contents[name].get('url') for name in CONTOURS if name in contents), None)
    if not url:
        return None
    found = get_json(url, 'the ShakeMap') or {}
    lines = [
        line
        for feature in found.get('features') or []
        if abs(float((feature.get('properties') or {}).get('value', 0)) - intensity) < 1e-3
        for line in _lines(feature.get('geometry') or {})
    ]
    parts = [_enclosed(np.array(line, float)[:, :2]) for line in lines if len(line) >= 3]
    whole = shapely.union_all(parts) if parts else None
    return None if whole is None or whole.is_empty else whole


def _lines(geometry: dict[str, Any]) -> Sequence[Any]:
    inside = geometry.get('coordinates') or []
    return {'LineString': [inside], 'MultiLineString': inside, 'Polygon': inside}.get(
        geometry.get('type', ''), []
    )


def _enclosed(line: np.ndarray) -> shapely.Geometry:
    """Fill a closed line; one that ends at the edge of the map becomes its hull."""
    xs = np.unwrap(line[:, 0], period=360)
    line = np.column_stack([xs, line[:, 1]])
    if np.allclose(line[0], line[-1]):
        return shapely.make_valid(shapely.Polygon(line)).buffer(0)
    return shapely.LineString(line).convex_hull.buffer(0)


def area_of(event: Earthquake, aoi: Area | None) -> Area:
    """Return where images of an event are wanted, cut by an area if one is given.

    Raises:
        ImageryError: if nothing is left.
    """
    whole = Area(event.area)
    return whole if aoi is None else whole.cut_by(aoi)
