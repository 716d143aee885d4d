import numpy as np
import rasterio

from dfpenet_mm.report.figures.run_view import FIRST_REMOVED, LEFT, RunView, with_specks
from tests.report.figures.small_run import FOUND, MISSED, SHAPE, TAKEN


def painted(**classes):
    picture = np.zeros(SHAPE, np.uint8)
    for (left, top, right, bottom), value in classes.values():
        picture[top:bottom, left:right] = value
    return picture


def test_the_last_stage_is_judged_as_the_evaluator_did(make_run):
    run = make_run(reference=True)
    with rasterio.open(run.folder / 'evaluation.tif') as source:
        np.testing.assert_array_equal(RunView(run).judged(2, 1000), source.read(1))


def test_earlier_stages_have_what_was_removed_later(make_run):
    view = RunView(make_run(reference=True))
    wrong, right = TAKEN['GeologicFilter'], TAKEN['TemporalDifference']
    judged = [view.judged(stage, 1000) for stage in range(3)]
    codes = [
        [picture[top:bottom, left:right].mean() for left, top, right, bottom in (wrong, right)]
        for picture in judged
    ]
    # The first was no landslide: a false alarm until its removal. The second was one.
    assert codes == [[2, 1], [0, 1], [0, 3]]


def test_the_reference_is_what_was_hit_or_missed(make_run):
    view = RunView(make_run(reference=True))
    expected = painted(
        hit=(FOUND['hit'], 1), gone=(TAKEN['TemporalDifference'], 1), missed=(MISSED, 1)
    )
    expected[:, 75:] = 0
    assert view.has_reference
    np.testing.assert_array_equal(view.reference(1000), expected)


def test_fates_and_stages_without_a_reference(make_run):
    view = RunView(make_run())
    assert not view.has_reference
    left = {name: (bounds, LEFT) for name, bounds in FOUND.items()}
    expected = painted(
        **left,
        first=(TAKEN['GeologicFilter'], FIRST_REMOVED),
        second=(TAKEN['TemporalDifference'], FIRST_REMOVED + 1),
    )
    np.testing.assert_array_equal(view.fates(1000), expected)
    expected = painted(
        **left, first=(TAKEN['GeologicFilter'], 2), second=(TAKEN['TemporalDifference'], 1)
    )
    np.testing.assert_array_equal(view.kept_and_removed(1, 1000), expected)
    assert view.kept_and_removed(0, 1000).max() == 1


def test_pictures_are_as_small_as_asked(make_run):
    view = RunView(make_run(reference=True))
    assert view.fates(20).shape == (15, 20)
    assert view.judged(0, 20).shape == (15, 20)


def test_specks_widen_over_the_background_only():
    picture = np.array([[0, 0, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0]], np.uint8)
    expected = [[2, 2, 2, 0], [2, 2, 1, 0], [2, 2, 2, 0]]
    assert with_specks(picture, over=1).tolist() == expected
