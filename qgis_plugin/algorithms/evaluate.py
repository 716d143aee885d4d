"""A comparison of an inventory with a reference."""

from __future__ import annotations

from .command_algorithm import CommandAlgorithm
from .layer_parameters import Image, PolygonLayer, PolygonLayerOrMask
from .map_images import OVERWRITE
from .parameters import Folder, Number, OneOf
from .results import FILE, RASTER, Product


class EvaluateInventory(CommandAlgorithm):
    """Runs ``landslide-map evaluate``."""

    KEY = 'evaluate'
    TITLE = 'Compare with a reference'
    GROUP = '4 Judge'
    ABOUT = """\
<p>Compares an inventory with a reference, by pixels and by landslides: what was found (TP),
what is a false alarm (FP), what was missed (FN).</p>
<p>Both may be polygons or rasters in any coordinate system. Name the area in which the
reference is complete; otherwise what it lacks counts as false alarm.</p>"""
    VERB = ('evaluate',)
    PARAMETERS = (
        PolygonLayerOrMask('PREDICTED', 'Inventory', layer_option='--layer'),
        PolygonLayerOrMask('REFERENCE', 'Reference', layer_option='--reference-layer'),
        PolygonLayer(
            'AREA', 'Compare only inside', '--area', optional=True, layer_option='--area-layer'
        ),
        Folder('OUT', 'Folder of the results', '--out', about='New or empty'),
        OVERWRITE,
        Number(
            'TOLERANCE',
            'Also count without wrong pixels so near to a boundary',
            '--tolerance',
            optional=True,
            advanced=True,
            least=0,
        ),
        Number(
            'MIN_OVERLAP',
            'Share of a landslide that must be covered to count as found',
            '--min-overlap',
            optional=True,
            advanced=True,
            least=0,
            most=1,
        ),
        OneOf(
            'OVERLAP',
            'That share is',
            '--overlap',
            advanced=True,
            choices=(('', 'of its own area'), ('iou', 'the IoU with the best partner')),
        ),
        Image(
            'GRID',
            'Count pixels on the grid of this raster',
            '--grid',
            optional=True,
            advanced=True,
        ),
        Number(
            'PIXEL_SIZE',
            'Pixel size in metres, where there is no raster',
            '--pixel-size',
            optional=True,
            advanced=True,
            least=0,
        ),
        Number(
            'LANDSLIDE_VALUE',
            'Value of landslides in rasters',
            '--landslide-value',
            optional=True,
            advanced=True,
            whole=True,
        ),
    )
    PRODUCTS = (
        Product('PIXELS', 'hits, false alarms and misses', 'evaluation.tif', RASTER, shown=False),
        Product('REFERENCES', 'reference landslides', 'evaluation.gpkg', layer='reference'),
        Product('PREDICTIONS', 'predicted landslides', 'evaluation.gpkg', layer='predicted'),
        Product('SUMMARY', 'Numbers', 'summary.json', FILE, opened=False),
    )
    REPLACES = True
