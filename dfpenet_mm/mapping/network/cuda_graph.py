"""Record a network's kernels on CUDA once a batch shape, and replay them."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

# CUDA asks for some runs before recording, in which libraries choose their kernels.
WARM_UP_RUNS = 3
# Every recording keeps its memory. Batches are full but for the last ones of a row.
MOST_RECORDINGS = 2


def replay_on_cuda(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Wrap a network so that its kernels are launched together.

    Shapes that came after the first ``MOST_RECORDINGS`` run as they are, and so does everything
    where recording fails, with a warning.

    Args:
        forward: from a tensor on CUDA to one whose values depend on it alone.

    Returns:
        The same function. What it returned is overwritten by its next call.
    """
    return _GraphReplay(forward)


class _GraphReplay:
    def __init__(self, forward: Callable[[Tensor], Tensor]) -> None:
        self._forward = forward
        self._recordings: dict[torch.Size, tuple[torch.cuda.CUDAGraph, Tensor, Tensor]] = {}
        self._can_record = True

    def __call__(self, inputs: Tensor) -> Tensor:
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
