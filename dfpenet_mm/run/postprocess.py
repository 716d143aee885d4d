"""The third step of a run: from the mask of the network to an inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dfpenet_mm.run.prepare import PreparedRun
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.provenance import lasting
from dfpenet_mm.run.recognise import Recognition
from dfpenet_mm.run.trust import doubt_ground
from postproc.masks.burner import write_final_mask
from postproc.masks.polygonise import polygonise
from postproc.pipeline import HookRecord
from postproc.product import LandslideProduct

NO_PRE_EVENT = (
    'no pre-event image was given, so that landslides older than the event, and fields, quarries '
    'and river bars, cannot be told from new landslides'
)


@dataclass(frozen=True)
class FilteredInventory:
    """The landslides that are left, and what was done to come there.

    Args:
        product: the product behind the last hook.
        records: what every hook did.
        mask: raster of the landslides that are left.
    """

    product: LandslideProduct
    records: Sequence[HookRecord]
    mask: Path


def postprocess(
    run: PreparedRun, recognition: Recognition, progress: RunProgress
) -> FilteredInventory:
    """Turn the mask into polygons and run the hooks on them.

    Args:
        run: as prepared.
        recognition: its rasters.
        progress: times the stage.

    Raises:
        DfpenetError: whatever a hook finds wrong with its input.
    """
    doubts = list(run.doubts)
    if run.request.pre is None:
        doubts.append(NO_PRE_EVENT)
    if run.shift and run.shift.doubt:
        doubts.append(run.shift.doubt)
    unseen = doubt_ground(recognition.novelty)
    if unseen:
        doubts.insert(0, unseen)
    with progress.running('postproc'):
        product = LandslideProduct(
            landslides=polygonise(recognition.rasters['mask']),
            grid=run.grid,
            rasters=recognition.rasters,
            out_dir=run.work.products,
            layers=run.request.layers,
            reference=run.request.reference,
            provenance=lasting(run.origin),
            warnings=tuple(doubts),
        )
        product, records = run.pipeline(product, progress.step)
        mask = write_final_mask(product, run.work.path / 'final_mask.tif')
    return FilteredInventory(product, records, mask)
