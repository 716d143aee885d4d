"""A run that is stopped, in whatever way, keeps its finished blocks and can be resumed."""

import errno
import hashlib
import json
import os
import pickle
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.run.work_folder import WORK_FOLDER as NAME
from dfpenet_mm.run.work_folder import finished_blocks, open_work_folder
from tests.cli.conftest import ROOT

PRODUCTS = ('probability.tif', 'mask.tif', 'landslides.gpkg')
KILLS = 20


def hashes(out):
    return [hashlib.sha256((out / name).read_bytes()).hexdigest() for name in PRODUCTS]


@pytest.fixture(scope='module')
def whole(cheap_arguments, tmp_path_factory):
    """Products of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp('whole') / 'out'
    main(cheap_arguments(out))
    return out


def fail(arguments, capsys, code=2):
    """Run the command, which must fail; returns what it says."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == code
    return capsys.readouterr().err


@pytest.fixture
def stopped(cheap_arguments, cheap, tmp_path, monkeypatch):
    """An output folder whose run ended after some blocks, and the arguments of that run."""
    post = shutil.copy(cheap / 'post.tif', tmp_path / 'post.tif')
    arguments = cheap_arguments(tmp_path / 'out', post=post)
    stop_after(monkeypatch, 7)
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 130
    monkeypatch.undo()
    return tmp_path / 'out', arguments


def stop_after(monkeypatch, batches, act=lambda: os.kill(os.getpid(), signal.SIGINT)):
    from tests.cli.cheap_network import FirstBand  # noqa: PLC0415 - it registers itself

    predict, calls = FirstBand.__call__, []

    def predict_or_stop(self, chips):
        calls.append(len(chips))
        if len(calls) > batches:
            act()
        return predict(self, chips)

    monkeypatch.setattr(FirstBand, '__call__', predict_or_stop)
    return calls


def test_a_stopped_run_keeps_blocks_and_shows_no_product(stopped, capsys):
    out, arguments = stopped
    assert finished_blocks(out) >= 2
    assert [path.name for path in out.iterdir()] == [NAME]
    assert not (out / NAME / 'products').exists()
    message = fail(arguments, capsys)
    assert '--resume' in message
    assert '--overwrite' in message
    assert finished_blocks(out) >= 2


def test_a_resumed_run_predicts_only_what_is_missing(stopped, whole, monkeypatch):
    out, arguments = stopped
    kept = finished_blocks(out)
    calls = stop_after(monkeypatch, 10_000)
    main([*arguments, '--resume'])
    assert hashes(out) == hashes(whole)
    assert not (out / NAME).exists()
    first = json.loads((whole / 'summary.json').read_text())['recognition']['post']
    second = json.loads((out / 'summary.json').read_text())['recognition']['post']
    windows = ('windows_run', 'windows_skipped', 'valid_pixels', 'landslide_pixels', 'scaling')
    assert [first[name] for name in windows] == [second[name] for name in windows]
    # A block has four windows at most.
    assert first['windows_run'] - 4 * kept <= sum(calls) < first['windows_run']


def test_sigterm_keeps_blocks_too(cheap_arguments, tmp_path, monkeypatch, capsys):
    stop_after(monkeypatch, 5, lambda: os.kill(os.getpid(), signal.SIGTERM))
    message = fail(cheap_arguments(tmp_path / 'out'), capsys, code=143)
    assert 'terminated' in message
    assert 'continue with --resume' in message
    assert finished_blocks(tmp_path / 'out')


def test_overwrite_starts_over(stopped, whole, monkeypatch):
    out, arguments = stopped
    calls = stop_after(monkeypatch, 10_000)
    main([*arguments, '--overwrite'])
    assert hashes(out) == hashes(whole)
    run = json.loads((out / 'summary.json').read_text())['recognition']['post']['windows_run']
    assert sum(calls) == run


def test_resume_without_unfinished_work_is_a_plain_run(cheap_arguments, whole, tmp_path, capsys):
    main([*cheap_arguments(tmp_path / 'out'), '--resume'])
    assert hashes(tmp_path / 'out') == hashes(whole)
    assert 'not empty' in fail([*cheap_arguments(tmp_path / 'out'), '--resume'], capsys)


def test_damaged_blocks_are_computed_again(stopped, whole):
    out, arguments = stopped
    first, second, *_ = sorted((out / NAME / 'post' / 'blocks').glob('*.block'))
    first.write_bytes(first.read_bytes()[:-20])
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    main([*arguments, '--resume'])
    assert hashes(out) == hashes(whole)


def test_a_source_that_changed_is_named(stopped, capsys):
    out, arguments = stopped
    post = Path(arguments[arguments.index('--post') + 1])
    with rasterio.open(post, 'r+') as scene:
        scene.write(np.full((3, 1, 1), 9, np.uint8), window=((599, 600), (799, 800)))
    message = fail([*arguments, '--resume'], capsys)
    assert 'the post file post.tif has changed' in message
    assert finished_blocks(out)


def test_other_weights_and_settings_are_named(stopped, cheap, tmp_path, capsys):
    out, arguments = stopped
    options = ['--cfg-options', 'mapping.stride=64']
    message = fail([*arguments, '--resume', *options], capsys)
    assert 'setting mapping.stride has changed from 48 to 64' in message
    weights = tmp_path / 'weights.pth'
    content = (cheap / 'weights.pth').read_bytes().replace(b'\x00\x00\x80?', b'\x00\x00\x00?')
    weights.write_bytes(content)
    other = [str(weights) if value.endswith('.pth') else value for value in arguments]
    message = fail([*other, '--resume'], capsys)
    assert 'weights.pth' in message
    assert finished_blocks(out)


def test_a_finished_role_is_not_merged_again(cheap_arguments, whole, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'out'

    def broken(*_, **__):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('rasterio.shutil.copy', broken)
    assert 'No space left' in fail(cheap_arguments(out), capsys)
    monkeypatch.undo()
    monkeypatch.setattr('dfpenet_mm.run.recognise.map_scene', broken)
    main([*cheap_arguments(out), '--resume'])
    assert hashes(out) == hashes(whole)


def test_a_full_disk_keeps_blocks(cheap_arguments, whole, tmp_path, monkeypatch, capsys):
    out, fsync, calls = tmp_path / 'out', os.fsync, []

    def fill(descriptor):
        calls.append(descriptor)
        # The record and the scaling are written before the first block.
        if len(calls) > 7:
            raise OSError(errno.ENOSPC, 'No space left on device')
        fsync(descriptor)

    monkeypatch.setattr('os.fsync', fill)
    message = fail(cheap_arguments(out), capsys)
    assert 'No space left on device' in message
    assert '--resume' in message
    assert finished_blocks(out) == 5
    assert not list(out.rglob('.part-*'))
    monkeypatch.undo()
    main([*cheap_arguments(out), '--resume'])
    assert hashes(out) == hashes(whole)


def test_a_damaged_source_is_named_and_blocks_are_kept(
    cheap_arguments, cheap, tmp_path, monkeypatch, capsys
):
    # The looks for a valid pixel and for fill would find the damage before any block is predicted.
    monkeypatch.setattr('dfpenet_mm.mapping.scene.scene.TILE', 128)
    monkeypatch.setattr('dfpenet_mm.run.scene_pair.doubt_fill', lambda _: None)
    post = tmp_path / 'torn.tif'
    content = (cheap / 'post.tif').read_bytes()
    with rasterio.open(cheap / 'post.tif') as scene:
        offset = int(scene.get_tag_item('BLOCK_OFFSET_0_2', 'TIFF', bidx=1))
    post.write_bytes(content[:offset] + b'\xff' * 400 + content[offset + 400 :])
    message = fail(cheap_arguments(tmp_path / 'out', post=post), capsys)
    assert 'torn.tif cannot be read at Window(' in message
    assert finished_blocks(tmp_path / 'out')


def test_a_choice_of_auto_is_not_made_again(cheap_arguments, whole, tmp_path, monkeypatch, capsys):
    chosen = {'type': 'FirstBand', 'seconds': 0.002}

    def choose(config, **_):
        config.mapping.predictor = chosen
        return 'FirstBand is the fastest'

    arguments = [*cheap_arguments(tmp_path / 'out'), '--backend', 'auto']
    monkeypatch.setattr('dfpenet_mm.run.backend.apply_backend', choose)
    stop_after(monkeypatch, 7)
    assert 'FirstBand is the fastest' in fail(arguments, capsys, code=130)
    monkeypatch.undo()
    main([*arguments, '--resume'])
    settings = json.loads((tmp_path / 'out' / 'summary.json').read_text())['provenance']['settings']
    assert settings['mapping']['predictor'] == chosen
    # The record in the rasters differs, their pixels do not.
    for name in PRODUCTS[:2]:
        with rasterio.open(tmp_path / 'out' / name) as first, rasterio.open(whole / name) as second:
            np.testing.assert_array_equal(first.read(1), second.read(1))


def test_another_executor_writes_the_same_bytes(cheap_arguments, whole, tmp_path, monkeypatch):
    made = []

    class Elsewhere(LocalExecutor):
        """Builds the network from the task, as a worker on another machine must."""

        def __init__(self, *, address, actors):
            made.append((address, actors))
            super().__init__(readers=2)

        def __call__(self, task, *rest):
            return super().__call__(pickle.loads(pickle.dumps(task)), *rest)

    monkeypatch.setattr('dfpenet_mm.mapping.executors.ray_executor.RayExecutor', Elsewhere)
    arguments = cheap_arguments(tmp_path / 'out')
    main([*arguments, '--launcher', 'ray', '--address', '10.0.0.1:6379'])
    assert made == [('10.0.0.1:6379', None)]
    assert hashes(tmp_path / 'out') == hashes(whole)


def test_an_address_without_a_cluster_is_refused(cheap_arguments, tmp_path, capsys):
    message = fail([*cheap_arguments(tmp_path / 'out'), '--address', 'auto'], capsys)
    assert '--launcher ray' in message


def test_a_folder_that_may_not_be_written_to(cheap_arguments, tmp_path, capsys, monkeypatch):
    """Root may write anywhere but on a read-only disk, which answers so."""
    out, make = tmp_path / 'out', Path.mkdir

    def mkdir(path, *args, **options):
        if out in (path, *path.parents):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        make(path, *args, **options)

    monkeypatch.setattr(Path, 'mkdir', mkdir)
    message = fail(cheap_arguments(out), capsys)
    assert 'cannot be written (Read-only file system)' in message
    assert not out.exists()


@pytest.mark.parametrize('replace', [True, False])
def test_a_source_that_changes_while_it_is_read(
    cheap_arguments, whole, tmp_path, capsys, *, cheap, monkeypatch, replace
):
    post = Path(shutil.copy(cheap / 'post.tif', tmp_path / 'post.tif'))

    def rewrite():
        if replace:
            Path(shutil.copy(post, tmp_path / 'new.tif')).replace(post)
        else:
            os.utime(post, ns=(1, 1))

    stop_after(monkeypatch, 7, rewrite)
    arguments = cheap_arguments(tmp_path / 'out', post=post)
    message = fail(arguments, capsys)
    assert 'post.tif has changed while it was being read' in message
    monkeypatch.undo()
    # No block of the new file was kept: the old one put back, the run goes on.
    assert finished_blocks(tmp_path / 'out') <= 7
    main([*arguments, '--resume'])
    assert hashes(tmp_path / 'out') == hashes(whole)


def mosaic(path, source):
    """Write a mosaic of one image or mosaic like the cheap scene."""
    bands = ''.join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><NoDataValue>0</NoDataValue><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>{band}'
        '</SourceBand></SimpleSource></VRTRasterBand>'
        for band in (1, 2, 3)
    )
    path.write_text(
        '<VRTDataset rasterXSize="800" rasterYSize="600"><SRS>EPSG:32654</SRS><GeoTransform>'
        f'500000, 10, 0, 4700000, 0, -10</GeoTransform>{bands}</VRTDataset>'
    )
    return path


def set_nodata(post):
    """Declare a value nodata in the sidecar, as ``gdal_edit.py`` does where it may not write."""
    band = ''.join(
        f'<PAMRasterBand band="{band}"><NoDataValue>77</NoDataValue></PAMRasterBand>'
        for band in (1, 2, 3)
    )
    Path(f'{post}.aux.xml').write_text(f'<PAMDataset>{band}</PAMDataset>')


def touch(post):
    os.utime(post, ns=(1, 1))


@pytest.mark.parametrize(('change', 'named'), [(touch, 'deep.tif'), (set_nodata, 'deep.tif.aux')])
def test_the_image_below_a_mosaic_of_mosaics_changes(
    cheap_arguments, cheap, tmp_path, monkeypatch, capsys, *, change, named
):
    deep = Path(shutil.copy(cheap / 'post.tif', tmp_path / 'deep.tif'))
    mosaic(tmp_path / 'inner.vrt', 'deep.tif')
    arguments = cheap_arguments(tmp_path / 'out', post=mosaic(tmp_path / 'outer.vrt', 'inner.vrt'))
    stop_after(monkeypatch, 7, lambda: change(deep))
    assert f'{named}' in fail(arguments, capsys)
    assert finished_blocks(tmp_path / 'out')
    # And between two runs: its content, not only its time.
    with rasterio.open(deep, 'r+') as scene:
        scene.write(np.full((3, 1, 1), 9, np.uint8), window=((599, 600), (799, 800)))
    message = fail([*arguments, '--resume'], capsys)
    assert named in message
    assert 'from which the post file outer.vrt is read, has changed' in message


@pytest.fixture(scope='module')
def run_apart():
    """Give ``run(arguments, kill_after=None)``: the command in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, '-m', 'tests.cli.fork_server'],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )

    def run(arguments, kill_after=None):
        server.stdin.write(json.dumps(arguments) + '\n')
        server.stdin.flush()
        process = int(server.stdout.readline())
        ended, _, _ = select.select([server.stdout], [], [], kill_after)
        if not ended:
            os.kill(process, signal.SIGKILL)
        return int(server.stdout.readline())

    yield run
    server.stdin.close()
    server.wait(60)


@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_comes_to_the_same_bytes(
    cheap_arguments, whole, tmp_path, run_apart
):
    dice, kept, completed = random.Random(4), 0, 0
    assert run_apart(cheap_arguments(tmp_path / 'first')) == 0
    start = time.perf_counter()
    assert run_apart(cheap_arguments(tmp_path / 'second')) == 0
    duration, out = time.perf_counter() - start, tmp_path / '0'
    kills = 0
    while kills < KILLS:
        delay = dice.uniform(0, duration)
        code = run_apart([*cheap_arguments(out), '--resume'], delay)
        if code == 0:
            assert hashes(out) == hashes(whole)
            completed += 1
            out = tmp_path / str(completed)
            continue
        assert code == -signal.SIGKILL
        kills += 1
        kept += finished_blocks(out) > 0
    assert run_apart([*cheap_arguments(out), '--resume']) == 0
    assert hashes(out) == hashes(whole)
    # The kills hit work, not only beginnings and ends.
    assert kept >= KILLS // 4


def test_a_run_killed_while_it_publishes_is_resumed(
    cheap_arguments, whole, tmp_path, monkeypatch, capsys
):
    out, replace = tmp_path / 'out', Path.replace

    def stop_at_the_third(self, target):
        if target.parent == out and len(list(out.iterdir())) > 2:
            raise OSError(errno.EIO, 'Input/output error')
        return replace(self, target)

    monkeypatch.setattr(Path, 'replace', stop_at_the_third)
    assert 'Input/output error' in fail(cheap_arguments(out), capsys)
    assert len(list(out.iterdir())) == 3
    monkeypatch.undo()
    assert '--resume' in fail(cheap_arguments(out), capsys)
    main([*cheap_arguments(out), '--resume'])
    assert hashes(out) == hashes(whole)


def test_two_runs_in_one_folder(stopped, capsys):
    out, arguments = stopped
    code = 'from tests.cli.test_resume import hold; hold()'
    other = subprocess.Popen(
        [sys.executable, '-c', code, str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    try:
        assert other.stdout.readline() == b'held\n'
        message = fail([*arguments, '--resume'], capsys)
        assert f'in use by another run (process {other.pid} on' in message
    finally:
        other.kill()
        other.wait()
    # The lock of a killed process is no lock.
    main([*arguments, '--resume'])


def hold():
    """Work in the folder named on the command line until killed."""
    with open_work_folder(Path(sys.argv[1]), overwrite=False, resume=True):
        print('held', flush=True)
        time.sleep(60)
