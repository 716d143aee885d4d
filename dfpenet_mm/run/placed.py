"""Images with more than their files tell: a pixel size where they have no place, or a mask."""

from __future__ import annotations

import shutil
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.rasters import open_raster
from dfpenet_mm.run.masked import lay_mask, masks_of
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.wording import metres

# Metres on the ground around a point that is as good as any other; every GeoTIFF can keep it.
NOWHERE = '+proj=laea +lat_0=0 +lon_0=0 +datum=WGS84 +units=m +no_defs'
FOLDER = 'dfpenet_mm_placed_'


@contextmanager
def placed_images(request: RunRequest) -> Iterator[RunRequest]:
    """Give images the pixel size and the masks that were asked for, while the body works.

    The files stay as they are: GDAL's virtual rasters are laid over them, with a pixel size the
    upper left corner at the origin.

    Args:
        request: of the run.

    Yields:
        The request for these rasters.

    Raises:
        InputFileError: if an image cannot be read.
        RasterFormatError: if one says itself where it lies, or two of different shape do not, or
            a mask does not fit its image.
        ConfigError: if a mask is for an image that was not given.
    """
    masks = masks_of(request)
    if request.pixel_size is None and not masks:
        yield request
        return
    images = {'post': request.post, 'pre': request.pre}
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        placed = {
            role: _place(
                path, Path(folder) / placed_name(role, path), request.pixel_size, masks.get(role)
            )
            for role, path in images.items()
            if path is not None and (request.pixel_size is not None or role in masks)
        }
        if request.pixel_size is not None and len({shape for _, shape in placed.values()}) > 1:
            raise RasterFormatError(
                f'{request.pre} has another shape than {request.post}, and neither says where it '
                f'lies, so that they cannot be compared; georeference both, or leave --pre out'
            )
        found = images | {role: path for role, (path, _) in placed.items()}
        yield replace(
            request, out=request.folder, post=found['post'] or request.post, pre=found['pre']
        )


def placed_name(role: str, image: Path) -> str:
    """Return the name of the raster that is laid over an image without a place."""
    return f'{role}_{image.stem}.vrt'


def _place(
    image: Path, path: Path, pixel_size: float | None, mask: Path | None
) -> tuple[Path, tuple[int, int]]:
    with open_raster(image) as dataset:
        if dataset.crs and pixel_size is not None:
            raise RasterFormatError(
                f'--pixel-size {metres(pixel_size)} was given, and {image} says itself how large '
                f'its pixels are; leave it out, or correct the CRS of the image with gdal_edit.py'
            )
        shape = dataset.shape
        rasterio.shutil.copy(dataset, path, driver='VRT')
        if pixel_size is not None:
            with rasterio.open(path, 'r+') as virtual:
                virtual.crs = CRS.from_string(NOWHERE)
                virtual.transform = Affine.scale(pixel_size, -pixel_size)
        tree = ET.parse(path)
        if mask:
            lay_mask(tree, dataset, mask)
    # It will move, and shall have the same checksum in a resumed run.
    for source in tree.iter('SourceFilename'):
        if source.get('relativeToVRT') == '1':
            source.text = str((path.parent / str(source.text)).resolve())
            source.set('relativeToVRT', '0')
    tree.write(path)
    return path, shape


def placing_doubt(request: RunRequest) -> str | None:
    """Say what is unknown of images that were given a pixel size."""
    if request.pixel_size is None:
        return None
    return (
        f'the image says nothing about its place and was taken to have pixels of '
        f'{metres(request.pixel_size)} m: sizes of landslides hang on that, and their '
        f'coordinates and directions mean nothing'
    )


def kept_image(image: Path | None, folder: Path) -> Path | None:
    """Copy the virtual raster of a placed image to the products; return where it is to be read.

    Args:
        image: any image of a run.
        folder: of the products.
    """
    if image is None or not image.parent.name.startswith(FOLDER):
        return image
    return Path(shutil.copyfile(image, folder / image.name))
