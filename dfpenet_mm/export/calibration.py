"""Real windows on which a network's value ranges are measured before it is quantised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from dfpenet_mm.datasets.chip_files import find_chips
from dfpenet_mm.datasets.landslide import IMAGE_SUFFIXES
from dfpenet_mm.datasets.transforms.loading import read_bands
from dfpenet_mm.errors import ConfigError, InputFileError, RasterFormatError
from dfpenet_mm.mapping.scene.batch_reader import sample_chips
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene


def calibration_chips(config: Config, source: Path, *, count: int, seed: int = 0) -> np.ndarray:
    """Read chips from a folder of training images, or from a scene.

    Args:
        config: its ``mapping`` section says the bands and, for a scene, scaling and window.
        source: folder of chips of one size, in training units, as the network was
            trained on; or a scene, which is scaled and cut as for mapping.
        count: most chips, at least 1.
        seed: of their draw.

    Returns:
        Shape (N, B, H, W), float32, training units.

    Raises:
        ConfigError: if the config has no ``mapping`` section.
        InputFileError: if ``source`` is missing, empty or damaged.
        RasterFormatError: if it lacks a band, or chips differ in size.
        EmptySceneError: if the scene has no valid pixel.
    """
    if not source.exists():
        raise InputFileError(f'calibration data {source} does not exist; check its path')
    mapping = config.get('mapping')
    if not mapping:
        raise ConfigError(
            f'{config.filename} has no mapping section, which says the bands of the calibration '
            f'data; add one of configs/_base_/mapping to its _base_'
        )
    if source.is_dir():
        return _folder_chips(source, mapping['bands'], count, seed)
    return _scene_chips(source, mapping, count, seed)


def _folder_chips(folder: Path, bands: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    files = list(find_chips(folder, IMAGE_SUFFIXES).values())
    if not files:
        raise InputFileError(
            f'{folder} holds no image ending in {" or ".join(IMAGE_SUFFIXES)}; give a folder of '
            f'training images, or a scene'
        )
    drawn = np.random.default_rng(seed).permutation(len(files))[:count]
    chips = [read_bands(str(files[index]), bands) for index in sorted(drawn)]
    sizes = {chip.shape for chip in chips}
    if len(sizes) > 1:
        raise RasterFormatError(
            f'images in {folder} have several sizes, such as {sorted(sizes)[:2]}; give chips of '
            f'one size, or a scene'
        )
    return np.stack(chips).transpose(0, 3, 1, 2).astype(np.float32)


def _scene_chips(path: Path, mapping: Mapping[str, Any], count: int, seed: int) -> np.ndarray:
    with Scene(path, bands=mapping['bands']) as scene:
        scaling = build_scaling(mapping['scaling']).fit(scene)
        return sample_chips(scene, scaling, window=mapping['window'], count=count, seed=seed)
