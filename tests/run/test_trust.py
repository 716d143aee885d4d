from argparse import Namespace
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

from dfpenet_mm.calibration import Calibration, PlattScaling
from dfpenet_mm.mapping.network.card import NetworkCard
from dfpenet_mm.mapping.scene.novelty import Novelty
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings
from dfpenet_mm.run.trust import (
    describe_probability,
    doubt_ground,
    doubt_probability,
    set_calibration,
)

CALIBRATION = Calibration({2.0: PlattScaling(0.5, -1), 8.0: PlattScaling(0.9, 1)}, 'chips')


def network_card(**changes):
    fields = {'calibration': CALIBRATION, 'threshold': 0.34, **changes}
    return NetworkCard(
        path=Path('net.json'),
        config='config.py',
        weights_sha256='0',
        bands=('red', 'green', 'blue'),
        pixel_sizes=(2, 8),
        working_pixel_size=4,
        **fields,
    )


def settings_of(card, **asked):
    section = {
        'bands': (1, 2, 3),
        'scaling': {'type': 'LinearScale'},
        'predictor': {'type': 'TorchPredictor'},
        'window': 64,
        'stride': 48,
        'threshold': 0.5,
    }
    config = Config({'mapping': section})
    request = RunRequest(post=Path('post.tif'), **asked)
    if asked.get('options'):
        action = DictAction([], 'options')
        action(None, space := Namespace(), asked['options'])
        config.merge_from_dict(space.options)
    if request.threshold is not None:
        config.mapping.threshold = request.threshold
    set_calibration(config, card, 4.0, request)
    settings = MappingSettings.from_config(config)
    told = describe_probability(settings, card, request)
    return settings, told, doubt_probability(settings, request, 'net')


def test_card_calibrates_at_the_pixel_size_and_brings_its_threshold():
    settings, told, doubt = settings_of(network_card())
    assert doubt is None
    assert settings.platt.slope == pytest.approx(0.7)
    assert settings.platt.intercept == pytest.approx(0, abs=1e-12)
    assert settings.threshold == 0.34
    assert told['calibration']['fitted_on'] == 'chips'
    assert (told['threshold'], told['threshold_from']) == (0.34, 'network')


@pytest.mark.parametrize('asked', [{'threshold': 0.6}, {'options': ['mapping.threshold=0.6']}])
def test_a_threshold_of_the_user_stays(asked):
    settings, told, _ = settings_of(network_card(), **asked)
    assert settings.threshold == 0.6
    assert settings.platt is not None
    assert told['threshold_from'] == 'user'


def test_the_user_may_want_the_raw_probability():
    settings, told, doubt = settings_of(network_card(), options=['mapping.calibration=None'])
    assert doubt is None
    assert settings.platt is None
    assert told == {'calibration': None, 'threshold': 0.5, 'threshold_from': 'config'}


@pytest.mark.parametrize('card', [None, network_card(calibration=None, threshold=None)])
def test_a_network_without_calibration_stays_as_it_was_and_is_doubted(card):
    settings, told, doubt = settings_of(card)
    assert doubt.startswith('the probability of the network net is not calibrated, so that 0.7')
    assert settings.platt is None
    assert told == {'calibration': None, 'threshold': 0.5, 'threshold_from': 'config'}


def test_ground_is_doubted_from_half_of_the_windows_on():
    assert doubt_ground(None) is None
    assert doubt_ground(Novelty(100, 49)) is None
    said = doubt_ground(Novelty(96, 84))
    assert 'this network has not seen ground like this: 84 of 96 windows' in said
    assert '(88 %)' in said
