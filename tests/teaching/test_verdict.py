"""The choice between networks, and how it is told."""

from dfpenet_mm.teaching.judging import Comparison
from dfpenet_mm.teaching.verdict import best_network, comparison_sentence

BEFORE = Comparison(0.4, (0.3, 0.5))
WORSE = Comparison(0.3, (0.2, 0.4), -0.1, (-0.2, 0.0), 0.02)
UNSURE = Comparison(0.45, (0.3, 0.6), 0.05, (-0.1, 0.2), 0.7)
BETTER = Comparison(0.6, (0.5, 0.7), 0.2, (0.1, 0.3), 1.0)
BEST = Comparison(0.7, (0.6, 0.8), 0.3, (0.2, 0.4), 1.0)


def test_the_best_of_those_surely_better_maps_the_scene():
    assert best_network({'recalibrated': BETTER, 'all layers': BEST}) == 'all layers'
    assert best_network({'recalibrated': UNSURE, 'all layers': WORSE}) == 'before'
    assert best_network({}) == 'before'


def test_the_sentence_names_the_network_and_the_interval():
    found = {'before': BEFORE, 'recalibrated': UNSURE, 'all layers': BETTER}
    assert comparison_sentence('all layers', found) == (
        'the taught network (all layers) maps the scene: on the ground that judged its IoU is '
        '0.60, and 0.40 was that before (difference +0.20, 95 % interval +0.10 to +0.30)'
    )


def test_where_the_network_before_stays_the_closest_is_named():
    worse = {'before': BEFORE, 'recalibrated': WORSE, 'all layers': UNSURE}
    assert comparison_sentence('before', worse) == (
        'the network before maps the scene, as no other is surely better; closest came the taught '
        'network (all layers): on the ground that judged its IoU is 0.45, and 0.40 was that before '
        '(difference +0.05, 95 % interval -0.10 to +0.20); to teach it more, review more ground'
    )
    threshold = {**worse, 'recalibrated': UNSURE, 'all layers': WORSE}
    assert 'closest came the network before with a new calibration and threshold: on' in (
        comparison_sentence('before', threshold)
    )


def test_where_no_network_has_a_meaning_none_is_named():
    assert comparison_sentence('before', {'before': BEFORE}).startswith(
        'the network before maps the scene, as no other tells landslides from the rest'
    )
