import pickle
import shutil
import subprocess
import sys
from urllib.error import URLError

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from dfpenet_mm.engine import (
    load_local_checkpoint,
    load_url_safely,
    refuse_unsafe_checkpoints,
    safe_checkpoint,
)
from dfpenet_mm.errors import CheckpointError, InputFileError, InstallError

# One for each loader of mmengine that ends in a URL.
ADDRESSES = [
    'http://host/net.pth',
    'https://host/net.pth',
    'torchvision://resnet18',
    'modelzoo://resnet18',
    'openmmlab://vgg16_caffe',
    'open-mmlab://vgg16_caffe',
    'mmcls://vgg11',
]


@pytest.fixture
def refusing(monkeypatch):
    """mmengine made to refuse, until the test ends."""
    for name in safe_checkpoint.REPLACED:
        monkeypatch.setattr(mmengine_checkpoint, name, getattr(mmengine_checkpoint, name))
    monkeypatch.setattr(CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes))
    refuse_unsafe_checkpoints()


class Bomb:
    def __reduce__(self):
        return (exec, ('raise SystemExit("ran")',))


@pytest.mark.usefixtures('refusing')
def test_mmengine_loads_through_it(tmp_path):
    torch.save({'state_dict': {'a': torch.ones(2)}}, tmp_path / 'good.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'good.pth'), logger='silent')
    assert loaded['state_dict']['a'].tolist() == [1, 1]


@pytest.mark.usefixtures('refusing')
def test_code_in_a_file_never_runs(tmp_path):
    torch.save({'state_dict': Bomb()}, tmp_path / 'bomb.pth')
    with pytest.raises(CheckpointError, match=r'bomb\.pth cannot be loaded safely'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'bomb.pth'), logger='silent')


def test_message_hub_of_a_training_run_loads(tmp_path):
    buffer = HistoryBuffer([1.0, 2.0], [1, 1])
    content = {'message_hub': {'loss': buffer, 'rate': np.float64(0.5)}}
    torch.save(content, tmp_path / 'run.pth')
    loaded = load_local_checkpoint(str(tmp_path / 'run.pth'))['message_hub']
    assert loaded['loss'].mean() == 1.5
    assert loaded['rate'] == 0.5


@pytest.mark.parametrize('target', [(HistoryBuffer, '__init__'), (np.ndarray, 'tofile')])
def test_getattr_reaches_nothing_but_statistics(tmp_path, target):
    class Grab:
        def __reduce__(self):
            return (getattr, target)

    torch.save({'state_dict': Grab()}, tmp_path / 'grab.pth')
    with pytest.raises(CheckpointError):
        load_local_checkpoint(str(tmp_path / 'grab.pth'))


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(InputFileError, match=r'none\.pth does not exist'):
        load_local_checkpoint(str(tmp_path / 'none.pth'))
    (tmp_path / 'cut.pth').write_bytes(pickle.dumps([1, 2])[:-1])
    with pytest.raises(CheckpointError, match=r'cut\.pth'):
        load_local_checkpoint(str(tmp_path / 'cut.pth'))


@pytest.mark.usefixtures('refusing')
def test_mmengines_other_loaders_read_through_it(tmp_path):
    torch.save({'state_dict': Bomb()}, tmp_path / 'bomb.pth')
    # The loaders of object stores look this name up when they are called.
    with (
        (tmp_path / 'bomb.pth').open('rb') as file,
        pytest.raises(CheckpointError, match='safely'),
    ):
        mmengine_checkpoint._safe_torch_load(file, map_location='cpu', weights_only=False)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Let every download bring one file."""

    def use(content):
        torch.save(content, tmp_path / 'served.pth')

        def download(_url, target, *_rest, **_options):
            shutil.copy(tmp_path / 'served.pth', target)

        monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
        monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))

    return use


@pytest.mark.usefixtures('refusing')
@pytest.mark.parametrize('address', ADDRESSES)
def test_weights_are_downloaded(serve, address):
    serve({'state_dict': {'backbone.a': torch.ones(2)}})
    loaded = CheckpointLoader.load_checkpoint(address, map_location='cpu', logger='silent')
    assert [value.tolist() for value in loaded['state_dict'].values()] == [[1, 1]]


@pytest.mark.usefixtures('refusing')
@pytest.mark.parametrize('address', ADDRESSES)
def test_code_in_a_download_never_runs(serve, address):
    serve({'state_dict': Bomb()})
    with pytest.raises(CheckpointError, match='cannot be loaded safely'):
        CheckpointLoader.load_checkpoint(address, map_location='cpu', logger='silent')


def test_no_connection_is_one_sentence(monkeypatch, tmp_path):
    def fail(*_rest, **_options):
        raise URLError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    with pytest.raises(InputFileError, match=r'https://host/net\.pth cannot be downloaded'):
        load_url_safely('https://host/net.pth', model_dir=str(tmp_path))


def test_importing_changes_nothing_in_mmengine():
    code = (
        'from mmengine.runner import checkpoint\n'
        'before = dict(vars(checkpoint)), dict(checkpoint.CheckpointLoader._schemes)\n'
        'import dfpenet_mm.engine, dfpenet_mm.datasets, dfpenet_mm.models, dfpenet_mm.evaluation\n'
        'assert (vars(checkpoint), checkpoint.CheckpointLoader._schemes) == before\n'
        'dfpenet_mm.engine.refuse_unsafe_checkpoints()\n'
        'assert (vars(checkpoint), checkpoint.CheckpointLoader._schemes) != before\n'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_that_mmengine_lacks_is_told_and_nothing_is_replaced(monkeypatch):
    kept = mmengine_checkpoint.load_url
    monkeypatch.delattr(mmengine_checkpoint, '_safe_torch_load')
    with pytest.raises(InstallError, match=r'^mmengine [\d.]+ has no _safe_torch_load, so that'):
        refuse_unsafe_checkpoints()
    assert mmengine_checkpoint.load_url is kept
