"""Files of a benchmark: kept results of single images, tables, pictures and the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageColor

from dfpenet_mm.bands import choose_bands
from dfpenet_mm.engine.prediction_pictures_hook import draw_prediction, rgb_picture
from dfpenet_mm.evaluation.image_tally import ImageTally
from dfpenet_mm.evaluation.set_scores import shown, size_text
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors, whole_file
from dfpenet_mm.rasters import open_raster
from dfpenet_mm.report.figures.palette import FALSE_ALARM, HIT, MISS, REFERENCE
from dfpenet_mm.report.page.document import created_text, environment
from dfpenet_mm.run.labelled_images import LabelledImage
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE

PICTURES = 'pictures'
# Longest side of one panel, pixels.
PANEL = 400
PALETTE = np.array([ImageColor.getrgb(c) for c in (HIT, FALSE_ALARM, MISS, REFERENCE)], np.uint8)
HITS, FALSE, MISSED, TRUE = range(4)
PIXELS = ('tp', 'fp', 'fn', 'tn')
REGIONS = ('regions', 'false_regions')


@dataclass(frozen=True)
class JudgedImage:
    """The result of one image at one scale.

    Args:
        name: of the image.
        scale: factor by which it was averaged down.
        pixel_size: side of its own pixels, metres.
        tally: on the image's own grid; None where it was refused.
        marked: where the map says landslide on that grid, bool; None likewise, or left on the
            disk.
        notes: the refusal, or doubts of the mapping.
        kept: the file of the result; None where there is none.
    """

    name: str
    scale: int
    pixel_size: float
    tally: ImageTally | None
    marked: np.ndarray | None
    notes: tuple[str, ...] = ()
    kept: Path | None = None

    def write(self, path: Path) -> None:
        """Keep it, so that it is there whole or not at all."""
        facts = {'name': self.name, 'scale': self.scale, 'pixel_size': self.pixel_size}
        text = json.dumps({**facts, 'notes': self.notes})
        arrays: dict[str, Any] = {'facts': np.array(text)}
        if self.tally is not None and self.marked is not None:
            arrays |= self.tally.to_arrays()
            arrays |= {'shape': self.marked.shape, 'marked': np.packbits(self.marked)}
        with (
            disk_errors(path, advice=ANOTHER_FOLDER),
            whole_file(path, parents=True, durable=True) as part,
            part.open('wb') as file,
        ):
            np.savez_compressed(file, **arrays)

    @classmethod
    def read(cls, path: Path) -> JudgedImage:
        """Read what ``write`` kept."""
        with np.load(path) as kept:
            facts = json.loads(str(kept['facts']))
            facts['notes'] = tuple(facts['notes'])
            if 'marked' not in kept:
                return cls(**facts, tally=None, marked=None)
            rows, cols = kept['shape']
            marked = np.unpackbits(kept['marked'], count=rows * cols).reshape(rows, cols)
            return cls(**facts, tally=ImageTally.from_arrays(kept), marked=marked.astype(bool))


def write_tables(folder: Path, summary: Mapping[str, Any], judged: Sequence[JudgedImage]) -> None:
    """Write ``scores.csv``, a row a scale, and ``images.csv``, a row an image and scale."""
    rows = [dict(_flat(found)) for found in summary['scales']]
    pd.DataFrame(rows).to_csv(folder / 'scores.csv', index=False, float_format='%.6g')
    lines = [_line(found) for found in judged]
    pd.DataFrame(lines).to_csv(folder / 'images.csv', index=False, float_format='%.6g')


def _flat(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, found[name]) for name in ('scale', 'images'))
    yield 'refused', len(found['refused'])
    for name, score in found['scores'].items():
        yield name, score['value']
        yield from ((f'{name}_{limit}', score[limit]) for limit in ('low', 'high'))
    for part in found['size_classes']:
        name = f'{part["from"]:g}_{part["unit"]}'
        yield f'landslides_from_{name}', part['landslides']
        yield f'found_from_{name}', part['recall']['value']
        yield f'covered_from_{name}', part['covered']['value']
    yield from (found['calibration'] or {}).items()


def _line(found: JudgedImage) -> dict[str, Any]:
    line: dict[str, Any] = {'image': found.name, 'scale': found.scale}
    line |= {'pixel_size_m': found.pixel_size, 'mapped': found.tally is not None}
    if found.tally is not None:
        counts = found.tally.counts
        line |= {'IoU': iou(found.tally), **{name: int(counts[name]) for name in PIXELS}}
        line |= {name: int(counts[name]) for name in REGIONS}
    return line | {'notes': '; '.join(found.notes)}


def iou(tally: ImageTally) -> float | None:
    """Return the IoU of one image in percent; None where neither side has a landslide."""
    tp, fp, fn = (tally.counts[name] for name in ('tp', 'fp', 'fn'))
    return 100 * tp / (tp + fp + fn) if tp + fp + fn else None


def draw_pictures(
    folder: Path, images: Sequence[LabelledImage], judged: Sequence[JudgedImage], count: int
) -> list[dict[str, Any]]:
    """Draw the worst and the best images of the first scale: image, truth, and what was found.

    Args:
        folder: gets a folder ``pictures``.
        images: all of them.
        judged: their results; those of the first scale are shown.
        count: at most so many, half of them the worst ones.

    Returns:
        ``file``, ``name`` and ``caption`` of each, from the worst to the best.
    """
    first = [found for found in judged if found.scale == judged[0].scale and found.tally]
    ranked = sorted(first, key=_goodness)
    if len(ranked) > count:
        best = count // 2
        ranked = [*ranked[: count - best], *ranked[len(ranked) - best :]]
    by_name = {image.image.name: image for image in images}
    if ranked:
        (folder / PICTURES).mkdir()
    rows = []
    for number, found in enumerate(ranked):
        name = f'{PICTURES}/{number:02d}_{Path(found.name).stem}.png'
        Image.fromarray(_draw(by_name[found.name], found)).save(folder / name)
        rows.append({'file': name, 'name': found.name, 'caption': _caption(found)})
    return rows


def _goodness(found: JudgedImage) -> tuple[float, float]:
    tally = found.tally
    if tally is None:
        return 0.0, 0.0
    counts, overlap = tally.counts, iou(tally)
    wrong = (counts['fp'] + counts['fn']) / max(sum(counts[name] for name in PIXELS), 1)
    return 100.0 if overlap is None else overlap, -wrong


def _caption(found: JudgedImage) -> str:
    if found.tally is None:
        return ''
    counts, overlap = found.tally.counts, iou(found.tally)
    share = (counts['tp'] + counts['fp']) / max(sum(counts[name] for name in PIXELS), 1)
    return f'{share:.1%} marked' if overlap is None else f'IoU {overlap:.1f}, {share:.1%} marked'


def _draw(image: LabelledImage, found: JudgedImage) -> np.ndarray:
    step = max(1, -(-max(image.grid.shape) // PANEL))
    truth = image.truth()[::step, ::step]
    whole = found.marked if found.kept is None else JudgedImage.read(found.kept).marked
    marked = np.zeros_like(truth, bool) if whole is None else whole[::step, ::step]
    rows, cols = truth.shape
    with open_raster(image.image) as source:
        bands = choose_bands(source, (1, 2, 3)[: source.count]).bands
        chip = source.read(bands, out_shape=(len(bands), rows, cols))
    real, called = truth == LANDSLIDE, marked & (truth != IGNORED)
    verdict = np.full(truth.shape, IGNORED)
    for code, where in ((HITS, real & called), (FALSE, called & ~real), (MISSED, real & ~called)):
        verdict[where] = code
    return draw_prediction(
        rgb_picture(chip, (0, 1, 2)),
        truth=np.where(real, TRUE, IGNORED),
        prediction=verdict,
        palette=PALETTE,
    )


# Columns of the page and of the command's table: name in the scores, and heading.
COLUMNS = {
    'precision': 'precision',
    'recall': 'recall',
    'F1': 'F1',
    'IoU': 'IoU',
    'IoU_one_pixel': 'IoU, one pixel',
    'landslides_found': 'landslides found',
    'landslides_covered': 'by half or more',
    'false_regions_per_km2': 'false regions per km2',
    'marked': 'marked',
}


def table_rows(summary: Mapping[str, Any]) -> list[list[str]]:
    """Return the scores as texts: a heading, then a row a scale."""
    errors = {'ECE': 'ECE', 'ECE_likely': 'ECE above 0.05', 'Brier': 'Brier'}
    rows = [['scale', 'pixels of', 'images', *COLUMNS.values(), *errors.values()]]
    low, high = summary['pixel_size_m']
    for found in summary['scales']:
        sizes = dict.fromkeys(f'{size * found["scale"]:.3g}' for size in (low, high))
        lacking = f' ({len(found["refused"])} refused)' if found['refused'] else ''
        scores = [shown(found['scores'][name]) if found['scores'] else '-' for name in COLUMNS]
        calibration = found['calibration'] or {}
        values = [calibration.get(name) for name in errors]
        rows.append(
            [
                f'1/{found["scale"]}',
                f'{" to ".join(sizes)} m',
                f'{found["images"]}{lacking}',
                *scores,
                *('-' if value is None else f'{value:.2f}' for value in values),
            ]
        )
    return rows


def write_page(
    path: Path,
    summary: Mapping[str, Any],
    pictures: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any],
) -> None:
    """Write the page: scores, landslides by size, refusals and pictures.

    Args:
        path: of the HTML file, beside the folder of pictures.
        summary: of the benchmark, without provenance.
        pictures: as ``draw_pictures`` gave them.
        origin: the provenance.
    """
    head, *rows = table_rows(summary)
    sizes = [
        [
            f'1/{found["scale"]}',
            size_text(part),
            part['landslides'],
            shown(part['recall']),
            shown(part['covered']),
        ]
        for found in summary['scales']
        for part in found['size_classes']
        if part['landslides']
    ]
    networks = [
        f'{file["name"]} ({file.get("sha256", "")[:12]})'
        for role, file in origin['inputs'].items()
        if role.startswith('network')
    ]
    text = (
        environment()
        .get_template('benchmark.html.j2')
        .render(
            summary=summary,
            head=head,
            rows=rows,
            sizes=sizes,
            pictures=pictures,
            networks=networks,
            created=created_text(origin['created']),
        )
    )
    path.write_text(text, encoding='utf-8')
