import json
import os
from pathlib import Path

import pytest

from dfpenet_mm.cli.options import CommandParser, file_name


@pytest.fixture
def parser():
    parser = CommandParser(prog='map')
    parser.add_argument('file', nargs='?')
    parser.add_argument('--json', action='store_true')
    parser.add_argument('--many', nargs='+')
    return parser


def test_arguments_stand_anywhere(parser):
    assert parser.parse(['--json', 'a']).file == 'a'
    assert parser.parse(['a', '--many', 'b', 'c', '--json']).many == ['b', 'c']


@pytest.mark.parametrize('value', ['-9999', '-1.7976931348623157e308', '-3.4E+38', '-inf'])
def test_negative_numbers_are_values(parser, value):
    parser.add_argument('--nodata', type=float, action='append')

    assert parser.parse(['a', '--nodata', value, '--nodata', '0']).nodata == [float(value), 0.0]


def test_lists_that_begin_with_a_negative_number_are_values(parser):
    parser.add_argument('--bbox')

    assert parser.parse(['--bbox', '-72.6,18.3,-72.3,18.5', 'a']).bbox == '-72.6,18.3,-72.3,18.5'


@pytest.mark.parametrize('as_json', [True, False])
def test_complaints_are_for_people_and_for_programs(parser, capsys, as_json):
    with pytest.raises(SystemExit) as exit_info:
        parser.parse(['--colour', *(['--json'] if as_json else [])])
    assert exit_info.value.code == 2
    printed = capsys.readouterr()
    assert 'unrecognized arguments: --colour' in printed.err
    if as_json:
        document = {'error': 'unrecognized arguments: --colour', 'exit_code': 2}
        assert json.loads(printed.out) == document
    else:
        assert printed.out == ''


@pytest.fixture
def odd_names(tmp_path):
    (tmp_path / 'loop').symlink_to(tmp_path / 'loop')
    return {
        'empty': '',
        'broken': 'o\nut',
        'tabbed': 'o\tut',
        'foreign': os.fsdecode(b'\x8en\x90\xd8.tif'),
        'long': 'x' * 300,
        'loop': str(tmp_path / 'loop' / 'post.tif'),
    }


@pytest.mark.parametrize(
    ('name', 'complaint'),
    [
        ('empty', 'argument --out: the name is empty'),
        ('broken', "argument --out: the name 'o\\nut' holds a line break"),
        ('tabbed', "argument --out: the name 'o\\tut' holds a line break or a tab"),
        (
            'foreign',
            'argument --out: the name \ufffdn\ufffd\ufffd.tif is not UTF-8',
        ),
        ('long', 'File name too long; shorten it'),
        ('loop', 'it is a link to itself'),
    ],
)
def test_names_that_no_library_can_open(parser, odd_names, capsys, name, complaint):
    parser.add_argument('--out', type=file_name)
    with pytest.raises(SystemExit) as exit_info:
        parser.parse(['--json', '--out', odd_names[name]])
    assert exit_info.value.code == 2
    printed = capsys.readouterr()
    assert complaint in printed.err
    assert complaint in json.loads(printed.out)['error']


def test_names_of_what_is_not_there_yet(tmp_path):
    assert (
        file_name(f'{tmp_path}/new/\u5317\u6d77\u9053.tif')
        == tmp_path / 'new' / '\u5317\u6d77\u9053.tif'
    )
    assert file_name('/vsizip/images.zip/a.tif') == Path('/vsizip/images.zip/a.tif')
