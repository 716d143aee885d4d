"""The record of a fetch: every source, what was decided about it, and what was masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfpenet_mm import __version__
from dfpenet_mm.files import file_digest
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.choosing import Choice
from dfpenet_mm.imagery.clearness import Looker
from dfpenet_mm.imagery.events import Earthquake
from dfpenet_mm.imagery.items import SourceItem
from dfpenet_mm.imagery.mosaic import MosaicCounts
from dfpenet_mm.imagery.offsets import OffsetDecision
from dfpenet_mm.imagery.reading import KeptWindows
from dfpenet_mm.imagery.request import FetchRequest, Period

# Smaller shares are not worth a sentence.
LEAST_SHARE = 0.0005


def mask_notes(name: str, counts: MosaicCounts, *, keep_clouds: bool) -> list[str]:
    """Say in sentences what an image does not show.

    Args:
        name: of its file.
        counts: of its pixels.
        keep_clouds: if hidden pixels have values.
    """
    shares = {what: share for what, share in counts.shares.items() if share >= LEAST_SHARE}
    nothing = shares.pop('nothing', 0.0)
    shares.pop('clear', None)
    notes = []
    if shares:
        listed = ', '.join(f'{share:.1%} {what}' for what, share in shares.items())
        end = 'kept as they are'
        if not keep_clouds:
            end = (
                'masked; bright bare ground is called cloud at times, so look at quick_look.png, '
                'and see --keep-clouds'
            )
        notes.append(f'{name}: {listed} of the area, {end}')
    if nothing:
        notes.append(f'{name}: {nothing:.1%} of the area has no image')
    return notes


def image_record(
    choice: Choice,
    decisions: Mapping[str, OffsetDecision],
    counts: MosaicCounts,
    looker: Looker,
    kept: KeptWindows,
) -> dict[str, Any]:
    """Describe an image and its sources, those on top first."""
    sources = []
    for item in choice.items:
        decided, of_area = decisions[item.id], looker.item_shares[item.id]
        sources.append(
            {
                **source_record(item, kept),
                'processing_baseline': item.baseline,
                'relative_orbit': item.orbit,
                'offset_subtracted': decided.shift,
                'offset_reason': decided.reason,
                'offset_check': decided.check,
                'shares_of_area': {name: round(share, 4) for name, share in of_area.items()},
            }
        )
    return {
        'chosen_as': choice.why,
        'shares_of_area': {name: round(share, 4) for name, share in counts.shares.items()},
        'share_with_values': round(counts.kept, 4),
        'sources': sources,
    }


def source_record(item: SourceItem, kept: KeptWindows) -> dict[str, Any]:
    """Describe one item, with the checksum of all of its pixels that were read."""
    read = kept.sums.get(item.id)
    files = sorted(item.assets.items())
    return {
        'id': item.id,
        'collection': item.collection,
        'time': item.time.isoformat(),
        'files': {role: asset.href for role, asset in files},
        'declared_checksums': {role: asset.checksum for role, asset in files if asset.checksum},
        'sha256_of_pixels_read': read.hexdigest() if read else None,
        'licence': item.licence,
    }


def fetch_record(
    request: FetchRequest,
    event: Earthquake | None,
    area: Area,
    *,
    when: Period,
    images: Mapping[str, Any],
    notes: Sequence[str],
    folder: Path,
) -> dict[str, Any]:
    """Describe a whole fetch.

    Args:
        request: what was wanted.
        event: if one was named.
        area: the ground.
        when: first and last moment that the event may have been at.
        images: as ``image_record`` describes them, by file.
        notes: sentences that a person should read.
        folder: with the rasters that were written.
    """
    told = None
    if event:
        told = {
            'id': event.id,
            'title': event.title,
            'time': event.time.isoformat(),
            'magnitude': event.magnitude,
            'epicentre': [event.lon, event.lat],
            'area': event.basis,
        }
    on_disk = [str(path) for path in (request.items, *request.products) if path]
    return {
        'software': f'dfpenet_mm {__version__}',
        'event': told,
        'event_time': [moment.isoformat() for moment in when],
        'area_km2': round(area.km2, 4),
        'bounds': [round(edge, 6) for edge in area.shape.bounds],
        'grid': {
            'crs': area.crs.to_string(),
            'transform': list(area.grid.transform)[:6],
            'rows_cols': list(area.grid.shape),
        },
        'searched': on_disk or vars(request.server),
        'clouds_kept': request.keep_clouds,
        'images': images,
        'notes': list(notes),
        'sha256': {path.name: file_digest(path) for path in sorted(folder.glob('*.tif'))},
    }
