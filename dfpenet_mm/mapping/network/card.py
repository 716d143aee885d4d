"""The card of a network, JSON beside its weights: pixel sizes, calibration, what it has seen."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dfpenet_mm.calibration import PLATT, Calibration, PlattScaling
from dfpenet_mm.errors import CheckpointError, InputFileError
from dfpenet_mm.files import file_digest, staged_file
from dfpenet_mm.mapping.network.card_reader import CardReader
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork, exported_beside
from dfpenet_mm.resources import CARD, checkpoint_dir, is_exported, shipped_file

SUFFIX = '.json'
# In the card of an exported network its own card stands below this name.
WITHIN = 'network'


@dataclass(frozen=True, kw_only=True)
class NetworkCard:
    """Whatever a network states about itself.

    Args:
        path: the card.
        config: as the card names it, a path of the repository or from the card's folder.
        weights_sha256: checksum of the weights.
        bands: names of the bands it sees, in their order.
        pixel_sizes: the smallest and the largest that it knows, metres.
        working_pixel_size: what finer images are averaged to, metres, within ``pixel_sizes``.
        threshold: the best one of a calibrated probability; None to leave it to the config.
            The calibration may name others for some pixel sizes.
        calibration: None for a probability as the network gives it.
        novelty: statistics of the ground it was trained on; None without.
        trained_on: data, in words.
        never_seen: what it does not know, in words.
        superseded_by: name of the network that is chosen in its place; None for none.
    """

    path: Path
    config: str
    weights_sha256: str
    bands: tuple[str, ...]
    pixel_sizes: tuple[float, float]
    working_pixel_size: float
    threshold: float | None = None
    calibration: Calibration | None = None
    novelty: Mapping[str, Any] | None = None
    trained_on: tuple[str, ...] = ()
    never_seen: tuple[str, ...] = ()
    superseded_by: str | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a card, or the one inside of an exported network's card.

        Raises:
            InputFileError: if the file is missing, is no JSON, lacks a field or has a value that
                cannot serve.
        """
        values = _read_json(path)
        if isinstance(values.get(WITHIN), Mapping):
            values = values[WITHIN]
        reader = CardReader(path, values)
        low, high = reader.pair('pixel_sizes')
        working = reader.number('working_pixel_size', low, high)
        return cls(
            path=path,
            config=reader.text('config'),
            weights_sha256=reader.text('weights_sha256').lower(),
            bands=reader.texts('bands', least=1),
            pixel_sizes=(low, high),
            working_pixel_size=working,
            threshold=reader.number('threshold', 0, 1) if reader.has('threshold') else None,
            calibration=_read_calibration(reader) if reader.has('calibration') else None,
            novelty=reader.table('novelty').values if reader.has('novelty') else None,
            trained_on=reader.texts('trained_on'),
            never_seen=reader.texts('never_seen'),
            superseded_by=reader.text('superseded_by') if reader.has('superseded_by') else None,
        )

    @property
    def weights(self) -> Path:
        """The weights that lie beside the card."""
        return self.path.with_suffix('.pth')

    @property
    def exported(self) -> Path:
        """Folder of the exported network that is looked for beside the weights."""
        return exported_beside(self.weights, 'f32')

    @property
    def config_file(self) -> Path:
        """The config: in the folder of the card, or of the repository."""
        beside = self.path.parent / self.config
        return beside if beside.is_file() else shipped_file(Path(self.config))

    def threshold_at(self, pixel_size: float) -> float | None:
        """Return the best threshold for pixels of one size, metres; None without any."""
        if self.threshold is None or self.calibration is None:
            return self.threshold
        return self.calibration.threshold_at(pixel_size, self.threshold)

    def require_weights(self, checkpoint: Path) -> None:
        """Refuse weights that are not those that the card describes.

        Raises:
            CheckpointError: if the checksum differs.
            InputFileError: if they cannot be read.
        """
        try:
            found = file_digest(checkpoint)
        except OSError as error:
            raise InputFileError(
                f'the weights {checkpoint} cannot be read ({error.strerror}); check the path'
            ) from error
        if found != self.weights_sha256:
            raise CheckpointError(
                f'the weights {checkpoint} have SHA-256 {found[:12]}…, and their card '
                f'{self.path.name} was written for {self.weights_sha256[:12]}…; copy both again '
                f'from the same place'
            )

    def write(self, path: Path) -> None:
        """Write the card as JSON that ``read`` gives back; it appears whole or not at all.

        Raises:
            OutputError: if the disk refuses.
        """
        with staged_file(path) as staging:
            text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
            staging.write_text(text + '\n', encoding='utf-8')

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values, those that are None left out."""
        values = {
            'config': self.config,
            'weights_sha256': self.weights_sha256,
            'bands': list(self.bands),
            'pixel_sizes': list(self.pixel_sizes),
            'working_pixel_size': self.working_pixel_size,
            'threshold': self.threshold,
            'calibration': self.calibration and self.calibration.to_dict(),
            'novelty': self.novelty,
            'trained_on': list(self.trained_on),
            'never_seen': list(self.never_seen),
            'superseded_by': self.superseded_by,
        }
        return {name: value for name, value in values.items() if value is not None}


def card_beside(checkpoint: Path) -> NetworkCard | None:
    """Read the card beside weights, or in the folder of an exported network, if there is one.

    Raises:
        InputFileError: if it is there and cannot serve, or the exported network is damaged.
        CheckpointError: if it was written for other weights.
    """
    if is_exported(checkpoint):
        exported = ExportedNetwork.read(checkpoint)
        return NetworkCard.read(checkpoint / CARD) if WITHIN in exported.card else None
    path = checkpoint.with_suffix(SUFFIX)
    if not path.is_file():
        return None
    card = NetworkCard.read(path)
    card.require_weights(checkpoint)
    return card


def shipped_cards(folder: Path | None = None) -> list[NetworkCard]:
    """Read the cards of all networks in a folder that no other supersedes, by growing pixel size.

    Args:
        folder: None for the shipped one. Two networks may meet at a pixel size, not overlap.

    Raises:
        InputFileError: if a card cannot serve, or there is none.
        CheckpointError: if the pixel sizes of two networks overlap.
        InstallError: if this installation carries no networks.
    """
    folder = folder or checkpoint_dir()
    every = (NetworkCard.read(path) for path in folder.glob(f'*{SUFFIX}'))
    cards = [card for card in every if card.superseded_by is None]
    if not cards:
        raise InputFileError(f'{folder} holds no card of a network; reinstall the package')
    cards.sort(key=lambda card: card.pixel_sizes)
    for finer, coarser in itertools.pairwise(cards):
        if coarser.pixel_sizes[0] < finer.pixel_sizes[1]:
            (a, b), (c, d) = finer.pixel_sizes, coarser.pixel_sizes
            raise CheckpointError(
                f'two networks claim the same pixel sizes: {finer.path.name} {a:g} to {b:g} m and '
                f'{coarser.path.name} {c:g} to {d:g} m; correct one of them, or keep one'
            )
    return cards


def _read_json(path: Path) -> Mapping[str, Any]:
    """Read a file of named values; one that is none is refused by line and column."""
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        fault = f'cannot be read ({error.strerror})'
    except json.JSONDecodeError as error:
        fault = f'is no JSON from line {error.lineno}, column {error.colno} on'
    except UnicodeDecodeError:
        fault = 'is no text'
    else:
        if isinstance(values, Mapping):
            return values
        fault = 'holds no named values'
    raise InputFileError(
        f'the card {path} of a network {fault}; copy it again from where the weights come from'
    )


def _read_calibration(reader: CardReader) -> Calibration:
    table = reader.table('calibration')
    if table.text('method') != PLATT:
        raise table.refusal('method', f'{PLATT!r}')
    parts = table.tables('points')
    points = {
        part.number('pixel_size', 1e-3, 1e4): PlattScaling(
            slope=part.number('slope', 1e-3, 1e3), intercept=part.number('intercept', -1e3, 1e3)
        )
        for part in parts
    }
    if len(points) < len(parts):
        raise table.refusal('points', 'one point for each pixel size')
    own = [part for part in parts if part.has('threshold')]
    thresholds = {part.number('pixel_size'): part.number('threshold', 0, 1) for part in own}
    return Calibration(points, table.text('fitted_on'), thresholds)
