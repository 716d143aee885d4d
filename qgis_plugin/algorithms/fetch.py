"""Fetching: from an earthquake, or an area and a day, to images before and after it."""

from __future__ import annotations

from qgis.core import QgsProcessingException

from .command_algorithm import CommandAlgorithm
from .layer_parameters import PolygonLayer
from .map_images import OVERWRITE
from .parameters import AnyFile, Box, Day, Folder, Number, Switch, Text, Values, Words
from .results import FILE, RASTER, Product


class FetchImages(CommandAlgorithm):
    """Runs ``landslide-map fetch``."""

    KEY = 'fetch'
    TITLE = 'Fetch images of an earthquake'
    GROUP = '2 Map'
    ABOUT = """\
<p>Fetches Sentinel-2 images before and after an earthquake and an elevation model, cut to the
area and with clouds masked. This is the only algorithm that uses a network while it works.</p>
<p>Give <b>either</b> the code of an earthquake, as in its address at earthquake.usgs.gov,
<b>or</b> a day and an area (a rectangle, or polygons of a layer in any coordinate system).</p>
<p>Look at the picture <i>quick_look.png</i> and at the layers before you map: what is taken for
cloud is at times a fresh landslide. A fetch that was stopped goes on when it is started
again.</p>"""
    VERB = ('fetch',)
    PARAMETERS = (
        Text(
            'EVENT', 'Code of the earthquake', '--event', optional=True, about='Such as us2000h8ty'
        ),
        Day('DATE', 'Day of the event (UTC)', '--date', optional=True),
        Box('BBOX', 'Rectangle', '--bbox', optional=True),
        PolygonLayer('AOI', 'Area', '--aoi', optional=True),
        Folder('OUT', 'Folder of the results', '--out', about='New or empty'),
        OVERWRITE,
        Number(
            'MAX_CLOUD',
            'Per cent of the area that clouds may hide',
            '--max-cloud',
            default=10,
            least=0,
            most=100,
        ),
        Number(
            'DAYS',
            'Days after the event in which an image is looked for',
            '--days',
            default=30,
            advanced=True,
            least=0,
        ),
        Number(
            'INTENSITY',
            'Shaking (MMI) that bounds the area of an earthquake',
            '--intensity',
            optional=True,
            advanced=True,
            about='Empty: 6',
        ),
        Words(
            'POST_ITEM',
            'Take these images after the event, by their names',
            '--post-item',
            optional=True,
            advanced=True,
            about='As "Only list" names them, with spaces in between',
        ),
        Words(
            'PRE_ITEM',
            'Take these images before the event, by their names',
            '--pre-item',
            optional=True,
            advanced=True,
        ),
        Switch('KEEP_CLOUDS', 'Mask no cloud, shadow or snow', '--keep-clouds', advanced=True),
        Switch('NO_DEM', 'Fetch no elevation', '--no-dem', advanced=True),
        Switch('DRY_RUN', 'Only list the images that there are', '--dry-run', advanced=True),
        Text('STAC', 'Address of another server of images', '--stac', True, True),
        Text('USGS', 'Address of another list of earthquakes', '--usgs', True, True),
        AnyFile(
            'FROM_ITEMS',
            'Items of a search in a file, instead of a server',
            '--from-items',
            optional=True,
            advanced=True,
        ),
        Number(
            'MAX_GB',
            'Refuse to read more gigabytes than that',
            '--max-gb',
            default=5,
            advanced=True,
            least=0,
        ),
    )
    PRODUCTS = (
        Product('DEM', 'elevation', 'dem.tif', RASTER, shown=False),
        Product('PRE', 'before the event', 'pre.tif', RASTER),
        Product('POST', 'after the event', 'post.tif', RASTER),
        Product('AREA', 'area', 'area.gpkg', opened=False),
        Product('LOOK', 'Both images side by side', 'quick_look.png', FILE, opened=False),
    )
    REPLACES = True

    def arguments(self, values: Values) -> list[str]:
        """Ask for what the command needs to know, in the words of the dialog."""
        area = values.given('BBOX') or values.given('AOI')
        if not values.given('EVENT') and not (values.given('DATE') and area):
            raise QgsProcessingException(
                'Give the code of an earthquake, or a day and an area (a rectangle or polygons)'
            )
        return super().arguments(values)
