import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from mmengine.config import Config

from dfpenet_mm.errors import ConfigError, RasterFormatError, VectorFormatError
from postproc.masks.final_mask import write_final_mask
from postproc.masks.polygonise import polygonise
from postproc.pipeline import PostprocPipeline

CONFIGS = sorted((Path(__file__).parents[2] / 'configs' / 'postproc').glob('*.py'))

# Four, two and one pixel of 100 m2; the minimum of the configs is 25 x 10 = 250 m2.
MASK = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 1, 1],
        [0, 0, 0, 1, 1, 1],
    ]
)
PRE = np.zeros((6, 6))
PRE[0:2, 0:2] = 1


def test_records_regions_and_areas_of_every_hook(make_product):
    hooks = [
        {'type': 'GeologicFilter', 'min_area_m2': 150},
        {'type': 'TemporalDifference'},
        {'type': 'GeologicFilter', 'min_area_m2': 300},
    ]

    product, records = PostprocPipeline(hooks)(make_product(MASK, pre_mask=PRE))

    assert len(product.landslides) == 1
    assert [record.hook for record in records] == [hook['type'] for hook in hooks]
    assert [(r.regions_in, r.regions_out) for r in records] == [(4, 3), (3, 2), (2, 1)]
    assert [r.area_m2_in for r in records] == pytest.approx([1200, 1100, 700])
    assert [r.area_m2_out for r in records] == pytest.approx([1100, 700, 500])
    assert records[0].parameters == {
        'min_area_m2': 150,
        'area_factor': None,
        'max_lw_ratio': None,
    }
    assert all(record.seconds >= 0 for record in records)
    json.dumps([record.as_dict() for record in records])
    json.dumps(dict(product.results))
    assert product.rejected['hook'].tolist() == [hook['type'] for hook in hooks]


def test_a_bad_config_fails_before_anything_runs():
    with pytest.raises(ConfigError, match='Vectorizer'):
        PostprocPipeline([{'type': 'GeologicFilter', 'area_factor': 25}, {'type': 'Vectorizer'}])
    with pytest.raises(ConfigError, match='a list of hooks'):
        PostprocPipeline({'type': 'Vectoriser'})


def test_a_hook_must_return_a_product(make_product):
    class Forgetful:
        def __call__(self, product):
            pass

    pipeline = PostprocPipeline([{'type': Forgetful}])

    with pytest.raises(ConfigError, match='Forgetful returned NoneType'):
        pipeline(make_product(MASK))


def test_check_uses_the_layer_and_value_of_the_config(make_product, write_vector, write_raster):
    slides, grid = shapely.box(500_000, 4_699_980, 500_020, 4_700_000), make_product(MASK).grid
    vector = write_vector([slides], layer='slides')
    write_vector([slides], layer='roads', mode='a')
    raster = write_raster('reference.tif', np.uint8(MASK * 255))
    evaluator = {'type': 'ConsistencyEvaluator'}

    PostprocPipeline([evaluator | {'layer': 'slides'}]).check(vector, grid)
    PostprocPipeline([evaluator | {'landslide_value': 255}]).check(raster, grid)
    PostprocPipeline([evaluator]).check(None, grid)
    with pytest.raises(VectorFormatError, match='layers'):
        PostprocPipeline([{'type': 'Vectoriser'}, evaluator]).check(vector, grid)
    with pytest.raises(RasterFormatError, match='landslide_value=255'):
        PostprocPipeline([evaluator | {'landslide_value': 255}, evaluator]).check(raster, grid)


def test_a_reference_wants_a_hook_that_evaluates_it(make_product, tmp_path):
    grid = make_product(MASK).grid
    pipeline = PostprocPipeline([{'type': 'Vectoriser'}])

    pipeline.check(None, grid)
    with pytest.raises(ConfigError, match='has no ConsistencyEvaluator; add'):
        pipeline.check(tmp_path / 'reference.gpkg', grid)


def test_check_asks_a_hook_of_the_site(make_product, tmp_path):
    asked = []

    class OwnEvaluator:
        def check(self, reference, grid):
            asked.append((reference, grid))

        def __call__(self, product):
            return product

    grid = make_product(MASK).grid
    PostprocPipeline([{'type': OwnEvaluator}]).check(tmp_path, grid)

    assert asked == [(tmp_path, grid)]


def test_no_hook_changes_nothing(make_product):
    product = make_product(MASK)

    assert PostprocPipeline([])(product) == (product, ())


@pytest.mark.parametrize('config', CONFIGS, ids=lambda path: path.stem)
@pytest.mark.parametrize('empty', [False, True])
def test_configs_run_to_an_inventory(make_product, write_raster, config, empty):
    reference = write_raster('reference.tif', np.uint8(MASK))
    product = make_product(
        MASK * (not empty), pre_mask=PRE, probability=MASK / 2, reference=reference
    )

    product, _ = PostprocPipeline(Config.fromfile(config).postproc)(product)

    inventory = gpd.read_file(product.out_dir / 'landslides.gpkg', layer='landslides')
    count = {'none': 4, 'default': 1, 'paper': 1}[config.stem]
    assert len(inventory) == (0 if empty else count)
    last = [name for name in product.results if name.startswith('ConsistencyEvaluator')][-1]
    assert product.results[last]['landslides']['tp'] == len(inventory)
    # Mask and inventory say the same.
    final = polygonise(write_final_mask(product, product.out_dir / 'mask.tif'))
    assert sorted(final.area) == sorted(inventory.area)


def test_there_are_configs():
    assert {path.stem for path in CONFIGS} == {'none', 'default', 'paper'}
