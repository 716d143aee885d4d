"""Train in bfloat16 where the arithmetic allows it, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn

from dfpenet_mm.errors import ConfigError


def has_bfloat16(device_type: str) -> bool:
    """Tell whether a kind of device computes in bfloat16 itself.

    Args:
        device_type: ``cpu``, ``cuda`` or another of torch's.

    Returns:
        False on GPUs before Ampere and on CPUs that only emulate it, as those with AVX2 alone,
        which then take about ten times as long as in float32.
    """
    if device_type == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device_type != 'cpu' or torch.ops.mkldnn._is_mkldnn_bf16_supported()


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Run the forward pass of a training step under ``torch.autocast`` in bfloat16.

    Weights, gradients and the optimiser stay float32, and bfloat16 has float32's range, so
    that no loss scaling is needed. Validation runs in float32. mmengine's ``AmpOptimWrapper``
    refuses to work on a CPU. A CPU that only emulates bfloat16 trains in float32, and a line of
    the log says so. Arguments as of mmengine's ``OptimWrapper``.

    Raises:
        ConfigError: when it is used on a GPU without bfloat16.
    """

    _said = False

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast on the device that holds the model."""
        device_type = next(model.parameters()).device.type
        with super().optim_context(model), self._cast(device_type):
            yield

    def _cast(self, device_type: str) -> AbstractContextManager[object]:
        if has_bfloat16(device_type):
            return torch.autocast(device_type, torch.bfloat16)
        if device_type == 'cuda':
            raise ConfigError(
                'this GPU has no bfloat16, in which AutocastOptimWrapper trains; set '
                "optim_wrapper.type='AmpOptimWrapper' for float16, or 'OptimWrapper' for float32"
            )
        if not self._said:
            self._said = True
            print_log(f'{EMULATED}; training goes on in float32.', logger='current')
        return nullcontext()


BFLOAT16 = 'AutocastOptimWrapper'
FLOAT16 = 'AmpOptimWrapper'
EMULATED = 'This CPU has no bfloat16 of its own and would take about ten times as long in it'


def use_mixed_precision(config: Config, *, device_type: str | None = None) -> str:
    """Let training compute in bfloat16, or in float16 on GPUs that have no bfloat16.

    A CPU that only emulates bfloat16 stays with float32.

    Gradient accumulation, clipping and all else that the config's wrapper says stays.

    Args:
        config: changed in place.
        device_type: where training will run; None asks the machine.

    Returns:
        The choice, as one sentence.

    Raises:
        ConfigError: if the config's wrapper is one that mixed precision would replace.
    """
    wrapper = config.optim_wrapper
    asked = wrapper.get('type', 'OptimWrapper')
    if asked in (BFLOAT16, FLOAT16):
        return f'Mixed precision: {asked}, as the config says.'
    if asked != 'OptimWrapper':
        raise ConfigError(
            f'optim_wrapper is a {asked}, which --amp would replace; leave --amp out, or set '
            f"optim_wrapper.type to 'OptimWrapper', {BFLOAT16!r} or {FLOAT16!r}"
        )
    device_type = device_type or get_device()
    if has_bfloat16(device_type):
        wrapper.type = BFLOAT16
        return 'Mixed precision: bfloat16.'
    if device_type == 'cpu':
        return f'No mixed precision: {EMULATED.replace("This", "this", 1)}.'
    wrapper.type = FLOAT16
    wrapper.dtype = 'float16'
    return 'Mixed precision: float16 with loss scaling, as this GPU has no bfloat16.'
