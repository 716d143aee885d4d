"""The network of a run, which knows the pixels of the image or those that it is averaged to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from dfpenet_mm.bands import COLOURS, RGB
from dfpenet_mm.configs import load_config_with_options
from dfpenet_mm.errors import CheckpointError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.mapping.network.card import NetworkCard, card_beside, shipped_cards
from dfpenet_mm.mapping.scene.averaged import coarser_grid
from dfpenet_mm.rasters import check_georeference, open_raster
from dfpenet_mm.resources import shipped_file
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings, set_images
from dfpenet_mm.wording import counted, metres

CARD_ROLE = 'card'
# Pixels of 10 m in one projection may be so much smaller or larger on the ground.
ROUNDING = 1e-3
# Averaged further down than this, a landslide as large as the image is a few pixels.
LARGEST_FACTOR = 32
# Pixels larger than the largest known ones by this factor hide what the network looks for.
LARGEST_EXCESS = 1.25


@dataclass(frozen=True, kw_only=True)
class NetworkChoice:
    """The network that maps a scene.

    Args:
        config: how to build it.
        checkpoint: its weights.
        card: what it states about itself; None where nobody wrote it down.
    """

    config: Path
    checkpoint: Path
    card: NetworkCard | None

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
                f'the network {self.checkpoint.stem} sees {counted(len(self.card.bands), "band")} '
                f'({", ".join(self.card.bands)}) by its card, and {counted(len(bands), "band")} '
                f'by its config; correct the card, or choose as many with --bands'
            )
        if by_colour and self.card is not None and tuple(bands[:3]) == RGB:
            seen = tuple(name.lower() for name in self.card.bands)
            if seen[:3] != COLOURS:
                raise CheckpointError(
                    f'the network {self.checkpoint.stem} sees {", ".join(seen)} by its card, and '
                    f'bands 1, 2, 3 of an image are taken for red, green and blue; say with '
                    f'--bands which of its bands are {", ".join(seen)}, in that order'
                )


def choose_network(config: Path | None, checkpoint: Path | None, gsd: float) -> NetworkChoice:
    """Take the network that was named, or the shipped one that suits an image best.

    That is the finest of those that know its pixels. If none does, the one that is nearest by
    averaging down; and if all know smaller pixels only, the one that knows the largest.

    Args:
        config: as the user gave it; None for a shipped one.
        checkpoint: likewise.
        gsd: pixel size of the image, metres.

    Raises:
        InputFileError: if a card is missing or cannot serve.
        CheckpointError: if weights are not those of their card, or two shipped networks claim the
            same pixels.
        InstallError: if this installation carries none.
    """
    if config is not None and checkpoint is not None:
        config, checkpoint = shipped_file(config), shipped_file(checkpoint)
        return NetworkChoice(config=config, checkpoint=checkpoint, card=card_beside(checkpoint))
    cards = shipped_cards()
    largest = [card for card in cards if gsd <= card.pixel_sizes[1] * (1 + ROUNDING)]
    card = largest[0] if largest else cards[-1]
    card.require_weights(card.weights)
    return NetworkChoice(config=card.config_file, checkpoint=card.weights, card=card)


@dataclass(frozen=True, kw_only=True)
class WorkingPixels:
    """The pixels in which a scene is mapped.

    Args:
        image: size of the image's own, metres.
        known: smallest and largest size that the network knows; None where nobody says so.
        grid: coarser one that the scene is averaged to; None for its own.
        sentence: what is done, for people.
        doubt: why the result may be wrong; None where nothing speaks against it.
    """

    image: float
    known: tuple[float, float] | None
    grid: RasterGrid | None
    sentence: str
    doubt: str | None = None

    @property
    def averaged_to(self) -> float | None:
        """Size of the coarser pixels, metres; None for the image's own."""
        return None if self.grid is None else self.grid.gsd

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the record; names and words may differ when a run is resumed."""
        return {
            'image_m': self.image,
            'known_m': self.known and list(self.known),
            'averaged_to_m': self.averaged_to,
        }


def working_pixels(
    grid: RasterGrid,
    sizes: tuple[float, float, float] | None,
    *,
    name: str,
    network: str,
    force: bool,
) -> WorkingPixels:
    """Decide in which pixels a scene is mapped; never in smaller ones than its own.

    Args:
        grid: of the image.
        sizes: as ``NetworkChoice.known_sizes`` gives them.
        name: of the image.
        network: its name.
        force: map pixels of any size.

    Raises:
        RasterFormatError: if the network cannot see what the image shows.
        EmptySceneError: if the image is smaller than half a coarse pixel.
    """
    gsd = grid.gsd
    if sizes is None:
        return WorkingPixels(
            image=gsd, known=None, grid=None, sentence=f'{name} has pixels of {metres(gsd)} m'
        )
    low, high, working = sizes
    told = (
        f'{name} has pixels of {metres(gsd)} m, and the network {network} knows {metres(low)} to '
        f'{metres(high)} m'
    )
    if not force:
        _require_large(gsd, sizes, told)
        _require_small(gsd, high, told)
    if gsd < low * (1 - ROUNDING):
        return WorkingPixels(
            image=gsd,
            known=(low, high),
            grid=coarser_grid(grid, working, name),
            sentence=f'{told}: the image is averaged down to {metres(working)} m, in which all '
            f'products are',
        )
    beyond = gsd > high * (1 + ROUNDING)
    doubt = f'{told}: it may miss most of what there is; use an image of smaller pixels'
    return WorkingPixels(
        image=gsd,
        known=(low, high),
        grid=None,
        sentence=told,
        doubt=doubt if beyond else None,
    )


def require_pre_seen(gsd: float, pixels: WorkingPixels, name: str) -> None:
    """Refuse an image before the event of larger pixels than the network sees by.

    Args:
        gsd: its pixel size, metres; finer ones are averaged.
        pixels: of the image after the event.
        name: of the image.

    Raises:
        RasterFormatError: if they are too large.
    """
    if pixels.known:
        low, high = map(metres, pixels.known)
        told = f'{name} has pixels of {metres(gsd)} m, and the network knows {low} to {high} m'
        _require_small(gsd, pixels.known[1], told)


def _require_small(gsd: float, high: float, told: str) -> None:
    if gsd > high * LARGEST_EXCESS:
        raise RasterFormatError(
            f'{told}: in larger ones it sees no landslide; give an image of smaller pixels, use '
            f'a network for its resolution, or map it in spite of that with --force'
        )


def _require_large(gsd: float, sizes: tuple[float, float, float], told: str) -> None:
    low, _, working = sizes
    if gsd < low and working / gsd > LARGEST_FACTOR * (1 + ROUNDING):
        raise RasterFormatError(
            f'{told}: the image would have to be averaged down to {metres(working)} m, more than '
            f'{LARGEST_FACTOR} of its pixels a side, which leaves little of what it shows; use a '
            f'network for its resolution, or map it in spite of that with --force'
        )


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


def network_for(request: RunRequest) -> tuple[NetworkChoice, Config, WorkingPixels]:
    """Choose network and pixels of a run, and load the config.

    Raises:
        DfpenetError: one sentence on an image, card, config or option that cannot serve.
    """
    grid = _image_grid(request.post)
    chosen = choose_network(request.config, request.checkpoint, grid.gsd)
    with quiet_libraries():
        config = load_config_with_options(chosen.config, request.options)
        set_images(config, request)
    settings = MappingSettings.from_config(config)
    chosen.require_bands(settings.bands, by_colour=settings.by_colour)
    pixels = working_pixels(
        grid,
        chosen.known_sizes(settings.gsd_range),
        name=request.post.name,
        network=chosen.checkpoint.stem,
        force=request.force,
    )
    return chosen, config, pixels
