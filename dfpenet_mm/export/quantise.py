"""Make an int8 network of a float one, by measuring its values on real windows."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.config import Config

from dfpenet_mm.datasets.landslide import IMAGE_SUFFIXES, find_chips
from dfpenet_mm.datasets.loading import read_bands
from dfpenet_mm.errors import ConfigError, InputFileError, InstallError, RasterFormatError
from dfpenet_mm.installation import silence_telemetry
from dfpenet_mm.mapping.network.openvino_network import openvino_library
from dfpenet_mm.mapping.scene.batch_reader import sample_chips
from dfpenet_mm.mapping.scene.scaling import build_scaling
from dfpenet_mm.mapping.scene.scene import Scene

if TYPE_CHECKING:
    import openvino


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


def nncf_library() -> ModuleType:
    """Import NNCF and OpenVINO.

    Raises:
        InstallError: if one is not installed.
    """
    openvino_library()
    silence_telemetry('nncf')
    # NNCF imports what builds CUDA extensions, which warns where there is no GPU.
    logging.getLogger('torch.utils.cpp_extension').setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import nncf  # noqa: PLC0415
    except ImportError as error:
        raise InstallError(
            f'NNCF cannot be imported ({error}); install it with pip install '
            f"'dfpenet_mm[export]', or export without int8"
        ) from error
    logging.getLogger('nncf').setLevel(logging.ERROR)
    return nncf


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A way to quantise.

    Args:
        name: what reports call it.
        preset: ``performance`` for symmetric activations, ``mixed`` for asymmetric ones, which
            are a little slower and closer.
        fast_bias_correction: whether biases are corrected layer by layer from single
            values; otherwise by running the network, which takes many times as long.
        ignored: parts that stay in float: regular expressions of layer names.
    """

    name: str
    preset: str
    fast_bias_correction: bool = True
    ignored: tuple[str, ...] = ()


# From the fastest to the closest. The last keeps what makes gates and logits in float.
RECIPES = (
    Recipe(name='performance', preset='performance'),
    Recipe(name='mixed', preset='mixed'),
    Recipe(name='float-gates', preset='mixed', ignored=(r'.*(cls_seg|conv_seg|phi|gate).*',)),
    Recipe(
        name='exact-bias',
        preset='mixed',
        fast_bias_correction=False,
        ignored=(r'.*(cls_seg|conv_seg|phi|gate).*',),
    ),
)


def quantise(model: openvino.Model, chips: np.ndarray, recipe: Recipe) -> openvino.Model:
    """Quantise weights and activations to 8 bits, after training.

    Matrix products stay in float: in this package they upsample by fixed matrices, and
    OpenVINO 2026.4 does not compile those in int8. So the shape of the input stays free, too.
    The sums that they enter stay as well: quantising a sum's parts would send every product to
    float32 and back.

    Args:
        model: of shape (1, B, H, W); it is not changed.
        chips: real windows, shape (N, B, H, W), float32, training units.
        recipe: how to do it.

    Returns:
        The quantised model, of the same input and output.

    Raises:
        InstallError: if NNCF is not installed.
        ConfigError: if NNCF cannot quantise the model.
    """
    nncf = nncf_library()
    advanced = nncf.AdvancedQuantizationParameters(
        # Spares a bit of the weights for CPUs that would overflow: those before VNNI.
        overflow_fix=nncf.OverflowFix.DISABLE
    )
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return nncf.quantize(
                model,
                nncf.Dataset([chip[None] for chip in chips]),
                preset=nncf.QuantizationPreset(recipe.preset),
                subset_size=len(chips),
                fast_bias_correction=recipe.fast_bias_correction,
                ignored_scope=nncf.IgnoredScope(
                    types=['MatMul'],
                    names=sums_of_products(model),
                    patterns=list(recipe.ignored),
                    validate=False,
                ),
                advanced_parameters=advanced,
            )
    except (RuntimeError, nncf.errors.ValidationError) as error:
        raise ConfigError(
            f'the network cannot be quantised ({str(error).splitlines()[0]}); export it in f32'
        ) from error


def sums_of_products(model: openvino.Model) -> list[str]:
    """Name the additions that a matrix product enters, reordered or not."""
    names, waiting = [], _matrix_products(model)
    while waiting:
        for output in waiting.pop().outputs():
            for reader in output.get_target_inputs():
                node = reader.get_node()
                if node.get_type_name() == 'Add':
                    names.append(node.get_friendly_name())
                if node.get_type_name() in {'Add', 'Reshape', 'Transpose'}:
                    waiting.append(node)
    return sorted(set(names))


def _matrix_products(model: openvino.Model) -> list[openvino.Node]:
    return [node for node in model.get_ordered_ops() if node.get_type_name() == 'MatMul']
