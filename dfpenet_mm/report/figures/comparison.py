"""Pages of panels: both images side by side, and the stages of recognition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dfpenet_mm.report.figures import palette
from dfpenet_mm.report.figures.map_axes import show_backdrop, show_classes
from dfpenet_mm.report.figures.panel_page import PanelPage
from dfpenet_mm.report.figures.run_view import (
    FIRST_REMOVED,
    LEFT,
    InventoryStage,
    RunView,
    with_specks,
)
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
        show_classes(axes, view.reference(page.dots), grid, {1: palette.REFERENCE})
    fates = view.fates(page.dots)
    axes = next(panels)
    show_backdrop(axes, backdrops['post'], grid, faint=True)
    colours = {
        FIRST_REMOVED + stage.number - 1: colour
        for stage, colour in zip(removals, _colours(removals), strict=True)
    }
    show_classes(axes, with_specks(fates, over=LEFT), grid, {LEFT: palette.KEPT_PALE, **colours})
    axes = next(panels)
    show_backdrop(axes, backdrops['post'], grid)
    show_classes(axes, fates, grid, {LEFT: palette.KEPT})
    return page.save(path, view.products.review.mark)


def _headings(stages: Sequence[InventoryStage], marked: Sequence[str]) -> Iterator[str]:
    yield from (f'{role}-event image' for role in ROLES)
    yield from (f'reference on the {role}-event image' for role in marked)
    yield f'removed: {counted(sum(len(stage.removed) for stage in stages), "region")}'
    final = stages[-1]
    yield f'result: {counted(final.landslides, "landslide")}, {palette.area_text(final.area_m2)}'


def _colours(removals: list[InventoryStage]) -> list[str]:
    """Return a colour a hook; those beyond the palette share its last one."""
    return [
        palette.BY_HOOK[min(number, len(palette.BY_HOOK) - 1)] for number in range(len(removals))
    ]


def _legend(removals: list[InventoryStage], *, judged: bool) -> dict[str, str]:
    legend = {'landslide': palette.KEPT}
    if judged:
        legend['reference'] = palette.REFERENCE
    for stage, colour in zip(removals, _colours(removals), strict=True):
        legend[f'removed by the {stage.name} ({len(stage.removed):,})'] = colour
    if removals:
        legend['kept, beside the removed'] = palette.KEPT_PALE
    return legend | {'no data': palette.NO_DATA}


# Beyond these the panels of a page become stamps.
MAX_STAGES = 6
HEADING = 'From recognition to inventory'


def draw_recognition_stages(view: RunView, path: Path) -> Path | None:
    """Draw the reference, what the network recognised, and what each hook left of it.

    With a reference, every stage shows hits, false alarms and misses; without one, what the
    hook kept and what it removed.

    Args:
        view: of the run.
        path: PNG to write.

    Returns:
        ``path``; None if the network recognised nothing and no figure was drawn.

    Raises:
        InputFileError: if a raster cannot be read.
        OutputError: if the figure cannot be written.
    """
    stages = shortened(view.stages)
    if not stages[0].landslides:
        return None
    draw = _draw_errors if view.has_reference else _draw_removals
    return draw(view, stages).save(path, view.products.review.mark)


def shortened(stages: list[InventoryStage]) -> list[InventoryStage]:
    """Leave out stages after the first if there are more than a page shows."""
    return stages if len(stages) <= MAX_STAGES else [stages[0], *stages[1 - MAX_STAGES :]]


def _draw_errors(view: RunView, stages: list[InventoryStage]) -> PanelPage:
    grid, backdrop = view.products.grid, view.products.backdrops['post']
    counts = [found.get('reference_landslides') for found in view.products.evaluations]
    count = counts[-1] if counts else None
    numbers = '' if count is None else f'\n{counted(count, "landslide")}'
    legend = {
        palette.CONFUSION_LABELS[code]: colour for code, colour in palette.CONFUSION_COLOURS.items()
    }
    page = PanelPage(
        grid,
        [f'reference{numbers}', *map(_heading, stages)],
        heading=HEADING,
        legend={'reference': palette.REFERENCE, **legend, 'no data': palette.NO_DATA},
    )
    first, *others = page.panels()
    show_backdrop(first, backdrop, grid)
    show_classes(first, view.reference(page.dots), grid, {1: palette.REFERENCE})
    for axes, stage in zip(others, stages, strict=True):
        show_backdrop(axes, backdrop, grid, faint=True)
        show_classes(axes, view.judged(stage.number, page.dots), grid, palette.CONFUSION_COLOURS)
    return page


def _draw_removals(view: RunView, stages: list[InventoryStage]) -> PanelPage:
    grid, backdrop = view.products.grid, view.products.backdrops['post']
    removed = {'removed at this stage': palette.REMOVED} if len(stages) > 1 else {}
    page = PanelPage(
        grid,
        [_heading(stage) for stage in stages],
        heading=HEADING,
        legend={'kept': palette.KEPT, **removed, 'no data': palette.NO_DATA},
    )
    for axes, stage in zip(page.panels(), stages, strict=True):
        show_backdrop(axes, backdrop, grid, faint=True)
        picture = with_specks(view.kept_and_removed(stage.number, page.dots), over=1)
        show_classes(axes, picture, grid, {1: palette.KEPT, 2: palette.REMOVED})
    return page


def _heading(stage: InventoryStage) -> str:
    name = 'recognised by the network' if stage.name == 'network' else f'after the {stage.name}'
    lines = [name, f'{counted(stage.landslides, "landslide")}, {palette.area_text(stage.area_m2)}']
    ratios = [
        f'{label} {stage.scores[key]:.1%}'
        for label, key in (('precision', 'precision'), ('recall', 'recall'), ('IoU', 'iou'))
        if stage.scores and stage.scores.get(key) is not None
    ]
    return '\n'.join([*lines, ', '.join(ratios)]) if ratios else '\n'.join(lines)
