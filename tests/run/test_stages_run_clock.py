"""Time left is what a simulated run then takes, and nothing is foretold without grounds."""

import pytest

from dfpenet_mm.run.stages import RunClock


class Now:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def clock(now):
    clock = RunClock(now)
    clock.expect({'load': 2.0, 'post': None, 'pre': None, 'write': 4.0}, alike=('post', 'pre'))
    return clock


def test_nothing_is_foretold_before_a_plan_or_a_pace(now, clock):
    assert RunClock(now).left() is None
    assert RunClock(now).share() is None
    assert clock.left() is None
    with clock.running('post'):
        clock.step(8, 100)
        assert clock.left() is None


def test_the_pace_of_one_recognition_foretells_the_other(now, clock):
    with clock.running('load'):
        now.time += 2
    with clock.running('post'):
        now.time += 30  # warming up counts for nothing
        clock.step(8, 100)
        now.time += 5
        clock.step(18, 100)
        # Half a second a step: 82 steps, as many as all again for the other image, the writing.
        assert clock.left() == pytest.approx(41 + 50 + 4)
        now.time += 0.2
        assert clock.left() == pytest.approx(40.8 + 50 + 4)
    with clock.running('pre'):
        assert clock.left() == pytest.approx(50 + 4)
        now.time += 1
        assert clock.left() == pytest.approx(49 + 4)
    assert clock.seconds == pytest.approx({'load': 2, 'post': 35.2, 'pre': 1})


def test_steps_of_other_stages_foretell_no_recognition(now, clock):
    with clock.running('load'):
        clock.step(0, 4)
        now.time += 1
        clock.step(2, 4)
        assert clock.left() is None
    assert clock.left() is None


def test_what_an_earlier_run_kept_says_nothing_of_the_pace(now, clock):
    with clock.running('post'):
        clock.step(90, 100)
        now.time += 2
        clock.step(92, 100)
        assert clock.left() == pytest.approx(8 + 100 + 2 + 4)


def test_only_the_last_minute_counts(now, clock):
    with clock.running('post'):
        for done in range(0, 501, 100):  # an edge of nodata
            clock.step(done, 1000)
            now.time += 1
        for done in range(510, 610, 10):
            now.time += 10
            clock.step(done, 1000)
        assert clock.left() == pytest.approx(400 + 1000 + 2 + 4)


def test_stages_that_overrun_or_were_not_expected_count_as_over(now, clock):
    with clock.running('post'):
        clock.step(0, 2)
        now.time += 1
        clock.step(1, 2)
        now.time += 1
    with clock.running('pre'):
        now.time += 1
    with clock.running('load'):
        now.time += 50
        assert clock.left() == pytest.approx(4)
    with clock.running('extra'):
        assert clock.left() == pytest.approx(4)


def test_uneven_steps_are_not_believed_below_what_was_expected(now, clock):
    with clock.running('write'):
        clock.step(0, 4)
        now.time += 0.1
        clock.step(3, 4)
        clock.expect({'write': 4.0})
        assert clock.left() == pytest.approx(3.9)
        now.time += 20
        clock.step(3, 4)
        assert clock.left() > 1


def test_the_share_never_falls_and_ends_at_one(now):
    clock = RunClock(now)
    clock.expect({'write': 4.0})
    with clock.running('write'):
        now.time += 2
        assert clock.share() == pytest.approx(0.5)
        clock.expect({'write': 40.0})
        assert clock.share() == pytest.approx(0.5)
        now.time += 38
    assert clock.share() == 1


def test_a_stage_that_fails_has_no_seconds(clock):
    with pytest.raises(ValueError, match='no'), clock.running('load'):
        raise ValueError('no')
    assert clock.seconds == {}
