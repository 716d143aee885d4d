"""A site's own hook: the package and the config of docs/writing_a_hook.md, as they stand there."""

import re
import sys
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from mmengine.config import Config

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.resources import config_dir
from dfpenet_mm.run.settings import postproc_hooks
from postproc.pipeline import PostprocPipeline
from postproc.registry import POSTPROC, EarlyInputs

DOC = Path(__file__).parents[2] / 'docs' / 'writing_a_hook.md'
# Pixels of 10 m: a landslide beside the road, one on it, one that it crosses, and a speck.
MASK = np.zeros((12, 12))
MASK[0:3, 0:4] = MASK[5:7, 0:7] = MASK[4:12, 9:12] = MASK[10, 2] = 1
ROAD = shapely.LineString([(499_990, 4_699_940), (500_130, 4_699_940)])


@pytest.fixture
def site(tmp_path, monkeypatch):
    """The doc's files in a folder from which a user would start the command."""
    for name, code in re.findall(r'```python\n# (\S+)\n(.*?)```', DOC.read_text(), re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    (tmp_path / 'my_site' / '__init__.py').touch()
    (tmp_path / 'configs').symlink_to(config_dir())
    roads = gpd.GeoDataFrame(geometry=[ROAD], crs='EPSG:32654').to_crs('EPSG:4326')
    roads.to_file(tmp_path / 'roads.gpkg')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = dict(POSTPROC.module_dict)
    yield tmp_path
    POSTPROC.module_dict.clear()
    POSTPROC.module_dict.update(before)
    for module in [name for name in sys.modules if name.startswith('my_site')]:
        del sys.modules[module]


def test_a_hook_of_another_package_runs_as_any_other(site, make_product):
    product = make_product(MASK)
    pipeline = PostprocPipeline(postproc_hooks(Config.fromfile(site / 'my_config.py')))

    pipeline.check(EarlyInputs(grid=product.grid))
    product, records = pipeline(product)

    assert [record.hook for record in records] == ['GeologicFilter', 'AwayFromRoads', 'Vectoriser']
    record = asdict(records[1])
    assert record.pop('seconds') >= 0
    assert record == {
        'hook': 'AwayFromRoads',
        'parameters': {'roads': 'roads.gpkg', 'half_width_m': 8.0, 'max_share': 0.5},
        'regions_in': 3,
        'regions_out': 2,
        'area_m2_in': pytest.approx(5000),
        'area_m2_out': pytest.approx(3600),
    }
    assert product.results['AwayFromRoads'] == {'rejected': 1}
    path = product.out_dir / 'landslides.gpkg'
    kept, rejected = (gpd.read_file(path, layer=name) for name in ('landslides', 'rejected'))
    assert sorted(kept['road_share']) == pytest.approx([0, 0.2], abs=1e-3)
    assert set(rejected['reason']) == {
        'area 100.0 m2 is below 250.0 m2',
        '80% of it lies on roads',
    }


def test_it_looks_at_its_inputs_before_the_scene_is_mapped(site, make_product):
    pipeline = PostprocPipeline(postproc_hooks(Config.fromfile(site / 'my_config.py')))
    (site / 'roads.gpkg').unlink()

    with pytest.raises(InputFileError, match=r'the roads roads\.gpkg do not exist'):
        pipeline.check(EarlyInputs(grid=make_product(MASK).grid))


def test_nothing_found_is_no_error(site, make_product):
    pipeline = PostprocPipeline(postproc_hooks(Config.fromfile(site / 'my_config.py')))

    product, _ = pipeline(make_product(np.zeros((4, 4))))

    assert product.results['AwayFromRoads'] == {'rejected': 0}


@pytest.mark.usefixtures('site')
def test_without_its_import_the_error_says_how():
    with pytest.raises(ConfigError, match=r'list the package that .*custom_imports'):
        PostprocPipeline([{'type': 'AwayFromRoads', 'roads': 'roads.gpkg'}])


def test_the_doc_names_what_there_is():
    named = re.findall(r'`((?:postproc|tests|dfpenet_mm|tools|demo)/[\w/.]+)`', DOC.read_text())

    assert len(named) >= 5
    assert [path for path in named if not (DOC.parents[1] / path).exists()] == []
