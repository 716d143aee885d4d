import numpy as np
import pandas as pd
import pytest

from dfpenet_mm.report.page.checks import checks
from dfpenet_mm.report.page.key_numbers import SceneFacts
from tests.report.page.generated_run import landslides, summary

FULL = SceneFacts(asked_km2=2.0, mapped_km2=2.0)


def answers(table=None, told=None, facts=FULL, *, has_pre=True):
    table = landslides() if table is None else table
    told = summary(table) if told is None else told
    found = checks(table=table, summary=told, facts=facts, has_pre=has_pre)
    return {check.question: check for check in found}


@pytest.mark.parametrize(
    ('mapped', 'state', 'begins'),
    [(2.0, 'good', 'All of'), (1.999, 'good', 'Under 0.1 %'), (1.5, 'look', '25.0 % of')],
)
def test_nodata(mapped, state, begins):
    check = answers(facts=SceneFacts(2.0, mapped))['Area without data']
    assert check.state == state
    assert check.answer.startswith(begins)


def test_a_pre_event_result_that_was_not_believed_is_told():
    told = summary(landslides())
    assert answers()['Snow or cloud'].state == 'look'
    assert '1.12 times' in answers()['Snow or cloud'].answer
    told['results']['TemporalDifference']['trusted'] = True
    assert answers(told=told)['Snow or cloud'].state == 'good'


def test_landslides_without_pre_event_data_are_counted():
    assert answers()['Pre-event data'].answer.startswith('4 of 16 landslides')
    whole = landslides().assign(pre_coverage=1.0)
    assert answers(whole)['Pre-event data'].state == 'good'


def test_without_a_pre_event_image_older_landslides_are_named():
    found = answers(has_pre=False)
    assert found['Pre-event image'].state == 'unknown'
    assert not {'Snow or cloud', 'Pre-event data', 'Shift of the images'} & set(found)


@pytest.mark.parametrize(
    ('shift', 'state'),
    [
        ({'length_m': 8.9, 'length_pixels': 0.9, 'certain': True}, 'good'),
        ({'length_m': 25, 'length_pixels': 2.5, 'certain': True}, 'look'),
        ({'length_m': 1, 'length_pixels': 0.1, 'certain': False}, 'look'),
    ],
)
def test_shift(shift, state):
    told = summary(landslides()) | {'pre_event': {'shift': shift}}
    assert answers(told=told)['Shift of the images'].state == state


def test_a_calibrated_probability_is_summed_up():
    told = summary(landslides()) | {
        'probability': {'threshold': 0.33, 'threshold_from': 'network', 'calibration': {'slope': 1}}
    }
    found = answers(told=told)['Confidence']
    assert found.state == 'good'
    assert 'of the mapped landslide area is landslide. 0 % of the landslides have' in found.answer
    assert 'below 0.45' in found.answer
    poor = answers(landslides().assign(mean_probability=0.4), told=told)['Confidence']
    assert poor.state == 'look'
    assert poor.answer.startswith('By its probability 40 % of the mapped landslide area')


def test_cut_outlines_doubts_and_pixel_size():
    found = answers()
    assert found['Cut outlines'].answer.startswith('2 of 16')
    assert found['Cut outlines'].state == 'look'
    # Probabilities 0.5, 0.53, 0.56 and 0.59 of 16.
    assert found['Confidence'].answer.startswith('25 %')
    assert found['Pixel size'].state == 'good'
    network = {'image_m': 24.0, 'known_m': [5, 20], 'averaged_to_m': None}
    told = summary(landslides()) | {'network': network}
    assert answers(told=told)['Pixel size'].state == 'look'
    told['network'] = network | {'image_m': 0.5, 'averaged_to_m': 10.0}
    averaged = answers(told=told)['Pixel size']
    assert averaged.state == 'good'
    assert averaged.answer.endswith('the image was averaged down to 10 m.')
    assert 'Pixel size' not in answers(told=summary(landslides()) | {'network': None})
    uncut = answers(landslides().assign(touches_edge=False))
    assert uncut['Cut outlines'].state == 'good'


@pytest.mark.parametrize(('row', 'state'), [(0, 'good'), (99, 'look')])
def test_a_cut_outline_among_the_largest_is_to_be_looked_at(row, state):
    table = pd.DataFrame({'id': range(100), 'area_m2': np.arange(100.0)})
    found = answers(table.assign(touches_edge=table['id'] == row))['Cut outlines']
    assert found.state == state
    assert ('1 of the largest' in found.answer) == (state == 'look')


@pytest.mark.parametrize(('precision', 'state'), [(0.7388, 'good'), (0.2, 'look'), (None, 'look')])
def test_a_comparison_is_good_if_it_came_out_well(precision, state):
    told = summary(landslides())
    told['evaluation']['ConsistencyEvaluator']['landslides']['precision'] = precision
    found = answers(told=told)['Comparison']
    assert found.state == state
    assert found.answer.startswith('89 % of the reference landslides were found')


def test_a_missing_reference_is_unknown():
    told = summary(landslides()) | {'evaluation': None}
    assert answers()['Comparison'].state == 'good'
    assert answers(told=told)['Comparison'].state == 'unknown'


def test_a_summary_without_anything_is_no_error():
    assert answers(landslides()[['geometry']], {}, has_pre=True)


def test_a_calibrated_probability_is_explained():
    calibration = {'slope': 0.9, 'intercept': -0.5, 'fitted_on': 'chips of 10 m'}
    told = summary(landslides()) | {
        'probability': {
            'calibration': calibration,
            'threshold': 0.34,
            'threshold_from': 'network',
        }
    }
    found = answers(told=told)['Probability']
    assert found.state == 'good'
    assert '7 in 10 such pixels are landslide, measured on chips of 10 m.' in found.answer
    assert 'from a probability of 0.34 on, the best one on those images.' in found.answer
    told['probability'] |= {'calibration': None, 'threshold_from': 'user'}
    found = answers(told=told)['Probability']
    assert found.state == 'unknown'
    assert found.answer.startswith('Not calibrated')
    assert found.answer.endswith('0.34 on, as it was asked for.')


@pytest.mark.parametrize(('beyond', 'state'), [(3, 'good'), (4, 'look')])
def test_ground_unlike_the_training_is_told(beyond, state):
    novelty = {'windows': 8, 'beyond': beyond, 'share': beyond / 8}
    found = answers(told=summary(landslides()) | {'novelty': novelty})['Ground']
    assert found.state == state
    assert found.answer.startswith(f'{beyond} of 8 windows of the image')
