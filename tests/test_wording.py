import re

import pytest

from dfpenet_mm.wording import agreeing, counted
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


def test_the_word_that_goes_with_a_count():
    assert [agreeing(number, 'has', 'have') for number in (0, 1, 2)] == ['have', 'has', 'have']


def test_nothing_that_analysts_read_leaves_the_plural_to_them():
    sources = [*(ROOT / 'postproc').rglob('*.py'), *(ROOT / 'dfpenet_mm' / 'cli').rglob('*.py')]
    sources += (ROOT / 'dfpenet_mm' / 'report').rglob('*.py')
    assert [path.name for path in sources if re.search(r'[a-z]\(s\)', path.read_text())] == []
