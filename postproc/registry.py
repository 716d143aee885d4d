"""The registry of post-processing hooks, with a scope of its own (see ``components``).

A hook is called with a product and returns a new one. It may also have a method ``check``, see
``postproc.early_check.ChecksEarly``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mmengine.registry import Registry

from dfpenet_mm.components import build_component, component_parameters
from postproc.product import LandslideProduct

Hook = Callable[[LandslideProduct], LandslideProduct]


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
