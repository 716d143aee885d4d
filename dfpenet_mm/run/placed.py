"""Images without a place: given a pixel size, they are mapped on a plane of their own."""

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
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.wording import metres

# Metres on the ground around a point that is as good as any other; every GeoTIFF can keep it.
NOWHERE = '+proj=laea +lat_0=0 +lon_0=0 +datum=WGS84 +units=m +no_defs'
FOLDER = 'dfpenet_mm_placed_'


@contextmanager
def placed_images(request: RunRequest) -> Iterator[RunRequest]:
    """Give images without a CRS the pixel size that was asked for, while the body works.

    The files stay as they are: GDAL's virtual rasters are laid over them, the upper left corner at
    the origin.

    Args:
        request: of the run.

    Yields:
        The request for these rasters.

    Raises:
        InputFileError: if an image cannot be read.
        RasterFormatError: if one says itself where it lies, or two of different shape do not.
    """
    if request.pixel_size is None:
        yield request
        return
    images = {'post': request.post, 'pre': request.pre}
    with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
        placed = {
            role: _place(path, Path(folder) / f'{role}_{path.stem}.vrt', request.pixel_size)
            for role, path in images.items()
            if path is not None
        }
        if len({shape for _, shape in placed.values()}) > 1:
            raise RasterFormatError(
                f'{request.pre} has another shape than {request.post}, and neither says where it '
                f'lies, so that they cannot be compared; georeference both, or leave --pre out'
            )
        pre = placed['pre'][0] if 'pre' in placed else None
        yield replace(request, out=request.folder, post=placed['post'][0], pre=pre)


def _place(image: Path, path: Path, pixel_size: float) -> tuple[Path, tuple[int, int]]:
    with open_raster(image) as dataset:
        if dataset.crs:
            raise RasterFormatError(
                f'--pixel-size {metres(pixel_size)} was given, and {image} says itself how large '
                f'its pixels are; leave it out, or correct the CRS of the image with gdal_edit.py'
            )
        shape = dataset.shape
        rasterio.shutil.copy(dataset, path, driver='VRT')
    with rasterio.open(path, 'r+') as virtual:
        virtual.crs = CRS.from_string(NOWHERE)
        virtual.transform = Affine.scale(pixel_size, -pixel_size)
    # It will move, and shall have the same checksum in a resumed run.
    tree = ET.parse(path)
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
