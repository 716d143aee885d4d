"""The consistency evaluator: how well the inventory agrees with a reference."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.scores import Counts
from postproc.masks.burner import PolygonBurner, zone_sums
from postproc.masks.rasters import NODATA, open_raster, open_role, scene_windows
from postproc.product import LandslideProduct
from postproc.reference.reference import Reference, check_reference, read_reference
from postproc.registry import POSTPROC


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class ConsistencyEvaluator:
    """Compares the landslides so far with the product's reference, by pixels and by landslides.

    A predicted landslide is TP when it shares area with a reference landslide and FP
    otherwise; FN counts reference landslides without any prediction on them. Pixels without
    data in the scene or the reference are left out, and so is a landslide, predicted or not,
    that lies on such pixels only. It may stand in a config several times, to see what the
    hooks between change. Without a reference it passes the product on.

    Args:
        layer: layer of a vector reference; None takes the only one, or ``landslides``.
        landslide_value: value of landslide pixels in a raster reference.

    Raises:
        ConfigError: if the value is no pixel value.

    Source: section 3.3 (5), Tables 4 and 5.
    """

    layer: str | None = None
    landslide_value: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.landslide_value, int) or self.landslide_value == 0:
            raise ConfigError(
                f'ConsistencyEvaluator landslide_value is {self.landslide_value!r}; wanted is a '
                f'whole number other than 0, the background'
            )

    def check(self, reference: Path | None, grid: RasterGrid) -> None:
        """Refuse a reference that cannot serve, before the scene is mapped.

        Raises:
            DfpenetError: as ``check_reference``.
        """
        if reference is not None:
            check_reference(reference, grid, layer=self.layer, landslide_value=self.landslide_value)

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Add counts, precision, recall, F1 and IoU to the results.

        Raises:
            InputFileError: if the reference or a raster is missing or unreadable.
            RasterFormatError: if a raster reference has several bands or no CRS.
            VectorFormatError: if a vector reference has no CRS, polygon or such layer.
            GridMismatchError: if the reference shows no landslide on the scene.
        """
        name = type(self).__name__
        if product.reference is None:
            return product.with_result(name, {'reference': None})
        open_role(product, 'mask').close()
        with TemporaryDirectory(prefix='.part-', dir=product.out_dir) as folder:
            reference = read_reference(
                product.reference,
                product.rasters['mask'],
                Path(folder) / 'reference.tif',
                layer=self.layer,
                landslide_value=self.landslide_value,
            )
            result = {
                'reference': product.reference.name,
                'reference_landslides': len(reference.regions),
                'reference_outside': reference.outside,
                'reference_ignored': reference.ignored,
                'pixels': count_pixels(product, reference).as_dict(),
                'landslides': count_landslides(product, reference).as_dict(),
            }
        if reference.ignored:
            product = product.with_warning(
                f'{reference.ignored} features of the reference {product.reference.name} are no '
                f'polygons, or lie beyond the CRS of the scene, and were not evaluated'
            )
        return product.with_result(name, result)


def count_pixels(product: LandslideProduct, reference: Reference) -> Counts:
    """Count pixels with data in both, window by window.

    Raises:
        InputFileError: if the product's mask is missing or unreadable.
    """
    predicted_burner, true_burner = (
        PolygonBurner(table.geometry.to_numpy(), product.grid.transform)
        for table in (product.landslides, reference.regions)
    )
    counts = np.zeros(3, dtype=np.int64)
    with ExitStack() as stack:
        masks = [stack.enter_context(open_role(product, 'mask'))]
        if reference.mask is not None:
            masks.append(stack.enter_context(open_raster(reference.mask)))
        for window in scene_windows(product.grid.shape):
            valid = np.all([mask.read(1, window=window) != NODATA for mask in masks], axis=0)
            predicted = predicted_burner.inside(window) & valid
            true = true_burner.inside(window) & valid
            layers = (predicted & true, predicted & ~true, true & ~predicted)
            counts += [np.count_nonzero(layer) for layer in layers]
    return Counts(*counts.tolist())


def count_landslides(product: LandslideProduct, reference: Reference) -> Counts:
    """Count landslides: hits and false alarms among the predicted, misses in the reference."""
    predicted = product.landslides.geometry.to_numpy()
    true = reference.regions.geometry.to_numpy()
    true_rows, predicted_rows = shapely.STRtree(predicted).query(true, predicate='intersects')
    # What only touches shares no area.
    sharing = ~shapely.touches(true[true_rows], predicted[predicted_rows])
    hit, found = np.zeros(len(predicted), dtype=bool), np.zeros(len(true), dtype=bool)
    hit[predicted_rows[sharing]] = True
    found[true_rows[sharing]] = True
    false_alarms = ~hit & _known(product, reference)
    return Counts(int(hit.sum()), int(false_alarms.sum()), int((~found).sum()))


def _known(product: LandslideProduct, reference: Reference) -> np.ndarray:
    """Tell which predicted landslides have a pixel that the reference knows."""
    geometries = product.landslides.geometry.to_numpy()
    if reference.mask is None:
        return np.ones(len(geometries), dtype=bool)
    with open_raster(reference.mask) as mask:
        known = zone_sums(geometries, product.grid, lambda w: [mask.read(1, window=w) != NODATA], 1)
    return known[:, 0] > 0
