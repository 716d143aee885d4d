"""An exported network: a folder with all that mapping needs, which runs without PyTorch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dfpenet_mm.errors import CheckpointError, InputFileError
from dfpenet_mm.files import file_digest
from dfpenet_mm.mapping.network.file_cache import settings_key
from dfpenet_mm.mapping.network.openvino_network import with_shape
from dfpenet_mm.resources import CARD, MODEL, WEIGHTS

if TYPE_CHECKING:
    import openvino

# Behind the name of a checkpoint, the folders in which its exported networks are looked for.
ENDINGS = {'f32': '_openvino', 'int8': '_int8'}


@dataclass(frozen=True)
class ExportedNetwork:
    """Files that ``landslide-map export`` wrote.

    Args:
        folder: holds ``MODEL``, ``WEIGHTS``, ``CARD``, and for mapping ``MAPPING``.
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
            card = json.loads((folder / CARD).read_text(encoding='utf-8'))
            expected = dict(card['files'])
            found = {name: file_digest(folder / name) for name in {MODEL, WEIGHTS, *expected}}
            complete = all(name in card for name in ('weights', 'landslide_class'))
        except OSError as error:
            raise InputFileError(
                f'{error.filename or folder} cannot be read ({error.strerror}); copy the whole '
                f'exported network, or make it anew with landslide-map export'
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputFileError(
                f'{folder / CARD} is damaged, or the card of something other than an '
                f'exported network; make it anew with landslide-map export'
            ) from error
        if found != expected or not complete:
            raise InputFileError(
                f'{folder} holds an exported network that is not what its {CARD} says; make it '
                f'anew with landslide-map export'
            )
        return cls(folder, card)

    @property
    def precision(self) -> str:
        """Numbers in which the weights are kept: ``f32`` or ``int8``."""
        return str(self.card.get('precision', 'int8'))

    @property
    def landslide_class(self) -> int | list[int]:
        """Index of the landslide class, or several, whose probability comes out."""
        found: int | list[int] = self.card['landslide_class']
        return found

    @property
    def delicate(self) -> Collection[str]:
        """Names of normalisations whose convolutions bfloat16 would spoil."""
        found: Collection[str] = self.card.get('delicate', ())
        return found

    def require_same(self, weights: str, landslide_class: int | list[int]) -> None:
        """Refuse a network made from other weights than those that it is to stand in for.

        Args:
            weights: their ``weights_digest``.
            landslide_class: of the other.

        Raises:
            CheckpointError: if it was, or predicts another class.
        """
        if self.card['weights'] != weights:
            raise CheckpointError(
                f'{self.folder} was exported from other weights than the checkpoint; run '
                f'landslide-map export with this checkpoint, or give the one it was made from'
            )
        if self.landslide_class != landslide_class:
            raise CheckpointError(
                f'{self.folder} predicts class {self.landslide_class}, wanted is '
                f'{landslide_class}; run landslide-map export with this config'
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
                f'({str(error).splitlines()[0]}); make it anew with landslide-map export'
            ) from error
        return with_shape(model, shape)

    def key(self, settings: Mapping[str, Any]) -> str:
        """Name the network and the way it is used; see ``settings_key``."""
        files = {name: self.card[name] for name in ('files', 'weights', 'landslide_class')}
        return settings_key({'exported': files, 'delicate': list(self.delicate)}, settings)


def exported_beside(checkpoint: Path, precision: str) -> Path:
    """Return the folder in which a checkpoint's exported network is looked for.

    Args:
        checkpoint: weights ``NAME.pth``, or the folder of either exported network of theirs.
        precision: ``f32`` or ``int8``.
    """
    name = checkpoint.name.removesuffix('.pth')
    for ending in ENDINGS.values():
        name = name.removesuffix(ending)
    return checkpoint.with_name(f'{name}{ENDINGS[precision]}')
