import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from scipy.stats import invgamma

from dfpenet_mm.errors import ConfigError
from postproc.inventory_statistics import InventoryStatistics
from postproc.registry import build_hook
from postproc.statistics.distributions import GENERAL_DISTRIBUTION

FILES = ['statistics.json', 'statistics.png', 'statistics.tif']


@pytest.fixture
def large_product(make_product):
    """Squares whose areas follow the general distribution, on a scene of 80 by 80 cells."""
    law = GENERAL_DISTRIBUTION
    rng = np.random.default_rng(0)
    areas = invgamma.rvs(law.rho, loc=law.s_m2, scale=law.a_m2, size=2000, random_state=rng)
    areas = areas[(areas > 0) & (areas < 1e5)]
    sides = np.sqrt(areas)
    lefts, tops = 500_000 + rng.uniform(0, 8000, (2, len(areas)))
    tops = 4_700_000 - (tops - 500_000)
    product = make_product(np.zeros((800, 800)))
    table = gpd.GeoDataFrame(
        geometry=shapely.box(lefts, tops - sides, lefts + sides, tops), crs=product.grid.crs
    )
    return product.replace(landslides=table), areas


def test_statistics_of_a_known_distribution(large_product):
    product, areas = large_product

    done = build_hook({'type': 'InventoryStatistics'})(product)

    result = done.results['InventoryStatistics']
    assert (done.warnings, result['files']) == ((), FILES)
    assert sorted(path.name for path in product.out_dir.iterdir()) == FILES
    assert result['landslides'] == len(areas)
    assert result['total_area_m2'] == pytest.approx(areas.sum())
    assert result['median_m2'] == pytest.approx(np.median(areas))
    assert result['valid_km2'] == pytest.approx(64)
    assert result['magnitude']['from_number'] == pytest.approx(np.log10(len(areas)))
    assert result['magnitude']['from_area'] == pytest.approx(np.log10(areas.sum() / 3068))
    assert result['roll_over_m2'] == pytest.approx(401, rel=0.1)
    assert result['inverse_gamma']['rho'] == pytest.approx(1.4, abs=0.2)
    assert result['power_law']['exponent'] == pytest.approx(2.4, abs=0.4)
    assert sum(row['landslides'] for row in result['frequency_area']) == len(areas)
    written = json.loads((product.out_dir / 'statistics.json').read_text())
    assert written == json.loads(json.dumps(result)) | {'provenance': {}}
    with rasterio.open(product.out_dir / 'statistics.tif') as density:
        per_km2, _, valid = density.read()
        assert (per_km2 * valid).sum() == pytest.approx(len(areas), rel=1e-4)


def test_a_roll_over_of_the_mapping_is_doubted(large_product):
    product, areas = large_product
    product = product.replace(landslides=product.landslides[areas > 300])

    done = InventoryStatistics(filename=None)(product)

    assert done.results['InventoryStatistics']['roll_over_m2'] < 900
    assert 'lies close to the smallest landslide of 30' in done.warnings[0]


def test_few_landslides_are_described_without_a_fit(make_product):
    product = make_product([[1, 0, 0], [0, 0, 1], [1, 0, 255]])

    done = InventoryStatistics(cell_m=10)(product)

    result = done.results['InventoryStatistics']
    assert (result['landslides'], result['total_area_m2']) == (3, pytest.approx(300))
    assert result['landslide_area_share'] == pytest.approx(3 / 8)
    assert [result[name] for name in ('inverse_gamma', 'power_law', 'roll_over_m2')] == [None] * 3
    assert done.warnings[0].startswith('the inventory has 3 landslides, fewer than the 30')


def test_many_equal_areas_get_no_fit_and_a_reason(make_product):
    mask = np.zeros((20, 20))
    mask[::2, ::2] = 1

    done = InventoryStatistics(filename=None)(make_product(mask))

    assert done.results['InventoryStatistics']['inverse_gamma'] is None
    assert 'do not follow an inverse-gamma distribution' in done.warnings[0]
    assert list(done.out_dir.iterdir()) == []


@pytest.mark.parametrize('value', [0, 255])
def test_nothing_is_described_too(make_product, value):
    product = make_product(np.full((4, 4), value))

    result = InventoryStatistics()(product).results['InventoryStatistics']

    assert result['landslides'] == 0
    assert result['magnitude'] == {'from_number': None, 'from_area': None}
    assert result['frequency_area'] == []
    assert result['median_m2'] is None
    assert (result['landslides_per_km2'] is None) == (value == 255)
    json.dumps(result, allow_nan=False)


def test_twice_in_a_config_gives_two_sets_of_files(make_product):
    hook = InventoryStatistics()
    done = hook(hook(make_product(np.ones((3, 3)))))

    assert done.results['InventoryStatistics_2']['files'][0] == 'statistics_2.json'
    assert len(list(done.out_dir.iterdir())) == 6


@pytest.mark.parametrize(
    'wrong', [{'cell_m': 0}, {'per_decade': 0}, {'min_landslides': 2}, {'filename': 'a/b'}]
)
def test_refuses_bad_values(wrong):
    with pytest.raises(ConfigError, match=f'InventoryStatistics {next(iter(wrong))} is'):
        InventoryStatistics(**wrong)
