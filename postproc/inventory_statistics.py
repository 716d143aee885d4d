"""Inventory statistics: how many landslides of which size, how large the event, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dfpenet_mm.files import whole_file
from dfpenet_mm.review import NOT_REVIEWED
from dfpenet_mm.wording import counted, decimal
from postproc.inventory.measures import areas_m2
from postproc.product import LandslideProduct
from postproc.registry import POSTPROC, free_stem, require_options
from postproc.statistics.density_map import DensityMap, map_density, write_density
from postproc.statistics.distributions import (
    FrequencyArea,
    InverseGamma,
    PowerLawTail,
    fit_inverse_gamma,
    fit_power_law,
    frequency_area,
    magnitude_of_area,
    magnitude_of_number,
)
from postproc.statistics.figure import draw_statistics

# Where small landslides were seen, the smallest is far smaller than the most frequent ones.
CLEAR_OF_SMALLEST = 3
# Name of the result that tells what was reviewed, where an inventory is finished.
REVIEW_RESULT = 'Review'
# How the warnings begin, which go when an inventory is finished and described anew.
OPENINGS = ('the roll-over at ', 'the inventory has ', 'the areas of ')


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class InventoryStatistics:
    """Describes the landslides so far by numbers, a figure and a density map.

    A minimum area, of a filter or of what the pixels can show, cuts small landslides off: the
    roll-over is then that of the mapping, not of the event.

    Args:
        cell_m: side of a cell of the density map, metres; it is rounded to whole pixels.
        per_decade: size classes from an area to ten times that area.
        min_landslides: fewest landslides for which distributions are fitted, and fewest that
            the power-law tail may have.
        filename: stem of the files ``.json``, ``.png`` and ``.tif`` (bands: landslides per
            km2, share of the ground covered, share of the cell with data) in the product's
            ``out_dir``; a second one of these hooks adds ``_2``. None writes none.

    Raises:
        ConfigError: if a value is out of range.

    Source: Malamud et al. (2004), Earth Surf. Process. Landforms 29, 687-711, for distribution
    and magnitude; Clauset et al. (2009), SIAM Review 51, 661-703, for the tail.
    """

    cell_m: float = 1000.0
    per_decade: int = 5
    min_landslides: int = 30
    filename: str | None = 'statistics'

    def __post_init__(self) -> None:
        plain = self.filename is None or Path(self.filename).name == self.filename != ''
        require_options(
            self,
            cell_m=(0 < self.cell_m < float('inf'), 'a length above 0, in metres'),
            per_decade=(self.per_decade >= 1, 'a whole number above 0'),
            min_landslides=(self.min_landslides >= 3, '3 or more'),
            filename=(plain, 'a name without folder, or None'),
        )

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Add the statistics to the results, and write the files.

        Raises:
            InputFileError: if the mask is missing or unreadable.
            GridMismatchError: if it is on another grid.
            OutputError: if a file cannot be written.
        """
        name = type(self).__name__
        areas = areas_m2(product.landslides)
        areas = areas[areas > 0]
        sizes = frequency_area(areas, self.per_decade) if areas.size else None
        fit, tail = self._fit(areas, sizes)
        density = map_density(product, self.cell_m)
        result = {
            **_totals(areas, density),
            'magnitude': {
                'from_number': magnitude_of_number(areas.size),
                'from_area': magnitude_of_area(float(areas.sum())),
            },
            'frequency_area': [] if sizes is None else sizes.as_list(),
            'inverse_gamma': None if fit is None else _describe(fit, areas),
            'roll_over_m2': None if fit is None else fit.roll_over_m2,
            'power_law': None if tail is None else asdict(tail),
            'density': _describe_density(density),
            'files': [],
        }
        stem = free_stem(self.filename, product.results)
        if stem is not None:
            result['files'] = [f'{stem}{suffix}' for suffix in ('.json', '.png', '.tif')]
            write_density(product.out_dir / f'{stem}.tif', density, product.provenance)
            draw_statistics(
                product.out_dir / f'{stem}.png',
                sizes=sizes,
                fit=fit,
                tail=tail,
                density=density,
                title=_title(result, product.results.get(REVIEW_RESULT, {'mark': NOT_REVIEWED})),
            )
            _write(product.out_dir / f'{stem}.json', result, product.provenance)
        if fit is None:
            product = product.with_warning(self._why_no_fit(areas.size))
        elif fit.roll_over_m2 < CLEAR_OF_SMALLEST * areas.min():
            product = product.with_warning(
                f'the roll-over at {decimal(fit.roll_over_m2, 0)} m2 lies close to the smallest '
                f'landslide of {decimal(areas.min(), 0)} m2, so that it may be that of the mapping '
                f'and not of the event; a finer image or a smaller minimum area would tell'
            )
        return product.with_result(name, result)

    def _fit(
        self, areas: np.ndarray, sizes: FrequencyArea | None
    ) -> tuple[InverseGamma | None, PowerLawTail | None]:
        if sizes is None or areas.size < self.min_landslides:
            return None, None
        fit = fit_inverse_gamma(areas)
        most = sizes.edges_m2[np.argmax(sizes.density)]
        start = most if fit is None else fit.roll_over_m2
        return fit, fit_power_law(areas, start, least=self.min_landslides)

    def _why_no_fit(self, landslides: int) -> str:
        if landslides < self.min_landslides:
            return (
                f'the inventory has {counted(landslides, "landslide")}, fewer than the '
                f'{self.min_landslides} to which a size distribution is fitted'
            )
        return (
            f'the areas of {counted(landslides, "landslide")} do not follow an inverse-gamma '
            f'distribution, so that the statistics name no roll-over'
        )


def _totals(areas: np.ndarray, density: DensityMap) -> dict[str, Any]:
    known = areas if areas.size else np.array([np.nan])
    valid_km2 = float(density.valid_km2.sum())
    total = float(areas.sum())
    values = {
        'smallest_m2': known.min(),
        'median_m2': np.median(known),
        'mean_m2': known.mean(),
        'largest_m2': known.max(),
    }
    return {
        'landslides': int(areas.size),
        'total_area_m2': total,
        **{name: float(value) if areas.size else None for name, value in values.items()},
        'valid_km2': valid_km2,
        'landslides_per_km2': areas.size / valid_km2 if valid_km2 else None,
        'landslide_area_share': total / 1e6 / valid_km2 if valid_km2 else None,
    }


def _describe(fit: InverseGamma, areas: np.ndarray) -> dict[str, Any]:
    return {
        **asdict(fit),
        'roll_over_m2': fit.roll_over_m2,
        'mean_m2': fit.mean_m2,
        'distance': fit.distance(areas),
    }


def _describe_density(density: DensityMap) -> dict[str, Any]:
    known = density.valid_pixels > 0
    return {
        'rows': density.grid.shape[0],
        'cols': density.grid.shape[1],
        'cell_m': list(density.grid.pixel_size),
        'most_landslides_in_a_cell': int(density.landslides.max()),
        'largest_area_share': float(density.area_share[known].max()) if known.any() else None,
    }


def _title(result: Mapping[str, Any], review: Mapping[str, Any]) -> str:
    mark = f' ({review["mark"]})' if review['mark'] else ''
    heading = (
        f'{counted(result["landslides"], "landslide")}, {result["total_area_m2"] / 1e6:.3g} km²'
    )
    magnitude = result['magnitude']['from_number']
    if magnitude is None:
        return f'{heading}{mark}'
    of_area = result['magnitude']['from_area']
    return f'{heading}; magnitude {magnitude:.2f} by number, {of_area:.2f} by area{mark}'


def _write(path: Path, result: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
    text = json.dumps({**result, 'provenance': dict(provenance)}, indent=2, allow_nan=False)
    with whole_file(path) as part:
        part.write_text(text + '\n', encoding='utf-8')
