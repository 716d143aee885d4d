import json

import pytest

from dfpenet_mm.cli.command_parser import CommandParser


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
