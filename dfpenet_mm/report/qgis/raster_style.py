"""Styles of rasters in QGIS 3: images stretched, masks and probability see-through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import matplotlib
import numpy as np
import rasterio
from matplotlib.colors import to_hex

from dfpenet_mm.files import read_errors
from dfpenet_mm.report.backdrop import read_backdrop

# Rows or columns that are read to find an image's stretch.
MAX_SIDE = 1024
CHANNELS = 'red', 'green', 'blue'
# Below the first step the image shows through.
PROBABILITY_STEPS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
DENSITY_SHARES = (0.0, 0.01, 0.25, 0.5, 0.75, 1.0)
CLEAR, OPAQUE, SEE_THROUGH = '0', '255', '0.6'


def image(
    path: Path, bands: Sequence[int], *, by_colour: bool = True, nodata: Sequence[float] = ()
) -> Element:
    """Return the drawing of three bands, each stretched between two percentiles.

    Args:
        path: the raster.
        bands: of red, green and blue, numbered from 1.
        by_colour: take for bands 1, 2, 3 those that the file calls red, green and blue.
        nodata: values that are no data, besides what the file declares.

    Raises:
        InputFileError: if it cannot be read.
    """
    shown = read_backdrop(path, bands=bands, max_side=MAX_SIDE, by_colour=by_colour, nodata=nodata)
    limits = np.array([[0.0] * 3, [1.0] * 3]) if shown.limits is None else shown.limits
    renderer = _renderer('multibandcolor')
    for channel, band, (low, high) in zip(CHANNELS, shown.bands, limits.T.tolist(), strict=True):
        renderer.set(f'{channel}Band', str(band))
        stretch = SubElement(renderer, f'{channel}ContrastEnhancement')
        SubElement(stretch, 'minValue').text = repr(low)
        SubElement(stretch, 'maxValue').text = repr(max(high, low + 1e-6))
        SubElement(stretch, 'algorithm').text = 'StretchToMinimumMaximum'
    return _pipe(renderer)


def classes(shown: Mapping[int, tuple[str, Sequence[int]]]) -> Element:
    """Return the drawing of a raster of classes; those that are not given stay clear.

    Args:
        shown: what the legend says and the colour (red, green, blue), by value.
    """
    renderer = _renderer('paletted', band='1', opacity=SEE_THROUGH)
    palette = SubElement(renderer, 'colorPalette')
    for value, (label, colour) in shown.items():
        _coloured(palette, 'paletteEntry', value, f'#{bytes(colour[:3]).hex()}', label=label)
    return _pipe(renderer)


def probability() -> Element:
    """Return the drawing of a probability, from clear at 0 to opaque at 1."""
    return _ramp(PROBABILITY_STEPS, 'inferno')


def density(path: Path) -> Element:
    """Return the drawing of landslides a km2, the first band, clear where there are none.

    Raises:
        InputFileError: if the raster cannot be read.
    """
    with (
        read_errors(path, advice='give the folder of a finished run'),
        rasterio.open(path) as source,
    ):
        values = source.read(1)
    # Where nothing is known there is NaN.
    highest = float(np.nanmax(values, initial=0.0)) or 1.0
    return _ramp([round(share * highest, 3) for share in DENSITY_SHARES], 'YlOrRd')


def _ramp(steps: Sequence[float], colours: str) -> Element:
    first, last = steps[0], steps[-1]
    renderer = _renderer('singlebandpseudocolor', band='1', opacity='0.8')
    renderer.attrib |= {'classificationMin': f'{first:g}', 'classificationMax': f'{last:g}'}
    shader = SubElement(
        SubElement(renderer, 'rastershader'),
        'colorrampshader',
        colorRampType='INTERPOLATED',
        classificationMode='1',
        minimumValue=f'{first:g}',
        maximumValue=f'{last:g}',
        clip='0',
    )
    colormap = matplotlib.colormaps[colours]
    for step in steps:
        colour = to_hex(colormap(step / last))
        item = _coloured(shader, 'item', step, colour, label=f'{step:.3g}')
        item.set('alpha', CLEAR if step == 0 else OPAQUE)
    return _pipe(renderer)


def _renderer(type_: str, **attributes: str) -> Element:
    common = {'type': type_, 'alphaBand': '-1', 'opacity': '1', 'nodataColor': ''}
    return Element('rasterrenderer', common | attributes)


def _coloured(parent: Element, tag: str, value: float, colour: str, *, label: str) -> Element:
    return SubElement(parent, tag, value=f'{value:g}', color=colour, alpha=OPAQUE, label=label)


def _pipe(renderer: Element) -> Element:
    pipe = Element('pipe')
    pipe.append(renderer)
    return pipe
