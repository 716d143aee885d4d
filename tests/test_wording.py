import re

import pytest

from dfpenet_mm.wording import agreeing, counted, decimal, metres
from tests.docs.blocks import ROOT


@pytest.mark.parametrize(
    ('number', 'said'), [(0, '0 landslides'), (1, '1 landslide'), (12_000, '12,000 landslides')]
)
def test_counts(number, said):
    assert counted(number, 'landslide') == said


def test_irregular_plurals():
    assert (counted(1, 'inventory', 'inventories'), counted(2, 'inventory', 'inventories')) == (
        '1 inventory',
        '2 inventories',
    )


@pytest.mark.parametrize(
    ('number', 'decimals', 'said'),
    [
        (1234.567, 1, '1,234.6'),
        (0.0, 2, '0.00'),
        (0.0004, 1, '0.0004'),
        (1.234e-8, 3, '1.2e-08'),
        (-0.04, 1, '-0.04'),
        (0.06, 1, '0.1'),
    ],
)
def test_what_is_not_zero_does_not_look_like_it(number, decimals, said):
    assert decimal(number, decimals) == said


def test_the_word_that_goes_with_a_count():
    assert [agreeing(number, 'has', 'have') for number in (0, 1, 2)] == ['have', 'has', 'have']


def test_nothing_that_analysts_read_leaves_the_plural_to_them():
    sources = [*(ROOT / 'postproc').rglob('*.py'), *(ROOT / 'dfpenet_mm' / 'cli').rglob('*.py')]
    sources += (ROOT / 'dfpenet_mm' / 'report').rglob('*.py')
    assert [path.name for path in sources if re.search(r'[a-z]\(s\)', path.read_text())] == []


@pytest.mark.parametrize(
    ('length', 'said'),
    [(0.0004, '0.0004'), (8.5686, '8.57'), (10.0, '10'), (5000.4, '5,000'), (1e6, '1,000,000')],
)
def test_lengths_have_three_digits(length, said):
    assert metres(length) == said
