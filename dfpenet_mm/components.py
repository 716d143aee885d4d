"""Registries of components, which need no mmengine, and components built from config dicts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from dfpenet_mm.errors import ConfigError

# Packages whose import registers the parts that configs name in mmseg's registries.
PACKAGES = (
    'dfpenet_mm.models',
    'dfpenet_mm.datasets',
    'dfpenet_mm.evaluation',
    'dfpenet_mm.engine',
)


Component = TypeVar('Component', bound=type)


class Registry:
    """Components of one kind by the name that a config calls them.

    The decorator is that of mmengine's registries, which hold the parts of networks. Those look
    for a name in the scope that a config's ``default_scope='mmseg'`` sets; this one knows no scope.

    Args:
        name: of the kind, for messages.
        locations: of the project's own by name, the module that registers it when it is imported,
            which is when somebody asks for it.
    """

    def __init__(self, name: str, *, locations: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.module_dict: dict[str, type] = {}
        self._locations = dict(locations or {})

    def register_module(
        self, name: str | None = None, *, force: bool = False
    ) -> Callable[[Component], Component]:
        """Decorate a class that configs may name.

        Args:
            name: None for the name of the class.
            force: take the place of another of that name.

        Raises:
            KeyError: if the name is taken.
        """

        def register(component: Component) -> Component:
            key = name or component.__name__
            if key in self.module_dict and not force:
                raise KeyError(f'{key} is already registered in {self.name}')
            self.module_dict[key] = component
            return component

        return register

    @property
    def names(self) -> list[str]:
        """Names that a config may give, sorted."""
        return sorted({*self.module_dict, *self._locations})

    def get(self, name: str) -> type | None:
        """Return the component of a name; None if there is none."""
        if name not in self.module_dict and name in self._locations:
            import_module(self._locations[name])
        return self.module_dict.get(name)


def register_components() -> None:
    """Register every part of this project, whatever a config's ``custom_imports`` list.

    That list of a config replaces its base's. Commands and tools call this for every config.
    """
    for package in PACKAGES:
        import_module(package)


def build_component(registry: Registry, cfg: Mapping[str, Any], **given: Any) -> Any:
    """Build a registered component.

    Args:
        registry: in which ``cfg['type']`` is registered.
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
    component = name if inspect.isclass(name) else registry.get(str(name))
    if component is None:
        raise ConfigError(
            f'a {registry.name} is {cfg!r}, wanted is a dict whose type is one of '
            f'{", ".join(registry.names)}; mend it, or list the package that registers it in '
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
