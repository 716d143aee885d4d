"""From scenes and an inventory to a training set: survey, split, balance, write, draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import ConfigError, GridMismatchError, RasterFormatError
from dfpenet_mm.files import check_free_folder, whole_folder
from dfpenet_mm.mapping.scene.doubts import doubt_fill
from dfpenet_mm.mapping.scene.scaling import Scaling
from dfpenet_mm.polygons import Polygons, read_polygons
from dfpenet_mm.preparation.chips.chip_files import INDEX, draw_sheet, write_chips
from dfpenet_mm.preparation.chips.chip_report import ChipReport, SideCounts, count_features
from dfpenet_mm.preparation.chips.choice import ChipChooser
from dfpenet_mm.preparation.chips.plan import Chip
from dfpenet_mm.preparation.chips.source import ChipSource, require_landslides
from dfpenet_mm.preparation.chips.survey import ChipSettings, survey_chips
from dfpenet_mm.vocabulary import SUMMARY
from dfpenet_mm.wording import counted, metres

# Scenes of one data set that differ more in pixel size are worth a note.
MAX_GSD_RATIO = 1.5


def _silent(_stage: str) -> Callable[[int, int], None]:
    return lambda _done, _total: None


def make_chip_dataset(
    images: Sequence[Path],
    inventory: Path,
    out: Path,
    settings: ChipSettings | None = None,
    *,
    val_images: Sequence[Path] = (),
    layer: str | None = None,
    scaling: Scaling | None = None,
    overwrite: bool = False,
    origin: Callable[[], Mapping[str, Any]] = dict,
    stage: Callable[[str], Callable[[int, int], None]] = _silent,
) -> ChipReport:
    """Write a training set.

    Args:
        images: scenes, each in its own CRS and grid.
        inventory: vector file of landslides, in any CRS.
        out: folder of the data set: ``{train,val}/{images,masks}/*.tif``, ``chips.gpkg``,
            ``quick_look.png`` and ``summary.json``. It appears when all is complete.
        settings: how to cut; None for the defaults.
        val_images: scenes that validate as a whole, while all ground of the others trains.
        layer: of the inventory.
        scaling: fitted to each scene, as when it is mapped; None keeps the scenes' values.
        overwrite: replace a data set that an earlier run wrote.
        origin: gives further facts for the summary, such as checksums of the inputs.
        stage: called with what begins, gives a callback for steps done and their total.

    Returns:
        What was written and what was left out.

    Raises:
        DfpenetError: a branch of it for whatever the user can mend; nothing is written then.
    """
    settings = settings or ChipSettings()
    check_free_folder(out, overwrite=overwrite, marker=INDEX)
    scenes = [*images, *val_images]
    _require_distinct(scenes)
    landslides = read_polygons(inventory, 'inventory', layer)
    with ExitStack() as stack:
        sources = []
        for path in scenes:
            source = ChipSource(
                path,
                landslides,
                bands=settings.bands,
                all_touched=settings.all_touched,
                nodata=settings.nodata,
                by_colour=settings.by_colour,
                scaling=scaling,
            )
            sources.append(stack.enter_context(closing(source)))
        require_landslides(sources, landslides)
        _require_one_type(sources)
        chooser = ChipChooser(sources, settings, frozenset(range(len(images), len(scenes))))
        survey = survey_chips(
            sources, chooser.block_size, settings.chip, settings.step, stage('survey')
        )
        _require_labels(survey.chips, landslides)
        choice = chooser.choose(survey)
        report = ChipReport(
            sides={name: SideCounts.of(chips) for name, chips in choice.sides.items()},
            scenes={str(source.path): source.landslides for source in sources},
            features=count_features(landslides, [source.mask.fates() for source in sources]),
            unreachable=max(source.unreachable for source in sources),
            surveyed=len(survey.chips),
            left_out={reason: len(chips) for reason, chips in choice.left_out.items()},
            lost={'without data': survey.hidden, **choice.lost_pixels(sources, settings.chip)},
            notes=tuple(_notes(sources)),
        )
        with whole_folder(out, overwrite=overwrite, marker=INDEX) as folder:
            write_chips(folder, sources, choice.sides, stage('write'))
            draw_sheet(folder, seed=settings.seed)
            summary = {**origin(), 'settings': asdict(settings), 'report': asdict(report)}
            text = json.dumps(summary, indent=2, ensure_ascii=False)
            (folder / SUMMARY).write_text(f'{text}\n', encoding='utf-8')
    return report


def _require_distinct(scenes: Sequence[Path]) -> None:
    places = [path.resolve() for path in scenes]
    twice = [place for place in places if places.count(place) > 1]
    if twice:
        raise ConfigError(
            f'{twice[0]} is given more than once; give each image once, with --image or with '
            f'--val-image'
        )


def _require_one_type(sources: Sequence[ChipSource]) -> None:
    types = {source.dtype.name: source.path for source in sources}
    if len(types) > 1:
        listed = ', '.join(f'{path} is {name}' for name, path in types.items())
        raise RasterFormatError(
            f'the images are of different types ({listed}), so their values are not alike; bring '
            f'them to one with gdal_translate -ot -scale, or make a data set of each'
        )


def _require_labels(chips: Sequence[Chip], inventory: Polygons) -> None:
    if not any(chip.landslide for chip in chips):
        raise GridMismatchError(
            f'the inventory {inventory.path} covers no pixel with data in '
            f'{counted(len(chips), "chip")}; check that it is of the same area, and pass '
            f'--all-touched if its polygons are smaller than a pixel'
        )


def _notes(sources: Sequence[ChipSource]) -> list[str]:
    notes = [
        f'{source.path} has no landslide of the inventory: all of it is background'
        for source in sources
        if not source.landslides
    ]
    for source in sources:
        scene = source.scene
        said = (scene.choice.notice, scene.choice.doubt, *scene.doubts, doubt_fill(scene))
        notes += filter(None, said)
    sizes = [source.grid.gsd for source in sources]
    if max(sizes) > MAX_GSD_RATIO * min(sizes):
        notes.append(
            f'pixels are of {metres(min(sizes))} to {metres(max(sizes))} m: landslides of '
            f'one size look different in them'
        )
    return notes
