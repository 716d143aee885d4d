"""The folder of a taught network: config, weights and card, as any network has them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from mmengine.config import Config

from dfpenet_mm.calibration import Calibration
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.files import disk_errors, whole_folder
from dfpenet_mm.mapping.network.card import SUFFIX, NetworkCard
from dfpenet_mm.mapping.scene.novelty import KINDS, KnownGround, describe_ground
from dfpenet_mm.run.network_choice import NetworkChoice
from dfpenet_mm.run.provenance import sha256
from dfpenet_mm.run.settings import MappingSettings
from dfpenet_mm.teaching.chips import Lesson
from dfpenet_mm.teaching.judging import Meaning
from dfpenet_mm.teaching.replay import SUFFIX as SUFFIX_OF_REPLAY
from dfpenet_mm.teaching.replay import replay_file

NETWORK = 'network'
NAME = 'taught'
BANDS = ('red', 'green', 'blue')
# Pixels that a network taught in some size knows are so much smaller or larger.
REACH = 1.25


def write_network(
    folder: Path,
    *,
    config: Config,
    weights: Path,
    before: NetworkChoice,
    meaning: Meaning,
    lesson: Lesson | None,
    pixel_size: float,
    averaged: bool,
    place: str,
) -> NetworkChoice:
    """Write a network that ``landslide-map`` takes as CONFIG and CHECKPOINT.

    Args:
        folder: final name; what an earlier lesson wrote there is replaced.
        config: of the network before.
        weights: file of the new ones.
        before: the network before.
        meaning: calibration and threshold.
        lesson: chips that taught it; None for a network that only got another meaning.
        pixel_size: in which it was taught or judged, metres.
        averaged: True if those of the image are smaller.
        place: whose ground it was taught on, in words.

    Raises:
        OutputError: if the disk refuses.
    """
    if folder.is_dir():
        shutil.rmtree(folder)
    with whole_folder(folder) as staging, disk_errors(folder):
        shutil.copyfile(weights, staging / f'{NAME}.pth')
        if replay_file(before.checkpoint).is_file():
            shutil.copyfile(replay_file(before.checkpoint), staging / f'{NAME}{SUFFIX_OF_REPLAY}')
        config.dump(str(staging / f'{NAME}.py'))
        card = _card(
            before,
            MappingSettings.from_config(config),
            meaning=meaning,
            pixel_size=pixel_size,
            averaged=averaged,
            place=place,
            taught=lesson is not None,
        )
        card = replace(
            card,
            path=folder / f'{NAME}{SUFFIX}',
            config=f'{NAME}.py',
            weights_sha256=sha256(staging / f'{NAME}.pth'),
            novelty=_known_ground(before.card, lesson, len(card.bands)),
        )
        card.write(staging / f'{NAME}{SUFFIX}')
    return NetworkChoice(config=folder / f'{NAME}.py', checkpoint=folder / f'{NAME}.pth', card=card)


def _card(
    before: NetworkChoice,
    settings: MappingSettings,
    *,
    meaning: Meaning,
    pixel_size: float,
    averaged: bool,
    place: str,
    taught: bool,
) -> NetworkCard:
    sizes = before.known_sizes(settings.gsd_range) or (pixel_size, pixel_size, pixel_size)
    low, high, working = sizes
    low = pixel_size / REACH if pixel_size < low else low
    high = pixel_size * REACH if pixel_size > high else high
    known = before.card
    count = len(settings.bands)
    names = BANDS if count == len(BANDS) else tuple(f'band {band}' for band in settings.bands)
    calibrated = known.calibration if known else None
    usual = known.threshold if known and calibrated else None
    lesson = (f'reviewed ground of {place} in pixels of {pixel_size:.3g} m',) if taught else ()
    return NetworkCard(
        path=before.checkpoint,
        config='',
        weights_sha256='',
        bands=known.bands if known else names,
        pixel_sizes=(low, high),
        working_pixel_size=pixel_size if averaged or pixel_size < sizes[0] else working,
        threshold=meaning.threshold if usual is None else usual,
        # In other pixels the probability means what it meant, as far as it is not forgotten.
        calibration=Calibration(
            {**(calibrated.points if calibrated else {}), pixel_size: meaning.platt},
            f'reviewed ground of {place} that did not teach',
            {**(calibrated.thresholds if calibrated else {}), pixel_size: meaning.threshold},
        ),
        trained_on=(*(known.trained_on if known else ()), *lesson),
        never_seen=known.never_seen if known else (),
    )


def _known_ground(
    card: NetworkCard | None, lesson: Lesson | None, bands: int
) -> dict[str, object] | None:
    """Add the ground that taught to the ground that the network knows."""
    if card is None or card.novelty is None:
        return None
    if lesson is None:
        return dict(card.novelty)
    try:
        known = KnownGround.from_dict(card.novelty, bands)
    except ConfigError:
        return None
    kinds = _kinds(np.stack([describe_ground(chip) for chip in lesson.images]) / known.scale)
    return replace(known, kinds=np.concatenate([known.kinds, *kinds])).to_dict()


def _kinds(described: np.ndarray) -> Sequence[np.ndarray]:
    """Take typical windows: the middle one, and then each the farthest from those before."""
    chosen = [int(((described - np.median(described, axis=0)) ** 2).sum(axis=1).argmin())]
    while len(chosen) < min(KINDS, len(described)):
        apart = described[:, None] - described[chosen]
        chosen.append(int((apart**2).sum(axis=2).min(axis=1).argmax()))
    return [described[[index]] for index in chosen]
