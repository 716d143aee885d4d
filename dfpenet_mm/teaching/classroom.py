"""A lesson made ready: the network before, the review on the image, and its blocks."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.config import Config

from dfpenet_mm.errors import ConfigError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.mapping.network.backends import find_device
from dfpenet_mm.mapping.network.network_source import NetworkSource
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.scene.averaged import coarser_grid
from dfpenet_mm.mapping.scene.scaling import FittedScaling, build_scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.rasters import check_georeference, open_raster
from dfpenet_mm.run.network_choice import NetworkChoice, network_for
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings
from dfpenet_mm.run.trust import set_calibration
from dfpenet_mm.run.working_pixels import ROUNDING, WorkingPixels
from dfpenet_mm.teaching.blocks import Blocks, split_ground
from dfpenet_mm.teaching.ground import ReviewedGround, read_ground
from dfpenet_mm.teaching.request import TeachRequest
from dfpenet_mm.wording import metres

# Pixel sizes that are tried are each so much larger than the one before.
STEP = 2.0
# So many are tried, the image's own among them, beside the one in which the network works.
TRIED = 5


@dataclass(frozen=True, eq=False)
class View:
    """The image in pixels of one size.

    Args:
        size: metres.
        scene: open.
        scaling: fitted to it, as for mapping.
        averaged: True if the image's own pixels are smaller.
    """

    size: float
    scene: Scene
    scaling: FittedScaling
    averaged: bool


@dataclass(frozen=True, eq=False)
class Classroom:
    """Everything that a lesson works with.

    Args:
        post: the image.
        network: the one before.
        config: of it, with the calibration and threshold by which it would map the image.
        settings: of its mapping section.
        ground: reviewed.
        blocks: of the ground.
        default: the image in the pixels in which the network before maps it.
        views: the image in pixels of the sizes that may be taught in, growing.
        device: where networks run.
        forced: True if the network before refuses the image's pixels.
    """

    post: Path
    network: NetworkChoice
    config: Config
    settings: MappingSettings
    ground: ReviewedGround
    blocks: Blocks
    default: View
    views: tuple[View, ...]
    device: str
    forced: bool

    def predictor(self, checkpoint: Path | None = None) -> Predictor:
        """Build the network before, or one of its kind with other weights."""
        with quiet_libraries():
            return NetworkSource.of(
                self.config,
                checkpoint=checkpoint or self.network.checkpoint,
                predictor=self.settings.predictor,
                device=self.device,
            ).build()


def open_classroom(request: TeachRequest, stack: ExitStack) -> Classroom:
    """Read the review and the image, and split the reviewed ground.

    Args:
        request: with all files known.
        stack: closes the image.

    Raises:
        DfpenetError: one sentence on what cannot work.
    """
    if request.post is None or request.inventory is None:
        raise ConfigError('there is no image or no inventory to learn from; give both')
    post = request.post
    own = _own_grid(post)
    network, config, pixels, forced = _network(request, post)
    settings = MappingSettings.from_config(config)
    ground = read_ground(request.inventory, request.reviewed_area, own)
    sizes = _sizes(request, own.gsd, pixels, network.known_sizes(settings.gsd_range))

    def view(size: float) -> View:
        grid = None if size <= own.gsd * (1 + ROUNDING) else coarser_grid(own, size, post.name)
        scene = stack.enter_context(Scene(post, **settings.reading, grid=grid))
        scaling = build_scaling(settings.scaling).fit(scene)
        return View(scene.grid.gsd, scene, scaling, averaged=grid is not None)

    first = view(sizes[0])
    blocks = split_ground(
        first.scene,
        ground,
        chip=settings.window,
        seed=request.seed,
        name=str(request.reviewed_area or request.inventory),
    )
    views = (first, *(view(size) for size in sizes[1:]))
    usual = pixels.grid.gsd if pixels.grid else own.gsd
    default = next((found for found in views if abs(found.size / usual - 1) < ROUNDING), None)
    default = default or view(usual)
    set_calibration(config, network.card, usual, RunRequest(post=post))
    return Classroom(
        post=post,
        network=network,
        config=config,
        settings=MappingSettings.from_config(config),
        ground=ground,
        blocks=blocks,
        default=default,
        views=views,
        device=find_device(request.device),
        forced=forced,
    )


def _own_grid(path: Path) -> RasterGrid:
    with open_raster(path) as dataset:
        check_georeference(dataset)
        return RasterGrid.from_dataset(dataset)


def _network(
    request: TeachRequest, post: Path
) -> tuple[NetworkChoice, Config, WorkingPixels, bool]:
    """Choose the network as a run would; pixels that it refuses are what it may be taught."""
    asked = RunRequest(
        post=post,
        config=request.config,
        checkpoint=request.checkpoint,
        bands=request.bands,
        nodata=request.nodata,
    )
    try:
        return *network_for(asked, trainable=True), False
    except RasterFormatError:
        return *network_for(replace(asked, force=True), trainable=True), True


def _sizes(
    request: TeachRequest,
    own: float,
    pixels: WorkingPixels,
    known: tuple[float, float, float] | None,
) -> list[float]:
    """List the pixel sizes that may be taught in, growing.

    That is the one in which the network maps the image, and of a finer image those up to it.
    """
    if request.pixel_size is not None:
        if request.pixel_size < own * (1 - ROUNDING):
            raise ConfigError(
                f'--pixel-size {metres(request.pixel_size)} is smaller than the pixels of the '
                f'image, {metres(own)} m, which hold no more than they show; give a larger one'
            )
        return [request.pixel_size]
    if known is None or pixels.grid is None:
        return [own]
    sizes = [own * STEP**power for power in range(TRIED)]
    return [*(size for size in sizes if size < known[2] * (1 - ROUNDING)), known[2]]
