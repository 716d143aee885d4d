"""A mmsegmentation network on PyTorch."""

from __future__ import annotations

import contextlib

import numpy as np
import torch
from torch import Tensor, nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.device import find_device
from dfpenet_mm.mapping.registry import PREDICTORS

PRECISIONS = ('fp32', 'bf16')
# Axes (of N, C, H, W) mirrored: identity, horizontal, vertical, both.
FLIPS = ((), (3,), (2,), (2, 3))


@PREDICTORS.register_module()
class TorchPredictor:
    """Gives chips their probability of landslide.

    Args:
        model: a built mmseg ``EncoderDecoder``; it is moved to ``device`` and set to evaluate.
            Its ``data_preprocessor`` normalises; chips carry the bands in the order the
            network sees.
        device: where to run, such as ``cpu`` or ``cuda:0``.
        precision: ``fp32``, or ``bf16`` for mixed precision.
        channels_last: whether tensors are laid out by pixel, faster on most machines.
        flips: whether to average over the four mirrorings of a chip: better, four times
            slower.
        landslide_class: index of the landslide class among the network's outputs; one
            output alone is taken for its logit.

    Raises:
        ConfigError: if the precision is unknown, ``landslide_class`` is no whole number, or the
            device does not exist here.
    """

    def __init__(
        self,
        *,
        model: nn.Module,
        device: str = 'cpu',
        precision: str = 'fp32',
        channels_last: bool = True,
        flips: bool = False,
        landslide_class: int = 1,
    ) -> None:
        if precision not in PRECISIONS:
            raise ConfigError(f'precision is {precision!r}; give one of {", ".join(PRECISIONS)}')
        if isinstance(landslide_class, bool) or not isinstance(landslide_class, int):
            raise ConfigError(f'landslide_class is {landslide_class!r}; give a whole number')
        self._device = find_device(device)
        self._precision = precision
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._flips = FLIPS if flips else FLIPS[:1]
        self._landslide_class = landslide_class
        self._model = model.to(self._device, memory_format=self._layout).eval()
        preprocessor = getattr(model, 'data_preprocessor', None)
        self._mean = _statistic(preprocessor, 'mean', self._device)
        self._std = _statistic(preprocessor, 'std', self._device)

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Predict landslide; see ``Predictor``.

        Raises:
            ConfigError: if the network has no output ``landslide_class``.
        """
        with torch.inference_mode(), self._autocast():
            inputs = torch.from_numpy(chips).to(self._device)
            if self._mean is not None and self._std is not None:
                inputs = (inputs - self._mean) / self._std
            flipped = (self._predict(inputs.flip(axes)).flip(axes) for axes in self._flips)
            probability = sum(flipped) / len(self._flips)
        return probability[:, 0].cpu().numpy()

    def _predict(self, inputs: Tensor) -> Tensor:
        """Predict normalised inputs (N, B, H, W); returns shape (N, 1, H, W), float32."""
        shape = tuple(inputs.shape[2:])
        meta = {'img_shape': shape, 'ori_shape': shape, 'pad_shape': shape}
        inputs = inputs.contiguous(memory_format=self._layout)
        seg_logits = self._model.encode_decode(inputs, [meta] * len(inputs)).float()
        classes = seg_logits.shape[1]
        if classes == 1:
            return seg_logits.sigmoid()
        if not 0 <= self._landslide_class < classes:
            raise ConfigError(
                f'landslide_class is {self._landslide_class} and the network has {classes} '
                f'classes; give one in [0, {classes - 1}]'
            )
        return seg_logits.softmax(dim=1)[:, self._landslide_class, None]

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self._precision == 'bf16':
            return torch.autocast(self._device.type, torch.bfloat16)
        return contextlib.nullcontext()


def _statistic(preprocessor: nn.Module | None, name: str, device: torch.device) -> Tensor | None:
    """Return ``mean`` or ``std`` of a data preprocessor, shape (B, 1, 1); None if it has none."""
    value = getattr(preprocessor, name, None)
    if not isinstance(value, Tensor):
        return None
    return value.detach().to(device, torch.float32).reshape(-1, 1, 1)
