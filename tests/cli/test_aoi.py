"""The option --aoi, through the command line."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely import Point, box

from dfpenet_mm.cli.landslide_map import main

LEFT, TOP = 500_000, 4_700_000


@pytest.fixture
def polygons(tmp_path):
    """Write polygons in UTM coordinates to a file in degrees."""

    def write(*shapes, name='area.gpkg'):
        series = gpd.GeoSeries(list(shapes), crs=32654).to_crs(4326)
        gpd.GeoDataFrame(geometry=series).to_file(tmp_path / name)
        return tmp_path / name

    return write


def test_outside_of_the_area_is_nodata_and_inside_is_the_whole_map(
    cheap_arguments, polygons, tmp_path
):
    main(cheap_arguments(tmp_path / 'whole'))
    area = polygons(box(LEFT + 2000, TOP - 4000, LEFT + 5000, TOP - 1000))
    main([*cheap_arguments(tmp_path / 'part'), '--aoi', str(area)])
    for name, nodata in (('probability.tif', np.nan), ('mask.tif', 255)):
        with rasterio.open(tmp_path / 'whole' / name) as dataset:
            whole = dataset.read(1)
        with rasterio.open(tmp_path / 'part' / name) as dataset:
            part = dataset.read(1)
            assert 'area.gpkg' in dataset.tags()['DFPENET_MM']
        inside = np.zeros(whole.shape, bool)
        inside[100:400, 200:500] = True
        assert np.isnan(part[~inside]).all() if np.isnan(nodata) else (part[~inside] == 255).all()
        if name == 'probability.tif':
            np.testing.assert_array_equal(part[inside], whole[inside])
    kept = gpd.read_file(tmp_path / 'part' / 'area_of_interest.gpkg')
    assert kept.crs.to_epsg() == 32654
    # Between corners, a straight line of degrees bends by 16 cm in UTM.
    assert kept.geometry[0].symmetric_difference(box(502e3, 4_696e3, 505e3, 4_699e3)).area < 1000
    told = json.loads((tmp_path / 'part' / 'summary.json').read_text())
    assert told['area_of_interest'] == {'name': 'area.gpkg', 'pixels': 300 * 300}
    assert told['recognition']['post']['valid_pixels'] == 300 * 300
    whole = json.loads((tmp_path / 'whole' / 'summary.json').read_text())
    assert whole['area_of_interest'] is None
    assert any(warning.startswith('no pre-event image was given') for warning in whole['warnings'])
    assert not (tmp_path / 'whole' / 'area_of_interest.gpkg').exists()


def test_an_area_between_pixel_centres_is_no_map_without_landslides(
    cheap_arguments, polygons, tmp_path, capsys
):
    area = polygons(box(LEFT + 2006, TOP - 2009, LEFT + 2009, TOP - 2006))
    with pytest.raises(SystemExit) as exit_info:
        main([*cheap_arguments(tmp_path / 'out'), '--aoi', str(area)])
    assert exit_info.value.code == 2
    assert 'holds no valid pixel of' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_an_area_without_data_is_refused_and_leaves_nothing(
    cheap_arguments, polygons, tmp_path, capsys
):
    area = polygons(box(LEFT + 100, TOP - 900, LEFT + 1900, TOP - 100))
    with pytest.raises(SystemExit) as exit_info:
        main([*cheap_arguments(tmp_path / 'out'), '--aoi', str(area)])
    assert exit_info.value.code == 2
    assert 'area.gpkg holds no valid pixel of' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('shape', 'complaint'),
    [(box(0, 0, 10, 10), 'does not overlap the scene grid'), (Point(LEFT, TOP), 'no polygon')],
)
def test_an_area_that_cannot_serve(
    cheap_arguments, polygons, tmp_path, capsys, *, shape, complaint
):
    area = polygons(shape)
    with pytest.raises(SystemExit) as exit_info:
        main([*cheap_arguments(tmp_path / 'out'), '--aoi', str(area)])
    assert exit_info.value.code == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
