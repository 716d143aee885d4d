import json
from dataclasses import replace

import pytest

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.report.run_products import RunProducts, image_reading
from tests.report.page.generated_run import COLS, HOSTILE, ROWS, grid_of, landslides, write_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path)


def read(run, **images):
    return RunProducts.read(run, post=run.parent / 'post.tif', **images)


def test_a_finished_run_is_read(run):
    products = read(run, pre=run.parent / 'pre.tif')
    assert len(products.landslides) == 16
    assert HOSTILE in products.landslides
    assert products.rejected['hook'].tolist() == ['GeologicFilter'] * 3
    assert products.bands == (1, 2, 3)
    assert products.grid.matches(grid_of())
    assert products.backdrops['post'].colours.shape == (ROWS, COLS, 4)
    assert set(products.backdrops) == {'post', 'pre'}
    assert set(read(run).backdrops) == {'post'}


def test_products_are_found_or_none(run):
    products = read(run)
    assert products.product('evaluation.tif') == run / 'evaluation.tif'
    assert products.product('figures') is None
    assert len(products.layer('evaluation.gpkg', 'predicted')) == 16
    assert products.layer('evaluation.gpkg', 'elsewhere') is None
    assert products.layer('missing.gpkg', 'predicted') is None


def test_the_last_comparison_that_wrote_a_file_counts(run):
    products = read(run)
    assert products.evaluation_file('.tif') == run / 'evaluation.tif'
    assert products.evaluation_file('.png') is None
    (run / 'evaluation_2.tif').write_bytes(b'')
    results = {
        'ConsistencyEvaluator': {'files': ['evaluation.tif', 'evaluation.gpkg']},
        'ConsistencyEvaluator_2': {'files': ['evaluation_2.gpkg', 'evaluation_2.tif']},
        'ConsistencyEvaluator_3': {'files': ['evaluation_3.tif']},
        'ConsistencyEvaluator_4': {},
    }
    products = replace(products, summary={'evaluation': results})
    assert products.evaluation_file('.tif') == run / 'evaluation_2.tif'
    assert products.evaluation_file('.gpkg') == run / 'evaluation.gpkg'
    products = replace(products, summary={'evaluation': None})
    assert products.evaluation_file('.tif') is None


def test_bands_and_inventory_are_those_of_the_run(run):
    told = json.loads((run / 'summary.json').read_text())
    told['provenance']['settings']['mapping']['bands'] = [3, 2, 1]
    told['results']['Vectoriser'] = {'files': ['mine.gpkg', 'mine.shp']}
    (run / 'summary.json').write_text(json.dumps(told))
    (run / 'landslides.gpkg').rename(run / 'mine.gpkg')
    products = read(run)
    assert products.bands == (3, 2, 1)
    assert len(products.landslides) == 16


def test_what_is_missing_or_broken_is_told_in_one_sentence(run):
    landslides().to_file(run / 'other.gpkg', layer='elsewhere')
    (run / 'other.gpkg').replace(run / 'landslides.gpkg')
    with pytest.raises(InputFileError, match='has the layers elsewhere, wanted is landslides'):
        read(run)
    (run / 'landslides.gpkg').write_text('no GeoPackage')
    with pytest.raises(InputFileError, match=r'landslides\.gpkg cannot be read'):
        read(run)
    (run / 'landslides.gpkg').unlink()
    with pytest.raises(InputFileError, match=r'landslides\.gpkg is missing'):
        read(run)
    (run / 'summary.json').write_text('[1]')
    with pytest.raises(InputFileError, match='holds no JSON object but a list'):
        read(run)
    (run / 'summary.json').unlink()
    with pytest.raises(InputFileError, match=r'summary\.json cannot be read'):
        read(run)


@pytest.mark.parametrize(
    ('bands', 'shown'), [((1, 2, 3), (1, 2, 3)), ((4, 3, 2, 8), (4, 3, 2)), ((5,), (5, 5, 5))]
)
def test_bands_that_are_shown(bands, shown):
    assert image_reading({'bands': bands})['bands'] == shown
