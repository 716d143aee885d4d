import numpy as np
import pytest

MASK = [[1, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_reject_moves_rows_and_says_why(make_product):
    product = make_product(MASK)

    left = product.reject(np.array([True, False, False]), 'First', ['too small'])
    left = left.reject(np.array([False, True]), 'Second', ['a road'])

    assert len(left.landslides) == 1
    assert list(left.landslides.index) == [0]
    assert list(left.rejected['hook']) == ['First', 'Second']
    assert list(left.rejected['reason']) == ['too small', 'a road']
    assert left.rejected.crs == product.landslides.crs
    assert len(product.landslides) == 3
    assert product.rejected is None


def test_rejecting_nothing_changes_nothing(make_product):
    product = make_product(MASK)

    assert product.reject(np.zeros(3, bool), 'First', []) is product


def test_second_run_of_a_hook_keeps_the_first_result(make_product):
    product = make_product(MASK).with_result('Filter', {'n': 1}).with_result('Filter', {'n': 2})

    assert dict(product.results) == {'Filter': {'n': 1}, 'Filter_2': {'n': 2}}
    with pytest.raises(TypeError):
        product.results['Filter'] = {}


def test_a_warning_is_said_once(make_product):
    product = make_product(MASK).with_warning('Snow.').with_warning('Snow.').with_warning('Fog.')

    assert product.warnings == ('Snow.', 'Fog.')
