"""Backends and devices: predictor configs by name, and their agreement with float32."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dfpenet_mm import processor
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.installation import TRAINING_MEND, has_training

PRECISIONS = {'torch': ('fp32', 'bf16', 'fp16'), 'openvino': ('f32', 'bf16', 'int8')}
TYPES = {'torch': 'TorchPredictor', 'openvino': 'OpenVinoPredictor'}
# What both take alike.
SHARED = ('flips', 'landslide_class')
# All others are compared with this one: for weights of PyTorch, and for an exported network.
EXACT = 'torch fp32'
EXACT_EXPORTED = 'openvino f32'


def backend_config(
    predictor: Mapping[str, Any],
    backend: str,
    *,
    precision: str | None = None,
    quantised: Path | None = None,
) -> dict[str, Any]:
    """Rewrite a predictor's config for a backend.

    Args:
        predictor: as the mapping config has it. Where its type is the backend's already, all
            its settings stay, otherwise those that both have.
        backend: ``torch`` or ``openvino``.
        precision: one of the backend's; None for the config's, or the first.
        quantised: folder that ``landslide-map export`` wrote, for int8.

    Returns:
        A config for ``build_predictor``.

    Raises:
        ConfigError: if the backend does not exist or lacks the precision.
    """
    if backend not in TYPES:
        raise ConfigError(f'backend is {backend!r}; give one of {", ".join([*TYPES, "auto"])}')
    known = PRECISIONS[backend]
    if precision is not None and precision not in known:
        raise ConfigError(
            f'precision {precision!r} is none of {backend}; give one of {", ".join(known)}'
        )
    same = predictor.get('type') == TYPES[backend]
    kept = predictor if same else {name: predictor[name] for name in SHARED if name in predictor}
    config = {**kept, 'type': TYPES[backend]}
    config['precision'] = precision or config.get('precision') or known[0]
    if backend == 'openvino':
        config.pop('quantised', None)
        if config['precision'] == 'int8':
            chosen = quantised or predictor.get('quantised')
            config['quantised'] = None if chosen is None else str(Path(chosen).absolute())
    return config


def candidate_backends(
    predictor: Mapping[str, Any], *, device: str, quantised: Path | None, exported: bool = False
) -> dict[str, dict[str, Any]]:
    """List what may be fast on a device, the exact one first.

    Args:
        predictor: as the mapping config has it.
        device: ``cpu`` or a CUDA device.
        quantised: folder of a quantised network, if there is one.
        exported: whether the network is an exported one, which PyTorch cannot run.

    Returns:
        Configs by backend and precision.
    """
    names = [] if exported else _torch_candidates(device)
    if device == 'cpu' and (exported or find_spec('openvino') is not None):
        names += ['openvino f32', 'openvino bf16']
        names += ['openvino int8'] if quantised else []
    return {
        name: backend_config(
            predictor, name.split()[0], precision=name.split()[1], quantised=quantised
        )
        for name in names
    }


def _torch_candidates(device: str) -> list[str]:
    import torch  # noqa: PLC0415

    if device != 'cpu':
        return [EXACT, 'torch bf16', 'torch fp16']
    return [EXACT, *(['torch bf16'] if torch.ops.mkldnn._is_mkldnn_bf16_supported() else [])]


# Smallest share of equal labels with which a precision may stand in for float32.
LEAST_AGREEMENT = {'fp32': 0.9999, 'f32': 0.9999, 'bf16': 0.999, 'fp16': 0.999, 'int8': 0.995}


def label_agreement(first: np.ndarray, second: np.ndarray, threshold: float) -> float:
    """Return the share of pixels that two predictors label alike.

    Args:
        first: probabilities, any shape.
        second: probabilities, same shape.
        threshold: smallest probability of a landslide pixel.
    """
    return float(((first >= threshold) == (second >= threshold)).mean())


def device_name(device: str = 'cpu') -> str:
    """Return the maker's name of a CUDA device or of this machine's processor.

    Args:
        device: as ``find_device`` gives it.
    """
    if device == 'cpu':
        return processor.processor_name()
    import torch  # noqa: PLC0415

    return torch.cuda.get_device_name(device)


def find_device(name: str) -> str:
    """Return the name of a device that works here.

    The CPU needs no PyTorch, and ``auto`` loads it only where a driver of NVIDIA's is installed.

    Args:
        name: such as ``cpu`` or ``cuda:0``; ``auto`` takes a GPU where there is one.

    Raises:
        ConfigError: if PyTorch does not know it or this machine does not have it.
    """
    if name == 'auto':
        name = 'cuda' if _has_gpu() else 'cpu'
    if name == 'cpu':
        return name
    if not has_training():
        raise ConfigError(
            f'device {name!r} cannot be used here (PyTorch is not installed); use cpu, or '
            f'{TRAINING_MEND}'
        )
    import torch  # noqa: PLC0415

    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f'device {name!r} cannot be used here ({reason}); use cpu') from error
    return str(device)


# NVIDIA's driver on Linux and on Windows.
DRIVERS = ('libcuda.so.1', 'nvcuda.dll')


def _has_gpu() -> bool:
    """Tell whether PyTorch is installed and finds a GPU; loading it takes seconds."""
    if not has_training() or not any(map(_loads, DRIVERS)):
        return False
    import torch  # noqa: PLC0415

    return bool(torch.cuda.is_available())


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
