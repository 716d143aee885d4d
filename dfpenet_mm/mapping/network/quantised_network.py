"""A quantised network on the disk, with a card that says what it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from torch import nn

from dfpenet_mm.errors import CheckpointError, InputFileError
from dfpenet_mm.mapping.network.file_cache import weights_digest
from dfpenet_mm.mapping.network.openvino_network import with_shape

if TYPE_CHECKING:
    import openvino

MODEL = 'model.xml'
WEIGHTS = 'model.bin'
CARD = 'card.json'


@dataclass(frozen=True)
class QuantisedNetwork:
    """Files that ``tools/export.py`` wrote.

    Args:
        folder: holds ``MODEL``, ``WEIGHTS`` and ``CARD``.
        card: content of the card.
    """

    folder: Path
    card: Mapping[str, Any]

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read the card and check the files against it.

        Raises:
            InputFileError: if a file is missing or not what the card says.
        """
        folder = Path(folder)
        try:
            card = json.loads((folder / CARD).read_text())
            expected = {name: card['files'][name] for name in (MODEL, WEIGHTS)}
            found = {name: file_digest(folder / name) for name in expected}
            complete = all(name in card for name in ('weights', 'landslide_class'))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputFileError(
                f'{folder} holds no quantised network ({type(error).__name__}: {error}); make one '
                f'with tools/export.py --precision int8'
            ) from error
        if found != expected or not complete:
            raise InputFileError(
                f'{folder} holds a quantised network that is not what its {CARD} says; make it '
                f'anew with tools/export.py'
            )
        return cls(folder, card)

    def require_weights_of(self, model: nn.Module, landslide_class: int | list[int]) -> None:
        """Refuse a network made from other weights than a model's.

        Raises:
            CheckpointError: if it was, or predicts another class.
        """
        if self.card['weights'] != weights_digest(model):
            raise CheckpointError(
                f'{self.folder} was quantised from other weights than the checkpoint; run '
                f'tools/export.py with this checkpoint, or give the one it was made from'
            )
        if self.card['landslide_class'] != landslide_class:
            raise CheckpointError(
                f'{self.folder} predicts class {self.card["landslide_class"]}, wanted is '
                f'{landslide_class}; run tools/export.py with this config'
            )

    def model(self, core: openvino.Core, shape: tuple[int, int, int, int]) -> openvino.Model:
        """Read the network for inputs of one shape.

        Raises:
            ConfigError: if it cannot take that shape.
            InputFileError: if OpenVINO cannot read it.
        """
        try:
            model = core.read_model(self.folder / MODEL)
        except RuntimeError as error:
            raise InputFileError(
                f'{self.folder / MODEL} cannot be read by this OpenVINO '
                f'({str(error).splitlines()[0]}); make it anew with tools/export.py'
            ) from error
        return with_shape(model, shape)


def quantised_beside(checkpoint: Path) -> Path:
    """Return the folder in which a checkpoint's quantised network is looked for."""
    return checkpoint.with_name(f'{checkpoint.stem}_int8')


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
