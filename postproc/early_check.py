"""What a hook may look at before the scene is mapped, which may take hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from dfpenet_mm.grid import RasterGrid


@dataclass(frozen=True, kw_only=True)
class EarlyInputs:
    """What of the later product is known before the scene is mapped.

    Args:
        grid: the post-event scene's grid.
        reference: inventory to evaluate against, or None without one.
        layers: paths of auxiliary rasters by name, as in ``LandslideProduct.layers``.
    """

    grid: RasterGrid
    reference: Path | None = None
    layers: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))


class AskedLayers(Mapping[str, Path]):
    """Auxiliary rasters by name, and which of them somebody has asked for.

    Args:
        layers: paths by name.
    """

    def __init__(self, layers: Mapping[str, Path]) -> None:
        self._layers = dict(layers)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Path:
        path = self._layers[name]
        self.asked.add(name)
        return path

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)


@runtime_checkable
class ChecksEarly(Protocol):
    """The optional part of a hook: it can judge its inputs beforehand.

    A hook that evaluates the reference says so by a class attribute
    ``evaluates_reference = True``.
    """

    def check(self, inputs: EarlyInputs) -> None:
        """Look at the inputs before the scene is mapped.

        Args:
            inputs: what is known by then.

        Raises:
            DfpenetError: if the hook will not be able to work with them.
        """


def evaluates_reference(hook: object) -> bool:
    """Tell whether a hook compares the landslides with the reference."""
    return bool(getattr(hook, 'evaluates_reference', False))
