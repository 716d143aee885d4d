import json

import pytest

from qgis_plugin.command.protocol import Event, read_event, time_left


def test_a_progress_is_read():
    line = {'event': 'progress', 'stage': 'map', 'fraction': 0.5, 'seconds_left': 3, 'message': 'x'}
    assert read_event(json.dumps(line) + '\n') == Event('progress', 'x', 'map', 0.5, 3.0)


def test_what_is_not_known_is_none():
    line = {'event': 'progress', 'stage': 'map', 'fraction': None, 'seconds_left': None}
    assert read_event(json.dumps(line)) == Event('progress', '', 'map')


def test_a_result_has_products():
    line = {'event': 'result', 'message': 'done', 'products': {'report': '/a/report.html'}}
    assert read_event(json.dumps(line)).products == {'report': '/a/report.html'}


@pytest.mark.parametrize(
    'line', ['Traceback (most recent call last):', '{"event": "unheard of"}', '[1]', '3', '{"a":']
)
def test_any_other_line_stays_text(line):
    assert read_event(f'{line}\r\n') == Event('text', line)


@pytest.mark.parametrize(
    ('seconds', 'words'),
    [(31.5, 'less than 1 min left'), (190, 'about 3 min left'), (9000, 'about 2.5 h left')],
)
def test_time_is_told_in_words(seconds, words):
    assert time_left(seconds) == words
