"""Everything in which an inventory is compared with a reference, as figures and as files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dfpenet_mm.polygons import areas
from postproc.evaluation.confusion_picture import confusion_raster, draw_confusion
from postproc.evaluation.evaluation_area import EvaluationArea
from postproc.evaluation.landslide_comparison import compare_landslides, write_match_layers
from postproc.evaluation.pixel_comparison import PixelComparison, PixelCounts
from postproc.evaluation.scores import Counts, recall_by_size
from postproc.product import LandslideProduct
from postproc.reference.reference import Reference

SUFFIXES = ('.gpkg', '.tif', '.png')


def compare(
    product: LandslideProduct,
    reference: Reference,
    *,
    area: EvaluationArea | None = None,
    tolerance_px: float = 0.0,
    min_overlap: float = 0.0,
    overlap: str = 'share',
    size_classes_m2: Sequence[float] = (),
    stem: str | None = None,
) -> dict[str, Any]:
    """Compare by pixels and by landslides.

    Args:
        product: the landslides, and the ``mask`` raster that says where the scene has data.
        reference: the reference on the scene's grid.
        area: evaluation area; None for all of the scene.
        tolerance_px: as for ``PixelComparison``.
        min_overlap: as for ``Matching.agreed``.
        overlap: likewise.
        size_classes_m2: as for ``recall_by_size``.
        stem: name of the files to write in the product's ``out_dir``, without suffix; None
            writes none.

    Returns:
        Plain JSON values.

    Raises:
        InputFileError: if a raster is missing or unreadable.
        OutputError: if a file cannot be written.
    """
    name = '' if product.reference is None else product.reference.name
    # A reference was mended as it was read.
    predicted = areas(product.landslides.geometry.to_numpy())
    true = reference.regions.geometry.to_numpy()
    unknown = [] if reference.mask is None else [reference.mask]
    landslides = compare_landslides(
        predicted,
        true,
        product.grid,
        scene=product.rasters['mask'],
        masks=unknown,
        area=area,
        min_overlap=min_overlap,
        overlap=overlap,
    )
    comparison = PixelComparison(
        predicted=predicted,
        reference=true,
        grid=product.grid,
        masks=[product.rasters['mask'], *unknown],
        area=area,
        tolerance_px=tolerance_px,
    )
    tables = landslides.tables(product.landslides, reference.regions)
    if stem is None:
        pixels, files = comparison.run(), []
    else:
        title = f'Landslides against {name}'
        pixels = _write_pixels(comparison, product, landslides.counts, stem, title)
        write_match_layers(product.out_dir / f'{stem}.gpkg', tables, product.provenance)
        files = [f'{stem}{suffix}' for suffix in SUFFIXES]
    counted = landslides.reference_counts
    sizes = tables['reference']['area_m2'].to_numpy()[counted]
    return {
        'reference': name,
        'reference_landslides': int(counted.sum()),
        'reference_outside': reference.outside,
        'reference_ignored': reference.ignored,
        'area': None if area is None else area.name,
        'not_counted': {
            'predicted': int((~landslides.predicted_counts).sum()),
            'reference': int((~counted).sum()),
        },
        'pixels': pixels.strict.as_dict(),
        'pixels_without_boundary': pixels.tolerant_as_dict(),
        'landslides': landslides.counts.as_dict(),
        'landslide_rule': {'min_overlap': min_overlap, 'overlap': overlap},
        'split_reference_landslides': landslides.splits,
        'merged_predicted_landslides': landslides.merges,
        'recall_by_size': recall_by_size(sizes, landslides.found[counted], size_classes_m2),
        'files': files,
    }


def _write_pixels(
    comparison: PixelComparison,
    product: LandslideProduct,
    landslides: Counts,
    stem: str,
    title: str,
) -> PixelCounts:
    raster = product.out_dir / f'{stem}.tif'
    with confusion_raster(raster, product.grid, product.provenance) as write:
        pixels = comparison.run([write])
    draw_confusion(
        product.out_dir / f'{stem}.png',
        raster,
        product.grid,
        pixels=pixels,
        landslides=landslides,
        title=title,
    )
    return pixels
