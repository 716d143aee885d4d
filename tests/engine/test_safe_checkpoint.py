import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from dfpenet_mm.engine import load_local_checkpoint
from dfpenet_mm.errors import CheckpointError, InputFileError


class Bomb:
    def __reduce__(self):
        return (exec, ('raise SystemExit("ran")',))


def test_mmengine_loads_through_it(tmp_path):
    torch.save({'state_dict': {'a': torch.ones(2)}}, tmp_path / 'good.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'good.pth'), logger='silent')
    assert loaded['state_dict']['a'].tolist() == [1, 1]


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


def test_mmengines_other_loaders_read_through_it(tmp_path):
    torch.save({'state_dict': Bomb()}, tmp_path / 'bomb.pth')
    # The loaders of object stores look this name up when they are called.
    with (
        (tmp_path / 'bomb.pth').open('rb') as file,
        pytest.raises(CheckpointError, match='safely'),
    ):
        mmengine_checkpoint._safe_torch_load(file, map_location='cpu', weights_only=False)
