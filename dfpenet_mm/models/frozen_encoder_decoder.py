"""Keep parts of a network as they are while the rest is fine-tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

from dfpenet_mm.errors import ConfigError


@MODELS.register_module()
class FrozenEncoderDecoder(EncoderDecoder):
    """``EncoderDecoder`` of which some parts do not learn.

    Neither weights nor running statistics of a frozen part change. The names of the
    parameters are those of ``EncoderDecoder``, so that the same checkpoints fit.

    Args:
        frozen: parts by name, such as ``'backbone'`` or ``'neck.aspp'``.
        **settings: those of ``EncoderDecoder``.

    Raises:
        ConfigError: if the network has no part of such a name.

    Source: section 3.4, the second strategy ("some convolutional layers are fixed").
    """

    def __init__(self, *, frozen: Sequence[str], **settings) -> None:
        super().__init__(**settings)
        self.frozen = tuple(frozen)
        parts = dict(self.named_modules())
        unknown = [name for name in self.frozen if name not in parts]
        if unknown:
            raise ConfigError(
                f'the network has no part {unknown[0]} to freeze; name parts such as '
                f'{", ".join(name for name, _ in self.named_children())}'
            )
        for name in self.frozen:
            parts[name].requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Set the mode, but keep frozen parts in evaluation mode."""
        super().train(mode)
        for name in self.frozen:
            self.get_submodule(name).eval()
        return self
