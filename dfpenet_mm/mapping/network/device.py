"""Find the device a network shall run on."""

from __future__ import annotations

import torch

from dfpenet_mm.errors import ConfigError


def find_device(name: str) -> torch.device:
    """Return a device that works here.

    Args:
        name: such as ``cpu`` or ``cuda:0``; ``auto`` takes a GPU where there is one.

    Returns:
        The device.

    Raises:
        ConfigError: if torch does not know it or this machine does not have it.
    """
    if name == 'auto':
        name = 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f'device {name!r} cannot be used here ({reason}); use cpu') from error
    return device
