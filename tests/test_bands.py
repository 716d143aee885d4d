import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from dfpenet_mm.bands import choose_bands
from dfpenet_mm.errors import RasterFormatError


@pytest.fixture
def chosen(tmp_path):
    """Choose from a file whose bands have these colours and names."""

    def choose(colours, names=None, bands=(1, 2, 3), **options):
        count = len(names or colours.split())
        path = tmp_path / 'image.tif'
        with rasterio.open(
            path,
            'w',
            driver='GTiff',
            count=count,
            height=2,
            width=2,
            dtype='uint16',
            crs='EPSG:32654',
            transform=from_origin(500_000, 4_700_000, 10, 10),
            photometric='MINISBLACK',
        ) as target:
            target.write(np.ones((count, 2, 2), 'uint16'))
            if colours:
                target.colorinterp = [ColorInterp[colour] for colour in colours.split()]
            if names:
                target.descriptions = names
        with rasterio.open(path) as source:
            return choose_bands(source, bands, **options)

    return choose


@pytest.mark.parametrize(
    ('colours', 'bands'),
    [
        ('red green blue', (1, 2, 3)),
        ('blue green red', (3, 2, 1)),
        ('alpha red green blue', (2, 3, 4)),
        ('red alpha green blue', (1, 3, 4)),
        ('gray undefined undefined', (1, 2, 3)),
        ('undefined undefined undefined alpha', (1, 2, 3)),
        ('alpha gray undefined undefined', (2, 3, 4)),
        ('blue green red undefined', (3, 2, 1)),
    ],
)
def test_colours_are_read_where_they_are(chosen, colours, bands):
    choice = chosen(colours)

    assert choice.bands == bands
    assert (choice.notice is None) is (bands == (1, 2, 3))
    assert choice.doubt is None


@pytest.mark.parametrize(
    ('names', 'bands'),
    [
        (('B02', 'B03', 'B04', 'B08'), (3, 2, 1)),
        (('B4', 'B3', 'B2'), (1, 2, 3)),
        (('B2', 'B3', 'B4'), (3, 2, 1)),
        (('B1', 'B2', 'B3', 'B4', 'B5', 'B8A'), (4, 3, 2)),
        (('Blue', 'Green', 'Red', 'NIR', 'Red Edge'), (3, 2, 1)),
        (('B04, central wavelength 665 nm', 'B03, central', 'B02'), (1, 2, 3)),
        (('one', 'two', 'three'), (1, 2, 3)),
        (('b1', 'b2', 'b3'), (1, 2, 3)),
        (('red', 'nir', 'green', 'blue'), (1, 3, 4)),
        (('coastal blue', 'blue', 'green', 'red'), (4, 3, 2)),
        (
            ('coastal_blue', 'blue', 'green_i', 'green', 'yellow', 'red', 'rededge', 'nir'),
            (6, 4, 2),
        ),
        (('SR_B1', 'SR_B2', 'SR_B3', 'SR_B4', 'SR_B5', 'ST_B10'), (4, 3, 2)),
        (('S2_B02_10m', 'S2_B03_10m', 'S2_B04_10m'), (3, 2, 1)),
        (('Coastal Aerosol', 'Deep Blue', 'Blue', 'Green', 'Red'), (5, 4, 3)),
    ],
)
def test_names_count_like_colours(chosen, names, bands):
    choice = chosen(None, names)

    assert (choice.bands, choice.doubt) == (bands, None)


@pytest.mark.parametrize(
    'names',
    [
        ('B1', 'B2', 'B3', 'B4', 'B5', 'B7'),
        # Landsat 8 or an older one?
        ('SR_B2', 'SR_B3', 'SR_B4', 'SR_B5'),
        ('red edge', 'green', 'nir', 'red'),
        ('nir', 'red', 'green'),
        ('green', 'red', 'swir'),
        ('Blue-444', 'Blue-475', 'Green-531', 'Green-560', 'Red-650'),
    ],
)
@pytest.mark.parametrize('colours', [None, 'red green blue'])
def test_names_that_contradict_red_green_blue_are_doubted(chosen, names, colours):
    undefined = ' undefined' * (len(names) - 3)
    choice = chosen(colours and colours + undefined, names)

    assert choice.bands == (1, 2, 3)
    assert f'calls its bands {", ".join(names)}, and bands 1, 2, 3 were read' in choice.doubt
    assert '--bands' in choice.doubt


def test_a_file_that_contradicts_itself_is_doubted(chosen):
    choice = chosen('red green blue', ('blue', 'green', 'red'))

    assert choice.bands == (1, 2, 3)
    assert 'bands 3, 2, 1 are red, green and blue, by their colours bands 1, 2, 3' in choice.doubt


@pytest.mark.parametrize(('bands', 'options'), [((2, 3, 1), {}), ((1, 2, 3), {'by_colour': False})])
def test_bands_that_were_named_stay(chosen, bands, options):
    choice = chosen('blue green red', bands=bands, **options)

    assert (choice.bands, choice.notice, choice.doubt) == (bands, None, None)


def test_more_bands_than_three_stay_with_a_doubt(chosen):
    choice = chosen('blue green red undefined', bands=(1, 2, 3, 4))

    assert choice.bands == (1, 2, 3, 4)
    assert 'calls its bands 3, 2, 1 red, green and blue' in choice.doubt


def test_transparency_is_no_colour(chosen):
    with pytest.raises(RasterFormatError, match='has transparency and 2 other bands'):
        chosen('alpha gray undefined')
