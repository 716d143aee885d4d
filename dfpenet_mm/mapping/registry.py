"""Registries of the mapping engine, and how a component is built from its config."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.registry import Registry

from dfpenet_mm.errors import ConfigError

# Root registries with a scope of their own: a child of mmseg's would be searched in the
# scope that a config's ``default_scope='mmseg'`` sets, and never find our components.
SCALINGS = Registry('scaling', scope='dfpenet_mapping', locations=['dfpenet_mm.mapping.scaling'])
PREDICTORS = Registry(
    'predictor', scope='dfpenet_mapping', locations=['dfpenet_mm.mapping.predictor_torch']
)


def build_component(registry: Registry, cfg: Mapping[str, Any], **given: Any) -> Any:
    """Build a registered component, whatever the default scope is.

    Args:
        registry: where ``cfg['type']`` is registered.
        cfg: ``dict(type='Name', argument=value, ...)``; left unchanged.
        **given: arguments that are no config values, such as a loaded model.

    Returns:
        The component.

    Raises:
        ConfigError: if the type is missing or unknown, or its arguments do not fit.
    """
    arguments = dict(cfg) if isinstance(cfg, Mapping) else {}
    name = arguments.pop('type', None)
    registry.import_from_location()
    known = registry.module_dict
    if name not in known:
        raise ConfigError(
            f'{registry.name} is {cfg!r}, wanted is a dict whose type is one of '
            f'{", ".join(sorted(known))}; mend it in the config'
        )
    arguments |= given
    try:
        inspect.signature(known[name]).bind(**arguments)
    except TypeError as error:
        raise ConfigError(
            f'{registry.name} {name} was given {sorted(arguments)}, but {error}; '
            f'its arguments are {", ".join(inspect.signature(known[name]).parameters)}'
        ) from error
    return known[name](**arguments)
