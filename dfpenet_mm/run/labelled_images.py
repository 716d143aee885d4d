"""Images with masks in folders: paired and checked, averaged down, and judged on their own grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from dfpenet_mm.errors import (
    ConfigError,
    GridMismatchError,
    InputFileError,
    RasterFormatError,
    brief,
)
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.scene import check_bands
from dfpenet_mm.rasters import check_georeference, open_raster
from dfpenet_mm.source_files import require_folder
from dfpenet_mm.validity import ValidityRule
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE
from dfpenet_mm.wording import counted

# What lies beside rasters and is none.
SIDECARS = ('.xml', '.ovr', '.msk', '.prj', '.txt', '.md', '.csv', '.json', '.db', '.ini')
WORLD_FILE = 'w'
# An image without a place is laid where a metre of the map is one on the ground.
NOWHERE, CORNER = CRS.from_epsg(32631), (500_000.0, 0.0)
NAMED = 3


@dataclass(frozen=True)
class LabelledImage:
    """One image and the truth about it.

    Args:
        image: the raster.
        mask: raster of its size, 0 and 1, or 0 and 255; None where nothing is a landslide.
        grid: of the image; one without a place lies anywhere, at the pixel size that was given.
        placed: whether the image itself says where it lies.
    """

    image: Path
    mask: Path | None
    grid: RasterGrid
    placed: bool

    @property
    def pixel_size(self) -> float:
        """Side of a pixel, metres."""
        return self.grid.gsd

    def truth(self) -> np.ndarray:
        """Read the mask: 1 landslide, 0 none, 255 where it says nothing; shape (rows, cols)."""
        return np.zeros(self.grid.shape, np.uint8) if self.mask is None else read_truth(self.mask)

    def write_scaled(self, factor: int, target: Path) -> Path:
        """Write the image averaged down, as a scene.

        Args:
            factor: side of a block of pixels that become one; incomplete blocks at the right and
                lower edge are of the pixels that they have.
            target: name of a GeoTIFF.

        Returns:
            ``target``; the image itself where nothing is to be done.
        """
        if factor == 1 and self.placed:
            return self.image
        with open_raster(self.image) as source:
            bands = [
                band
                for band, what in zip(source.indexes, source.colorinterp, strict=True)
                if what is not ColorInterp.alpha
            ]
            values = source.read(bands)
            valid = ValidityRule.of(source, bands).read(source, values)
            values = averaged(values, valid, factor)
            colours = [source.colorinterp[band - 1] for band in bands]
            names = [source.descriptions[band - 1] for band in bands]
        profile = {
            'driver': 'GTiff',
            'width': values.shape[2],
            'height': values.shape[1],
            'count': len(bands),
            'dtype': values.dtype,
            'crs': self.grid.crs,
            'transform': self.grid.transform @ Affine.scale(factor),
        }
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(target, 'w', **profile) as to,
        ):
            to.colorinterp = colours
            to.write(values)
            for band, name in enumerate(names, 1):
                to.set_band_description(band, name or '')
            to.write_mask(block_sum(valid, factor) > 0)
        return target


def block_sum(values: np.ndarray, factor: int) -> np.ndarray:
    """Sum blocks of ``factor`` x ``factor`` pixels, float64; shape (..., rows, cols)."""
    rows, cols = values.shape[-2:]
    by_row = np.add.reduceat(values, np.arange(0, rows, factor), axis=-2, dtype=np.float64)
    return np.add.reduceat(by_row, np.arange(0, cols, factor), axis=-1)


def averaged(values: np.ndarray, valid: np.ndarray, factor: int) -> np.ndarray:
    """Average blocks of pixels over those that are valid.

    Args:
        values: shape (bands, rows, cols).
        valid: shape (rows, cols), bool.
        factor: side of a block.

    Returns:
        Of the same type, whole numbers rounded; 0 where no pixel of a block is valid.
    """
    if factor == 1:
        return values
    known = np.maximum(block_sum(valid, factor), 1)
    means = np.stack([block_sum(np.where(valid, band, 0), factor) / known for band in values])
    return (np.rint(means) if values.dtype.kind in 'iu' else means).astype(values.dtype)


def find_images(
    folder: Path,
    *,
    masks: Path | None = None,
    background: bool = False,
    pixel_size: float | None = None,
) -> list[LabelledImage]:
    """Pair the images of a folder with their masks, and look at all of them.

    Args:
        folder: holds ``images`` and ``masks``, or the images themselves.
        masks: folder of the masks, each called as its image but for the ending; None for
            ``masks`` in ``folder``.
        background: there are no masks, and nothing in the images is a landslide.
        pixel_size: side of a pixel of images that do not say it, metres.

    Raises:
        InputFileError: if a folder or mask is missing, empty, or a file cannot be read.
        GridMismatchError: if a mask has another size than its image.
        RasterFormatError: if a mask holds other values, or an image has no place and no pixel
            size was given.
        ConfigError: if masks were given and there shall be none.
    """
    if background and masks:
        raise ConfigError(f'--background was given with --masks {masks}; give one of them')
    images = folder / 'images' if (folder / 'images').is_dir() else folder
    pictures = _rasters_of(images, 'image')
    if background:
        pairs: list[tuple[Path, Path | None]] = [(path, None) for path in pictures]
    else:
        pairs = list(_paired(pictures, masks or folder / 'masks'))
    found = [_looked_at(image, mask, pixel_size) for image, mask in pairs]
    _check_mask_values([mask for _, mask in pairs if mask])
    return found


def _rasters_of(folder: Path, what: str) -> list[Path]:
    require_folder(
        folder,
        'give one that holds images/ and masks/, name the folder of masks with --masks, or say '
        'with --background that no image shows a landslide',
    )
    files = sorted(path for path in folder.iterdir() if path.is_file() and _may_be_raster(path))
    if not files:
        raise InputFileError(f'{folder} holds no {what}; give a folder of rasters')
    twice = [stem for stem, count in Counter(path.stem for path in files).items() if count > 1]
    if twice:
        raise InputFileError(
            f'{folder} holds several rasters called {twice[0]}; leave one of each name there'
        )
    return files


def _may_be_raster(path: Path) -> bool:
    suffix = path.suffix.lower()
    world_file = len(suffix) in (4, 5) and suffix.endswith(WORLD_FILE)
    return not (path.name.startswith('.') or suffix in SIDECARS or world_file)


def _paired(images: Sequence[Path], folder: Path) -> list[tuple[Path, Path | None]]:
    masks = {path.stem: path for path in _rasters_of(folder, 'mask')}
    lacking = [path.name for path in images if path.stem not in masks]
    if lacking:
        more = ', ...' if len(lacking) > NAMED else ''
        raise InputFileError(
            f'{folder} lacks the {"masks" if len(lacking) > 1 else "mask"} of '
            f'{", ".join(lacking[:NAMED])}{more} ({len(lacking)} of {counted(len(images), "image")}'
            f'); a mask is called as its image but for the ending'
        )
    return [(path, masks[path.stem]) for path in images]


def _looked_at(image: Path, mask: Path | None, pixel_size: float | None) -> LabelledImage:
    with closing(open_raster(image)) as source:
        check_bands(source, (1,))
        placed = bool(source.crs) and not source.transform.is_identity
        if placed:
            check_georeference(source)
            grid = RasterGrid.from_dataset(source)
        elif pixel_size is None:
            raise RasterFormatError(
                f'{image} does not say how large its pixels are; give their side in metres with '
                f'--pixel-size, or georeference it'
            )
        else:
            place = Affine.translation(*CORNER) @ Affine.scale(pixel_size, -pixel_size)
            grid = RasterGrid(NOWHERE, place, source.shape)
    if mask is not None:
        with closing(open_raster(mask)) as labels:
            if labels.shape != grid.shape:
                raise GridMismatchError(
                    f'{mask} has {_size(labels.shape)} pixels, its image {image.name} has '
                    f'{_size(grid.shape)}; give a mask of the same size'
                )
    return LabelledImage(image, mask, grid, placed)


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[1]} x {shape[0]}'


def _check_mask_values(masks: Sequence[Path]) -> None:
    """Refuse other values; 1 in one mask and 255 in another would mean two things."""
    codes = {name: _landslide_values(name) for name in masks}
    ones, highs = ([name for name, found in codes.items() if value in found] for value in (1, 255))
    if ones and highs:
        raise RasterFormatError(
            f'{ones[0]} marks landslides by 1 and {highs[0]} holds 255; write all masks with 0 and '
            f'1, or all with 0 and 255, and declare what was not looked at as nodata'
        )


def _landslide_values(path: Path) -> set[int]:
    values, known = _mask_pixels(path)
    found = set(np.unique(values[known]).tolist())
    strange = sorted(found - {0, 1, 255})
    if strange:
        raise RasterFormatError(
            f'{path} holds the value {strange[0]:g}, wanted are 0 and 1, or 0 and 255; write it '
            f'anew, without loss of values as in JPEG'
        )
    return found - {0}


def read_truth(path: Path) -> np.ndarray:
    """Read a mask whose values were checked: 1 landslide, 0 none, 255 not looked at."""
    values, known = _mask_pixels(path)
    return np.where(known, np.where(values > 0, LANDSLIDE, 0), IGNORED).astype(np.uint8)


def _mask_pixels(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read values, and which pixels the mask says something of; a declared 0 is a value."""
    with closing(open_raster(path)) as source:
        values = _read(source)
        nodata = source.nodata
    if not (values == values[:1]).all():
        raise RasterFormatError(
            f'{path} has {len(values)} bands that differ, and a mask is one band of 0 and 1, or 0 '
            f'and 255; write it as a single band'
        )
    known = np.isfinite(values[0]) if values.dtype.kind == 'f' else np.ones(values.shape[1:], bool)
    return values[0], known if not nodata else known & (values[0] != nodata)


def _read(source: DatasetReader) -> np.ndarray:
    bands = [
        band
        for band, what in zip(source.indexes, source.colorinterp, strict=True)
        if what is not ColorInterp.alpha
    ]
    try:
        return source.read(bands or list(source.indexes))
    except rasterio.errors.RasterioError as error:
        raise InputFileError(
            f'{source.name} cannot be read ({brief(error)}); the file is damaged or incomplete: '
            f'copy or download it again'
        ) from error
