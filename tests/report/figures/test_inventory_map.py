import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from matplotlib.image import imread
from rasterio.crs import CRS
from shapely.affinity import affine_transform
from shapely.geometry import box

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.figures import inventory_map as module
from dfpenet_mm.report.figures.inventory_map import InventoryMap, draw_inventory_map
from dfpenet_mm.report.figures.inventory_sheet import InventorySheet
from dfpenet_mm.report.figures.palette import AREA, DPI, KEPT, REMOVED
from dfpenet_mm.report.shown_inventory import ShownInventory, shown_inventory

UTM = CRS.from_epsg(32654)
STRAIGHT = Affine(10, 0, 500_000, 0, -10, 4_700_000)
TURNED = Affine.translation(500_000, 4_700_000) @ Affine.rotation(130) @ Affine.scale(10, -10)
ROWS, COLS = 200, 300
# (left, top, right, bottom) in pixels.
PLACE = 180, 80, 260, 140


def backdrop(transform, rows=ROWS, cols=COLS):
    colours = np.full((rows, cols, 4), 90, np.uint8)
    colours[..., 3] = 255
    return Backdrop(colours, RasterGrid(UTM, transform, (rows, cols)))


def table(places, transform, **columns):
    shapes = [affine_transform(box(*place), transform.to_shapely()) for place in places]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM)


def coloured(path, colour):
    pixels = (imread(path)[..., :3] * 255).round().astype(int)
    return (np.abs(pixels - list(bytes.fromhex(colour[1:]))) <= 12).all(axis=2)


def shown(landslides, rejected=None, *, transform=STRAIGHT, **contents):
    measured = 'area_m2' in landslides
    contained = ShownInventory(landslides, rejected, ()) if measured else None
    contained = contained or shown_inventory(landslides, {}, rejected)
    return InventoryMap(backdrop(transform), contained, 'Hokkaido', **contents)


@pytest.mark.parametrize('transform', [STRAIGHT, TURNED], ids=['straight', 'turned'])
@pytest.mark.parametrize('colour', [KEPT, REMOVED])
def test_outlines_lie_where_the_regions_are(transform, colour, tmp_path):
    region, nothing = table([PLACE], transform), table([], transform)
    kept, rejected = (region, None) if colour == KEPT else (nothing, region)
    path = draw_inventory_map(shown(kept, rejected, transform=transform), tmp_path / 'a.png')
    sheet = InventorySheet.for_aspect(ROWS / COLS)
    left, top, width, height = (DPI * length for length in sheet.map)
    # Below the map stands the legend, with a line of the same colour.
    rows, cols = np.nonzero(coloured(path, colour)[: int(top + height)])
    assert len(rows) > 100
    found = [(cols.min() - left) / width, (rows.min() - top) / height]
    found += [(cols.max() - left) / width, (rows.max() - top) / height]
    expected = np.array(PLACE) / (COLS, ROWS, COLS, ROWS)
    np.testing.assert_allclose(found, expected, atol=0.005)


@pytest.fixture
def texts(monkeypatch, tmp_path):
    """Return what a map says, instead of writing it."""

    def said(landslides, rejected=None, **contents):
        figures = []
        monkeypatch.setattr(module, 'save', lambda figure, path: figures.append(figure) or path)
        draw_inventory_map(shown(landslides, rejected, **contents), tmp_path / 'a.png')
        (figure,) = figures
        return [[text.get_text() for text in part.texts] for part in (figure, *figure.axes)]

    return said


def test_heading_and_table_say_what_there_is(texts):
    places = [(10 + 20 * row, 10, 20 + 20 * row, 30) for row in range(12)]
    landslides = table(
        places,
        STRAIGHT,
        id=range(101, 113),
        area_m2=[1000.0 * (row + 1) for row in range(12)],
        length_m=[100.0] * 11 + [1234.6],
        mean_probability=[0.5] * 11 + [np.nan],
    )
    places = table([(10, 100, 20, 110), (40, 100, 50, 110)], STRAIGHT)
    heading, drawn, largest, legend = texts(landslides, places)
    assert heading == [
        'Hokkaido: 12 landslides, 78,000 m²',
        'made by a neural network, not reviewed',
    ]
    assert sorted(drawn)[:12] == [str(number) for number in range(101, 113)]
    assert largest[0] == 'the largest 10 of 12'
    assert largest[5:15] == [str(number) for number in range(112, 102, -1)]
    assert [largest[15], largest[25], largest[35]] == ['12,000', '1,235', 'n/a']
    assert 'largest 12,000 m², median 6,500 m²' in legend[0]


def test_where_numbers_are_many_the_largest_have_them(texts):
    corners = [(12 * col, 16 * row) for row in range(12) for col in range(25)]
    places = [(left, top, left + 2, top + 2) for left, top in corners]
    areas = np.random.default_rng(0).permutation(300) + 1.0
    landslides = table(places, STRAIGHT, id=range(300), area_m2=areas)
    _, drawn, *_ = texts(landslides)
    numbered = {int(text) for text in drawn if text.isdigit()}
    assert len(numbered) == 250
    assert areas[sorted(numbered)].min() > 30


def test_an_inventory_of_outlines_alone_is_measured(texts):
    heading, drawn, largest, _ = texts(table([PLACE], STRAIGHT))
    assert heading[0] == 'Hokkaido: 1 landslide, 0.48 km²'
    assert '1' in drawn
    assert largest[0] == 'the only landslide'
    assert largest[-4:] == ['1', f'{480_000 / 0.9996**2:,.0f}', 'n/a', 'n/a']


def test_an_empty_inventory_is_said_to_be_empty(texts):
    heading, _, largest, _ = texts(table([], STRAIGHT))
    assert heading[0] == 'Hokkaido: 0 landslides, 0 m²'
    assert largest == ['no landslides']


def test_it_says_what_happened_and_what_was_edited(texts):
    landslides = table([PLACE], STRAIGHT)
    notes = ['earthquake of 6 September 2018', 'image after the event: 12 September']
    heading, *_ = texts(landslides, notes=notes)
    assert heading[1] == (
        'earthquake of 6 September 2018; image after the event: 12 September; '
        'made by a neural network, not reviewed'
    )
    edited = shown_inventory(landslides, {'totals': {'landslides': 2, 'area_m2': 1e6}})
    assert InventoryMap(backdrop(STRAIGHT), edited, 'a').status == (
        'made by a neural network, edited afterwards, not reviewed'
    )


def test_ground_that_could_not_be_compared_is_striped(tmp_path):
    pre = backdrop(STRAIGHT)
    pre.colours[:, :150, 3] = 0
    landslides, area = table([PLACE], STRAIGHT), table([(0, 0, 300, 100)], STRAIGHT).geometry[0]
    assert shown(landslides, pre=backdrop(STRAIGHT)).without_pre is None
    assert shown(landslides, pre=pre).without_pre.mean() == 0.5
    assert shown(landslides, pre=pre, area=area).without_pre.mean() == 0.25

    striped = imread(draw_inventory_map(shown(landslides, pre=pre), tmp_path / 'a.png'))
    plain = imread(draw_inventory_map(shown(landslides), tmp_path / 'b.png'))
    left, top, width, height = (
        int(DPI * length) for length in InventorySheet.for_aspect(ROWS / COLS).map
    )
    map_of = np.s_[top + 60 : top + height - 60, left : left + width]
    differs = (striped[map_of] != plain[map_of]).any(axis=2)
    half = differs.shape[1] // 2
    assert 0.1 < differs[:, :half].mean() < 0.6
    assert differs[:, half + 5 :].mean() == 0


def test_the_area_asked_for_is_outlined(tmp_path):
    left, top, right, bottom = 50, 40, 280, 180
    area = table([(left, top, right, bottom)], STRAIGHT).geometry[0]
    path = draw_inventory_map(shown(table([PLACE], STRAIGHT), area=area), tmp_path / 'a.png')
    plain = draw_inventory_map(shown(table([PLACE], STRAIGHT)), tmp_path / 'b.png')
    drawn = coloured(path, AREA) & ~coloured(plain, AREA)
    map_left, map_top, width, height = (
        DPI * length for length in InventorySheet.for_aspect(ROWS / COLS).map
    )
    rows, cols = np.nonzero(drawn[: int(map_top + height)])
    found = [(cols.min() - map_left) / width, (rows.min() - map_top) / height]
    found += [(cols.max() - map_left) / width, (rows.max() - map_top) / height]
    expected = np.array([left, top, right, bottom]) / (COLS, ROWS, COLS, ROWS)
    np.testing.assert_allclose(found, expected, atol=0.005)


@pytest.mark.parametrize('aspect', [0.02, 0.7, 1.0, 1.01, 3, 50])
def test_a_sheet_has_room_for_everything(aspect):
    sheet = InventorySheet.for_aspect(aspect)
    assert sheet.map[3] / sheet.map[2] == pytest.approx(aspect)
    boxes = [box(x, y, x + width, y + height) for x, y, width, height in sheet_places(sheet)]
    page = box(0, 0, *sheet.page)
    assert all(page.contains(one) for one in boxes)
    assert not any(one.intersects(other) for one in boxes for other in boxes if one is not other)
    assert sheet.page[0] <= 9.01
    assert sheet.page[1] <= 12


def sheet_places(sheet):
    return sheet.map, sheet.table, sheet.legend
