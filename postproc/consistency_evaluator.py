"""The consistency evaluator: how well the inventory agrees with a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from dfpenet_mm.polygons import areas
from dfpenet_mm.review import NOT_REVIEWED
from dfpenet_mm.vocabulary import OVERLAPS
from postproc.evaluation.confusion_picture import confusion_raster, draw_confusion
from postproc.evaluation.evaluation_area import EvaluationArea
from postproc.evaluation.landslide_comparison import compare_landslides, write_match_layers
from postproc.evaluation.pixel_comparison import PixelComparison, PixelCounts
from postproc.evaluation.scores import Counts, recall_by_size
from postproc.masks.product_rasters import open_role
from postproc.product import LandslideProduct
from postproc.reference.reference import Reference, check_reference, read_reference
from postproc.registry import POSTPROC, EarlyInputs, free_stem, require_options

# Beyond this a tolerance forgives landslides, not boundaries.
MAX_TOLERANCE_PX = 50
SUFFIXES = ('.gpkg', '.tif', '.png')


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class ConsistencyEvaluator:
    """Compares the landslides so far with the product's reference, by pixels and by landslides.

    A predicted landslide is TP when it shares area with a reference landslide and FP
    otherwise; FN counts reference landslides without any prediction on them. A landslide is a
    feature, with all of its parts. Pixels without data in the scene or the reference are left
    out, and so is a landslide, predicted or not, that lies on such pixels only. It may stand in
    a config several times, to see what the hooks between change. Without a reference it passes
    the product on.

    Args:
        layer: layer of a vector reference; None takes the only one, or ``landslides``.
        landslide_value: value of landslide pixels in a raster reference.
        area: vector file of the evaluation area, in any CRS; None compares all of the scene.
            Pixels count whose centre, and landslides of which at least half of the area lies
            inside; a landslide inside may be matched with one outside.
        area_layer: layer of ``area``; None for the only one.
        boundary_tolerance_px: 0, or the distance in pixels within which an FP pixel near a
            reference landslide, and an FN pixel near a predicted one, are left out of a
            second count: the paper's "without considering the landslide boundary error", for
            which it names no distance. It changes no other figure.
        min_overlap: share of a landslide's area, 0 to 1, that the others must cover for it to
            be TP, or for a reference landslide to be found; 0 takes any shared area, as the
            paper does.
        overlap: ``share`` as said, or ``iou``: min_overlap is the least IoU with that one of
            the others that fits best.
        size_classes_m2: limits of the classes of reference area for which recall is given.
        filename: stem of the files ``.gpkg`` (layers predicted and reference with status and
            partners), ``.tif`` (TP, FP, FN) and ``.png`` in the product's ``out_dir``; a
            second evaluator adds ``_2``. None writes none.

    Raises:
        ConfigError: if a value is out of range.

    Source: section 3.3, phase 4, Tables 4 and 5.
    """

    layer: str | None = None
    landslide_value: int = 1
    area: str | Path | None = None
    area_layer: str | None = None
    boundary_tolerance_px: float = 0.0
    min_overlap: float = 0.0
    overlap: str = 'share'
    size_classes_m2: Sequence[float] = (100, 1_000, 10_000, 100_000)
    filename: str | None = 'evaluation'

    evaluates_reference: ClassVar[bool] = True

    def __post_init__(self) -> None:
        classes = tuple(self.size_classes_m2)
        rising = all(low < high for low, high in pairwise((0, *classes)))
        plain = self.filename is None or Path(self.filename).name == self.filename != ''
        number = isinstance(self.landslide_value, int) and self.landslide_value != 0
        near = 0 <= self.boundary_tolerance_px <= MAX_TOLERANCE_PX
        require_options(
            self,
            landslide_value=(number, 'a whole number other than 0, the background'),
            boundary_tolerance_px=(near, f'0 to {MAX_TOLERANCE_PX} pixels'),
            min_overlap=(0 <= self.min_overlap <= 1, 'a share from 0 to 1'),
            overlap=(self.overlap in OVERLAPS, ' or '.join(OVERLAPS)),
            size_classes_m2=(rising, 'a list of rising areas above 0'),
            filename=(plain, 'a name without folder, or None'),
        )

    def check(self, inputs: EarlyInputs) -> None:
        """Refuse a reference or an area that cannot serve, before the scene is mapped.

        Raises:
            DfpenetError: as ``check_reference`` and ``EvaluationArea.read``.
        """
        if inputs.reference is not None:
            check_reference(
                inputs.reference,
                inputs.grid,
                layer=self.layer,
                landslide_value=self.landslide_value,
            )
            if self.area is not None:
                EvaluationArea.read(Path(self.area), inputs.grid, self.area_layer)

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Add counts, precision, recall, F1 and IoU to the results, and write the files.

        Raises:
            InputFileError: if the reference, the area or a raster is missing or unreadable.
            RasterFormatError: if a raster reference has several bands or no CRS.
            VectorFormatError: if a vector has no CRS, polygon or such layer.
            GridMismatchError: if the reference shows no landslide on the scene, or the area
                does not overlap it.
            OutputError: if a file cannot be written.
        """
        name = type(self).__name__
        if product.reference is None:
            return product.with_result(name, {'reference': None})
        open_role(product, 'mask').close()
        area = None
        if self.area is not None:
            area = EvaluationArea.read(Path(self.area), product.grid, self.area_layer)
        with TemporaryDirectory(prefix='.part-', dir=product.out_dir) as folder:
            reference = read_reference(
                product.reference,
                product.rasters['mask'],
                Path(folder) / 'reference.tif',
                layer=self.layer,
                landslide_value=self.landslide_value,
            )
            result = self._compare(product, reference, product.reference.name, area)
        for warning in _warnings(product.reference.name, reference, result):
            product = product.with_warning(warning)
        return product.with_result(name, result)

    def _compare(
        self,
        product: LandslideProduct,
        reference: Reference,
        name: str,
        area: EvaluationArea | None,
    ) -> dict[str, Any]:
        """Compare by pixels and by landslides, and write the files; returns plain JSON values."""
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
            min_overlap=self.min_overlap,
            overlap=self.overlap,
        )
        comparison = PixelComparison(
            predicted=predicted,
            reference=true,
            grid=product.grid,
            masks=[product.rasters['mask'], *unknown],
            area=area,
            tolerance_px=self.boundary_tolerance_px,
        )
        tables = landslides.tables(product.landslides, reference.regions)
        stem = free_stem(self.filename, product.results)
        if stem is None:
            pixels, files = comparison.run(), []
        else:
            # It stays beside the map as it was mapped, whatever a review finds.
            title = f'Landslides against {name} ({NOT_REVIEWED})'
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
            'landslide_rule': {'min_overlap': self.min_overlap, 'overlap': self.overlap},
            'split_reference_landslides': landslides.splits,
            'merged_predicted_landslides': landslides.merges,
            'recall_by_size': recall_by_size(
                sizes, landslides.found[counted], self.size_classes_m2
            ),
            'files': files,
        }


def _warnings(name: str, reference: Reference, result: Mapping[str, Any]) -> list[str]:
    warnings = list(reference.notes)
    if not result['reference_landslides']:
        warnings.append(
            f'no landslide of the reference {name} has half of its area in the evaluation area '
            f'{result["area"]}, so every landslide predicted there counts as a false alarm; look '
            f'at the pixels instead'
        )
    return warnings


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
