"""An mmsegmentation network on PyTorch, with folded norms and, on CUDA, recorded kernels."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
from mmcv.cnn.utils import fuse_conv_bn
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.backends import find_device
from dfpenet_mm.mapping.network.predictor import PREDICTORS, average_flips
from dfpenet_mm.mapping.network.probability_network import (
    ProbabilityNetwork,
    delicate_convolutions,
    keep_exact,
    with_predecessors,
)

# CUDA asks for some runs before recording, in which libraries choose their kernels.
WARM_UP_RUNS = 3
# Every recording keeps its memory. Batches are full but for the last ones of a row.
MOST_RECORDINGS = 2


class GraphReplay:
    """A network whose kernels are launched together on CUDA.

    Shapes that came after the first ``MOST_RECORDINGS`` run as they are, and so does everything
    where recording fails, with a warning. What a call returned is overwritten by the next one.

    Args:
        forward: from a tensor on CUDA to one whose values depend on it alone.
    """

    def __init__(self, forward: Callable[[Tensor], Tensor]) -> None:
        self._forward = forward
        self._recordings: dict[torch.Size, tuple[torch.cuda.CUDAGraph, Tensor, Tensor]] = {}
        self._can_record = True

    def __call__(self, inputs: Tensor) -> Tensor:
        """Run the network."""
        if inputs.shape not in self._recordings and not self._try_recording(inputs):
            return self._forward(inputs)
        graph, source, result = self._recordings[inputs.shape]
        source.copy_(inputs)
        graph.replay()
        return result

    def _try_recording(self, inputs: Tensor) -> bool:
        if not self._can_record or len(self._recordings) == MOST_RECORDINGS:
            return False
        try:
            self._recordings[inputs.shape] = self._record(inputs)
        except RuntimeError as error:
            self._can_record = False
            warnings.warn(
                f'CUDA cannot record this network ({str(error).splitlines()[0]}); its kernels '
                f'are launched one by one, set cuda_graph=False to skip the attempt',
                stacklevel=2,
            )
            return False
        return True

    def _record(self, inputs: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor]:
        source = inputs.clone(memory_format=torch.preserve_format)
        side = torch.cuda.Stream(inputs.device)
        side.wait_stream(torch.cuda.current_stream(inputs.device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP_RUNS):
                self._forward(source)
        torch.cuda.current_stream(inputs.device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._forward(source)
        return graph, source, result


# Share of the largest output by which rounding may move an output.
TOLERANCE = 1e-3


def fold_norms(network: nn.Module, probe: Tensor) -> nn.Module | None:
    """Copy a network with its normalisation folded away.

    In evaluation a batch normalisation is a factor and an offset a channel, which the
    convolution before it can take on; upsampling between the two changes nothing, as its
    weights add up to one. Whether each normalisation really follows the convolution it was
    folded into is found by comparing outputs.

    Args:
        network: in evaluation mode; it is not changed.
        probe: an input to compare on, of the network's device.

    Returns:
        The copy, equal to the network but for rounding; None where there is nothing to fold,
        or folding would change what the network predicts.
    """
    if not any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        return None
    try:
        folded = fuse_conv_bn(copy.deepcopy(network)).eval()
        with torch.inference_mode():
            before, after = network(probe), folded(probe)
    except (AttributeError, RuntimeError, TypeError):
        # mmcv folds plain convolutions and normalisations with weights only.
        return None
    scale = before.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
    return folded if bool((after - before).abs().max() <= TOLERANCE * scale) else None


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
        self._device = torch.device(find_device(device))
        if precision == 'fp16' and self._device.type != 'cuda':
            raise ConfigError(f'precision fp16 needs CUDA, not {self._device}; give fp32 or bf16')
        self._autocast_type = PRECISIONS[precision]
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._flips = flips
        self._fold = fold
        self._cuda_graph = cuda_graph
        network = ProbabilityNetwork(model=model, landslide_class=landslide_class)
        self._network: nn.Module = network.to(self._device).to(memory_format=self._layout)
        self._run: Callable[[Tensor], Tensor] | None = None
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
            self._run = self._prepare(inputs[:1, :, :PROBE, :PROBE])
        return self._run(inputs).cpu().numpy()

    def _prepare(self, probe: Tensor) -> Callable[[Tensor], Tensor]:
        """Fold and record, which needs chips to compare results on."""
        delicate = with_predecessors(self._network, delicate_convolutions(self._network))
        folded = fold_norms(self._network, probe) if self._fold else None
        self.folded = folded is not None
        if self._autocast_type is not None:
            folded = folded or copy.deepcopy(self._network)
            reduce_convolutions(folded, self._autocast_type, exact=delicate)
        self._network = folded or self._network
        on_cuda = self._cuda_graph and self._device.type == 'cuda'
        return GraphReplay(self._forward) if on_cuda else self._forward

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
