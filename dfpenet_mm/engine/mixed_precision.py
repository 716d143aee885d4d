"""Switch a config's training to mixed precision."""

from __future__ import annotations

from mmengine.config import Config
from mmengine.device import get_device

from dfpenet_mm.engine.autocast_optim_wrapper import has_bfloat16
from dfpenet_mm.errors import ConfigError

BFLOAT16 = 'AutocastOptimWrapper'
FLOAT16 = 'AmpOptimWrapper'


def use_mixed_precision(config: Config, *, device_type: str | None = None) -> str:
    """Let training compute in bfloat16, or in float16 on GPUs that have no bfloat16.

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
    if has_bfloat16(device_type or get_device()):
        wrapper.type = BFLOAT16
        return 'Mixed precision: bfloat16.'
    wrapper.type = FLOAT16
    wrapper.dtype = 'float16'
    return 'Mixed precision: float16 with loss scaling, as this GPU has no bfloat16.'
