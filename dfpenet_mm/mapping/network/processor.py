"""What a network runs on, by name."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

CPU_INFO = Path('/proc/cpuinfo')


def processor_name(device: str = 'cpu') -> str:
    """Return the maker's name of a CUDA device or of this machine's processor.

    Args:
        device: as torch names it.
    """
    if torch.device(device).type == 'cuda':
        return torch.cuda.get_device_name(device)
    # Linux alone does not tell the platform module.
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(':')
            if name.strip() == 'model name':
                return value.strip()
    return platform.processor() or platform.machine()
