"""What a user sees who opens the GeoPackages in QGIS, drawn by QGIS itself.

Needs QGIS from the system's packages (Debian and Ubuntu: python3-qgis) and is skipped without,
unless DFPENET_REQUIRE_QGIS=1 asks for it.
"""

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.image import imread

from dfpenet_mm.vocabulary import HEADSCARPS, LANDSLIDES, REJECTED, Verdict
from postproc.evaluation.confusion_picture import COLOURS
from postproc.evaluation.landslide_comparison import write_match_layers
from postproc.inventory.layer import Layer, write_geopackage
from tests.system_qgis import require_qgis, run_system_python

SCRIPT = Path(__file__).with_name('qgis_render.py')
CRS = 'EPSG:32654'
CENTRE, SIZE, DPI = (500_000.0, 4_700_000.0), (600, 300), 96
GROUND = (128, 128, 128)
MAGENTA, PURPLE, CYAN, PETROL = (255, 0, 208), (190, 0, 155), (0, 200, 255), (0, 85, 120)
YELLOW, WHITE = (255, 221, 0), (255, 255, 255)
ROLES = LANDSLIDES, REJECTED, HEADSCARPS
NEAR, MIDDLE, FAR = 2_000, 10_000, 30_000


def square(east, north, side):
    x, y = CENTRE
    return shapely.box(x + east, y + north, x + east + side, y + north + side)


def point(east, north):
    return shapely.Point(CENTRE[0] + east, CENTRE[1] + north)


def table(shapes, **fields):
    return gpd.GeoDataFrame(fields, geometry=shapes, crs=CRS)


LARGE, SMALL = square(-100, -30, 60), square(60, -30, 5)
COMPARED = [LARGE, square(20, -30, 30), square(80, -30, 30)]
TOP, FOOT = point(-30, 0), point(30, 0)


def write_inventory(path):
    tables = {
        LANDSLIDES: table([LARGE, SMALL], id=[417, 28], area_m2=[3600.0, 25.0]),
        REJECTED: table([LARGE], id=[901], reason=['area is <small>']),
        HEADSCARPS: table(
            [TOP, FOOT],
            landslide_id=[417, 417],
            kind=['headscarp', 'toe'],
            elevation_m=[801.4, 640.25],
        ),
    }
    write_geopackage([Layer(role, role, rows) for role, rows in tables.items()], path, '{}')


def write_evaluation(path):
    fields = {'id': [5, 6, 7], 'area_m2': [3600.0, 900.0, 900.0]}
    layers = {
        'predicted': table(COMPARED, status=['TP', 'FP', 'not counted'], **fields),
        'reference': table(COMPARED, status=['TP', 'FN', 'not counted'], **fields),
    }
    write_match_layers(path, layers, {})


@pytest.fixture(scope='module')
def maps(tmp_path_factory):
    """Every layer of an inventory and an evaluation, from near and from farther away."""
    home = tmp_path_factory.mktemp('qgis')
    require_qgis(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')
        write_inventory(home / 'landslides.gpkg')
        write_evaluation(home / 'evaluation.gpkg')
    views = [
        *(('landslides', layer, scale) for layer in ROLES for scale in (NEAR, MIDDLE, FAR)),
        *(('evaluation', layer, NEAR) for layer in ('predicted', 'reference')),
    ]
    jobs = [
        {
            'path': str(home / f'{file}.gpkg'),
            'layer': layer,
            'scale': scale,
            'out': str(home / f'{layer}_{scale}.png'),
            'size': SIZE,
            'dpi': DPI,
            'center': CENTRE,
            'background': GROUND,
        }
        for file, layer, scale in views
    ]
    done = run_system_python([SCRIPT], home, json.dumps(jobs))
    assert done.returncode == 0, done.stderr
    return {
        (job['layer'], job['scale']): (fact, Picture(job['out'], job['scale']))
        for fact, job in zip(json.loads(done.stdout), jobs, strict=True)
    }


class Picture:
    """A map's pixels, and where they are on the ground."""

    def __init__(self, path, scale):
        pixels = np.rint(imread(path)[..., :3] * 255).astype(int)
        self.pixels = pixels
        self.metres = 0.0254 / DPI * scale
        rows, cols = np.indices(pixels.shape[:2]) + 0.5
        x = CENTRE[0] + (cols - SIZE[0] / 2) * self.metres
        y = CENTRE[1] - (rows - SIZE[1] / 2) * self.metres
        self.places = shapely.points(x, y)

    def distance(self, shape):
        """Distance of every pixel from a shape, in pixels."""
        return shapely.distance(self.places, shape) / self.metres

    def has(self, colour):
        return np.abs(self.pixels - colour).max(axis=2) <= 16

    @property
    def drawn(self):
        return np.abs(self.pixels - GROUND).max(axis=2) > 4


def line_width(picture):
    """Measure the outline of LARGE across the middle of its sides; a label may hide one."""
    ink = 1 - picture.pixels[..., 1] / GROUND[1]
    corners = shapely.get_coordinates(LARGE)
    widths = []
    for start, end in pairwise(corners):
        middle = shapely.LineString([start + 0.35 * (end - start), start + 0.65 * (end - start)])
        across = shapely.buffer(middle, 3 * picture.metres, cap_style='flat')
        inside = shapely.contains(across, picture.places)
        widths.append(ink[inside].sum() * picture.metres / middle.length)
    return np.median(widths)


def test_qgis_takes_the_styles_by_itself(maps):
    facts = [fact for fact, _ in maps.values()]
    assert all(fact['default_style_loaded'] and fact['labels_enabled'] for fact in facts)
    assert [fact['errors'] for fact in facts] == [[]] * len(facts)
    kinds = {layer: fact['renderer'] for (layer, _), (fact, _) in maps.items()}
    assert kinds == {
        'landslides': 'singleSymbol',
        'rejected': 'singleSymbol',
        'headscarps': 'categorizedSymbol',
        'predicted': 'categorizedSymbol',
        'reference': 'categorizedSymbol',
    }


def test_outlines_and_numbers_are_drawn_where_the_landslides_are(maps):
    fact, picture = maps[LANDSLIDES, NEAR]

    assert fact['labels'] == ['28', '417']
    ring = picture.distance(LARGE.boundary)
    magenta, purple = picture.has(MAGENTA), picture.has(PURPLE)
    assert magenta[ring < 0.7].mean() > 0.95
    assert magenta[picture.distance(SMALL.boundary) < 0.7].mean() > 0.6
    edges = shapely.union_all([LARGE.boundary, SMALL.boundary])
    assert picture.distance(edges)[magenta].max() < 2.5
    # One number in the large landslide, and one beside the small one, within 10 mm of it.
    inside = picture.distance(LARGE) == 0
    assert (purple & inside).sum() > 20
    assert (purple & (picture.distance(SMALL) < 38) & (picture.distance(SMALL) > 0)).sum() > 10
    # The rest of the map shows the image below, inside the outline too.
    both = shapely.union_all([LARGE, SMALL])
    assert not picture.drawn[picture.distance(both) > 38].any()
    assert not picture.drawn[inside & (ring > 3) & (picture.distance(LARGE.centroid) > 38)].any()


def test_an_overview_has_thin_outlines_and_numbers_of_large_landslides_only(maps):
    labels = [maps[LANDSLIDES, scale][0]['labels'] for scale in (NEAR, MIDDLE, FAR)]
    assert labels == [['28', '417'], ['417'], ['417']]
    # Half a millimetre near, a fifth of one far, in pixels.
    widths = [line_width(maps[LANDSLIDES, scale][1]) for scale in (NEAR, MIDDLE, FAR)]
    np.testing.assert_allclose(widths, [1.89, 1.76, 1.26], atol=0.2)


def test_rejected_regions_are_dashed_and_say_why_when_near(maps):
    fact, picture = maps[REJECTED, NEAR]

    assert [text.split() for text in fact['labels']] == [['901:', 'area', 'is', '<small>']]
    dashes = picture.has(CYAN)[picture.distance(LARGE.boundary) < 0.7].mean()
    assert 0.3 < dashes < 0.9
    assert picture.has(PETROL).sum() > 40
    assert not picture.drawn[picture.distance(LARGE) > 38].any()
    far, overview = maps[REJECTED, FAR]
    assert far['labels'] == []
    assert overview.drawn.any()


def test_triangles_point_up_at_the_headscarp_and_down_at_the_toe(maps):
    _, picture = maps[HEADSCARPS, MIDDLE]
    for place, colour, sign in ((TOP, YELLOW, 1), (FOOT, WHITE, -1)):
        rows, cols = np.nonzero(picture.has(colour))
        assert len(rows) > 6
        assert picture.distance(place)[rows, cols].max() < 8
        wide = [np.ptp(cols[rows == row]) for row in sorted(set(rows))]
        assert np.sign(wide[-1] - wide[0]) == sign

    labels = [maps[HEADSCARPS, scale][0]['labels'] for scale in (NEAR, MIDDLE, FAR)]
    assert labels == [['640 m', '801 m'], [], []]
    assert not maps[HEADSCARPS, FAR][1].drawn.any()


@pytest.mark.parametrize(
    ('layer', 'tinted', 'numbers'),
    [
        ('predicted', [Verdict.TP, Verdict.FP, None], ['5', '6', '7']),
        ('reference', [None, Verdict.FN, None], ['6', '7']),
    ],
)
def test_an_evaluation_has_the_colours_of_the_papers_maps(maps, layer, tinted, numbers):
    fact, picture = maps[layer, NEAR]

    assert fact['labels'] == numbers
    for shape, verdict in zip(COMPARED, tinted, strict=True):
        deep = picture.distance(shape.boundary) > 4
        inside = picture.pixels[(picture.distance(shape) == 0) & deep]
        colour = np.median(inside, axis=0)
        if verdict is None:
            np.testing.assert_allclose(colour, GROUND, atol=4)
        else:
            np.testing.assert_allclose(
                colour, 0.686 * np.array(GROUND) + 0.314 * np.array(COLOURS[verdict][:3]), atol=4
            )
            ring = picture.distance(shape.boundary) < 0.7
            assert picture.has(COLOURS[verdict][:3])[ring].mean() > 0.95
