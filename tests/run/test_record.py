import copy
import json

import pytest

from dfpenet_mm.errors import OutputError
from dfpenet_mm.run.record import keep_or_check, run_record

INPUTS = {
    'config': {'name': 'c.py', 'bytes': 1, 'sha256': 'c'},
    'post': {'name': 'post.vrt', 'bytes': 10, 'sha256': 'p'},
    'checkpoint': {'name': 'w.pth', 'bytes': 20, 'sha256': 'w'},
}
SETTINGS = {'mapping': {'stride': 384, 'bands': (1, 2, 3)}, 'postproc': [1], 'device': 'cpu'}
VERSIONS = {'python': '3.11', 'torch': '2', 'geopandas': '1'}


def record(tmp_path, **changes):
    tile = tmp_path / 'tile.tif'
    if not tile.exists():
        tile.write_bytes(b'pixels')
    given = {'inputs': INPUTS, 'settings': SETTINGS, 'versions': VERSIONS} | changes
    return run_record(sources={'post': [tile]}, **given)


def changed(values, *path, to):
    values = copy.deepcopy(values)
    inner = values
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = to
    return values


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / 'out' / '.unfinished' / 'run.json'
    path.parent.mkdir(parents=True)
    keep_or_check(path, record(tmp_path))
    return path


@pytest.mark.parametrize(
    ('part', 'values'),
    [
        ('inputs', INPUTS),
        ('inputs', changed(INPUTS, 'post', 'name', to='moved.vrt')),
        ('inputs', changed(INPUTS, 'config', 'sha256', to='other')),
        ('inputs', {**INPUTS, 'layer_dem': {'name': 'dem.tif'}}),
        ('settings', changed(SETTINGS, 'postproc', to=[])),
        ('settings', changed(SETTINGS, 'mapping', 'max_shift_m', to=30.0)),
        ('versions', changed(VERSIONS, 'geopandas', to='2')),
    ],
)
def test_what_blocks_do_not_depend_on_may_change(part, values, kept, tmp_path):
    keep_or_check(kept, record(tmp_path, **{part: values}))


@pytest.mark.parametrize(
    ('part', 'values', 'complaint'),
    [
        ('inputs', changed(INPUTS, 'checkpoint', 'sha256', to='x'), 'checkpoint file w.pth has ch'),
        ('inputs', {**INPUTS, 'aoi': {'name': 'a.gpkg'}}, 'aoi file was added'),
        ('inputs', {'post': INPUTS['post']}, 'checkpoint file was left out'),
        ('settings', changed(SETTINGS, 'mapping', 'stride', to=256), 'mapping.stride has changed'),
        ('settings', changed(SETTINGS, 'mapping', 'nodata', to=[0.0]), 'from None to [0.0]'),
        ('settings', changed(SETTINGS, 'device', to='cuda'), "from 'cpu' to 'cuda'"),
        ('versions', changed(VERSIONS, 'torch', to='3'), "version of torch has changed from '2'"),
    ],
)
def test_what_blocks_depend_on_may_not(part, values, complaint, kept, tmp_path):
    with pytest.raises(OutputError, match=r'out cannot be resumed') as error_info:
        keep_or_check(kept, record(tmp_path, **{part: values}))
    assert complaint in str(error_info.value)


def test_a_tile_of_a_mosaic_may_not_change(kept, tmp_path):
    (tmp_path / 'tile.tif').write_bytes(b'PIXELS')
    with pytest.raises(
        OutputError,
        match=r'began tile\.tif, from which the post file post',
    ):
        keep_or_check(kept, record(tmp_path))


def test_a_damaged_record_is_not_believed(kept, tmp_path):
    kept.write_text(json.dumps(record(tmp_path))[:-5])
    with pytest.raises(OutputError, match=r'run\.json.* is damaged'):
        keep_or_check(kept, record(tmp_path))
