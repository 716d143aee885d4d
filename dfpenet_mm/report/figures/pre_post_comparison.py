"""Both images, the reference on them, what was removed by whom and what is left.

As Fig. 10 of the paper's Hokkaido study.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dfpenet_mm.report.figures.map_axes import show_backdrop, show_classes
from dfpenet_mm.report.figures.palette import (
    BY_HOOK,
    KEPT,
    KEPT_PALE,
    NO_DATA,
    REFERENCE,
    area_text,
)
from dfpenet_mm.report.figures.panel_page import PanelPage
from dfpenet_mm.report.figures.run_view import FIRST_REMOVED, LEFT, RunView, with_specks
from dfpenet_mm.report.figures.stages import Stage
from dfpenet_mm.wording import counted

ROLES = ('pre', 'post')


def draw_pre_post_comparison(view: RunView, path: Path) -> Path | None:
    """Draw pre- and post-event image, the reference on both, the removed and the kept regions.

    Args:
        view: of the run.
        path: PNG to write.

    Returns:
        ``path``; None without a pre-event image.

    Raises:
        InputFileError: if a raster cannot be read.
        OutputError: if the figure cannot be written.
    """
    if view.products.pre is None:
        return None
    removals = [stage for stage in view.stages if len(stage.removed)]
    marked = ROLES if view.has_reference else ()
    page = PanelPage(
        view.products.grid,
        [*_headings(view.stages, marked)],
        heading='Before and after the event',
        legend=_legend(removals, judged=view.has_reference),
    )
    panels, grid, backdrops = page.panels(), view.products.grid, view.products.backdrops
    for role in ROLES:
        show_backdrop(next(panels), backdrops[role], grid)
    for role in marked:
        axes = next(panels)
        show_backdrop(axes, backdrops[role], grid)
        show_classes(axes, view.reference(page.dots), grid, {1: REFERENCE})
    fates = view.fates(page.dots)
    axes = next(panels)
    show_backdrop(axes, backdrops['post'], grid, faint=True)
    colours = {
        FIRST_REMOVED + stage.number - 1: colour
        for stage, colour in zip(removals, _colours(removals), strict=True)
    }
    show_classes(axes, with_specks(fates, over=LEFT), grid, {LEFT: KEPT_PALE, **colours})
    axes = next(panels)
    show_backdrop(axes, backdrops['post'], grid)
    show_classes(axes, fates, grid, {LEFT: KEPT})
    return page.save(path)


def _headings(stages: Sequence[Stage], marked: Sequence[str]) -> Iterator[str]:
    yield from (f'{role}-event image' for role in ROLES)
    yield from (f'reference on the {role}-event image' for role in marked)
    yield f'removed: {counted(sum(len(stage.removed) for stage in stages), "region")}'
    final = stages[-1]
    yield f'result: {counted(final.landslides, "landslide")}, {area_text(final.area_m2)}'


def _colours(removals: list[Stage]) -> list[str]:
    """Return a colour a hook; those beyond the palette share its last one."""
    return [BY_HOOK[min(number, len(BY_HOOK) - 1)] for number in range(len(removals))]


def _legend(removals: list[Stage], *, judged: bool) -> dict[str, str]:
    legend = {'landslide': KEPT}
    if judged:
        legend['reference'] = REFERENCE
    for stage, colour in zip(removals, _colours(removals), strict=True):
        legend[f'removed by the {stage.name} ({len(stage.removed):,})'] = colour
    if removals:
        legend['kept, beside the removed'] = KEPT_PALE
    return legend | {'no data': NO_DATA}
