import json

import numpy as np
import pytest

from dfpenet_mm.errors import ConfigError
from postproc.rules.layer_rule import LayerRule


@pytest.mark.parametrize(
    ('limits', 'broken'),
    [
        ({'min': 5}, [True, False, False, False]),
        ({'max': 5}, [False, False, True, False]),
        ({'min': 4, 'max': 5}, [True, False, True, False]),
        ({'min': 6, 'max': 6}, [True, True, False, False]),
    ],
)
def test_limits_are_kept_and_no_data_breaks_none(limits, broken):
    rule = LayerRule(layer='slope', **limits)

    assert rule.broken(np.array([3.9, 5, 6, np.nan])).tolist() == broken


def test_directions_may_go_through_north():
    north = LayerRule(layer='aspect', min=300, max=60)
    south = LayerRule(layer='aspect', min=60, max=300)
    directions = np.array([0, 59, 61, 180, 299, 301, 359, np.nan])

    assert north.broken(directions).tolist() == [False] * 2 + [True] * 3 + [False] * 3
    assert south.broken(directions).tolist() == [True] * 2 + [False] * 3 + [True] * 2 + [False]
    assert north.reason(180.0) == 'aspect mean 180 degrees is not within 300 to 60'


def test_reasons_have_the_numbers():
    rule = LayerRule(layer='slope', statistic='p10', min=5, max=45.5)

    assert rule.column == 'slope_p10'
    assert rule.reason(3.14159) == 'slope p10 3.1416 degrees is below 5'
    assert rule.reason(50.0) == 'slope p10 50 degrees is above 45.5'
    assert rule.reason(float('nan')) == 'slope p10 is unknown, the layer lacks data there'


def test_a_rule_is_plain():
    rule = LayerRule.from_config({'layer': 'ndvi', 'raster': 'nir', 'red': 1, 'nir': 4, 'max': 0.4})

    assert LayerRule.from_config(json.loads(json.dumps(rule.as_dict()))) == rule
    assert LayerRule.from_config(rule) is rule


@pytest.mark.parametrize(
    ('cfg', 'sentence'),
    [
        ('slope', "a rule is 'slope'; wanted is a dict with a layer and some of statistic, min"),
        ({'min': 3}, 'a dict with a layer'),
        ({'layer': 'slope', 'minimum': 3}, 'some of statistic, min, max, missing'),
        ({'layer': '', 'min': 3}, 'the name of one'),
        ({'layer': 'slope'}, 'give one of them'),
        ({'layer': 'slope', 'min': 5, 'max': 3}, 'a min up to the max'),
        ({'layer': 'slope', 'min': '5'}, "min='5'; wanted is a number"),
        ({'layer': 'slope', 'min': True}, 'min=True; wanted is a number'),
        ({'layer': 'slope', 'max': float('nan')}, 'max=nan; wanted is a number'),
        ({'layer': 'slope', 'min': 5, 'statistic': 'average'}, "'average' is unknown"),
        ({'layer': 'slope', 'min': 5, 'statistic': 'argmax'}, 'no value of the layer'),
        ({'layer': 'slope', 'min': 5, 'statistic': 'count'}, 'no value of the layer'),
        ({'layer': 'slope', 'min': 5, 'missing': 'drop'}, "missing='drop'; wanted is one of"),
        ({'layer': 'slope', 'min': 5, 'resampling': 'cubic'}, "resampling='cubic'"),
        ({'layer': 'aspect', 'min': 5}, 'wanted are both'),
        ({'layer': 'aspect', 'min': 5, 'max': 361}, '0 to 360'),
        ({'layer': 'aspect', 'min': 5, 'max': 9, 'statistic': 'median'}, "only a 'mean'"),
        ({'layer': 'slope', 'min': 5, 'raster': 'x'}, 'only ndvi has these'),
        ({'layer': 'ndvi', 'max': 1, 'raster': 'x', 'red': 1}, 'all of them'),
        ({'layer': 'ndvi', 'max': 1, 'raster': 'x', 'red': 0, 'nir': 4}, 'numbers from 1'),
    ],
)
def test_bad_rules_end_in_one_sentence(cfg, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        LayerRule.from_config(cfg)
    assert '\n' not in str(caught.value)
