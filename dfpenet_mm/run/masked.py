"""Masks that come with an image as files of their own, such as Planet's ``udm2``."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from dfpenet_mm.errors import ConfigError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.rasters import open_raster
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.source_files import absolute_name, gdal_name

# By it a mask of several bands says which one tells usable ground.
CLEAR = 'clear'
# So is the first band called in the account that a fetch gives of its own masking.
ACCOUNT = 'seen'
# Side of the picture of a mask from which its share is told, pixels.
LOOK = 2048


def masks_of(request: RunRequest) -> dict[str, Path]:
    """Return the masks that were given, by the image that they hide ground of.

    Raises:
        ConfigError: if one is for an image that was not given.
    """
    if request.pre_mask and not request.pre:
        raise ConfigError('--pre-mask was given without --pre; give it too, or neither')
    masks = {'post': request.post_mask, 'pre': request.pre_mask}
    return {role: path for role, path in masks.items() if path is not None}


def lay_mask(tree: ET.ElementTree[ET.Element], image: DatasetReader, mask: Path) -> None:
    """Let a virtual raster show only ground that a mask calls usable.

    A mask that the image itself has counts too.

    Args:
        tree: the virtual raster of the image; changed.
        image: as it is.
        mask: raster of the same pixels; its band called ``clear``, or else its first one, is not 0
            where the ground is usable.

    Raises:
        InputFileError: if it cannot be read.
        RasterFormatError: if it is on another grid, or is no mask.
    """
    with open_raster(mask, f'the mask {mask}') as usable:
        _check(usable, image, mask)
        band, nodata = _clear_band(usable), usable.nodata
    root = tree.getroot()
    if root is None:  # pragma: no cover - a tree that was read has one
        raise RasterFormatError(f'{image.name} cannot be masked; check it with gdalinfo')
    holder = root.find('MaskBand')
    if holder is None:
        holder = ET.SubElement(root, 'MaskBand')
        layer = ET.SubElement(holder, 'VRTRasterBand', dataType='Byte')
    else:
        layer = next(iter(holder))
        layer.set('subClass', 'VRTDerivedRasterBand')
        function = ET.Element('PixelFunctionType')
        function.text = 'mul'
        layer.insert(0, function)
    source = ET.SubElement(layer, 'ComplexSource')
    ET.SubElement(source, 'SourceFilename', relativeToVRT='0').text = gdal_name(absolute_name(mask))
    ET.SubElement(source, 'SourceBand').text = str(band)
    if nodata is not None:
        ET.SubElement(source, 'NODATA').text = repr(nodata)


def _check(usable: DatasetReader, image: DatasetReader, mask: Path) -> None:
    if usable.descriptions[0] == ACCOUNT:
        raise RasterFormatError(
            f'the mask {mask} tells what a fetch has masked already, with 0 for clear ground; '
            f'leave it out'
        )
    if any(np.dtype(kind).kind not in 'ui' for kind in usable.dtypes):
        raise RasterFormatError(
            f'the mask {mask} holds {usable.dtypes[0]} values, wanted are whole numbers, 0 where '
            f'the image is not to be used; convert it with gdal_translate -ot Byte'
        )
    own, wanted = RasterGrid.from_dataset(usable), RasterGrid.from_dataset(image)
    # Without a place of its own it is as large as the image, and lies on it.
    placed = bool(usable.crs and image.crs)
    if usable.shape != image.shape or (placed and not own.matches(wanted)):
        raise RasterFormatError(
            f'the mask {mask} with grid {own} has other pixels than {image.name} with grid '
            f'{wanted}; bring it there with gdalwarp -r near -t_srs, -te and -ts'
        )


def _clear_band(usable: DatasetReader) -> int:
    names = [str(name).strip().lower() for name in usable.descriptions]
    return names.index(CLEAR) + 1 if CLEAR in names else 1


def mask_doubts(request: RunRequest) -> list[str]:
    """Doubt masks that hide most of an image, as those do in which 0 means usable."""
    return [
        f'the mask {path} leaves {share:.0%} of the image; where it is not 0 the image is used, so '
        f'check that it means that'
        for path in masks_of(request).values()
        for share in [_usable_share(path)]
        if share < 0.5
    ]


def _usable_share(mask: Path) -> float:
    with open_raster(mask) as usable:
        shape = tuple(min(side, LOOK) for side in usable.shape)
        values = usable.read(_clear_band(usable), out_shape=shape)
        return float(((values != 0) & (values != usable.nodata)).mean())
