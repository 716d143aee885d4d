"""Build components of a registry from config dicts, whatever the config's default scope is.

mmengine's own ``Registry.build`` searches the scope that a config's ``default_scope='mmseg'``
sets, and so never finds the parts of a registry that has a scope of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from mmengine.registry import Registry

from dfpenet_mm.errors import ConfigError

# Packages whose import registers the parts that configs name in mmseg's registries.
PACKAGES = (
    'dfpenet_mm.models',
    'dfpenet_mm.datasets',
    'dfpenet_mm.evaluation',
    'dfpenet_mm.engine',
)


def register_components() -> None:
    """Register every part of this project, whatever a config's ``custom_imports`` list.

    That list of a config replaces its base's. Commands and tools call this for every config.
    """
    for package in PACKAGES:
        import_module(package)


def build_component(registry: Registry, cfg: Mapping[str, Any], **given: Any) -> Any:
    """Build a registered component.

    Args:
        registry: a registry without parent, in which ``cfg['type']`` is registered.
        cfg: ``dict(type='Name', argument=value, ...)``, or the class as type; left unchanged.
        **given: arguments that are no config values, such as a loaded model.

    Returns:
        The component.

    Raises:
        ConfigError: if the type is missing or unknown, or its arguments do not fit.
    """
    component, bound = _bind(registry, cfg, given)
    try:
        return component(*bound.args, **bound.kwargs)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f'{registry.name} {component.__name__} does not take {dict(cfg)} ({error}); '
            f'correct the values in the config'
        ) from error


def component_parameters(registry: Registry, cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Name every argument with which ``build_component`` builds it, defaults included.

    Raises:
        ConfigError: as ``build_component``.
    """
    _, bound = _bind(registry, cfg, {})
    bound.apply_defaults()
    return dict(bound.arguments)


def _bind(
    registry: Registry, cfg: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[type, inspect.BoundArguments]:
    arguments = dict(cfg) if isinstance(cfg, Mapping) else {}
    name = arguments.pop('type', None)
    arguments.update(given)
    registry.import_from_location()
    known = registry.module_dict
    component = name if inspect.isclass(name) else known.get(name)
    if component is None:
        raise ConfigError(
            f'a {registry.name} is {cfg!r}, wanted is a dict whose type is one of '
            f'{", ".join(sorted(known))}; mend it, or list the package that registers it in '
            f"the config's custom_imports"
        )
    signature = inspect.signature(component)
    try:
        return component, signature.bind(**arguments)
    except TypeError as error:
        raise ConfigError(
            f'{registry.name} {component.__name__} was given {sorted(arguments)}, but '
            f'{error}; its arguments are {", ".join(signature.parameters)}'
        ) from error


def class_positions(name: str, value: int | Sequence[int]) -> tuple[int, ...]:
    """Read a setting that names one class, or several that count as one.

    Args:
        name: of the setting.
        value: a label, or several.

    Returns:
        The labels.

    Raises:
        ConfigError: if it is neither, or names a class twice or none.
    """
    several = tuple(value) if isinstance(value, list | tuple) else (value,)
    whole = all(isinstance(item, int) and not isinstance(item, bool) for item in several)
    if not whole or not several or len(set(several)) < len(several):
        raise ConfigError(
            f'{name} is {value!r}; give a whole number, or several different ones in brackets'
        )
    return several
