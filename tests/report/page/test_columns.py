import base64

import numpy as np
import pandas as pd
import pytest

from dfpenet_mm.report.page.columns import (
    area,
    count,
    file_size,
    ordered_names,
    pack_columns,
    percent,
    sentence,
)
from dfpenet_mm.report.page.document import created_text

DTYPES = {
    'Uint8Array': '<u1',
    'Int32Array': '<i4',
    'Float32Array': '<f4',
    'Float64Array': '<f8',
}


def values_of(column):
    packed = column['values']
    return np.frombuffer(base64.b64decode(packed['base64']), DTYPES[packed['array']])


def packed(**columns):
    return {column['name']: column for column in pack_columns(pd.DataFrame(columns))}


def test_every_kind_of_column():
    columns = packed(
        id=[1, 2],
        area_m2=[400.5, np.nan],
        lon=[141.0012345, 141.5],
        touches_edge=[True, False],
        note=['<b>', None],
        length_m=pd.array([3, None], dtype='Int64'),
    )
    kinds = {name: column['kind'] for name, column in columns.items()}
    assert kinds == {
        'id': 'number',
        'area_m2': 'number',
        'touches_edge': 'flag',
        'length_m': 'number',
        'lon': 'number',
        'note': 'text',
    }
    assert values_of(columns['id']).tolist() == [1, 2]
    assert values_of(columns['area_m2']) == pytest.approx([400.5, np.nan], nan_ok=True)
    # More digits than a float32 has.
    assert values_of(columns['lon']).tolist() == [141.0012345, 141.5]
    assert values_of(columns['touches_edge']).tolist() == [1, 0]
    assert values_of(columns['length_m']) == pytest.approx([3, np.nan], nan_ok=True)
    assert columns['note']['values'] == ['<b>', '']


def test_an_unknown_flag_is_neither_yes_nor_no():
    flags = pd.array([True, None, False], dtype='boolean')
    assert values_of(packed(touches_edge=flags)['touches_edge']).tolist() == [1, 255, 0]


def test_a_flag_that_somebody_left_empty_is_still_a_flag():
    column = packed(touches_edge=[1.0, np.nan, 0.0])['touches_edge']
    assert column['kind'] == 'flag'
    assert values_of(column).tolist() == [1, 255, 0]


def test_numbers_beyond_int32_stay_numbers():
    column = packed(count=[2**40, 1])['count']
    assert values_of(column)[0] == pytest.approx(2**40)


def test_known_columns_come_first_and_geometry_not_at_all():
    table = pd.DataFrame(columns=['mine', 'lat', 'geometry', 'area_m2', 'id'])
    assert ordered_names(table) == ['id', 'area_m2', 'lat', 'mine']


def test_map_units_have_the_decimals_of_their_crs():
    table = pd.DataFrame({'centroid_x': [141.5]})
    (column,) = pack_columns(table, map_unit_decimals=6)
    assert column['decimals'] == 6


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
