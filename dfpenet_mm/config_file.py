"""Configs for mapping, read without mmengine: networks that are exported need no more."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections import UserDict
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from dfpenet_mm.components import PACKAGES
from dfpenet_mm.config_options import check_option_name, merged, read_options, unfit
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.installation import OwnPostproc

# Sections that mapping reads, and the one whose reader refuses unknown settings.
SECTIONS = frozenset({'mapping', 'postproc'})
CHECKED_SECTIONS = frozenset({'mapping'})
BASE = '_base_'
# What mmengine fills in before a config is Python, and its other way of inheriting.
TEMPLATE = re.compile(r'\{\{.*?\}\}|^\s*with read_base\(\)', re.MULTILINE)


class RunConfig(UserDict[str, Any]):
    """A config as plain dicts and lists, by section.

    Args:
        values: its sections.
        filename: file that it was loaded from; None without one.
    """

    def __init__(self, values: Mapping[str, Any], filename: str | None = None) -> None:
        super().__init__(values)
        self.filename = filename

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return a section, or a default where there is none."""
        return self.data.get(name, default)

    def to_dict(self) -> dict[str, Any]:
        """Copy it, so that changes to either leave the other as it is."""
        return copy.deepcopy(self.data)


def read_run_config(path: Path, options: Sequence[str] = ()) -> RunConfig:
    """Read a config, being Python that runs, or the ``mapping.json`` of an exported network.

    A config inherits from those in ``_base_`` as mmengine has it, and may use their values as
    ``_base_.name``. Modules in ``custom_imports`` are imported.

    Args:
        path: of the config.
        options: ``KEY=VALUE`` each, over the settings that mapping reads.

    Raises:
        InputFileError: if it is missing.
        ConfigError: if it cannot be run, or an option is malformed or names no setting.
    """
    OwnPostproc.install()
    if not path.exists():
        raise InputFileError(f'config {path} does not exist; check its path')
    try:
        config = RunConfig(_copied(_read(path.expanduser().absolute()), dict), str(path))
        _import_modules(**config.get('custom_imports', {'imports': []}))
    except ConfigError:
        raise
    except Exception as error:
        # A config may fail in any way that a Python program can.
        raise ConfigError(
            f'config {path} cannot be loaded ({type(error).__name__}: {error}); mend it there'
        ) from error
    changes = read_options(options, str(path))
    for option in options:
        name = option.partition('=')[0]
        check_option_name(config, name, read=SECTIONS, judged=CHECKED_SECTIONS)
    try:
        config.data = merged(changes, config.data, in_lists=True)
    except (KeyError, TypeError, AttributeError) as error:
        raise unfit(options, str(path), error) from error
    return config


class _Names(dict[str, Any]):
    """A dict whose values are attributes as well, as configs write ``_base_.model.backbone``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(f'no base has {name}') from error

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def _read(path: Path) -> dict[str, Any]:
    """Read a config and its bases."""
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.json':
        values = json.loads(text)
        return merged(values, _read_bases(values.pop(BASE, []), path))
    if TEMPLATE.search(text):
        raise ConfigError(
            f'config {path} uses {{{{...}}}} or read_base(), which only mmengine understands; '
            f"install it with pip install 'dfpenet_mm[train]' and map with the network's "
            f'checkpoint, or write the config without'
        )
    tree = ast.parse(text, str(path))
    bases = [node for node in tree.body if _names_bases(node)]
    tree.body = [node for node in tree.body if node not in bases]
    listed = ast.literal_eval(bases[-1].value) if bases else []  # type: ignore[attr-defined]
    inherited = _read_bases(listed, path)
    values = {BASE: inherited, '__file__': str(path)}
    # A config is a program of the user's, as in mmengine.
    exec(compile(tree, str(path), 'exec'), values)
    own = {
        name: value
        for name, value in values.items()
        if name != BASE
        and not name.startswith('__')
        and not isinstance(value, FunctionType | ModuleType)
    }
    return merged(own, inherited)


def _names_bases(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == BASE for target in node.targets
    )


def _read_bases(listed: str | Sequence[str], path: Path) -> _Names:
    """Read what a config inherits; no two bases may set the same."""
    found = _Names()
    for name in [listed] if isinstance(listed, str) else listed:
        values = _read(path.parent / name)
        if twice := sorted(found.keys() & values.keys()):
            raise KeyError(f'several bases set {", ".join(twice)}')
        found.update(_copied(values, _Names))
    return found


def _copied(value: Any, kind: type[dict[str, Any]]) -> Any:
    """Copy a value with all dicts in it, inside of lists as well, into dicts of one kind."""
    if isinstance(value, Mapping):
        return kind({key: _copied(part, kind) for key, part in value.items()})
    if isinstance(value, list | tuple):
        return type(value)(_copied(part, kind) for part in value)
    return value


def _import_modules(imports: str | Sequence[str], *, allow_failed_imports: bool = False) -> None:
    for name in [imports] if isinstance(imports, str) else imports:
        try:
            # The project's own are parts of networks, which an exported one has no need of.
            if name not in PACKAGES:
                import_module(name)
        except ImportError:
            if not allow_failed_imports:
                raise
