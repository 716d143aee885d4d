"""Origin of a run and its products: inputs, weights, settings and software."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mmengine.config import Config

from dfpenet_mm import __version__
from dfpenet_mm.errors import InputFileError, OutputError
from dfpenet_mm.run.inputs import LAYER
from dfpenet_mm.source_files import AUXILIARY, local_file, require_file, sidecar_checksum

# What of a config shapes a map.
SECTIONS = ('model', 'mapping', 'postproc')
# What differs between two runs that come to the same: products go without it, so that resumed,
# repeated and distributed runs write the same bytes. The summary has it all.
OF_ONE_RUN = ('command', 'created')
PACKAGES = (
    'torch',
    'onedl-mmengine',
    'onedl-mmcv',
    'onedl-mmsegmentation',
    'mmengine',
    'mmcv',
    'mmsegmentation',
    'rasterio',
    'geopandas',
    'shapely',
    'pyproj',
    'numpy',
    'openvino',
)


def lasting(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a provenance goes into the products."""
    return {name: value for name, value in origin.items() if name not in OF_ONE_RUN}


def sha256(path: Path) -> str:
    """Return the SHA-256 checksum of a file's bytes, hexadecimal.

    A folder, such as a FileGDB, is summed up by the checksums of its files, sorted by path.
    """
    checksums = []
    for file in _files(path):
        with file.open('rb') as content:
            checksums.append(hashlib.file_digest(content, 'sha256'))
    if not path.is_dir():
        return checksums[0].hexdigest()
    return hashlib.sha256(b''.join(checksum.digest() for checksum in checksums)).hexdigest()


def describe_input(path: Path) -> dict[str, Any]:
    """Name an input so that it can be told from any other.

    Raises:
        InputFileError: if it cannot be read.
    """
    local = local_file(path)
    if local is None:
        require_file(path, str(path))
        return {'name': str(path)}  # of a database or a server
    try:
        size = sum(file.stat().st_size for file in _files(local))
        return {'name': path.name, 'bytes': size, 'sha256': sha256(local)}
    except OSError as error:
        raise InputFileError(
            f'{path} cannot be read ({error.strerror or error}); check that you may read it and '
            f'that its disk is there'
        ) from error


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob('*') if file.is_file()) if path.is_dir() else [path]


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that shape a result, as far as installed."""
    versions = {'python': platform.python_version(), 'dfpenet_mm': __version__}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def resolved_settings(config: Config) -> dict[str, Any]:
    """Return the sections of a config that shape a map, inherited values and options included.

    The checksum of the config file alone would not tell when one of its bases has changed.
    """
    sections = config.to_dict()
    wanted = {name: sections[name] for name in SECTIONS if name in sections}
    settings = json.loads(json.dumps(wanted, default=str))
    predictor = settings.get('mapping', {}).get('predictor', {})
    if predictor.get('quantised'):
        # Its checksum is among the inputs; where it lies is of no account.
        predictor['quantised'] = Path(predictor['quantised']).name
    return settings


def provenance(
    *, inputs: Mapping[str, Path | None], settings: Mapping[str, Any], command: Sequence[str]
) -> dict[str, Any]:
    """Describe a run so that it can be repeated.

    Args:
        inputs: files by role; None where the role was not given.
        settings: plain values that shaped the result.
        command: the command line, program first.

    Returns:
        Plain JSON values: names and checksums of the inputs, settings, versions, command
        and time (UTC).
    """
    return {
        'inputs': {role: describe_input(path) for role, path in inputs.items() if path is not None},
        'settings': dict(settings),
        'versions': package_versions(),
        'command': list(command),
        'created': datetime.now(UTC).isoformat(timespec='seconds'),
    }


# Packages whose versions may change a probability. The rest only shapes vectors and reports.
RECORDED_PACKAGES = ('python', 'dfpenet_mm', 'torch', 'numpy', 'rasterio', 'openvino')
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
    kept = {name: versions[name] for name in RECORDED_PACKAGES if name in versions}
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
