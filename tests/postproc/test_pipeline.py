import json
from dataclasses import asdict, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from mmengine.config import Config

from dfpenet_mm.errors import ConfigError, RasterFormatError, VectorFormatError
from postproc.masks.burner import write_final_mask
from postproc.masks.polygonise import polygonise
from postproc.pipeline import PostprocPipeline
from postproc.registry import EarlyInputs

CONFIGS = sorted((Path(__file__).parents[2] / 'configs' / 'postproc').glob('*.py'))
# They are paper.py under the name of the study.
STUDIES = ('jiuzhaigou', 'hokkaido')

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
        'max_area_m2': None,
        'max_lw_ratio': None,
        'rules': (),
    }
    assert all(record.seconds >= 0 for record in records)
    json.dumps([asdict(record) for record in records])
    json.dumps(dict(product.results))
    assert product.rejected['hook'].tolist() == [hook['type'] for hook in hooks]


def test_says_which_hook_is_about_to_run(make_product):
    said = []

    def tell(*step):
        said.append(step)

    hooks = [{'type': 'GeologicFilter', 'min_area_m2': 150}, {'type': 'TemporalDifference'}]
    told, _ = PostprocPipeline(hooks)(make_product(MASK, pre_mask=PRE), tell)
    silent, _ = PostprocPipeline(hooks)(make_product(MASK, pre_mask=PRE))

    assert said == [('GeologicFilter', 0, 2), ('TemporalDifference', 1, 2)]
    assert told.landslides.equals(silent.landslides)


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

    def inputs(reference):
        return EarlyInputs(grid=grid, reference=reference)

    PostprocPipeline([evaluator | {'layer': 'slides'}]).check(inputs(vector))
    PostprocPipeline([evaluator | {'landslide_value': 255}]).check(inputs(raster))
    PostprocPipeline([evaluator]).check(inputs(None))
    with pytest.raises(VectorFormatError, match='layers'):
        PostprocPipeline([{'type': 'Vectoriser'}, evaluator]).check(inputs(vector))
    with pytest.raises(RasterFormatError, match='landslide_value=255'):
        PostprocPipeline([evaluator | {'landslide_value': 255}, evaluator]).check(inputs(raster))


def test_a_reference_wants_a_hook_that_evaluates_it(make_product, tmp_path):
    grid = make_product(MASK).grid
    pipeline = PostprocPipeline([{'type': 'Vectoriser'}])

    pipeline.check(EarlyInputs(grid=grid))
    with pytest.raises(ConfigError, match='has no ConsistencyEvaluator; add'):
        pipeline.check(EarlyInputs(grid=grid, reference=tmp_path / 'reference.gpkg'))


@pytest.mark.parametrize(
    ('study', 'gsd', 'minimum'), [('jiuzhaigou', 1.5, 37.5), ('hokkaido', 3, 75)]
)
def test_the_papers_studies_have_their_minimum_area(make_product, study, gsd, minimum):
    config, paper = (Config.fromfile(CONFIGS[0].with_stem(name)) for name in (study, 'paper'))
    assert config.postproc == paper.postproc
    product = make_product(MASK, transform=Affine(gsd, 0, 500_000, 0, -gsd, 4_700_000))

    product, records = PostprocPipeline(config.postproc)(product)

    for run in ('GeologicFilter', 'GeologicFilter_2'):
        assert product.results[run]['min_area_m2'] == pytest.approx(minimum)
        assert product.results[run]['max_lw_ratio'] is None
    assert [record.parameters['mode'] for record in records if 'mode' in record.parameters] == [
        'pixel'
    ]


def test_the_paper_subtracts_however_much_was_there_before(make_product):
    """Snow over half of the scene: 24 pixels before the event, 12 after it."""
    snow = np.zeros((6, 6))
    snow[:, :4] = 1

    product, records = PostprocPipeline(Config.fromfile(CONFIGS[0].with_stem('paper')).postproc)(
        make_product(MASK, pre_mask=snow)
    )

    result = product.results['TemporalDifference']
    assert (result['trusted'], result['kept_doubtful']) == (False, 0)
    # The block of four goes whole, and one pixel of the five in the corner.
    assert product.landslides.area.tolist() == [400.0]
    assert [(r.regions_in, r.regions_out) for r in records if r.hook == 'TemporalDifference'] == [
        (2, 1)
    ]
    assert any('subtracted nevertheless' in warning for warning in product.warnings)


def test_a_rule_without_its_layer_is_no_run(make_product):
    pipeline = PostprocPipeline(Config.fromfile(CONFIGS[0].with_stem('strict_dem')).postproc)

    with pytest.raises(
        ConfigError, match=r"on 'slope', which is computed from 'dem', .*--dem PATH"
    ):
        pipeline.check(EarlyInputs(grid=make_product(MASK).grid))


def test_a_hook_that_checks_layers_only_evaluates_no_reference(make_product, tmp_path):
    pipeline = PostprocPipeline([{'type': 'GeologicFilter', 'area_factor': 25}])

    with pytest.raises(ConfigError, match='has no ConsistencyEvaluator; add'):
        pipeline.check(
            EarlyInputs(grid=make_product(MASK).grid, reference=tmp_path / 'reference.gpkg')
        )


def test_check_asks_a_hook_of_the_site(make_product, tmp_path):
    asked = []

    class OwnEvaluator:
        evaluates_reference = True

        def check(self, inputs):
            asked.append(inputs)

        def __call__(self, product):
            return product

    inputs = EarlyInputs(
        grid=make_product(MASK).grid, reference=tmp_path, layers={'dem': tmp_path / 'dem.tif'}
    )
    PostprocPipeline([{'type': OwnEvaluator}]).check(inputs)

    assert asked == [inputs]


def test_no_hook_changes_nothing(make_product):
    product = make_product(MASK)

    assert PostprocPipeline([])(product) == (product, ())


@pytest.mark.parametrize(
    'config', [path for path in CONFIGS if path.stem not in STUDIES], ids=lambda path: path.stem
)
@pytest.mark.parametrize('empty', [False, True])
def test_configs_run_to_an_inventory(make_product, write_raster, config, empty):
    reference = write_raster('reference.tif', np.uint8(MASK))
    # 27 degrees to the east, wider than the scene so that its edge has slopes too.
    hillside = write_raster(
        'dem.tif',
        np.tile(100 - 5.0 * np.arange(10), (10, 1)),
        transform=Affine(10, 0, 499_980, 0, -10, 4_700_020),
    )
    product = make_product(
        MASK * (not empty), pre_mask=PRE, probability=MASK / 2, reference=reference
    ).replace(layers={'dem': hillside})

    product, records = PostprocPipeline(Config.fromfile(config).postproc)(product)

    json.dumps([asdict(record) for record in records])
    inventory = gpd.read_file(product.out_dir / 'landslides.gpkg', layer='landslides')
    count = 4 if config.stem == 'none' else 1
    assert len(inventory) == (0 if empty else count)
    last = [name for name in product.results if name.startswith('ConsistencyEvaluator')][-1]
    assert product.results[last]['landslides']['tp'] == len(inventory)
    # Mask and inventory say the same.
    final = polygonise(write_final_mask(product, product.out_dir / 'mask.tif'))
    assert sorted(final.area) == sorted(inventory.area)


def test_there_are_configs():
    assert {path.stem for path in CONFIGS} == {
        *('none', 'default', 'paper', 'strict', 'strict_dem'),
        *STUDIES,
    }


class Foreign:
    """A user's own hook."""

    def __call__(self, product):
        return product


def test_a_layer_that_nothing_reads_is_refused_before_the_work(make_product, monkeypatch):
    product = make_product(MASK)
    files = dict.fromkeys(('wet', 'geology'), product.rasters['mask'])
    inputs = EarlyInputs(grid=product.grid, layers=files)
    rule = {'layer': 'wet', 'statistic': 'median', 'max': 2}
    hooks = [
        {'type': 'GeologicFilter', 'min_area_m2': 0, 'rules': [rule]},
        {'type': 'TemporalDifference'},
    ]

    with pytest.raises(ConfigError, match=r"reads the layer 'geology' of --layer geology="):
        PostprocPipeline(hooks).check(inputs)
    with pytest.raises(ConfigError, match="reads the layer 'dem' of --dem"):
        PostprocPipeline(hooks[1:]).check(replace(inputs, layers={'dem': files['wet']}))
    PostprocPipeline(hooks).check(replace(inputs, layers={'wet': files['wet']}))
    # What a user's own hook reads nobody knows beforehand.
    pipeline = PostprocPipeline(hooks)
    monkeypatch.setattr(pipeline, '_hooks', [*pipeline._hooks, (Foreign(), {})])
    pipeline.check(inputs)
