"""The pixels in which a scene is mapped, and what speaks against those of its images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.averaged import coarser_grid
from dfpenet_mm.wording import metres

# Pixels of 10 m in one projection may be so much smaller or larger on the ground.
ROUNDING = 1e-3
# Averaged further down than this, a landslide as large as the image is a few pixels.
LARGEST_FACTOR = 32
# Pixels larger than the largest known ones by this factor hide what the network looks for.
LARGEST_EXCESS = 1.25
# An image before the event whose pixels are larger by this factor shows fewer landslides.
BLURRED = 2


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

    @property
    def mapped(self) -> float:
        """Size of the pixels in which the scene is mapped, metres."""
        return self.averaged_to or self.image

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


def look_at_pre(gsd: float, pixels: WorkingPixels, name: str, *, force: bool) -> str | None:
    """Look at the pixels of an image before the event; finer ones are averaged.

    Args:
        gsd: its pixel size, metres.
        pixels: of the image after the event.
        name: of the image.
        force: map pixels of any size.

    Returns:
        Why it may not show what it is compared for; None where nothing speaks against it.

    Raises:
        RasterFormatError: if its pixels are larger than those that the network sees by.
    """
    told = f'{name} has pixels of {metres(gsd)} m'
    missed = (
        'landslides from before the event may be missing in it, so that they are taken for new '
        'ones; use an image of smaller pixels'
    )
    if pixels.known:
        low, high = pixels.known
        known = f'{told}, and the network knows {metres(low)} to {metres(high)} m'
        if not force:
            _require_small(gsd, high, known)
        if gsd > high * (1 + ROUNDING):
            return f'{known}: {missed}'
    if gsd > pixels.mapped * BLURRED:
        return (
            f'{told}, {gsd / pixels.mapped:.1f} times those in which both images are compared: '
            f'{missed}'
        )
    return None


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
