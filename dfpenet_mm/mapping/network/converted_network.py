"""A network of PyTorch, converted to OpenVINO's form when it is first needed."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import io
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.file_cache import settings_key, sources_digest
from dfpenet_mm.mapping.network.openvino_network import openvino_library, with_shape
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork, delicate_convolutions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import openvino

LAYERS = Path(__file__).resolve().parents[2] / 'models'


class ConvertedNetwork:
    """A model of PyTorch as ``OpenVinoPredictor`` takes networks.

    Args:
        model: a built mmseg ``EncoderDecoder``, from ``load_model``. It moves to the CPU.
        landslide_class: as of ``ProbabilityNetwork``.

    Attributes:
        landslide_class: as a number, or a list of several.

    Raises:
        ConfigError: if ``landslide_class`` is no whole number and no list of some.
    """

    def __init__(self, model: nn.Module, landslide_class: int | Sequence[int]) -> None:
        self._network = ProbabilityNetwork(model=model, landslide_class=landslide_class).cpu()
        self.landslide_class = self._network.landslide_class

    @property
    def weights(self) -> str:
        """The ``weights_digest`` of the model."""
        return weights_digest(self._network.model)

    @property
    def delicate(self) -> Collection[str]:
        """Names of normalisations whose convolutions bfloat16 would spoil."""
        return delicate_convolutions(self._network).values()

    def model(self, _core: openvino.Core, shape: tuple[int, int, int, int]) -> openvino.Model:
        """Convert the network for inputs of one shape; see ``convert_to_openvino``."""
        return convert_to_openvino(self._network, shape)

    def key(self, settings: Mapping[str, Any]) -> str | None:
        """Name the network and the way it is used; see ``network_key``."""
        return network_key(
            self._network.model, {**settings, 'landslide_class': self.landslide_class}
        )


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


def weights_digest(model: nn.Module) -> str:
    """Return the SHA-256 of a network's tensors, by name, type, shape and value.

    Counters of seen batches are left out: they are not used to predict.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name.endswith('num_batches_tracked'):
            continue
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def network_key(model: nn.Module, settings: Mapping[str, Any]) -> str | None:
    """Name a network and the way it is used.

    Part of it are the weights, the config, the source of the network's own classes and of
    this package's, and the versions of torch and this package.

    Args:
        model: with its config as ``cfg``, as ``load_model`` leaves it.
        settings: plain values that the result depends on as well.

    Returns:
        64 hexadecimal digits; None for a network that does not know its config, which
        cannot be told from another with the same weights.
    """
    config = getattr(model, 'cfg', None)
    if config is None or not config.get('model'):
        return None
    network = {
        'weights': weights_digest(model),
        'config': repr(config.model.to_dict()),
        'sources': sources_digest(_source_files(model)),
        'torch': torch.__version__,
    }
    return settings_key(network, settings)


def _source_files(model: nn.Module) -> set[Path]:
    """Find what computes the network: its classes' files, and this package's layers."""
    classes = {type(module) for module in model.modules()}
    files = {inspect.getsourcefile(kind) for kind in classes}
    return {Path(file) for file in files if file} | {*LAYERS.rglob('*.py'), Path(__file__)}
