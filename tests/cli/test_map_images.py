"""Command lines as people write them."""

import json
from pathlib import Path

import pytest

from dfpenet_mm import __version__
from dfpenet_mm.cli.landslide_map import VERBS, main
from dfpenet_mm.cli.map_options import build_parser
from dfpenet_mm.cli.options import named_layers
from dfpenet_mm.errors import ConfigError


@pytest.mark.parametrize(
    'line',
    [
        'c.py w.pth --post a.tif --pre b.tif --cfg-options x=1 y=2',
        '--post a.tif --pre b.tif --cfg-options x=1 y=2 -- c.py w.pth',
        'c.py --post a.tif --pre b.tif w.pth --cfg-options x=1 y=2',
        '--post a.tif c.py --cfg-options x=1 y=2 --pre b.tif w.pth',
    ],
)
def test_config_and_checkpoint_stand_anywhere(line):
    args = build_parser().parse(line.split())
    assert (args.config, args.checkpoint) == (Path('c.py'), Path('w.pth'))
    assert (args.post, args.pre) == (Path('a.tif'), Path('b.tif'))
    assert args.cfg_options == ['x=1', 'y=2']


def test_neither_config_nor_checkpoint_is_wanted():
    args = build_parser().parse(['--post', 'doctor'])
    assert args.config is args.checkpoint is args.out is None
    assert args.post == Path('doctor')


@pytest.mark.parametrize(
    ('line', 'complaint'),
    [
        ('', '--post'),
        ('c.py w.pth x.tif --post a.tif', 'unrecognized arguments: x.tif'),
        ('--post a.tif --colour', '--colour'),
    ],
)
def test_faults_end_with_code_2(line, complaint, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(line.split())
    assert exit_info.value.code == 2
    assert complaint in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*line.split(), '--json'])
    document = json.loads(capsys.readouterr().out)
    assert document['exit_code'] == 2
    assert complaint in document['error']


@pytest.mark.parametrize('alone', ['a.tif', 'mine.py', 'mine.pth'])
def test_one_file_alone_is_said_in_one_sentence(alone, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([alone, '--post', 'b.tif', '--json'])
    assert exit_info.value.code == 2
    printed = capsys.readouterr()
    assert printed.err.count('\n') == 1
    assert f'{alone} was given alone' in json.loads(printed.out)['error']


def test_help_has_examples_groups_and_exit_codes():
    text = build_parser().format_help()
    for part in ('examples:', 'exit codes:', 'network:', 'input:', 'output:', 'several machines:'):
        assert f'\n{part}\n' in text
    assert '130' in text
    examples = [line.split() for line in text.splitlines() if line.startswith('  landslide-map ')]
    assert len(examples) >= 4
    for _, *arguments in examples:
        if arguments[0] not in VERBS:
            build_parser().parse(
                arguments[: arguments.index('>')] if '>' in arguments else arguments
            )


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(['--version'])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == f'landslide-map {__version__}\n'


def test_layers_are_named_paths():
    given = named_layers(Path('d.tif'), ['nir=/data/a=b.tif', 'rain=r.vrt'])
    assert given == {
        'dem': Path('d.tif'),
        'nir': Path('/data/a=b.tif'),
        'rain': Path('r.vrt'),
    }
    assert named_layers(None, []) == {}


@pytest.mark.parametrize('option', ['a.tif', '=a.tif', 'nir=', 'a b=c.tif', '1st=c.tif'])
def test_others_are_refused(option):
    with pytest.raises(ConfigError, match='is not NAME=PATH'):
        named_layers(None, [option])


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        ('--nodata=nan', "'nan' is no value to leave out; give a number"),
        ('--max-shift=0', "'0' is no length; give metres from 0.001"),
        ('--max-shift=inf', "'inf' is no length; give metres from 0.001"),
        ('--pixel-size=1e9', "'1e9' is no length; give metres from 0.001 to 10,000"),
        ('--max-shift=far', "'far' is no length; give metres from 0.001"),
        ('--nodata=none', "'none' is no value to leave out; give a number"),
        ('--bands=0,1,2', "'0,1,2' is no list of bands; give their numbers, counted from 1"),
        ('--bands=r,g,b', "'r,g,b' is no list of bands; give their numbers, counted from 1"),
    ],
)
def test_numbers_that_are_none_are_refused_in_plain_words(option, complaint, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(['--post', 'a.tif', option])

    assert complaint in capsys.readouterr().err
    given = build_parser().parse_args(['--post', 'a.tif', '--bands', '3, 2, 1', '--nodata=-1e20'])
    assert (given.bands, given.nodata) == ((3, 2, 1), [-1e20])
