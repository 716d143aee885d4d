import numpy as np

from dfpenet_mm.report.figures.segmentation_examples import telling_places
from tests.report.figures.small_run import FOUND, MISSED, TAKEN


def told(run):
    return [(place.title, place.lines[0], place.bounds) for place in telling_places(run)]


def test_places_of_a_run_with_a_reference(make_run):
    assert told(make_run(reference=True)) == [
        ('the largest', 'no. 1', FOUND['hit']),
        ('among the least certain', 'no. 2', FOUND['alarm']),
        ('rejected', 'no. 4', TAKEN['TemporalDifference']),
        ('false alarm', 'no. 2', FOUND['alarm']),
        ('miss', 'no. 2', MISSED),
    ]


def test_lines_say_what_is_known(make_run):
    first, _, rejected = telling_places(make_run())
    assert first.lines == ('no. 1', '20,000 m²', 'probability 0.90')
    assert rejected.lines[-1] == 'by comparison with the pre-event image'


def test_a_lone_landslide_is_shown_once(make_run):
    run = make_run()
    object.__setattr__(run, 'landslides', run.landslides.iloc[:1])
    object.__setattr__(run, 'rejected', None)
    assert told(run) == [('the largest', 'no. 1', FOUND['hit'])]


def test_unknown_probabilities_make_no_place(make_run):
    run = make_run()
    run.landslides['mean_probability'] = np.nan
    assert [title for title, *_ in told(run)] == ['the largest', 'rejected']
    assert telling_places(run)[0].lines == ('no. 1', '20,000 m²')


def test_without_regions_there_is_no_place(make_run):
    assert telling_places(make_run(regions=False)) == []
