"""A mmsegmentation network on PyTorch."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.cuda_graph import replay_on_cuda
from dfpenet_mm.mapping.network.delicate_convolutions import (
    delicate_convolutions,
    keep_exact,
    with_predecessors,
)
from dfpenet_mm.mapping.network.device import find_device
from dfpenet_mm.mapping.network.folded_norms import fold_norms
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
from dfpenet_mm.mapping.plan.flips import average_flips
from dfpenet_mm.mapping.registry import PREDICTORS

# Side of the corner of a chip on which folding is checked, pixels.
PROBE = 128
# Types that autocast takes for convolutions and matrix products; None is for none.
PRECISIONS = {'fp32': None, 'bf16': torch.bfloat16, 'fp16': torch.float16}


@PREDICTORS.register_module()
class TorchPredictor:
    """Gives chips their probability of landslide.

    In fp32 every setting below gives the same up to rounding; bf16 and fp16 round more, but for
    the convolutions that this would spoil (see ``delicate_convolutions``).

    Args:
        model: a built mmseg ``EncoderDecoder``; it is moved to ``device`` and set to evaluate.
            Its ``data_preprocessor`` normalises; chips carry the bands in the order the
            network sees.
        device: where to run, such as ``cpu`` or ``cuda:0``.
        precision: ``fp32``; ``bf16`` for mixed precision; ``fp16`` likewise, on CUDA alone.
        channels_last: whether tensors are laid out by pixel, faster on most machines.
        fold: whether batch normalisation is folded into convolutions, on a copy of the model.
            Where that would change the result it is left as it is; see ``folded``.
        cuda_graph: whether the kernels of a batch are recorded once and replayed on CUDA. They
            are launched one by one where CUDA cannot record them.
        flips: whether to average over the four mirrorings of a chip: better, four times
            slower.
        landslide_class: index of the landslide class among the network's outputs, or indices of
            several kinds of landslide, whose probabilities add up; one output alone is taken for
            its logit.

    Attributes:
        folded: whether batch normalisation is folded; known after the first chips.

    Raises:
        ConfigError: if the precision is unknown or not for the device, ``landslide_class`` is
            no whole number and no list of some, or the device does not exist here.
    """

    def __init__(
        self,
        *,
        model: nn.Module,
        device: str = 'cpu',
        precision: str = 'fp32',
        channels_last: bool = True,
        fold: bool = True,
        cuda_graph: bool = True,
        flips: bool = False,
        landslide_class: int | Sequence[int] = 1,
    ) -> None:
        if precision not in PRECISIONS:
            raise ConfigError(f'precision is {precision!r}; give one of {", ".join(PRECISIONS)}')
        self._device = find_device(device)
        if precision == 'fp16' and self._device.type != 'cuda':
            raise ConfigError(f'precision fp16 needs CUDA, not {self._device}; give fp32 or bf16')
        self._autocast_type = PRECISIONS[precision]
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._flips = flips
        self._fold = fold
        self._cuda_graph = cuda_graph
        network = ProbabilityNetwork(model=model, landslide_class=landslide_class)
        self._network = network.to(self._device, memory_format=self._layout)
        self._run = None
        self.folded = False

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Predict landslide; see ``Predictor``.

        Raises:
            ConfigError: if the network has no output ``landslide_class``.
        """
        return average_flips(self._predict, chips, flips=self._flips)

    def _predict(self, chips: np.ndarray) -> np.ndarray:
        inputs = torch.from_numpy(np.ascontiguousarray(chips)).to(self._device)
        inputs = inputs.contiguous(memory_format=self._layout)
        if self._run is None:
            self._prepare(inputs[:1, :, :PROBE, :PROBE])
        return self._run(inputs).cpu().numpy()

    def _prepare(self, probe: Tensor) -> None:
        """Fold and record, which needs chips to compare results on."""
        delicate = with_predecessors(self._network, delicate_convolutions(self._network))
        folded = fold_norms(self._network, probe) if self._fold else None
        self.folded = folded is not None
        if self._autocast_type is not None:
            folded = folded or copy.deepcopy(self._network)
            reduce_convolutions(folded, self._autocast_type, exact=delicate)
        self._network = folded or self._network
        self._run = self._forward
        if self._cuda_graph and self._device.type == 'cuda':
            self._run = replay_on_cuda(self._forward)

    def _forward(self, inputs: Tensor) -> Tensor:
        with torch.inference_mode(), self._autocast():
            return self._network(inputs)

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self._autocast_type is None:
            return contextlib.nullcontext()
        return torch.autocast(self._device.type, self._autocast_type)


def reduce_convolutions(
    network: nn.Module, dtype: torch.dtype, *, exact: Collection[str] = ()
) -> None:
    """Keep the weights of convolutions in the type that autocast would round them to each time.

    Args:
        network: a copy of one's own; it is changed.
        dtype: of autocast.
        exact: names of the convolutions that compute in float32 instead.
    """
    for name, module in network.named_modules():
        if name in exact:
            keep_exact(module)
        elif isinstance(module, nn.Conv2d):
            module.to(dtype)
