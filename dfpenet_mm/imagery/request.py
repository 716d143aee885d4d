"""The wishes of a fetch: plain values, and the place and time that they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dfpenet_mm.errors import ImageryError
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.catalogues import StacServer
from dfpenet_mm.imagery.events import COMCAT, Earthquake, area_of, find_earthquake

Period = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class FetchRequest:
    """Everything that is wanted, as plain values.

    Args:
        out: folder of the products.
        event: code of an earthquake; or else ``date`` and an area.
        date: when the event was: images before its start and after its end are taken.
        box: west, south, east, north in degrees.
        aoi: polygons; with an event, its area is cut by them.
        intensity: of the ShakeMap's contour.
        days: after the event within which an image is looked for.
        post_dates: first and last moment instead.
        pre_dates: likewise before the event.
        max_cloud: share of the area that may be hidden in a clear image.
        post_items: names of images to take.
        pre_items: likewise.
        keep_clouds: give hidden pixels their values.
        offset: what is taken off every number; None to tell from the items.
        server: where is searched.
        usgs: address of the earthquake catalogue.
        items: file of items to take instead of searching.
        products: Sentinel-2 products on the disk instead.
        dem: fetch elevation, too.
        max_gb: of pixels that are read at most.
        dry_run: only look at what there is.
        overwrite: replace what an earlier fetch wrote.
    """

    out: Path
    event: str | None = None
    date: Period | None = None
    box: tuple[float, float, float, float] | None = None
    aoi: Path | None = None
    intensity: float = 6.0
    days: float = 30.0
    post_dates: Period | None = None
    pre_dates: Period | None = None
    max_cloud: float = 0.1
    post_items: Sequence[str] = ()
    pre_items: Sequence[str] = ()
    keep_clouds: bool = False
    offset: int | None = None
    server: StacServer = field(default_factory=StacServer)
    usgs: str = COMCAT
    items: Path | None = None
    products: Sequence[Path] = ()
    dem: bool = True
    max_gb: float = 5.0
    dry_run: bool = False
    overwrite: bool = False


class FetchProgress:
    """Hears how far a fetch is; this one says nothing."""

    def tell(self, line: str) -> None:
        """Hear one line about what was found."""

    def warn(self, sentence: str) -> None:
        """Hear at once what may go wrong."""
        self.tell(f'warning: {sentence}')

    def begin(self, total: int) -> None:
        """Hear how many bytes of pixels are to be read at most."""

    def advance(self, size: int) -> None:
        """Hear that so many further bytes were read, or need not be."""


def place_and_time(request: FetchRequest) -> tuple[Earthquake | None, Area, Period]:
    """Return the event if one is named, the area that is wanted, and when the event was.

    Raises:
        ImageryError: if a part is missing or contradicts another one.
        NetworkError: if the earthquake catalogue cannot be reached.
        DfpenetError: if the area cannot be read.
    """
    aoi = Area.of_file(request.aoi) if request.aoi else None
    if request.box:
        box = Area.of_box(*request.box)
        aoi = box if aoi is None else aoi.cut_by(box)
    event = None
    if request.event:
        event = find_earthquake(request.event, intensity=request.intensity, url=request.usgs)
        area = area_of(event, aoi)
    elif aoi:
        area = aoi
    else:
        raise ImageryError('no area was given; give --event, or --bbox or --aoi with --date')
    when = request.date or ((event.time, event.time) if event else None)
    if when is None:
        raise ImageryError('no time was given; give the day of the event with --date')
    if when[0] > datetime.now(UTC):
        raise ImageryError(
            f'the event is on {when[0]:%Y-%m-%d}, which is still to come; give --date as YYYY-MM-DD'
        )
    _check_dates(request, when)
    return event, area, when


def last_day(period: Period) -> datetime:
    """Return a moment of the last day of a period: a whole day ends where the next one begins."""
    return period[1] - timedelta(microseconds=1)


def _check_dates(request: FetchRequest, when: Period) -> None:
    for option, period in (
        ('--post-dates', request.post_dates),
        ('--pre-dates', request.pre_dates),
    ):
        if period and period[0] > period[1]:
            raise ImageryError(
                f'{option} begins on {period[0]:%Y-%m-%d} and ends on {last_day(period):%Y-%m-%d}, '
                f'before that; give the earlier day first'
            )
    if request.post_dates and request.post_dates[1] < when[0]:
        raise ImageryError(
            f'--post-dates ends on {last_day(request.post_dates):%Y-%m-%d}, before the event on '
            f'{when[0]:%Y-%m-%d}; give days after it'
        )
    if request.pre_dates and request.pre_dates[0] > when[1]:
        raise ImageryError(
            f'--pre-dates begins on {request.pre_dates[0]:%Y-%m-%d}, after the event on '
            f'{when[0]:%Y-%m-%d}; give days before it'
        )
