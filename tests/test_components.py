import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope

import dfpenet_mm
from dfpenet_mm.components import Registry, build_component, component_parameters
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.predictor import SCALINGS
from dfpenet_mm.mapping.scene.scaling import LinearScale, build_scaling


def test_components_are_found_under_mmsegs_default_scope():
    cfg = {'type': 'LinearScale', 'scale': 0.5}
    with DefaultScope.overwrite_default_scope('mmseg'):
        assert build_scaling(cfg) == LinearScale(scale=0.5)
    assert cfg == {'type': 'LinearScale', 'scale': 0.5}


def test_components_are_found_although_nobody_imported_them():
    program = (
        'from dfpenet_mm.components import Registry, build_component\n'
        'from dfpenet_mm.mapping.network.predictor import SCALINGS\n'
        "build_component(SCALINGS, {'type': 'LinearScale'})"
    )
    root = Path(dfpenet_mm.__file__).parents[1]
    subprocess.run([sys.executable, '-c', program], cwd=root, check=True)


def test_a_class_may_stand_for_its_name():
    assert build_component(SCALINGS, {'type': LinearScale, 'scale': 3}) == LinearScale(scale=3)


def test_parameters_name_the_defaults_too():
    wanted = {'scale': 2, 'offset': 0.0, 'clip': None}
    assert component_parameters(SCALINGS, {'type': 'LinearScale', 'scale': 2}) == wanted


@pytest.mark.parametrize('cfg', [{'type': 'Magic'}, {}, None, {'type': 'os.getcwd'}], ids=str)
def test_an_unknown_type_is_refused_with_the_known_ones(cfg):
    with pytest.raises(ConfigError, match='LinearScale, PercentileStretch'):
        build_component(SCALINGS, cfg)


def test_wrong_arguments_are_refused_with_the_right_ones():
    with pytest.raises(ConfigError, match=r"LinearScale .*'gain'.*scale, offset, clip"):
        build_scaling({'type': 'LinearScale', 'gain': 2})


def test_an_error_of_the_component_itself_stays_in_the_chain():
    registry = Registry('broken part')

    @registry.register_module()
    class Broken:
        def __init__(self):
            raise TypeError('its own affair')

    with pytest.raises(ConfigError, match='its own affair') as caught:
        build_component(registry, {'type': 'Broken'})
    assert isinstance(caught.value.__cause__, TypeError)
