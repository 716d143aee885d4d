"""One fetch: from an event or an area to two images, elevation, and a record of all sources."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dfpenet_mm import __version__
from dfpenet_mm.errors import ImageryError, OutputError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.catalogues import Catalogue, KnownItems, StacServer
from dfpenet_mm.imagery.choosing import (
    Choice,
    choose_named,
    choose_post,
    choose_pre,
    pre_periods,
    settled,
)
from dfpenet_mm.imagery.clearness import Looker
from dfpenet_mm.imagery.events import Earthquake
from dfpenet_mm.imagery.fetch_folder import (
    RECORD,
    STAGING,
    UNFINISHED,
    WINDOWS,
    check_out,
    held_folder,
)
from dfpenet_mm.imagery.items import SourceItem, read_items
from dfpenet_mm.imagery.mosaic import HEIGHT_BYTES, image_bytes, write_dem, write_mosaic
from dfpenet_mm.imagery.quick_look import write_quick_look
from dfpenet_mm.imagery.reading import KeptWindows
from dfpenet_mm.imagery.record import fetch_record, image_record, mask_notes, source_record
from dfpenet_mm.imagery.request import FetchProgress, FetchRequest, Period, last_day, place_and_time
from dfpenet_mm.imagery.safe import read_products

POST, PRE, DEM = 'post.tif', 'pre.tif', 'dem.tif'
MASKS = {POST: 'post_mask.tif', PRE: 'pre_mask.tif'}
QUICK_LOOK, AREA = 'quick_look.png', 'area.gpkg'
GB = 1e9
FIRST_IMAGE = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Fetched:
    """Images that a fetch has found, and files that it wrote unless it was a dry run.

    Args:
        area: the ground.
        post: images after the event.
        pre: images before it.
        record: as it stands in ``fetch.json``; empty after a dry run.
        files: written.
        notes: sentences that a person should read.
    """

    area: Area
    post: Choice
    pre: Choice
    record: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Path] = ()
    notes: Sequence[str] = ()


def fetch_images(request: FetchRequest, progress: FetchProgress | None = None) -> Fetched:
    """Choose, read and write the images of an event.

    Windows that were read are kept in the folder until all is done, so that the same request
    goes on where another one was stopped.

    Args:
        request: what is wanted.
        progress: hears how far it is.

    Raises:
        ImageryError: if there is no such event, or no image of the area that serves.
        NetworkError: if a server cannot be reached.
        OutputError: if the folder is in use, or the disk is full.
        DfpenetError: if an input cannot be read.
    """
    progress = progress or FetchProgress()
    if request.dry_run:
        return _fetch(request, progress)
    check_out(request.out, overwrite=request.overwrite)
    with held_folder(request.out) as unlocked:
        if unlocked:
            progress.warn(unlocked)
        return _fetch(request, progress)


def _fetch(request: FetchRequest, progress: FetchProgress) -> Fetched:
    event, area, when = place_and_time(request)
    if event:
        progress.tell(f'{event.title}: {event.time:%Y-%m-%d %H:%M} UTC, {event.basis}')
    progress.tell(f'area of {area.km2:,.0f} km2, {area.crs.to_string()}')
    catalogue = _catalogue(request)
    looker = Looker(area, request.offset)
    post, pre = _choose(request, catalogue, looker, when)
    notes = [f'left out: {error}' for error in looker.refused.values()]
    if request.dry_run:
        return Fetched(area, post, pre, notes=notes)
    tiles = catalogue.elevation(area) if request.dem else []
    if request.dem and not tiles:
        notes.append('no elevation was found for the area, so there is no dem.tif')
    total = _check_size(request, area, post, pre, dem=bool(tiles))
    progress.begin(total)
    return _write(
        request,
        event=event,
        asked=(area, when, looker),
        found=(post, pre, tiles),
        notes=notes,
        progress=progress,
    )


def _catalogue(request: FetchRequest) -> Catalogue:
    if request.items:
        return KnownItems(read_items(request.items))
    if request.products:
        return KnownItems(read_products(request.products))
    return request.server


def _choose(
    request: FetchRequest, catalogue: Catalogue, looker: Looker, when: Period
) -> tuple[Choice, Choice]:
    start, end = request.post_dates or (when[1], when[1] + timedelta(days=request.days))
    after = catalogue.images(looker.area, max(start, when[1]), end)
    if not after:
        raise _no_image(
            request,
            catalogue,
            looker.area,
            when='after',
            period=(start, end),
            option='--post-dates',
        )
    periods = [request.pre_dates] if request.pre_dates else pre_periods(when[0])
    if not isinstance(catalogue, StacServer) and not request.pre_dates:
        # Who gives images means those, whatever their season.
        periods = [(FIRST_IMAGE, when[0])]
    found = [
        item
        for first, last in periods
        for item in catalogue.images(looker.area, first, min(last, when[0]))
    ]
    before = list({item.id: item for item in found}.values())
    if not before:
        whole = (min(first for first, _ in periods), min(when[0], periods[0][1]))
        raise _no_image(
            request, catalogue, looker.area, when='before', period=whole, option='--pre-dates'
        )

    def post() -> Choice:
        if request.post_items:
            return choose_named(looker, after, request.post_items, '--post-item')
        return choose_post(looker, after, max_cloud=request.max_cloud, every=request.dry_run)

    chosen = settled(looker, post)

    def pre() -> Choice:
        if request.pre_items:
            return choose_named(looker, before, request.pre_items, '--pre-item')
        return choose_pre(
            looker,
            before,
            event=when[0],
            orbit=chosen.looks[0].overpass.orbit,
            max_cloud=request.max_cloud,
            every=request.dry_run,
        )

    return chosen, settled(looker, pre)


def _no_image(
    request: FetchRequest,
    catalogue: Catalogue,
    area: Area,
    *,
    when: str,
    period: Period,
    option: str,
) -> ImageryError:
    dates = f'from {period[0]:%Y-%m-%d} to {last_day(period):%Y-%m-%d}'
    at_sea = isinstance(catalogue, StacServer) and request.dem and not catalogue.elevation(area)
    if at_sea:
        return ImageryError(
            f'no image {when} the event ({dates}) and no elevation were found, so the area most '
            f'likely lies at sea; give the land that was shaken with --bbox or --aoi'
        )
    return ImageryError(
        f'no image of the area {when} the event was found ({dates}); give other dates with '
        f'{option}, or wait for the next ones: Sentinel-2 comes every five days'
    )


def _check_size(request: FetchRequest, area: Area, post: Choice, pre: Choice, *, dem: bool) -> int:
    total = image_bytes(area, len(post.items)) + image_bytes(area, len(pre.items))
    rows, cols = area.grid.shape
    # Pixels of 30 m, and a margin.
    total += round(rows * cols / 9 * 1.2) * HEIGHT_BYTES if dem else 0
    if total > request.max_gb * GB:
        raise ImageryError(
            f'up to {total / GB:.3g} GB of pixels would be read, more than the '
            f'{request.max_gb:g} GB allowed; cut the area with --aoi or --bbox, or raise --max-gb'
        )
    folder = request.out.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < 2 * total:
        raise OutputError(
            f'{folder} has {free / GB:.2f} GB free, up to {2 * total / GB:.2f} are needed for a '
            f'while; free some space, cut the area, or name another folder with --out'
        )
    return total


def _write(
    request: FetchRequest,
    *,
    event: Earthquake | None,
    asked: tuple[Area, Period, Looker],
    found: tuple[Choice, Choice, Sequence[SourceItem]],
    notes: list[str],
    progress: FetchProgress,
) -> Fetched:
    (area, when, looker), (post, pre, tiles) = asked, found
    out, work = request.out, request.out / UNFINISHED
    staging = work / STAGING
    with disk_errors(out, advice=ANOTHER_FOLDER):
        # What another fetch left unmoved is made again from its windows.
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
    kept = KeptWindows(work / WINDOWS, f'{area.grid} {__version__}')
    images: dict[str, dict[str, Any]] = {}
    titles = {}
    with disk_errors(out, advice=ANOTHER_FOLDER):
        for name, choice in ((POST, post), (PRE, pre)):
            decisions = looker.decide(choice.items) or {}
            counts = write_mosaic(
                area,
                choice.items,
                decisions,
                (staging / name, staging / MASKS[name]),
                kept,
                keep_clouds=request.keep_clouds,
                advance=progress.advance,
            )
            images[name] = image_record(choice, decisions, counts, looker, kept)
            notes += mask_notes(name, counts, keep_clouds=request.keep_clouds)
            word = 'after' if name == POST else 'before'
            titles[f'{word}: {choice.looks[0].overpass.time:%Y-%m-%d}'] = staging / name
        if tiles:
            share = write_dem(area, tiles, staging / DEM, kept, progress.advance)
            sources = [source_record(item, kept) for item in tiles]
            images[DEM] = {'share_known': round(share, 4), 'sources': sources}
        write_quick_look(staging / QUICK_LOOK, titles)
        area.write(staging / AREA)
        record = fetch_record(
            request, event, area, when=when, images=images, notes=notes, folder=staging
        )
        text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
        (staging / RECORD).write_text(f'{text}\n', encoding='utf-8')
        # The record goes first and comes last: where it is, all of the others are.
        names = sorted((path.name for path in staging.iterdir()), key=lambda name: name == RECORD)
        (out / RECORD).unlink(missing_ok=True)
        if not tiles:
            (out / DEM).unlink(missing_ok=True)
        for name in names:
            os.replace(staging / name, out / name)
    shutil.rmtree(work, ignore_errors=True)
    return Fetched(area, post, pre, record, [out / name for name in names], notes)
