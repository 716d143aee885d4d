"""The record of an unfinished run: what its blocks depend on, and what is finished of a scene."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import disk_errors, whole_file
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.products.assembly import MappingResult
from dfpenet_mm.mapping.scene.scaling import FittedScaling, Scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.run.provenance import describe_input, sha256
from dfpenet_mm.run.request import LAYER
from dfpenet_mm.source_files import AUXILIARY, sidecar_checksum

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
        with disk_errors(path):
            if not path.exists():
                with whole_file(path, durable=True) as part:
                    part.write_text(json.dumps(record, indent=1), encoding='utf-8')
                return
            before = json.loads(path.read_text(encoding='utf-8'))
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
            files = _changed_sources(old, new)
            changed = f'the {role} file {new["name"]}'
            if files:
                changed = f'{", ".join(files)}, from which {changed} is read,'
            changes.append(f'{changed} has changed')
    return changes


def _changed_sources(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the files behind one that is itself as it was; none where it is not."""
    if {**before, 'name': '', 'sources': ''} != {**now, 'name': '', 'sources': ''}:
        return []
    old, new = before.get('sources', []), now.get('sources', [])
    return list(
        dict.fromkeys(
            source['name']
            for sources, others in ((new, old), (old, new))
            for source in sources
            if source not in others
        )
    )


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


class FinishedWork:
    """Whatever is finished of one scene, in a folder of its own.

    Args:
        path: the folder; made if need be.
        before_write: called before a block is kept, see ``BlockStore``.

    Raises:
        OutputError: if it cannot be made.
    """

    def __init__(self, path: Path, before_write: Callable[[], None] | None = None) -> None:
        self._path = path
        self.blocks = BlockStore(path / 'blocks', before_write)
        self.probability = path / 'probability.tif'
        self.mask = path / 'mask.tif'

    def fit_once(self, scaling: Scaling, scene: Scene) -> FittedScaling:
        """Return the scaling that was fitted when the run began; fit it if none was."""
        kept = self._read('scaling.json')
        if kept:
            return FittedScaling.from_dict(kept)
        fitted = scaling.fit(scene)
        self._write('scaling.json', fitted.to_dict())
        return fitted

    def match_once(
        self, match: Callable[[], tuple[FittedScaling, dict[str, Any]]]
    ) -> tuple[FittedScaling, dict[str, Any]]:
        """Return the scaling and the decision that the run began with; call ``match`` if none."""
        kept = self._read('histogram_match.json')
        if kept:
            return FittedScaling.from_dict(kept['scaling']), kept['decision']
        scaling, decision = match()
        record = {'scaling': scaling.to_dict(), 'decision': decision}
        self._write('histogram_match.json', record)
        return scaling, decision

    def result(self) -> MappingResult | None:
        """Return what mapping came to, if both rasters were completed and are unharmed."""
        kept = self._read('result.json')
        if not kept:
            return None
        try:
            if kept['sha256'] != self._checksums():
                return None
        except OSError:
            return None
        return MappingResult(**kept['result'])

    def keep_result(self, result: MappingResult) -> None:
        """Record that both rasters are complete."""
        self._write('result.json', {'result': asdict(result), 'sha256': self._checksums()})

    def _checksums(self) -> list[str]:
        return [sha256(path) for path in (self.probability, self.mask)]

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return json.loads((self._path / name).read_text(encoding='utf-8'))
        except (OSError, ValueError):
            return None

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        advice = 'free some space and run again with --resume'
        with whole_file(self._path / name, durable=True, advice=advice) as part:
            part.write_text(json.dumps(values), encoding='utf-8')
