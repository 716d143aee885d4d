import math

import pandas as pd

from dfpenet_mm.experiments.results_table import markdown_table, mean_and_spread

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
