"""The states of a review, and the words for how much was reviewed."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from dfpenet_mm.errors import VectorFormatError
from dfpenet_mm.review import looked_at, plain_texts, read_time, review_states, review_status
from dfpenet_mm.vocabulary import Review

BOXES = [shapely.box(x, 0, x + 1, 1) for x in (0, 10, 20)]


def table(**columns):
    return gpd.GeoDataFrame({'id': [1, 2, 3], **columns}, geometry=BOXES, crs='EPSG:32654')


def test_states_are_read_whatever_their_case_and_blanks():
    states = review_states(table(review=[' Confirmed', None, 'ADDED']))

    assert states.tolist() == [Review.CONFIRMED, Review.UNREVIEWED, Review.ADDED]
    assert (review_states(table()) == Review.UNREVIEWED).all()
    # A column that is empty throughout comes from a file as numbers.
    assert (review_states(table(review=[np.nan] * 3)) == Review.UNREVIEWED).all()


def test_a_word_that_is_no_state_is_named_with_its_landslide():
    with pytest.raises(VectorFormatError, match="landslide 2 has the state 'maybe'") as error:
        review_states(table(review=['added', 'maybe', None]), 'a.gpkg')
    assert 'unreviewed, confirmed, rejected, edited, added' in str(error.value)


def test_what_stands_on_reviewed_ground_was_looked_at():
    area = shapely.box(9, -1, 12, 2)

    assert looked_at(table(review=['edited', None, None]), area).tolist() == [True, True, False]
    assert looked_at(table(), None).tolist() == [False, False, False]


def test_a_row_without_an_outline_does_no_harm():
    rows = table()
    rows.loc[0, 'geometry'] = None

    assert looked_at(rows, shapely.box(9, -1, 12, 2)).tolist() == [False, True, False]


def test_nothing_reviewed_is_marked():
    status = review_status(table())

    assert (status.mark, status.sentence, status.whole) == ('not reviewed', 'not reviewed', False)


def test_reviewers_days_and_shares_are_told():
    rows = table(
        review=['confirmed', 'edited', None],
        reviewer=['B. Bee', ' A. Ant ', 'nobody'],
        reviewed_at=['2026-12-03T23:30:00-05:00', '2026-12-01', ''],
    )
    status = review_status(rows, ground=0.124, others=[table(reviewer=['C. Cat', None, ''])])

    assert status.mark == 'reviewed in part: 2 of 3 landslides'
    assert status.sentence == (
        'reviewed by A. Ant, B. Bee and C. Cat, 1 December 2026 to 4 December 2026: '
        '2 of 3 landslides and 12 % of the mapped ground'
    )


def test_a_map_whose_landslides_were_all_seen_has_no_mark():
    status = review_status(table(review=['confirmed'] * 3))

    assert (status.mark, status.whole) == ('', True)
    assert status.sentence == 'reviewed: 3 of 3 landslides'


def test_an_empty_map_of_reviewed_ground_was_reviewed():
    status = review_status(table().iloc[:0], shapely.box(0, 0, 9, 9), ground=0.001)

    assert status.whole
    assert status.sentence.endswith('0 of 0 landslides and less than 1 % of the mapped ground')


def test_rejections_alone_are_a_review_in_part():
    status = review_status(table(), others=[table(review=['rejected', None, None])])

    assert status.rejected == 1
    assert status.mark == 'reviewed in part: 0 of 3 landslides'


def test_empty_cells_are_none_and_times_without_a_zone_are_utc():
    assert plain_texts(table(comment=[' x ', '', None]), 'comment').tolist() == ['x', None, None]
    assert read_time('yesterday') is None
    assert read_time('2026-12-01T10:00').isoformat() == '2026-12-01T10:00:00+00:00'
