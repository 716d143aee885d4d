"""Finishing: a reviewed map measured again, and everything renewed that is handed over."""

from __future__ import annotations

from .command_algorithm import CommandAlgorithm
from .layer_parameters import Image
from .map_images import DEM, MAP_PRODUCTS
from .parameters import Folder, Text
from .results import FILE, Product

RUN = Folder('OUT', 'Folder of the map', about='The one that "Map landslides" wrote')
POST = Image(
    'POST',
    'Image after the event',
    '--post',
    optional=True,
    advanced=True,
    about='Only where it is no longer where it was mapped',
)
PRE = Image('PRE', 'Image before the event', '--pre', optional=True, advanced=True)


class FinishReview(CommandAlgorithm):
    """Runs ``landslide-map finish``."""

    KEY = 'finish'
    TITLE = 'Finish a review'
    GROUP = '3 Review'
    ABOUT = """\
<p>After you have reviewed the layer <i>landslides</i> (states set, outlines mended, missing
ones drawn) and saved your edits: measures every landslide again, takes rejected ones away, and
renews report, pictures, statistics and other formats.</p>
<p>Landslides keep their numbers. What the network had mapped stays in original.gpkg. Finish
again after further edits as often as you like; without any, nothing changes.</p>"""
    VERB = ('finish',)
    PARAMETERS = (
        RUN,
        Text(
            'REVIEWER',
            'Reviewed by',
            '--reviewer',
            optional=True,
            about='Who signs what nobody has signed yet',
        ),
        Text(
            'FORMATS',
            'Further formats, with commas in between',
            '--formats',
            optional=True,
            about='Of geojson, shp, kmz, csv, fgb, parquet',
        ),
        DEM,
        POST,
        PRE,
    )
    PRODUCTS = (
        *MAP_PRODUCTS,
        Product('ORIGINAL', 'As the network mapped it', 'original.gpkg', FILE, opened=False),
    )
    REPLACES = True
