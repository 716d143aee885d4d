"""The network of a run: the one that was named, or the shipped one that suits the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dfpenet_mm.bands import COLOURS, RGB
from dfpenet_mm.config_file import read_run_config
from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.errors import CheckpointError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.mapping.network.backends import PRECISIONS, find_device
from dfpenet_mm.mapping.network.card import NetworkCard, card_beside, shipped_cards
from dfpenet_mm.mapping.network.exported_network import ENDINGS, exported_beside
from dfpenet_mm.mapping.network.network_source import require_runnable
from dfpenet_mm.rasters import check_georeference, open_raster
from dfpenet_mm.resources import CARD, MAPPING, is_exported
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings, set_images
from dfpenet_mm.run.working_pixels import ROUNDING, WorkingPixels, working_pixels
from dfpenet_mm.wording import counted

CARD_ROLE = 'card'
AUTO = 'auto'


@dataclass(frozen=True, kw_only=True)
class NetworkChoice:
    """The network that maps a scene.

    Args:
        config: how to build it and to map with it.
        checkpoint: its weights, or the folder of an exported network.
        card: what it states about itself; None where nobody wrote it down.
    """

    config: Path
    checkpoint: Path
    card: NetworkCard | None

    @property
    def name(self) -> str:
        """Name of the network, whatever form its weights have."""
        return exported_beside(self.checkpoint, 'f32').name.removesuffix(ENDINGS['f32'])

    @property
    def files(self) -> dict[str, Path]:
        """Weights and card by role."""
        card = {} if self.card is None else {CARD_ROLE: self.card.path}
        return {'checkpoint': self.checkpoint, **card}

    def known_sizes(self, gsd_range: Sequence[float] | None) -> tuple[float, float, float] | None:
        """Return the smallest and largest pixel size it knows and the one to work in, metres.

        Args:
            gsd_range: what its config says, in case it has no card.
        """
        if self.card is not None:
            return (*self.card.pixel_sizes, self.card.working_pixel_size)
        if gsd_range is None:
            return None
        low, high = gsd_range
        return low, high, math.sqrt(low * high)

    def require_bands(self, bands: Sequence[int], *, by_colour: bool = False) -> None:
        """Refuse bands that are not those that the card names, as far as that can be told.

        Args:
            bands: those that are read, counted from 1.
            by_colour: bands 1, 2, 3 are taken for red, green and blue.

        Raises:
            CheckpointError: if they are of another number or of other colours.
        """
        if self.card is not None and len(self.card.bands) != len(bands):
            raise CheckpointError(
                f'the network {self.name} sees {counted(len(self.card.bands), "band")} '
                f'({", ".join(self.card.bands)}) by its card, and {counted(len(bands), "band")} '
                f'by its config; correct the card, or choose as many with --bands'
            )
        if by_colour and self.card is not None and tuple(bands[:3]) == RGB:
            seen = tuple(name.lower() for name in self.card.bands)
            if seen[:3] != COLOURS:
                raise CheckpointError(
                    f'the network {self.name} sees {", ".join(seen)} by its card, and '
                    f'bands 1, 2, 3 of an image are taken for red, green and blue; say with '
                    f'--bands which of its bands are {", ".join(seen)}, in that order'
                )


def choose_network(
    config: Path | None, checkpoint: Path | None, gsd: float, *, exported: bool = True
) -> NetworkChoice:
    """Take the network that was named, or the shipped one that suits an image best.

    That is the finest of those that know its pixels. If none does, the one that is nearest by
    averaging down; and if all know smaller pixels only, the one that knows the largest.

    Args:
        config: as the user gave it; None for a shipped one.
        checkpoint: likewise.
        gsd: pixel size of the image, metres.
        exported: whether to take a shipped network as it was exported, or for PyTorch.

    Raises:
        InputFileError: if a card is missing or cannot serve.
        CheckpointError: if weights are not those of their card, or two shipped networks claim the
            same pixels.
        InstallError: if this installation carries none.
    """
    if config is not None and checkpoint is not None:
        return NetworkChoice(config=config, checkpoint=checkpoint, card=card_beside(checkpoint))
    cards = shipped_cards()
    largest = [card for card in cards if gsd <= card.pixel_sizes[1] * (1 + ROUNDING)]
    card = largest[0] if largest else cards[-1]
    if exported:
        folder = card.exported
        return NetworkChoice(
            config=folder / MAPPING, checkpoint=folder, card=NetworkCard.read(folder / CARD)
        )
    card.require_weights(card.weights)
    return NetworkChoice(config=card.config_file, checkpoint=card.weights, card=card)


def _image_grid(path: Path) -> RasterGrid:
    """Read where an image lies; one that does not say is refused."""
    with open_raster(path) as dataset:
        if not dataset.crs:
            raise RasterFormatError(
                f'{path} has no CRS, so that its pixel size is unknown; assign the right one with '
                f'gdal_edit.py -a_srs EPSG:CODE, or give --pixel-size METRES to map it without a '
                f'place'
            )
        check_georeference(dataset)
        return RasterGrid.from_dataset(dataset)


def network_for(
    request: RunRequest, *, trainable: bool = False
) -> tuple[NetworkChoice, ConfigSections, WorkingPixels]:
    """Choose network and pixels of a run, and load the config.

    Args:
        request: of the run.
        trainable: whether PyTorch is to run the network, whatever the request says.

    Raises:
        DfpenetError: one sentence on an image, card, config or option that cannot serve.
    """
    grid = _image_grid(request.post)
    chosen = choose_network(
        request.config,
        request.checkpoint,
        grid.gsd,
        exported=not (trainable or wants_torch(request)),
    )
    config = _load(chosen, request)
    settings = MappingSettings.from_config(config)
    chosen.require_bands(settings.bands, by_colour=settings.by_colour)
    pixels = working_pixels(
        grid,
        chosen.known_sizes(settings.gsd_range),
        name=request.post.name,
        network=chosen.name,
        force=request.force,
    )
    return chosen, config, pixels


def wants_torch(request: RunRequest) -> bool:
    """Tell whether a request asks for PyTorch: for itself, its precisions, or a GPU."""
    if request.backend not in (None, AUTO):
        return request.backend == 'torch'
    own = set(PRECISIONS['torch']) - set(PRECISIONS['openvino'])
    return request.precision in own or find_device(request.device) != 'cpu'


def _load(chosen: NetworkChoice, request: RunRequest) -> ConfigSections:
    if is_exported(chosen.checkpoint):
        config: ConfigSections = read_run_config(chosen.config, request.options)
    else:
        require_runnable(chosen.checkpoint)
        with quiet_libraries():
            from dfpenet_mm.configs import load_config_with_options  # noqa: PLC0415 - loads torch

            config = load_config_with_options(chosen.config, request.options)
    set_images(config, request)
    return config
