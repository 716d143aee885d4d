"""The registry of post-processing hooks, with a scope of its own (see ``components``).

A hook is called with a product and returns a new one. It may also have a method ``check``, see
``ChecksEarly``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from mmengine.registry import Registry

from dfpenet_mm.components import build_component, component_parameters
from dfpenet_mm.grid import RasterGrid
from postproc.product import LandslideProduct

Hook = Callable[[LandslideProduct], LandslideProduct]


@runtime_checkable
class ChecksEarly(Protocol):
    """The optional part of a hook: it evaluates a reference, and can judge it beforehand."""

    def check(self, reference: Path | None, grid: RasterGrid) -> None:
        """Look at the inputs before the scene is mapped, which may take hours.

        Args:
            reference: inventory to evaluate against, or None without one.
            grid: the post-event scene's grid.

        Raises:
            DfpenetError: if the hook will not be able to work with them.
        """


POSTPROC = Registry('postproc hook', scope='postproc', locations=['postproc'])


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


def hook_parameters(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Name every argument with which ``build_hook`` builds the hook, defaults included.

    Raises:
        ConfigError: as ``build_hook``.
    """
    return component_parameters(POSTPROC, cfg)
