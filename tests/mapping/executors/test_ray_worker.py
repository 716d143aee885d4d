"""The worker without Ray: its methods are called from threads, as an actor's are."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from dfpenet_mm import __version__
from dfpenet_mm.errors import CheckpointError, InstallError, PredictionError
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.executors.ray_worker import RayWorker, task_here
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource

THREADS = torch.get_num_threads()


@dataclass(frozen=True)
class Network:
    device: str = 'cpu'
    broken: str = ''

    def build(self):
        if self.broken == 'weights':
            raise CheckpointError('the weights do not fit')
        return self.predict

    def predict(self, chips):
        if self.broken == 'chips':
            return chips[:, 0] + 7
        return np.sin(chips).mean(axis=1) ** 2


@pytest.fixture
def task(noise, write_raster, tmp_path):
    bands = noise(40, 60)
    bands[:, :9, :20] = 0
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=0)) as scene:
        source, shape = SceneSource.of(scene), scene.shape
    plan = WindowPlan(shape, 8, 6, batch_size=2, block_windows=4)
    scaling = FittedScaling((1.0,) * 3, (0.0,) * 3)
    return BlockTask(scene=source, plan=plan, scaling=scaling, network=Network())


def test_blocks_are_those_of_the_local_executor_whatever_their_order(task):
    expected = {block.index: result for block, result in LocalExecutor()(task, task.plan.blocks)}
    worker = RayWorker()
    worker.start(task, THREADS, __version__)
    order = [*expected][::-1]
    with ThreadPoolExecutor(3) as calls:
        results = dict(zip(order, calls.map(worker.predict, order), strict=True))
    assert len(results) == task.plan.block_count > 10
    for index, result in results.items():
        np.testing.assert_array_equal(result.levels, expected[index].levels)
        np.testing.assert_array_equal(result.valid, expected[index].valid)
        assert result.windows_run == expected[index].windows_run


def test_an_error_of_building_comes_from_start(task):
    task = replace(task, network=Network(broken='weights'))
    with pytest.raises(CheckpointError, match='the weights do not fit'):
        RayWorker().start(task, THREADS, __version__)


def test_an_error_of_predicting_comes_from_its_block_and_the_worker_goes_on(task):
    worker = RayWorker()
    worker.start(replace(task, network=Network(broken='chips')), THREADS, __version__)
    for _ in range(2):
        with pytest.raises(PredictionError, match='wanted are probabilities'):
            worker.predict(3)


def test_another_version_is_refused(task):
    with pytest.raises(InstallError, match=f'has dfpenet_mm {__version__}.*with 0.0.7'):
        RayWorker().start(task, THREADS, '0.0.7')


@pytest.mark.parametrize(
    ('device', 'seen'), [('cuda:3', 'cuda:0'), ('cuda', 'cuda:0'), ('cpu', 'cpu')]
)
def test_an_actor_sees_its_gpu_as_the_first(task, device, seen):
    assert task_here(replace(task, network=Network(device))).network.device == seen
