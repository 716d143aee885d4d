"""The picture of probability against truth."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dfpenet_mm.audit.chance import with_rejected
from dfpenet_mm.audit.findings import landslide_reliability, reliability
from dfpenet_mm.report.figures.reliability import draw_reliability


def judged(rows=30):
    probability = np.linspace(0.5, 0.99, rows)
    review = np.where(np.arange(rows) % 3 == 0, 'rejected', 'confirmed')
    return pd.DataFrame({'mean_probability': probability, 'review': review})


def test_bins_weigh_what_is_in_them():
    found = reliability(
        np.array([0.1, 0.15, 0.9, 1.0]),
        np.array([False, True, True, True]),
        np.array([3.0, 1.0, 2.0, 2.0]),
    )
    low, high = found['bins']
    assert low == pytest.approx({'points': 2, 'mean_probability': 0.45 / 4, 'share': 0.25})
    assert high == pytest.approx({'points': 2, 'mean_probability': 0.95, 'share': 1.0})
    assert np.isclose(found['expected_error'], (4 * (0.25 - 0.1125) + 4 * 0.05) / 8)


def test_it_is_of_audit_points_or_else_of_judged_landslides(tmp_path):
    audit = {'reliability': reliability(np.array([0.2]), np.array([True]), np.ones(1))}
    for number, summary in enumerate(({'audit': audit}, {})):
        run = SimpleNamespace(
            review=SimpleNamespace(mark=''), summary=summary, landslides=judged(), rejected=None
        )
        path = draw_reliability(run, tmp_path / f'{number}.png')
        assert min(Image.open(path).size) > 400


def test_without_verdicts_there_is_no_picture(tmp_path):
    run = SimpleNamespace(
        review=SimpleNamespace(mark=''), summary={}, landslides=judged(19), rejected=None
    )
    assert draw_reliability(run, tmp_path / 'a.png') is None
    run.landslides = judged().drop(columns='review')
    assert draw_reliability(run, tmp_path / 'a.png') is None
    assert not (tmp_path / 'a.png').exists()


def test_what_an_analyst_rejected_was_mapped_and_what_a_filter_took_was_not_judged():
    rejected = pd.DataFrame({'mean_probability': [0.6, 0.7], 'review': ['rejected', None]})
    both = with_rejected(judged(), rejected)
    assert len(both) == 31
    assert landslide_reliability(both)['bins'][1]['points'] == (
        landslide_reliability(judged())['bins'][1]['points'] + 1
    )
