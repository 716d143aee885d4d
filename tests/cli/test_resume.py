"""A run that is stopped, in whatever way, keeps its finished blocks and can be resumed."""

import errno
import json
import os
import pickle
import signal
from pathlib import Path

import numpy as np
import rasterio

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.run.work_folder import WORK_FOLDER as NAME
from dfpenet_mm.run.work_folder import finished_blocks
from tests.cli.stopped_run import PRODUCTS, fail, hashes, stop_after


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
