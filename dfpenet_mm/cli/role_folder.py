"""What a run has finished of one scene: its scaling, its blocks, its rasters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.provenance import sha256
from dfpenet_mm.errors import OutputError
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.products.assembly import MappingResult
from dfpenet_mm.mapping.scene.scaling import FittedScaling, Scaling
from dfpenet_mm.mapping.scene.scene import Scene


class RoleFolder:
    """The folder of one scene of a run.

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
        path = self._path / name
        partial = path.with_suffix('.partial')
        try:
            partial.write_text(json.dumps(values), encoding='utf-8')
            partial.replace(path)
        except OSError as error:
            raise OutputError(
                f'{path} cannot be written ({error.strerror or error}); free some space and run '
                f'again with --resume'
            ) from error
