"""Convert a network to OpenVINO's form."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING

import torch

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.openvino_library import openvino_library
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork

if TYPE_CHECKING:
    import openvino


def convert_to_openvino(
    network: ProbabilityNetwork, shape: tuple[int, int, int, int]
) -> openvino.Model:
    """Convert a network.

    Args:
        network: on the CPU; it is run once.
        shape: (N, B, H, W) of its input.

    Returns:
        The model: one input of that shape, float32, training units; one output, the
        probability, shape (N, H, W). ``with_shape`` gives it another shape.

    Raises:
        InstallError: if OpenVINO is not installed.
        ConfigError: if the network cannot be converted.
    """
    library = openvino_library()
    example = torch.zeros(shape)
    try:
        # Tracing warns of every number that it takes for a constant. None of them is kept
        # that does not fit the shape, as the example has it.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter('ignore')
            traced = torch.jit.trace(network, example, check_trace=False)
            model = library.convert_model(traced, example_input=example)
    except ConfigError:
        raise
    except Exception as error:
        # The converter has no error of its own, and hands on what tracing raises.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f'the network cannot be converted to OpenVINO ({reason}); predict with TorchPredictor'
        ) from error
    return with_shape(model, shape)


def with_shape(model: openvino.Model, shape: tuple[int, int, int, int]) -> openvino.Model:
    """Fix the shape of a model's input, so that all that depends on it alone is constant.

    Args:
        model: as of ``convert_to_openvino``; it is changed.
        shape: (N, B, H, W) of its input.

    Returns:
        The model.

    Raises:
        ConfigError: if the model cannot take that shape.
    """
    wanted = (shape[0], *shape[2:])
    try:
        model.reshape(list(shape))
        found = tuple(model.output(0).shape)
    except RuntimeError as error:
        raise ConfigError(
            f'the network cannot take windows of shape {shape[1:]}; give the shape it was '
            f'converted for'
        ) from error
    if found != wanted:
        raise ConfigError(
            f'the network gives shape {found} for {shape}, wanted is {wanted}; give windows of '
            f'the size that it was converted for'
        )
    return model
