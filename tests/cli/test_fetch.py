"""The command that fetches: its words, its exit codes, and the line that it prints."""

import ast
import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.imagery import network
from tests.imagery.test_fetch import INSIDE, POST, PRE
from tests.imagery.world import serving

ROOT = Path(__file__).resolve().parents[2]
BOX = ','.join(map(str, INSIDE))


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(network, 'BACK_OFF_S', 0.01)
    monkeypatch.setattr(network, 'RETRIES', 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'world').mkdir()
    with serving(tmp_path / 'world') as world:
        yield world


def servers(world):
    return ['--stac', f'{world.url}/stac', '--usgs', f'{world.url}/usgs']


def pair(world):
    world.image('POST', POST)
    world.image('PRE', PRE)


def complaint(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_info:
        main(['fetch', *arguments])
    captured = capsys.readouterr()
    return exit_info.value.code, captured.err.splitlines()[-1]


def test_event_is_fetched_and_the_next_line_is_said(world, tmp_path, capsys):
    pair(world)
    middle = shapely.box(*INSIDE).centroid
    world.event(lon=middle.x, lat=middle.y, contour=middle.buffer(0.004))
    world.elevation('N42', middle.x - 0.05, middle.y + 0.03, size=(220, 360))
    main(['fetch', '--event', 'us2000h8ty', *servers(world), '--out', 'here'])
    told = capsys.readouterr()
    line = shlex.split(told.out.splitlines()[-1])
    assert line[:2] == ['landslide-map', '--post']
    assert line[line.index('--aoi') + 1] == 'here/area.gpkg'
    assert [Path(line[line.index(o) + 1]).is_file() for o in ('--post', '--pre', '--dem')]
    assert 'shaken with intensity 6 or more' in told.err
    assert json.loads((tmp_path / 'here' / 'fetch.json').read_text())['event']['magnitude'] == 6.6


def test_dry_run_is_a_table(world, tmp_path, capsys):
    pair(world)
    world.image('LATER', '2018-09-15T01:20:00Z', classes=np.full((128, 128), 9, np.uint8))
    where = ['--bbox', BOX, '--date', '2018-09-05', '--dry-run', *servers(world)]
    main(['fetch', *where])
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        'image',
        'time',
        'orbit',
        'covered',
        'clear',
        'cloud',
        'shadow',
        'snow',
        'names',
    ]
    assert rows[0].split()[:3] == ['*', 'post', '2018-09-10T01:20']
    assert rows[1].split()[-5:] == ['0%', '100%', '0%', '0%', 'LATER']
    assert not (tmp_path / 'fetched_2018-09-05').exists()
    main(['fetch', *where, '--json', '--quiet'])
    listed = json.loads(capsys.readouterr().out)['candidates']
    assert [row['items'] for row in listed] == [['POST'], ['LATER'], ['PRE']]


@pytest.mark.parametrize(
    ('arguments', 'code', 'said'),
    [
        (['--bbox', BOX], 2, 'give the day of the event with --date'),
        (['--date', '2018-09-05'], 2, 'give --event, or --bbox or --aoi'),
        (['--bbox', BOX, '--date', 'soon'], 2, 'is no date'),
        (['--bbox', '1,2,3', '--date', '2018-09-05'], 2, 'is no box'),
        (['--bbox', '1,2,1,2', '--date', '2018-09-05'], 2, 'the area has 0 km2'),
        (['--bbox', '-10,35,30,60', '--date', '2018-09-05'], 2, 'at most 40,000'),
        (['--bbox', BOX, '--date', '2018-09-05'], 2, 'no image of the area after'),
        (['--event', 'nonsense'], 2, 'knows no event nonsense'),
        (['--event', 'x', '--usgs', 'http://127.0.0.1:9'], 3, 'cannot be reached'),
        (['--event', 'x', '--max-cloud', '200'], 2, 'is no percentage'),
        (['--bbox', BOX, '--stac', '/stac'], 2, 'is no address of a server'),
        (['--event', 'x', '--usgs', 'usgs.gov/query'], 2, 'is no address of a server'),
        (
            ['--bbox', BOX, '--date', '2018-09-05', '--stac', 'http://127.0.0.1:9'],
            3,
            'the image server http://127.0.0.1:9 cannot be reached',
        ),
        (
            ['--bbox', BOX, '--date', '2018-09-05', '--post-dates', '2018-09-09', '2018-09-07'],
            2,
            'begins on 2018-09-09 and ends on 2018-09-07, before that; give the earlier day first',
        ),
    ],
)
def test_bad_input_is_one_sentence(world, capsys, arguments, code, said):
    # What stands last counts.
    found, line = complaint(capsys, *servers(world), '--no-dem', *arguments)
    assert (found, said in line) == (code, True), line
    assert [path.name for path in Path().iterdir()] == ['world']


@pytest.mark.usefixtures('world')
def test_errors_are_json_where_it_is_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(['fetch', '--event', 'x', '--usgs', 'http://127.0.0.1:9', '--json', '--quiet'])
    assert json.loads(capsys.readouterr().out)['exit_code'] == 3


def test_no_other_room_can_open_a_connection():
    """Only imagery imports what speaks to servers, and only the verb that fetches imports it."""
    speaks = {'requests', 'urllib3', 'urllib', 'http', 'socket', 'pystac_client', 'httpx'}
    # The name of this machine, that of an error, and a cluster that was asked for.
    known = {'folder_lock.py', 'engine/safe_checkpoint.py', 'mapping/executors/ray_cluster.py'}
    wrong = []
    for path in [*(ROOT / 'dfpenet_mm').rglob('*.py'), *(ROOT / 'postproc').rglob('*.py')]:
        name = path.relative_to(ROOT).as_posix().removeprefix('dfpenet_mm/')
        if name.startswith('imagery/') or 'fetch' in path.name or name in known:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ''] if isinstance(node, ast.ImportFrom) else []
            wrong += [
                (name, module)
                for module in modules
                if (module.split('.')[0] in speaks and module != 'urllib.parse')
                or module.startswith('dfpenet_mm.imagery')
            ]
    assert wrong == []


BLOCKED = """
import socket, sys
def refuse(*arguments, **_):
    raise RuntimeError(f'a connection was tried: {arguments}')
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refuse
socket.getaddrinfo = refuse
from dfpenet_mm.cli.landslide_map import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_event_to_report_in_one_line_and_mapping_without_sockets(world, tmp_path):
    """Two commands as a shell chains them; the second one may open no connection."""
    scene = ROOT / 'demo' / 'hokkaido_post.tif'
    for name, when, light in (('POST', POST, 1.0), ('PRE', PRE, 0.95)):
        with rasterio.open(scene) as source:
            colours = source.read(window=((300, 556), (450, 706))).astype(float)
        bands = np.concatenate([colours, colours[:1]]) * light
        world.image(name, when, values=bands)
    fetch = [sys.executable, '-m', 'dfpenet_mm.cli.landslide_map', 'fetch', '--bbox', BOX]
    fetch += ['--date', '2018-09-05', '--no-dem', '--out', 'o', *servers(world)]
    mapping = [sys.executable, '-c', BLOCKED, '--post', 'o/post.tif', '--pre', 'o/pre.tif']
    mapping += ['--out', 'o/map', '--max-shift', '1000']
    line = f'{shlex.join(fetch)} && {shlex.join(mapping)}'
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'o' / 'map' / 'report.html').is_file()
    assert 'scaled as reflectance of the ground (as its bands declare)' in (
        done.stderr + (tmp_path / 'o' / 'map' / 'summary.json').read_text()
    )
