import json
from types import SimpleNamespace

import geopandas as gpd
import pytest
from affine import Affine
from rasterio.crs import CRS
from shapely.geometry import box

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.novelty import Novelty
from dfpenet_mm.run.postprocess import FilteredInventory
from dfpenet_mm.run.recognise import Recognition
from dfpenet_mm.run.summary_file import summarise, write_summary
from dfpenet_mm.run.working_pixels import WorkingPixels
from postproc.pipeline import HookRecord
from postproc.product import LandslideProduct

GRID = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, 500_000, 0, -10, 4_700_000), (50, 60))
RECORD = HookRecord('Filter', {'area_factor': 25}, 9, 2, 1.0, 1.0, 0.1)


CHOICE = SimpleNamespace(name='net')
PIXELS = WorkingPixels(image=10.0, known=None, grid=None, sentence='It has pixels of 10 m')


def product(tmp_path, *boxes, **columns):
    table = gpd.GeoDataFrame(columns, geometry=[box(*corners) for corners in boxes], crs=GRID.crs)
    return LandslideProduct(landslides=table, grid=GRID, rasters={}, out_dir=tmp_path)


PROBABILITY = {'calibration': None, 'threshold': 0.5, 'threshold_from': 'config'}


def summary_of(found):
    origin = {'command': ['landslide-map']}
    return summarise(
        SimpleNamespace(
            grid=GRID,
            area=None,
            shift=None,
            choice=None,
            origin=origin,
            probability=PROBABILITY,
            network_choice=CHOICE,
            pixels=PIXELS,
        ),
        Recognition({}, {'post': {'windows_run': 4}}, None, Novelty(8, 2)),
        FilteredInventory(found, [RECORD], found.out_dir / 'mask.tif'),
        {'load': 1.23456},
    )


def test_totals_are_those_of_the_landslides(tmp_path):
    corners = [(500_000, 4_699_980, 500_010, 4_699_990), (500_100, 4_699_900, 500_130, 4_699_910)]
    summary = summary_of(product(tmp_path, *corners, pre_coverage=[0.0, 1.0]))
    assert summary['probability'] == PROBABILITY
    assert summary['novelty'] == {'windows': 8, 'beyond': 2, 'share': 0.25}
    assert summary['totals'] == {
        'landslides': 2,
        'area_m2': pytest.approx(400),
        'largest_m2': pytest.approx(300),
        'median_m2': pytest.approx(200),
        'without_pre_event_data': 1,
        'rejected': 0,
    }
    assert summary['recognised_regions'] == 9
    assert summary['scene']['gsd_m'] == pytest.approx(10)
    assert summary['seconds'] == {'load': 1.235}
    assert summary['recognition']['post']['windows_run'] == 4
    assert summary['pre_event'] is None


def test_nothing_found_is_no_error(tmp_path):
    summary = summary_of(product(tmp_path))
    assert summary['totals']['landslides'] == 0
    assert summary['totals']['area_m2'] == 0
    assert summary['totals']['largest_m2'] is None


def test_evaluations_are_those_with_a_reference(tmp_path):
    found = product(tmp_path).with_result('ConsistencyEvaluator', {'reference': None})
    assert summary_of(found)['evaluation'] is None
    found = found.with_result('ConsistencyEvaluator', {'reference': 'a.gpkg', 'pixels': {}})
    assert list(summary_of(found)['evaluation']) == ['ConsistencyEvaluator_2']


def test_the_file_is_strict_json(tmp_path):
    write_summary({'a': 1}, tmp_path / 'summary.json')
    assert json.loads((tmp_path / 'summary.json').read_text()) == {'a': 1}
    with pytest.raises(ValueError, match='JSON'):
        write_summary({'a': float('nan')}, tmp_path / 'summary.json')
