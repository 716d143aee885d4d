import geopandas as gpd
import numpy as np
import pytest
import shapely

from dfpenet_mm.errors import ImageryError
from dfpenet_mm.imagery.area import Area


@pytest.mark.parametrize(
    ('box', 'epsg'),
    [
        ((141.8, 42.6, 142.1, 42.8), 32654),
        ((-72.6, 18.3, -72.3, 18.5), 32618),
        ((172.9, -42.6, 173.2, -42.4), 32759),
        ((179.9, -17.1, -179.9, -16.9), 32701),
        ((179.7, -17.1, -179.9, -16.9), 32760),
    ],
)
def test_grid_is_of_the_zone_of_its_middle_on_sentinels_pixels(box, epsg):
    area = Area.of_box(*box)
    assert area.crs.to_epsg() == epsg
    transform = area.grid.transform
    assert (transform.a, transform.e) == (10, -10)
    assert transform.c % 10 == transform.f % 10 == 0
    assert shapely.box(*area.on_grid.bounds).within(area.grid.outline.buffer(1e-6))


def test_area_is_on_the_ellipsoid():
    # A hundredth of a degree at the equator: 1,113.2 m by 1,105.7 m.
    assert Area.of_box(0, 0, 0.01, 0.01).km2 == pytest.approx(1.2309, rel=1e-3)


def test_boxes_part_at_the_antimeridian():
    area = Area.of_box(179.9, -17.1, -179.8, -16.9)
    np.testing.assert_allclose(
        area.boxes(), [(179.9, -17.1, 180, -16.9), (-180, -17.1, -179.8, -16.9)]
    )
    np.testing.assert_allclose(
        Area.of_box(-179.995, 0, -179.9, 1).boxes(0.01),
        [(179.995, -0.01, 180, 1.01), (-180, -0.01, -179.89, 1.01)],
    )
    assert Area.of_box(10, 0, 11, 1).boxes() == [(10, 0, 11, 1)]


@pytest.mark.parametrize(
    ('box', 'said'),
    [
        ((10, 46, 10, 46), 'the area has 0 km2'),
        ((142, 42, 141, 43), 'farther than half around the Earth'),
        ((-10, 35, 30, 60), 'at most 40,000 are fetched at once'),
        ((141.8, 42.8, 142.1, 42.6), 'is north of its north'),
        ((570000, 4700000, 580000, 4710000), 'is not in degrees'),
        ((0, 84.5, 0.1, 84.6), 'from -80 to 84'),
    ],
)
def test_areas_that_make_no_sense(box, said):
    with pytest.raises(ImageryError, match=said):
        Area.of_box(*box)


def test_area_of_a_file_cuts_and_is_written(tmp_path):
    shape = gpd.GeoSeries([shapely.box(141.9, 42.6, 142, 42.7)], crs=4326).to_crs(32654)
    shape.to_file(tmp_path / 'a.gpkg')
    area = Area.of_file(tmp_path / 'a.gpkg')
    cut = Area.of_box(141.95, 42.5, 142.5, 42.8).cut_by(area)
    np.testing.assert_allclose(cut.shape.bounds, (141.95, 42.6, 142, 42.7), atol=1e-3)
    cut.write(tmp_path / 'cut.gpkg')
    again = Area.of_file(tmp_path / 'cut.gpkg')
    assert again.km2 == pytest.approx(cut.km2, rel=1e-3)
    with pytest.raises(ImageryError, match='lies outside of the area of the event'):
        cut.cut_by(Area.of_box(0, 0, 1, 1))


def test_cut_knows_whole_turns():
    assert Area.of_box(179.5, 0, -179.5, 1).cut_by(Area.of_box(-179.8, 0, -179.6, 1)).km2 > 0
