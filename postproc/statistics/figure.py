"""A figure of an inventory's statistics: sizes on the left, density on the right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfpenet_mm.files import whole_file
from dfpenet_mm.wording import counted
from postproc.statistics.density_map import DensityMap
from postproc.statistics.distributions import FrequencyArea, InverseGamma, PowerLawTail

# Cells with less data would colour the map by chance.
LEAST_VALID_SHARE = 0.25


@style.context('default')  # not the user's matplotlibrc
def draw_statistics(
    path: Path,
    *,
    sizes: FrequencyArea | None,
    fit: InverseGamma | None,
    tail: PowerLawTail | None,
    density: DensityMap,
    title: str,
) -> None:
    """Draw frequency against area, and the density map.

    Args:
        path: PNG to write.
        sizes: the histogram; None without a landslide.
        fit: distribution to draw over it, with its roll-over; None without one.
        tail: likewise.
        density: the map.
        title: the heading.

    Raises:
        OutputError: if the disk refuses.
    """
    figure = Figure(figsize=(12, 5), layout='constrained')
    left, right = figure.subplots(1, 2)
    if sizes is not None:
        _draw_sizes(left, sizes, fit, tail)
    left.set_xlabel('landslide area, m²')
    left.set_ylabel('probability density, m⁻²')
    _draw_density(figure, right, density)
    figure.suptitle(title)
    with whole_file(path) as part:
        figure.savefig(part, dpi=120, format='png')


def _draw_sizes(
    axes: Axes, sizes: FrequencyArea, fit: InverseGamma | None, tail: PowerLawTail | None
) -> None:
    filled = sizes.counts > 0
    points = sizes.middles_m2[filled], sizes.density[filled]
    axes.loglog(
        *points, 'o', color='black', markersize=5, label=counted(sizes.counts.sum(), 'landslide')
    )
    areas = np.geomspace(sizes.edges_m2[0], sizes.edges_m2[-1], 400)
    floor = points[1].min() / 5
    if fit is not None:
        density = fit.density(areas)
        shown = density > floor
        label = (
            f'inverse gamma: rho = {fit.rho:.2f}, a = {fit.a_m2:,.0f} m², s = {fit.s_m2:,.0f} m²'
        )
        axes.plot(areas[shown], density[shown], color='tab:blue', label=label)
        axes.axvline(
            fit.roll_over_m2,
            color='tab:blue',
            linestyle=':',
            label=f'roll-over {fit.roll_over_m2:,.0f} m²',
        )
    if tail is not None:
        beyond = areas[areas >= tail.cut_off_m2]
        axes.plot(
            beyond,
            tail.density(beyond, int(sizes.counts.sum())),
            color='tab:red',
            linestyle='--',
            label=f'power law: exponent {tail.exponent:.2f} ± {tail.standard_error:.2f} '
            f'from {tail.cut_off_m2:,.0f} m²',
        )
    axes.set_ylim(bottom=floor)
    axes.grid(alpha=0.3)
    # Below the axes it covers neither the tail nor the roll-over.
    axes.legend(fontsize='small', loc='upper center', bbox_to_anchor=(0.5, -0.14))


def _draw_density(figure: Figure, axes: Axes, density: DensityMap) -> None:
    rows, cols = density.grid.shape
    step_x, step_y = (size / 1000 for size in density.grid.pixel_size)
    shown = np.where(density.valid_share >= LEAST_VALID_SHARE, density.per_km2, np.nan)
    image = axes.imshow(
        shown,
        extent=(0, cols * step_x, rows * step_y, 0),
        cmap='YlOrRd',
        vmin=0,
        interpolation='nearest',
    )
    axes.set_facecolor('0.9')
    axes.plot([], [], 's', color='0.9', markeredgecolor='0.6', label='little or nothing mapped')
    if np.isnan(shown).any():
        axes.legend(fontsize='small', loc='upper center', bbox_to_anchor=(0.5, -0.14))
    x, y = density.grid.transform @ (0, 0)
    # A geographic CRS counts in degrees, a projected one in its units.
    place = f'({x:.4f}, {y:.4f})' if density.grid.crs.is_geographic else f'({x:,.0f}, {y:,.0f})'
    axes.set_xlabel(f'km along the rows, from {place} in {density.grid.crs.to_string()[:20]}')
    axes.set_ylabel('km down the columns')
    figure.colorbar(image, ax=axes, label='landslides per km²')
