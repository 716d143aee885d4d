"""The map as a Bokeh figure: image, landslides and marks, to be filled by the page's script.

Landslides come in ``outlines.pack_outlines``'s form and are unpacked in the browser, for Bokeh
spends over a hundred bytes on every outline of its own. The scripts find models by ``name``,
give Bokeh the outlines in view only, and find out themselves what is under the pointer: Bokeh
would draw all of 20,000 again for every landslide that is selected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from bokeh.embed import json_item
from bokeh.models import (
    ColumnDataSource,
    GlyphRenderer,
    ImageURL,
    Metric,
    MultiLine,
    PanTool,
    Patches,
    Plot,
    Range1d,
    ScaleBar,
    Text,
    WheelZoomTool,
)
from rasterio.warp import transform as transform_points
from shapely.geometry.base import BaseGeometry

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.palette import AREA, KEPT, REMOVED
from dfpenet_mm.vocabulary import WGS84

# Longitudes and latitudes are given at so many points a side and interpolated between: right
# to a metre for a scene of 100 km in UTM.
NODES = 17


@dataclass(frozen=True)
class MapFrame:
    """The map's own plane: metres from the lower left corner of the picture, y upwards.

    The picture's rows and columns are its axes, so that a rotated scene is drawn upright and
    its coordinates turn instead; the true length of a pixel gives both axes one scale.

    Args:
        grid: grid of the picture, decimated or not.
    """

    grid: RasterGrid

    @cached_property
    def step(self) -> tuple[float, float]:
        """Metres a column and a row."""
        return self.grid.pixel_size

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, metres."""
        rows, cols = self.grid.shape
        return cols * self.step[0], rows * self.step[1]

    def pixels(self, geometries: gpd.GeoSeries) -> np.ndarray:
        """Return geometries in pixels of the picture, x along columns and y along rows."""
        moved = geometries if geometries.crs == self.grid.crs else geometries.to_crs(self.grid.crs)
        a, b, c, d, e, f = tuple(~self.grid.transform)[:6]
        return shapely.transform(
            moved.to_numpy(), lambda points: points @ np.array([[a, d], [b, e]]) + (c, f)
        )

    @property
    def north_deg(self) -> float:
        """Direction of true north at the centre, degrees clockwise from the picture's top."""
        x, y = self.grid.center
        (lon,), (lat,) = transform_points(self.grid.crs, WGS84, [x], [y])
        ahead = lat + 0.001
        (north_x,), (north_y,) = transform_points(WGS84, self.grid.crs, [lon], [ahead])
        to_pixels = ~self.grid.transform
        (col, row), (north_col, north_row) = to_pixels @ (x, y), to_pixels @ (north_x, north_y)
        across, up = (north_col - col) * self.step[0], (row - north_row) * self.step[1]
        return math.degrees(math.atan2(across, up))

    def as_dict(self) -> dict[str, Any]:
        """Return what the browser needs to tell coordinates, as plain JSON values."""
        rows, cols = self.grid.shape
        return {
            'rows': rows,
            'cols': cols,
            'step': list(self.step),
            'transform': list(self.grid.transform)[:6],
            'crs': self.grid.crs.to_string(),
            'geographic': self.grid.crs.is_geographic,
            'degrees': self._degrees(),
        }

    def _degrees(self) -> dict[str, Any]:
        rows, cols = self.grid.shape
        points = [
            self.grid.transform @ (col, row)
            for row in np.linspace(0, rows, NODES)
            for col in np.linspace(0, cols, NODES)
        ]
        lons, lats = transform_points(self.grid.crs, WGS84, *zip(*points, strict=True))
        # Across the antimeridian 179 is followed by 181, so that values between make sense.
        lons = np.unwrap(np.reshape(lons, (NODES, NODES)), period=360, axis=1)
        lons = np.unwrap(lons, period=360, axis=0)
        return {
            'nodes': NODES,
            'lon': np.round(lons, 7).ravel().tolist(),
            'lat': np.round(lats, 7).tolist(),
        }


# As in the figures and in QGIS.
OUTLINES = {'rejected': REMOVED, 'landslides': KEPT}
SELECTED = '#ffe600'
# Id of the element that the map is put into.
TARGET = 'map'


def map_item(
    frame: MapFrame, pictures: Mapping[str, str], area: BaseGeometry | None = None
) -> dict[str, Any]:
    """Describe the map.

    Args:
        frame: where the picture lies.
        pictures: data URIs over the whole picture by name, lowest first; the first is shown,
            the others are hidden.
        area: the only ground that was asked for, in the CRS of the picture; None for all.

    Returns:
        What ``Bokeh.embed.embed_item`` takes, plain JSON values.
    """
    plot = _empty_plot(frame)
    for index, (name, uri) in enumerate(pictures.items()):
        plot.renderers.append(_picture(name, uri, frame, visible=index == 0))
    if area is not None:
        plot.renderers.append(_area(area, frame))
    for name, colour in OUTLINES.items():
        # An overview stands for outlines that are too many to draw; the script draws it.
        plot.renderers.append(_picture(f'{name}-overview', '', frame, visible=False))
        plot.renderers.append(_outlines(name, colour, fill_alpha=0.12, line_width=1.3))
    plot.renderers.append(_outlines('selected', SELECTED, fill_alpha=0.25, line_width=3))
    plot.renderers.append(_numbers())
    # With a plain wheel the page scrolls on; two fingers need no key.
    pan, wheel = PanTool(), WheelZoomTool(modifiers='ctrl')
    plot.add_tools(pan, wheel)
    plot.toolbar.active_drag, plot.toolbar.active_scroll = pan, wheel
    plot.add_layout(_scale_bar(plot))
    return json_item(plot, TARGET)


def _empty_plot(frame: MapFrame) -> Plot:
    width, height = frame.size
    return Plot(
        name='plot',
        x_range=Range1d(0, width),
        y_range=Range1d(0, height),
        sizing_mode='stretch_both',
        background_fill_color='#dfe3e6',
        border_fill_color=None,
        outline_line_color=None,
        min_border=0,
        toolbar_location=None,
        # The page's script gives no more outlines than can be drawn.
        lod_threshold=None,
    )


def _picture(name: str, uri: str, frame: MapFrame, *, visible: bool) -> GlyphRenderer:
    width, height = frame.size
    source = ColumnDataSource({'url': [uri]}, name=f'{name}-source')
    glyph = ImageURL(url='url', x=0, y=height, w=width, h=height, anchor='top_left')
    return GlyphRenderer(name=name, data_source=source, glyph=glyph, visible=visible)


def _area(area: BaseGeometry, frame: MapFrame) -> GlyphRenderer:
    (shape,) = frame.pixels(gpd.GeoSeries([area], crs=frame.grid.crs))
    # A boundary of many points is drawn to half a pixel.
    rings = shapely.get_rings(shapely.get_parts(shapely.simplify(shape, 0.5)))
    (step_x, step_y), height = frame.step, frame.size[1]
    lines = [shapely.get_coordinates(ring) * (step_x, -step_y) + (0, height) for ring in rings]
    columns = {'xs': [line[:, 0].tolist() for line in lines]}
    columns['ys'] = [line[:, 1].tolist() for line in lines]
    glyph = MultiLine(xs='xs', ys='ys', line_color=AREA, line_width=2)
    return GlyphRenderer(name='area', data_source=ColumnDataSource(columns), glyph=glyph)


def _outlines(name: str, colour: str, *, fill_alpha: float, line_width: float) -> GlyphRenderer:
    glyph = Patches(
        xs='xs',
        ys='ys',
        fill_color=colour,
        fill_alpha=fill_alpha,
        line_color=colour,
        line_width=line_width,
    )
    source = ColumnDataSource({'xs': [], 'ys': []}, name=f'{name}-source')
    return GlyphRenderer(name=name, data_source=source, glyph=glyph)


def _numbers() -> GlyphRenderer:
    source = ColumnDataSource({'x': [], 'y': [], 'text': []}, name='numbers-source')
    glyph = Text(
        x='x',
        y='y',
        text='text',
        text_align='center',
        text_baseline='middle',
        text_font_size='11px',
        text_font_style='bold',
        text_color='white',
        background_fill_color='#17212b',
        background_fill_alpha=0.7,
        border_radius=3,
        padding=2,
    )
    return GlyphRenderer(name='numbers', data_source=source, glyph=glyph)


def _scale_bar(plot: Plot) -> ScaleBar:
    return ScaleBar(
        range=plot.x_range,
        unit='m',
        dimensional=Metric(base_unit='m', include=['m', 'km']),
        location='bottom_left',
        background_fill_alpha=0.8,
        border_line_color=None,
    )
