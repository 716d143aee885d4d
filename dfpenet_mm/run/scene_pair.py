"""The two images of a run side by side: their shift measured, their values made comparable."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dfpenet_mm.errors import ConfigError, PreEventError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.registration.measure_shift import measure_shift, same_pixels
from dfpenet_mm.mapping.registration.shift import MeasuredShift
from dfpenet_mm.mapping.scene.doubts import doubt_fill
from dfpenet_mm.mapping.scene.histogram_match import match_pre_event, require_common_pixel
from dfpenet_mm.mapping.scene.scaling import FittedScaling, Scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.report.shift_picture import draw_shift
from dfpenet_mm.run.folder import FIGURES
from dfpenet_mm.run.record import FinishedWork
from dfpenet_mm.run.settings import MappingSettings

SHIFT_PICTURE = 'shift.png'


def check_images(
    scenes: Mapping[str, Scene],
    settings: MappingSettings,
) -> list[str]:
    """Refuse images that cannot be mapped, and doubt those that may be read wrongly.

    Args:
        scenes: by role.
        settings: how they are read.

    Returns:
        One sentence for each doubt.

    Raises:
        ConfigError: if a value called nodata is none that an image can hold.
        RasterFormatError: if an image holds values that nothing measures.
        InputFileError: if a file is damaged.
    """
    for value in settings.nodata:
        if not any(scene.can_hold(value) for scene in scenes.values()):
            held = ' and '.join(f'{s.path.name} holds {s.dtype}' for s in scenes.values())
            raise ConfigError(
                f'--nodata {str(value).removesuffix(".0")} is no value that an image can hold '
                f'({held}); give the fill value as gdalinfo -stats or a GIS shows it'
            )
    doubts: list[str | None] = []
    for scene in scenes.values():
        doubts += [scene.choice.notice, scene.choice.doubt, *scene.doubts, doubt_fill(scene)]
    return [doubt for doubt in doubts if doubt]


def check_shift(scenes: Mapping[str, Scene], max_shift_m: float | None) -> MeasuredShift | None:
    """Measure how far the pre-event image lies off, and refuse it if that is too far.

    Args:
        scenes: by role.
        max_shift_m: largest shift allowed, metres; None for the default.

    Returns:
        The shift; None without a pre-event image.

    Raises:
        PreEventError: if it is too large, or both are the same image.
        GridMismatchError: if no pixel is valid in both images.
        InputFileError: if a file is damaged.
    """
    if 'pre' not in scenes:
        return None
    post, pre = scenes['post'], scenes['pre']
    if _same_file(post.path, pre.path) or same_pixels(post, pre):
        raise PreEventError(
            f'--pre {pre.path} and --post {post.path} are the same image, which cannot show what '
            f'has changed; give the image from before the event, or leave --pre out'
        )
    shift = measure_shift(post, pre)
    if not shift.windows:
        require_common_pixel(post, pre)
    shift.require_small(max_shift_m, pre.path.name)
    return shift


def _same_file(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        # A name that only GDAL knows.
        return one == other


def picture_shift(shift: MeasuredShift, grid: RasterGrid, products: Path) -> None:
    """Draw the shift of every window into the figures of a run.

    Raises:
        OutputError: if the disk refuses.
    """
    finding = (
        f'Shift of the pre-event image: {shift.length_m:.3g} m, spread {shift.spread_m:.2g} m'
        if shift.certain
        else 'Shift of the pre-event image: cannot be told'
    )
    with disk_errors(products, advice=ANOTHER_FOLDER):
        (products / FIGURES).mkdir(exist_ok=True)
        draw_shift(
            pd.DataFrame(shift.windows, columns=['x', 'y', 'dx_m', 'dy_m', 'quality', 'used']),
            grid,
            products / FIGURES / SHIFT_PICTURE,
            heading=finding,
        )


def fit_scalings(
    *,
    scenes: Mapping[str, Scene],
    scaling: Scaling,
    match_histogram: str | bool,
    finished: Mapping[str, FinishedWork],
    progress: Callable[[int, int], None],
) -> tuple[dict[str, FittedScaling], dict[str, Any] | None]:
    """Find how every scene is brought to training units; what a run began with is kept.

    Args:
        scenes: by role.
        scaling: what is fitted to each.
        match_histogram: give the pre-event image the other's histogram: True, False or ``auto``.
        finished: by role, where it is kept.
        progress: called with the steps done and their total while histograms are counted.

    Returns:
        Scalings by role; and what was decided about the histograms, plain JSON values, None
        without a pre-event image.

    Raises:
        InputFileError: if a file is damaged.
        EmptySceneError: if a scene has no contrast.
        OutputError: if the disk refuses.
    """
    fitted = {role: finished[role].fit_once(scaling, scene) for role, scene in scenes.items()}
    if 'pre' not in scenes:
        return fitted, None

    def match() -> tuple[FittedScaling, dict[str, Any]]:
        matched, decision = match_pre_event(
            scenes=scenes,
            scalings=fitted,
            asked=match_histogram,
            progress=progress,
        )
        return matched, decision.to_dict()

    fitted['pre'], decision = finished['pre'].match_once(match)
    return fitted, decision
