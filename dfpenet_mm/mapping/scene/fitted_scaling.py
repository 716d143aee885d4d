"""A scaling as fitted to one scene: what every worker applies, and what a run keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from dfpenet_mm.mapping.scene.histogram_lookup import HistogramLookup


@dataclass(frozen=True)
class FittedScaling:
    """An affine map per band, then a clip; before it, perhaps, another scene's histogram.

    Args:
        gain: factor of each band.
        offset: what is added to each band afterwards, training units.
        clip: lowest and highest value given to the network, training units; None for
            no clip.
        lookup: what brings the scene's values to those that ``gain`` and ``offset`` are for;
            None if they are for its own.
    """

    gain: tuple[float, ...]
    offset: tuple[float, ...]
    clip: tuple[float, float] | None = None
    lookup: HistogramLookup | None = None

    def apply(self, bands: np.ndarray) -> np.ndarray:
        """Scale bands.

        Args:
            bands: shape (B, H, W), the scene's units.

        Returns:
            A new array of that shape, float32, training units.
        """
        bands = bands if self.lookup is None else self.lookup.apply(bands)
        column = (len(self.gain), 1, 1)
        scaled = bands * np.array(self.gain, np.float32).reshape(column)
        scaled += np.array(self.offset, np.float32).reshape(column)
        return scaled if self.clip is None else np.clip(scaled, *self.clip, out=scaled)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, from which ``from_dict`` makes an equal scaling."""
        return asdict(self)

    def describe(self) -> dict[str, Any]:
        """Return what a person wants to know of it: all but the lookup's many values."""
        return {name: value for name, value in self.to_dict().items() if name != 'lookup'}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` gave, lists for tuples as JSON has them."""
        clip, lookup = values['clip'], values.get('lookup')
        return cls(
            gain=tuple(values['gain']),
            offset=tuple(values['offset']),
            clip=None if clip is None else tuple(clip),
            lookup=lookup and HistogramLookup.from_dict(lookup),
        )
