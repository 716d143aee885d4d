"""Make an int8 network of a float one, by measuring its values on real windows."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.export.nncf_library import nncf_library

if TYPE_CHECKING:
    import openvino


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to quantise.

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
