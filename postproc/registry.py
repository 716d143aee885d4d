"""The registry of post-processing hooks, and the inputs that they may check early."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from dfpenet_mm.components import Registry, build_component
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from postproc.product import LandslideProduct

Hook = Callable[[LandslideProduct], LandslideProduct]


OWN = (
    'ConsistencyEvaluator',
    'GeologicFilter',
    'InventoryStatistics',
    'TemporalDifference',
    'Vectoriser',
)
POSTPROC = Registry('postproc hook', locations=dict.fromkeys(OWN, 'postproc'))


def build_hook(cfg: Mapping[str, Any]) -> Hook:
    """Build one hook of a config's ``postproc`` list.

    Args:
        cfg: ``type``, a registered name, and the arguments of its constructor; not changed.

    Returns:
        The hook, ready to be called with a product.

    Raises:
        ConfigError: for an unknown type, or arguments that the hook does not take.
    """
    return build_component(POSTPROC, cfg)


@dataclass(frozen=True, kw_only=True)
class EarlyInputs:
    """The part of the later product that is known before the scene is mapped.

    Args:
        grid: the post-event scene's grid.
        reference: inventory to evaluate against, or None without one.
        layers: paths of auxiliary rasters by name, as in ``LandslideProduct.layers``.
    """

    grid: RasterGrid
    reference: Path | None = None
    layers: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))


class AskedLayers(UserDict[str, Path]):
    """Auxiliary rasters by name, and the names that somebody has asked for.

    Args:
        layers: paths by name.
    """

    def __init__(self, layers: Mapping[str, Path]) -> None:
        self.asked: set[str] = set()
        super().__init__(layers)

    def __getitem__(self, name: str) -> Path:
        path = super().__getitem__(name)
        self.asked.add(name)
        return path


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


def require_options(hook: object, **wanted: tuple[bool, str]) -> None:
    """Refuse options of a hook that are out of range.

    Args:
        hook: with its options as attributes.
        **wanted: for an option, if its value serves, and in words what does.

    Raises:
        ConfigError: naming the first that does not.
    """
    for name, (serves, words) in wanted.items():
        if not serves:
            raise ConfigError(
                f'{type(hook).__name__} {name} is {getattr(hook, name)!r}; wanted is {words}'
            )


def evaluates_reference(hook: object) -> bool:
    """Tell whether a hook compares the landslides with the reference."""
    return bool(getattr(hook, 'evaluates_reference', False))


def free_stem(stem: str | None, results: Mapping[str, Any]) -> str | None:
    """Return a stem of file names that no earlier hook has used.

    Args:
        stem: the one asked for, such as ``evaluation``; None for no files.
        results: what the hooks so far found out; ``file`` or ``files`` of each is what it wrote.

    Returns:
        The stem, with ``_2``, ``_3`` and so on behind it when it is taken.
    """
    if stem is None:
        return None
    taken = {
        Path(name).stem
        for result in results.values()
        if isinstance(result, Mapping)
        for name in (result.get('file'), *(result.get('files') or ()))
        if name
    }
    free, run = stem, 1
    while free in taken:
        run += 1
        free = f'{stem}_{run}'
    return free
