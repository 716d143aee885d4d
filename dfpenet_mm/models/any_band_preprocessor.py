"""mmseg's data preprocessor for chips of any number of bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.wording import counted


@MODELS.register_module()
class AnyBandPreProcessor(SegDataPreProcessor):
    """Normalises, pads and stacks chips; mmseg's own refuses all but one and three bands.

    Args:
        mean: of every band, training units, in the order of ``LoadRasterImage``'s bands.
        std: likewise, above 0.
        **pad_settings: ``size``, ``size_divisor``, ``pad_val``, ``seg_pad_val``, ``test_cfg``
            of mmseg's ``SegDataPreProcessor``. Channels are never swapped.

    Raises:
        ConfigError: if mean and std are not one number a band, or a std is not above 0.
    """

    def __init__(self, *, mean: Sequence[float], std: Sequence[float], **pad_settings: Any) -> None:
        if len(mean) != len(std) or not len(mean) or min(std) <= 0:
            raise ConfigError(
                f'the data preprocessor has mean {list(mean)} and std {list(std)}; give one of '
                f'each a band, std above 0'
            )
        super().__init__(mean=None, std=None, **pad_settings)
        # As the parent class would: it normalises with these where the flag says so.
        for name, values in (('mean', mean), ('std', std)):
            column = torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, column, persistent=False)
        self._enable_normalize = True

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Normalise and stack a batch.

        Args:
            data: ``inputs``, tensors of shape (B, H, W), and ``data_samples``.
            training: pad labels too, to ``size``.

        Returns:
            ``inputs``, float32, shape (N, B, H, W), and ``data_samples``.

        Raises:
            ConfigError: if a chip has another number of bands than ``mean``.
        """
        self._require_bands(data['inputs'])
        return super().forward(data, training)

    def _require_bands(self, chips: Sequence[Tensor]) -> None:
        # A single band would be broadcast to all of the network's without a word.
        found = {chip.shape[0] for chip in chips} - {len(self.mean)}
        if found:
            raise ConfigError(
                f'chips have {counted(min(found), "band")} and the data preprocessor '
                f'{counted(len(self.mean), "mean")}; choose as many bands in LoadRasterImage'
            )
