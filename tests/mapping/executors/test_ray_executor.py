"""Ray itself, on a cluster of two nodes with a core each, both on this machine."""

import importlib
import itertools
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dfpenet_mm.errors import CheckpointError, ConfigError, PredictionError
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.executors.ray_executor import RayExecutor, blocks_in_flight
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource

ray = pytest.importorskip('ray')
slow = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
SECONDS_TO_STOP = 15


@pytest.fixture(scope='module')
def address():
    cluster_utils = importlib.import_module('ray.cluster_utils')
    # Actors get this module's classes with the task: it is not installed for them.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    node = {
        'num_cpus': 1,
        'node_ip_address': '127.0.0.2',
        'object_store_memory': 80 * 2**20,
        'include_dashboard': False,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('RAY_USAGE_STATS_ENABLED', '0')
        patch.setenv('PYTHONPATH', str(ROOT))
        cluster = cluster_utils.Cluster(initialize_head=True, head_node_args=node)
        cluster.add_node(**node)
        yield cluster.address
        cluster.shutdown()
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class NetworkThatKillsOnce:
    """A predictor without weights, whose first actor dies in the middle of the scene."""

    marker: Path
    device: str = 'cpu'

    def build(self):
        return self.predict

    def predict(self, chips):
        if self.marker.parent.exists() and chips.max() > 250 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.sin(chips).mean(axis=1) ** 2


class FakeWorker:
    """An actor that does what the task's ``acts`` say of a block, or of None for its start."""

    def start(self, task, *_):
        self.task = task
        self.act(None)

    def predict(self, index):
        if self.task.log:
            (self.task.log / f'{index}-{os.getpid()}').touch()
        self.act(index)
        levels, valid = np.full((8, 8), index, np.uint16), np.ones((8, 8), bool)
        return SimpleNamespace(levels=levels, valid=valid, windows_run=1, seconds_predicted=0.0)

    def act(self, index):
        act = self.task.acts.get(index)
        if act == 'die':
            os._exit(1)
        if act == 'sleep':
            time.sleep(600)
        if isinstance(act, Exception):
            raise act


class FakeTask(SimpleNamespace):
    """A task that costs an actor no import of the mapping engine."""

    def __reduce__(self):
        return SimpleNamespace, (), {'acts': self.acts, 'log': self.log}


def fake_task(count, acts=(), log=None):
    plan = WindowPlan((8, 8 * count), 8, 8, block_windows=1)
    return FakeTask(plan=plan, network=None, acts=dict(acts), log=log)


def run_fake(address, count, acts=(), log=None, on_windows=None, **settings):
    task = fake_task(count, acts, log)
    defaults = {'cpus_per_actor': 1, 'in_flight': 2, 'worker': FakeWorker}
    execute = RayExecutor(address=address, **defaults | settings)
    return execute(task, task.plan.blocks, on_windows)


def processes(log):
    return {int(path.name.split('-')[1]) for path in log.iterdir()}


def is_alive(pid):
    status = Path(f'/proc/{pid}/stat')
    return status.exists() and status.read_text().rsplit(')', 1)[1].split()[0] != 'Z'


@slow
def test_equal_to_the_local_run_though_an_actor_is_killed(address, noise, write_raster, tmp_path):
    bands = noise(64, 90)
    bands[:, :9, :20] = 0
    bands[:, 50, 40] = 255  # where the actor dies
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=0)) as scene:
        source, shape = SceneSource.of(scene), scene.shape
    marker = tmp_path / 'killed' / 'once'
    task = BlockTask(
        scene=source,
        plan=WindowPlan(shape, 8, 6, batch_size=2, block_windows=4),
        scaling=FittedScaling((1.0,) * 3, (0.0,) * 3),
        network=NetworkThatKillsOnce(marker),
    )
    expected = {block.index: result for block, result in LocalExecutor()(task, task.plan.blocks)}
    marker.parent.mkdir()
    settled, results = [], {}
    execute = RayExecutor(address=address, cpus_per_actor=1)
    for block, result in execute(task, task.plan.blocks, settled.append):
        assert block.index not in results
        results[block.index] = result
    assert marker.exists()
    assert sum(settled) == len(task.plan)
    assert results.keys() == expected.keys()
    for index, result in results.items():
        assert result.levels.tobytes() == expected[index].levels.tobytes()
        assert result.valid.tobytes() == expected[index].valid.tobytes()
        assert result.windows_run == expected[index].windows_run
        assert result.levels.flags.writeable
    assert not ray.is_initialized()


@slow
def test_a_block_that_keeps_killing_is_named_and_the_others_are_kept(address, tmp_path, capfd):
    kept = []
    results = run_fake(address, 12, {3: 'die'}, tmp_path, attempts=2)
    with pytest.raises(PredictionError, match=r'block 3 \(rows from 0, columns from 24\) cost 2'):
        kept.extend(results)
    assert all((result.levels == block.index).all() for block, result in kept)
    kept = [block.index for block, _ in kept]
    assert {0, 1, 2} & set(kept)
    assert 3 not in kept
    assert len(list(tmp_path.glob('3-*'))) == 2
    assert capfd.readouterr().out == ''


@slow
def test_an_error_of_the_user_keeps_its_class_and_sentence(address):
    error = CheckpointError('the weights do not fit; give others')
    with pytest.raises(CheckpointError) as caught:
        list(run_fake(address, 8, {4: error}, actors=1))
    assert type(caught.value) is CheckpointError
    assert str(caught.value) == str(error)


@slow
def test_closing_stops_actors_at_work_and_little_was_begun(address, tmp_path):
    acts = dict.fromkeys(range(4, 100), 'sleep')
    results = run_fake(address, 100, acts, tmp_path)
    list(itertools.islice(results, 3))
    begun = time.monotonic()
    results.close()
    assert time.monotonic() - begun < SECONDS_TO_STOP
    # Three were taken; each of two actors may hold two more.
    assert len(list(tmp_path.iterdir())) <= 3 + 2 * 2
    while any(map(is_alive, processes(tmp_path))):
        assert time.monotonic() - begun < SECONDS_TO_STOP
        time.sleep(0.1)


@slow
def test_actors_that_never_start_end_the_run(address):
    with pytest.raises(PredictionError, match='2 Ray actors died one after the other'):
        list(run_fake(address, 4, {None: 'die'}, actors=1))
    with pytest.raises(PredictionError, match=r'no Ray actor was ready within 0\.5 s'):
        list(run_fake(address, 4, {None: 'sleep'}, actors=1, start_timeout=0.5))


@slow
def test_a_cluster_without_room_is_refused(address):
    with pytest.raises(ConfigError, match='no node of the Ray cluster has the 64 CPUs'):
        list(run_fake(address, 4, cpus_per_actor=64))


@slow
@pytest.mark.usefixtures('address')
def test_a_cluster_of_its_own_comes_and_goes_in_silence(capfd):
    handler = signal.getsignal(signal.SIGTERM)
    settled = []
    results = run_fake(None, 5, actors=1, on_windows=settled.append)
    first, _ = next(results)
    assert signal.getsignal(signal.SIGTERM) is handler
    # An executor may hand out blocks in any order.
    assert sorted([first.index, *(block.index for block, _ in results)]) == [0, 1, 2, 3, 4]
    assert settled == [1] * 5
    assert not ray.is_initialized()
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize(
    ('batch_size', 'block_windows', 'wanted'), [(1, 16, 2), (4, 16, 2), (8, 16, 3), (16, 16, 5)]
)
def test_small_blocks_are_sent_ahead_in_greater_number(batch_size, block_windows, wanted):
    plan = WindowPlan((100, 1000), 8, 8, batch_size, block_windows)
    assert blocks_in_flight(plan) == wanted


def test_without_blocks_nothing_is_started(monkeypatch):
    monkeypatch.setattr(ray, 'init', lambda **_: pytest.fail('Ray was started'))
    execute = RayExecutor(worker=FakeWorker)
    assert list(execute(fake_task(1), [])) == []


@pytest.mark.parametrize('name', ['actors', 'cpus_per_actor', 'in_flight', 'attempts'])
def test_numbers_out_of_range_are_refused(name):
    with pytest.raises(ConfigError, match=f'{name} is 0'):
        RayExecutor(**{name: 0})
