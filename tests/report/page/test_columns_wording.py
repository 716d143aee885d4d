import pytest

from dfpenet_mm.report.page.columns import area, count, file_size, percent, sentence
from dfpenet_mm.report.page.document import created_text


@pytest.mark.parametrize(
    ('written', 'wanted'),
    [
        (count(12_345.4), '12,345'),
        (percent(0.1234, 1), '12.3 %'),
        (area(99_999), '99,999 m²'),
        (area(158_935), '0.159 km²'),
        (area(None), '\N{EN DASH}'),
        (file_size(4_918_401), '4.9 MB'),
        (file_size(335), '0.3 kB'),
        (sentence('snow on 3 km2 of m2x'), 'Snow on 3 km² of m2x.'),
        (sentence('see pre_share of my_pre_share'), 'See “Seen before event” of my_pre_share.'),
        (sentence('Why?'), 'Why?'),
        (sentence(''), ''),
        (created_text('2026-03-01T14:30:00+02:00'), '1 March 2026, 12:30 UTC'),
        (created_text('once upon a time'), 'once upon a time'),
        (created_text(None), None),
    ],
)
def test_wording(written, wanted):
    assert written == wanted
