import pytest

from dfpenet_mm.cli.runner_command import without_worker_settings


@pytest.mark.parametrize('workers', [{'num_workers': 0}, {}])
def test_without_workers_none_are_kept_alive(workers):
    loader = {**workers, 'persistent_workers': True, 'prefetch_factor': 4, 'batch_size': 2}
    without_worker_settings(loader)
    assert loader == {**workers, 'persistent_workers': False, 'batch_size': 2}


def test_workers_keep_their_settings():
    loader = {'num_workers': 2, 'persistent_workers': True, 'prefetch_factor': 4}
    before = dict(loader)
    without_worker_settings(loader)
    without_worker_settings(None)
    assert loader == before
