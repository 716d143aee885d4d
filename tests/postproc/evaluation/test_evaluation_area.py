import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError, InputFileError, VectorFormatError
from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.evaluation_area import EvaluationArea

X, Y = 500_000, 4_700_000
GRID = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, X, 0, -10, Y), (6, 6))


def box(left, top, right, bottom):
    return shapely.box(X + 10 * left, Y - 10 * bottom, X + 10 * right, Y - 10 * top)


@pytest.mark.parametrize('wanted', ['EPSG:32654', 'EPSG:4326'])
def test_half_of_a_landslide_must_lie_inside(write_vector, wanted):
    # Two polygons side by side are one area, and their common side cuts nothing.
    path = write_vector([box(0, 0, 2, 6), box(2, 0, 4, 6)], name='area.gpkg', wanted=wanted)
    landslides = np.array(
        [
            box(1, 1, 3, 2),
            box(3, 3, 5 - 1e-3, 4),
            box(3, 3, 5 + 1e-3, 4),
            box(4, 0, 5, 1),
            box(9, 9, 10, 10),
            shapely.Polygon(),
        ]
    )

    area = EvaluationArea.read(path, GRID)

    assert area.name == 'area.gpkg'
    assert area.counts(landslides).tolist() == [True, True, False, False, False, False]
    inside = area.burner().inside(Window(0, 0, 6, 6))
    assert inside[:, :4].all()
    assert not inside[:, 4:].any()


def test_a_parallel_that_borders_the_area_bends_on_the_scene(tmp_path):
    gpd.GeoSeries([shapely.box(141, 42, 142, 43)], crs=4326).to_file(tmp_path / 'degree.gpkg')
    transform = Affine(100, 0, 480_000, 0, -100, 4_780_000)
    area = EvaluationArea.read(
        tmp_path / 'degree.gpkg', RasterGrid(CRS.from_epsg(32654), transform, (1400, 1200))
    )
    # 110 m inside of the southern border, and as far beyond the northern one, in its middle.
    places = gpd.GeoSeries.from_xy([141.5, 141.5], [42.001, 43.001], crs=4326).to_crs(32654)
    assert area.counts(places.buffer(20).to_numpy()).tolist() == [True, False]


def test_a_hole_is_outside(write_vector):
    path = write_vector([box(0, 0, 6, 6).difference(box(2, 2, 4, 4))], name='area.gpkg')

    area = EvaluationArea.read(path, GRID)

    assert area.counts(np.array([box(2, 2, 4, 4), box(0, 0, 1, 1)])).tolist() == [False, True]
    assert area.burner().inside(Window(0, 0, 6, 6)).sum() == 32


def test_bad_areas_end_in_one_sentence(write_vector, tmp_path):
    line = shapely.LineString([(X, Y), (X + 50, Y - 50)])
    cases = [
        (write_vector([box(90, 0, 91, 1)], name='far.gpkg'), GridMismatchError, 'not overlap'),
        (write_vector([line], name='line.gpkg'), VectorFormatError, 'evaluation area .* no poly'),
        (write_vector([], name='empty.gpkg'), VectorFormatError, 'evaluation area .* no feature'),
        (tmp_path / 'gone.gpkg', InputFileError, 'the evaluation area .*gone'),
    ]
    for path, error, sentence in cases:
        with pytest.raises(error, match=sentence) as caught:
            EvaluationArea.read(path, GRID)
        assert '\n' not in str(caught.value)
