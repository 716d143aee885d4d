"""Teaching: what was reviewed makes a better network, and that maps the scene again."""

from __future__ import annotations

from qgis.core import QgsProcessingException

from .command_algorithm import CommandAlgorithm
from .layer_parameters import Image, PolygonLayer
from .map_images import BANDS, DEM, DEVICE, MAP_PRODUCTS, NETWORK, NODATA, OVERWRITE
from .parameters import Folder, Number, Values
from .results import FILE, Product


class TeachReview(CommandAlgorithm):
    """Runs ``landslide-map teach``."""

    KEY = 'teach'
    TITLE = 'Teach the network a review'
    GROUP = '3 Review'
    ABOUT = """\
<p>Teaches a network what you have reviewed, and maps the scene again with the better of the
two.</p>
<p>First draw polygons into the layer <i>reviewed area</i> of the map, where you have looked at
everything: inside, what stands is landslide and all else is not. Some small areas all over the
scene are better than one large one. A third of that ground never teaches: on it the network
before and the one after are compared, and the taught one is used only if it is better.</p>
<p>Give the folder of the map, <b>or</b> an image, outlines and reviewed area of your own. It
takes minutes to an hour, and needs the parts for teaching (see "Set up"). A lesson that was
stopped goes on when it is started again.</p>"""
    VERB = ('teach',)
    PARAMETERS = (
        *NETWORK,
        Folder('RUN', 'Folder of the reviewed map', '--run', optional=True),
        Folder('OUT', 'Folder of the new map', '--out', about='New or empty, not that of the map'),
        OVERWRITE,
        Image('POST', 'Image after the event', '--post', optional=True, advanced=True),
        Image('PRE', 'Image before the event', '--pre', optional=True, advanced=True),
        PolygonLayer('INVENTORY', 'Outlines of landslides', '--inventory', True, True),
        PolygonLayer('REVIEWED_AREA', 'Reviewed area', '--reviewed-area', True, True),
        PolygonLayer('AOI', 'Map only this area', '--aoi', optional=True, advanced=True),
        DEM,
        Number(
            'STEPS',
            'Steps of training',
            '--steps',
            optional=True,
            advanced=True,
            whole=True,
            least=1,
            about='Empty: 300',
        ),
        Number(
            'PIXEL_SIZE',
            'Pixel size in metres to teach and map in',
            '--pixel-size',
            optional=True,
            advanced=True,
            least=0,
        ),
        BANDS,
        NODATA,
        DEVICE,
    )
    PRODUCTS = (
        *MAP_PRODUCTS,
        Product('FINDINGS', 'What was learnt', 'teaching.json', FILE, opened=False),
    )
    REPLACES = True

    def arguments(self, values: Values) -> list[str]:
        """Ask for what there is to learn from, in the words of the dialog."""
        own = values.given('POST') and values.given('INVENTORY')
        if not values.given('RUN') and not own:
            raise QgsProcessingException(
                'Give the folder of the reviewed map, or an image and outlines of landslides '
                '(among the advanced parameters)'
            )
        return super().arguments(values)
