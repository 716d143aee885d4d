"""Mapping: from an image after an earthquake, and one before, to an inventory in the project."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingException

from .command_algorithm import CommandAlgorithm
from .layer_parameters import Image, PolygonLayer
from .parameters import AnyFile, Folder, Number, OneOf, Parameter, Repeated, Switch, Text, Values
from .results import PAGE, RASTER, Product

# From the lowest layer to the highest.
MAP_PRODUCTS = (
    Product('PROBABILITY', 'probability', 'probability.tif', RASTER, shown=False),
    Product('MASK', 'mask', 'mask.tif', RASTER, shown=False),
    Product('AREA', 'area of interest', 'area_of_interest.gpkg', layer='area_of_interest'),
    Product('REVIEWED', 'reviewed area', 'landslides.gpkg', layer='reviewed_area'),
    Product('REJECTED', 'rejected regions', 'landslides.gpkg', layer='rejected'),
    Product('LANDSLIDES', 'landslides', 'landslides.gpkg', layer='landslides'),
    Product('PLACES', 'places to check', 'landslides.gpkg', layer='places_to_check'),
    Product('HEADSCARPS', 'headscarps and toes', 'landslides.gpkg', layer='headscarps'),
    Product('REPORT', 'Report', 'report.html', PAGE, opened=False),
)
OVERWRITE = Switch(
    'OVERWRITE',
    'Replace an earlier result',
    '--overwrite',
    about='Also: begin anew what an earlier run left unfinished',
)
DEM = Image(
    'DEM',
    'Elevation model',
    '--dem',
    optional=True,
    about='Any grid, in metres or feet. Adds heights, slopes, headscarps and toes',
)
# Parts of a command line that few want, alike in several algorithms.
NETWORK: tuple[Parameter, ...] = (
    AnyFile(
        'CONFIG',
        'Network: config',
        optional=True,
        advanced=True,
        about='Such as network/taught.py of a lesson; needs the parts for teaching. A config is a '
        'program: choose only those you trust',
    ),
    AnyFile('CHECKPOINT', 'Network: weights', optional=True, advanced=True),
)
BANDS = Text(
    'BANDS',
    'Bands that are red, green and blue, such as 3,2,1',
    '--bands',
    optional=True,
    advanced=True,
    about='Counted from 1. Empty: those that the file calls so, or else the first three',
)
NODATA = Repeated(
    'NODATA',
    'Further values that are no data, with spaces in between',
    '--nodata',
    optional=True,
    advanced=True,
)
DEVICE = Text(
    'DEVICE',
    'Device (auto, cpu or cuda)',
    '--device',
    optional=True,
    advanced=True,
)


class MapLandslides(CommandAlgorithm):
    """Runs ``landslide-map map``."""

    KEY = 'map'
    TITLE = 'Map landslides'
    GROUP = '2 Map'
    ABOUT = """\
<p>Maps the landslides of an earthquake (or of rain) from an image taken after it. With an image
from before, ground that was bare already is not taken for a landslide.</p>
<p>Give images with red, green and blue, of pixels up to 20 m; they may lie in any coordinate
system, and the results keep that of the image after the event. Polygons as area of interest may
lie in any other.</p>
<p>The results are opened in the project, styled, in a group named like their folder. <b>Review
them before anybody acts on them:</b> clouds, fields and river bars are taken for landslides at
times.</p>
<p>A run that was stopped goes on when it is started again with the same settings.</p>"""
    VERB = ('map',)
    PARAMETERS = (
        Folder(
            'NETWORK',
            'Network: exported folder',
            optional=True,
            advanced=True,
            about='As "landslide-map export" writes it. Empty: one that comes with the program',
        ),
        *NETWORK,
        Image('POST', 'Image after the event', '--post'),
        Image('PRE', 'Image before the event', '--pre', optional=True),
        PolygonLayer(
            'AOI',
            'Map only this area',
            '--aoi',
            optional=True,
            about='Polygons in any coordinate system; a scratch layer serves, too',
        ),
        DEM,
        Folder(
            'OUT',
            'Folder of the results',
            '--out',
            optional=True,
            about='New or empty. If nothing is named: landslides_NAME beside the image NAME',
        ),
        OVERWRITE,
        Image('POST_MASK', 'Mask of the image after the event', '--post-mask', True, True),
        Image('PRE_MASK', 'Mask of the image before the event', '--pre-mask', True, True),
        Number(
            'THRESHOLD',
            'Smallest probability of a landslide pixel',
            '--threshold',
            optional=True,
            advanced=True,
            least=0,
            most=1,
            about='Empty: the one that was best for the network',
        ),
        Number(
            'PIXEL_SIZE',
            'Pixel size in metres, of images without coordinates',
            '--pixel-size',
            optional=True,
            advanced=True,
            least=0,
        ),
        BANDS,
        NODATA,
        OneOf(
            'VALUES',
            'Scale the images',
            '--values',
            advanced=True,
            choices=(
                ('', 'as their values tell'),
                ('reflectance', 'as reflectance'),
                ('percentiles', 'by their percentiles'),
            ),
        ),
        OneOf(
            'MATCH',
            'Match the colours of the image before the event',
            '--match-histogram',
            advanced=True,
            choices=(('', 'if they differ much'), ('yes', 'always'), ('no', 'never')),
        ),
        Number(
            'MAX_SHIFT',
            'Largest shift between the two images, in metres',
            '--max-shift',
            optional=True,
            advanced=True,
            least=0,
            about='Empty: two pixels',
        ),
        Switch('FORCE', 'Map pixels of any size', '--force', advanced=True),
        DEVICE,
    )
    PRODUCTS = MAP_PRODUCTS
    REPLACES = True

    def folder(self, values: Values) -> str:
        """Return the folder that was named, or one beside the image."""
        named = super().folder(values)
        if named:
            return named
        (option,) = Image('POST', '').arguments(values)
        image = Path(option)
        if not image.is_file():
            raise QgsProcessingException(
                f'{image} is a part of another file, and nothing can be written beside it; choose '
                f'a "Folder of the results"'
            )
        return str(image.absolute().parent / f'landslides_{image.stem}')

    def arguments(self, values: Values) -> list[str]:
        """Go on with what was stopped, unless all is to begin anew."""
        given = super().arguments(values)
        if not values.text('OUT'):
            given.append(f'--out={self.folder(values)}')
        return given if values.flag('OVERWRITE') else [*given, '--resume']

    def in_words_of_qgis(self, sentence: str) -> str:
        """Leave out the option that is always given."""
        sentence = sentence.replace('pass --resume to continue it, or ', '')
        sentence = sentence.replace(' without --resume', '')
        return super().in_words_of_qgis(sentence)
