import math

import pandas as pd
import pytest

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.experiments.results_table import ResultsTable, markdown_table, mean_and_spread


def row(name='full', fraction=100.0, seed=0, settings='0e5', **scores):
    return {'name': name, 'fraction': fraction, 'seed': seed, 'settings': settings, **scores}


def test_rows_read_back(tmp_path):
    table = ResultsTable(tmp_path / 'new' / 'table.csv')
    table.append(row(IoU=56.25))
    table.append(row(seed=1, IoU=55.5))
    again = ResultsTable(table.path)
    assert again.rows.to_dict('records') == [row(IoU=56.25), row(seed=1, IoU=55.5)]
    assert list(table.path.parent.iterdir()) == [table.path]


@pytest.mark.parametrize(
    ('other', 'held'),
    [
        ({}, True),
        ({'name': 'dfpm'}, False),
        ({'fraction': 5.0}, False),
        ({'seed': 1}, False),
    ],
)
def test_a_run_is_known_by_name_fraction_and_seed(tmp_path, other, held):
    ResultsTable(tmp_path / 'table.csv').append(row())
    assert ResultsTable(tmp_path / 'table.csv').holds(**row(**other)) is held


def test_other_settings_are_no_answer(tmp_path):
    ResultsTable(tmp_path / 'table.csv').append(row())
    with pytest.raises(ConfigError, match='full, 100 %, seed 0 with other settings'):
        ResultsTable(tmp_path / 'table.csv').holds(**row(settings='5e0'))


def test_an_empty_table_holds_nothing(tmp_path):
    assert not ResultsTable(tmp_path / 'table.csv').holds(**row())


def test_a_stranger_is_refused(tmp_path):
    (tmp_path / 'table.csv').write_text('a,b\n1,2\n')
    with pytest.raises(InputFileError, match='no column name'):
        ResultsTable(tmp_path / 'table.csv')
    (tmp_path / 'table.csv').write_text('')
    with pytest.raises(InputFileError, match='cannot be read as a table'):
        ResultsTable(tmp_path / 'table.csv')


ROWS = pd.DataFrame(
    [
        {'name': 'b', 'fraction': 100.0, 'seed': 0, 'IoU': 50.0},
        {'name': 'a', 'fraction': 100.0, 'seed': 0, 'IoU': 40.0},
        {'name': 'b', 'fraction': 100.0, 'seed': 1, 'IoU': 54.0},
    ]
)


def test_means_spreads_and_counts():
    b, a = mean_and_spread(ROWS, ['IoU']).to_dict('records')
    assert (b['name'], b['IoU'], b['runs']) == ('b', 52.0, 2)
    assert math.isclose(b['IoU_spread'], math.sqrt(8))  # ((-2)^2 + 2^2) / (2 - 1)
    assert (a['name'], a['IoU'], a['runs']) == ('a', 40.0, 1)
    assert math.isnan(a['IoU_spread'])


def test_markdown_has_a_spread_only_where_there_is_one():
    assert markdown_table(ROWS, ['IoU']) == [
        '| run | seeds | IoU |',
        '|---|---|---|',
        '| b | 2 | 52.0 ± 2.8 |',
        '| a | 1 | 40.0 |',
    ]


def test_markdown_names_fractions_where_they_differ():
    rows = ROWS.assign(fraction=[5.0, 100.0, 5.0])
    assert markdown_table(rows, ['IoU'])[2] == '| b | 5 % | 2 | 52.0 ± 2.8 |'
