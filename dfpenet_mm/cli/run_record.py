"""What the finished blocks of a run depend on, compared when it is resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.inputs import LAYER
from dfpenet_mm.cli.provenance import describe_input
from dfpenet_mm.errors import OutputError
from dfpenet_mm.source_files import AUXILIARY, sidecar_checksum

# Packages whose versions may change a probability. The rest only shapes vectors and reports.
PACKAGES = ('python', 'dfpenet_mm', 'torch', 'numpy', 'rasterio', 'openvino')
# Files whose content the blocks do not depend on.
LATER = ('config', 'reference')
# Settings of the mapping section that only say what to refuse.
JUDGED_ANEW = ('max_shift_m',)


def _is_later(role: str) -> bool:
    return role in LATER or role.startswith(LAYER)


def run_record(
    *,
    inputs: Mapping[str, Mapping[str, Any]],
    sources: Mapping[str, list[Path]],
    settings: Mapping[str, Any],
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """Describe what finished blocks depend on.

    Args:
        inputs: name, size and checksum of the input files by role.
        sources: further files that a role's content depends on, such as the tiles of a VRT.
        settings: the resolved sections of the config, and the device.
        versions: versions of packages.

    Returns:
        Plain JSON values; two runs with equal ones give equal blocks.
    """
    files = {role: dict(described) for role, described in inputs.items() if not _is_later(role)}
    for role, paths in sources.items():
        if paths and role in files:
            files[role]['sources'] = [_describe_source(path) for path in paths]
    shaping = {name: value for name, value in settings.items() if name != 'postproc'}
    if 'mapping' in shaping:
        mapping = shaping['mapping'].items()
        shaping['mapping'] = {name: value for name, value in mapping if name not in JUDGED_ANEW}
    kept = {name: versions[name] for name in PACKAGES if name in versions}
    return json.loads(json.dumps({'inputs': files, 'settings': shaping, 'versions': kept}))


def _describe_source(path: Path) -> dict[str, Any]:
    if path.name.endswith(AUXILIARY):
        return {'name': path.name, 'sha256': sidecar_checksum(path)}
    return describe_input(path)


def keep_or_check(path: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a run that begins, or compare that of one that is resumed.

    Args:
        path: where the record lies, or shall lie.
        record: of this run.

    Raises:
        OutputError: naming what has changed, or if the disk refuses.
    """
    try:
        if not path.exists():
            partial = path.with_suffix('.partial')
            partial.write_text(json.dumps(record, indent=1), encoding='utf-8')
            partial.replace(path)
            return
        before = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise OutputError(
            f'{path} cannot be written or read ({error.strerror or error}); free some space or '
            f'name another folder with --out'
        ) from error
    except ValueError as error:
        raise OutputError(
            f'{path}, which says what the finished blocks belong to, is damaged ({error}); pass '
            f'--overwrite without --resume to start over'
        ) from error
    changes = list(_changes(before, record))
    if changes:
        raise OutputError(
            f'the unfinished run in {path.parent.parent} cannot be resumed, because since it began '
            f'{"; ".join(changes)}; give what it began with, or pass --overwrite without '
            f'--resume to start over'
        )


def recorded_predictor(path: Path) -> dict[str, Any] | None:
    """Return the predictor that the run of a record was begun with, as a config; None without one.

    A choice made for one machine at one time is not made again when the run is resumed.
    """
    try:
        return json.loads(path.read_text(encoding='utf-8'))['settings']['mapping']['predictor']
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        *_changed_inputs(before.get('inputs', {}), now['inputs']),
        *_changed_values('setting', before.get('settings', {}), now['settings']),
        *_changed_values('version of', before.get('versions', {}), now['versions']),
    ]


def _changed_inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    changes = []
    for role in {**before, **now}:
        old, new = before.get(role), now.get(role)
        if old is None or new is None:
            changes.append(f'the {role} file was {"left out" if new is None else "added"}')
        elif {**old, 'name': ''} != {**new, 'name': ''}:
            changes.append(f'the {role} file {new["name"]} has changed')
    return changes


def _changed_values(kind: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = _flat(before), _flat(now)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [
        f'the {kind} {name} has changed from {old.get(name)!r} to {new.get(name)!r}'
        for name in names[:3]
    ]


def _flat(values: Any, prefix: str = '') -> dict[str, Any]:
    """Name nested values by their path, such as ``mapping.stride``."""
    if not isinstance(values, Mapping):
        return {prefix: values}
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f'{prefix}.{name}' if prefix else str(name))
    return flat
