import errno

import pytest
import torch

from dfpenet_mm.engine.checkpoint_file import check_new_file, read_state_dict, save_checkpoint
from dfpenet_mm.errors import CheckpointError, OutputError


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_what_is_saved_loads_safely_from_a_new_folder(tmp_path):
    target = tmp_path / 'new' / 'deep' / 'net.pth'
    size = save_checkpoint({'state_dict': {'a': torch.ones(2)}}, target)
    assert size == target.stat().st_size
    assert torch.load(target, weights_only=True)['state_dict']['a'].tolist() == [1, 1]
    assert names(target.parent) == ['net.pth']


def test_an_existing_file_or_folder_stays(tmp_path):
    (tmp_path / 'net.pth').write_text('mine')
    for taken, complaint in [('net.pth', r'net\.pth exists'), ('.', 'is a folder')]:
        with pytest.raises(OutputError, match=complaint):
            check_new_file(tmp_path / taken)
        with pytest.raises(OutputError, match=complaint):
            save_checkpoint({}, tmp_path / taken)
    assert (tmp_path / 'net.pth').read_text() == 'mine'


def test_a_parent_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(OutputError, match=r'net\.pth cannot be written \((File|Not a dir)'):
        save_checkpoint({}, tmp_path / 'file' / 'net.pth')


@pytest.mark.parametrize(
    ('raised', 'seen'),
    [
        (OSError(errno.ENOSPC, 'No space left on device'), OutputError),
        (RuntimeError('file write failed'), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch, raised, seen):
    def half(_content, file):
        file.write(b'half')
        raise raised

    monkeypatch.setattr(torch, 'save', half)
    with pytest.raises(seen):
        save_checkpoint({}, tmp_path / 'net.pth')
    assert names(tmp_path) == []


def test_tensors_come_bare_or_under_state_dict(tmp_path):
    tensors = {'a': torch.tensor([3])}
    for name, content in [('bare', tensors), ('wrapped', {'epoch': 3, 'state_dict': tensors})]:
        torch.save(content, tmp_path / name)
        assert read_state_dict(tmp_path / name) == tensors


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        ([1], 'holds a list'),
        ({'state_dict': [torch.ones(1)]}, 'holds a list'),
        ({'state_dict': {}}, 'is empty'),
        ({'state_dict': {5: torch.ones(1)}}, 'key 5 is a int'),
        ({'state_dict': {'decoder.conv1.weight': 2.0}}, r'decoder\.conv1\.weight is a float'),
        ({'weights': {}}, 'weights is a dict'),
    ],
    ids=str,
)
def test_anything_else_is_named(tmp_path, content, fault):
    torch.save(content, tmp_path / 'odd.pth')
    with pytest.raises(CheckpointError, match=rf'odd\.pth has no state_dict .*{fault}'):
        read_state_dict(tmp_path / 'odd.pth')


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_a_network_that_training_has_ruined_is_refused(tmp_path, value):
    weights = {'a': torch.ones(3), 'b': torch.tensor([1.0, value]), 'steps': torch.tensor(3)}
    torch.save({'state_dict': weights}, tmp_path / 'net.pth')
    with pytest.raises(CheckpointError, match=r'1 of 3 tensors .* the first is b; give an earlier'):
        read_state_dict(tmp_path / 'net.pth')
