import copy

import pytest
from mmengine.config import ConfigDict

from dfpenet_mm.components import component_parameters
from dfpenet_mm.errors import ConfigError
from postproc.geologic_filter import GeologicFilter
from postproc.registry import POSTPROC, build_hook, free_stem


@pytest.fixture
def _no_new_hooks():
    before = dict(POSTPROC.module_dict)
    yield
    POSTPROC.module_dict.clear()
    POSTPROC.module_dict.update(before)


@pytest.mark.usefixtures('mmseg_scope')
def test_builds_under_the_scope_of_mmseg():
    cfg = ConfigDict(type='GeologicFilter', area_factor=25)
    before = copy.deepcopy(cfg)

    assert build_hook(cfg) == GeologicFilter(area_factor=25)
    assert cfg == before


@pytest.mark.usefixtures('_no_new_hooks')
def test_a_site_registers_its_own_hook(make_product):
    @POSTPROC.register_module()
    class KeepLargest:
        def __init__(self, count: int = 1) -> None:
            self.count = count

        def __call__(self, product):
            largest = product.landslides.area.nlargest(self.count).index
            return product.replace(landslides=product.landslides.loc[largest])

    hook = build_hook({'type': 'KeepLargest'})

    assert hook(make_product([[1, 1, 0, 1]])).landslides.area.tolist() == [200.0]
    assert component_parameters(POSTPROC, {'type': 'KeepLargest'}) == {'count': 1}


@pytest.mark.parametrize(
    ('cfg', 'sentence'),
    [
        ({'type': 'Geologicfilter'}, 'one of .*GeologicFilter, .*TemporalDifference, Vec'),
        ({'type': 'os.path.join'}, 'one of .*GeologicFilter'),
        (
            {'type': 'GeologicFilter', 'area': 3},
            r"'area'; its arguments are min_area_m2, ",
        ),
        ({'type': 'GeologicFilter', 'area_factor': '25'}, "does not take .*'25'"),
        ({'area_factor': 25}, 'wanted is a dict whose type'),
        ('GeologicFilter', 'wanted is a dict whose type'),
    ],
)
@pytest.mark.usefixtures('mmseg_scope')
def test_bad_configs_end_in_one_sentence(cfg, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        build_hook(cfg)
    assert '\n' not in str(caught.value)


def test_stems_of_earlier_hooks_are_taken():
    assert free_stem(None, {}) is None
    assert free_stem('evaluation', {}) == 'evaluation'
    results = {
        'One': {'files': ['evaluation.gpkg', 'evaluation_2.tif']},
        'Two': {'file': 'landslides.gpkg'},
        'Three': 5,
    }
    assert free_stem('evaluation', results) == 'evaluation_3'
    assert free_stem('landslides', results) == 'landslides_2'
    assert free_stem('statistics', results) == 'statistics'
