import errno
import os

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import HistoryBuffer

from dfpenet_mm.datasets import LandslideDataset
from dfpenet_mm.engine.checkpoint_file import (
    AtomicBackend,
    check_new_file,
    publish_checkpoint,
    read_state_dict,
    save_checkpoint,
)
from dfpenet_mm.engine.safe_checkpoint import load_safely
from dfpenet_mm.errors import CheckpointError, OutputError
from dfpenet_mm.resources import checkpoint_dir


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


def save(path, weight):
    content = {
        'state_dict': {'layer.weight': weight, 'bn.num_batches_tracked': torch.tensor(7)},
        'optimizer': {'state': {}},
        'message_hub': {'loss': HistoryBuffer([1.0], [1])},
    }
    torch.save(content, path)
    return path


def test_only_half_precision_weights_are_left(tmp_path):
    source = save(tmp_path / 'iter_9.pth', torch.tensor([0.5, -2.0]))
    target = tmp_path / 'new' / 'published.pth'
    assert publish_checkpoint(source, target) == target.stat().st_size
    content = torch.load(target, weights_only=True)
    assert content['meta'] == {'source': 'iter_9.pth'}
    assert content['state_dict']['layer.weight'].dtype == torch.float16
    assert content['state_dict']['layer.weight'].tolist() == [0.5, -2.0]
    assert content['state_dict']['bn.num_batches_tracked'].item() == 7


def test_the_names_of_the_classes_stay(tmp_path):
    """mmsegmentation would call two classes background and vessel, as in DRIVE."""
    source = save(tmp_path / 'iter_9.pth', torch.ones(1))
    content = load_safely(source)
    names = {'classes': ('background', 'scar'), 'palette': [[0, 0, 0], [255, 0, 0]]}
    content['meta'] = {'dataset_meta': {**names, 'label_map': None}, 'seed': 1}
    torch.save(content, source)
    publish_checkpoint(source, tmp_path / 'published.pth')
    assert load_safely(tmp_path / 'published.pth')['meta'] == {
        'source': 'iter_9.pth',
        'dataset_meta': names,
    }


def test_the_shipped_network_names_its_classes():
    for path in checkpoint_dir().glob('*.pth'):
        told = load_safely(path)['meta']['dataset_meta']
        assert told == LandslideDataset.METAINFO


def test_overflow_is_refused_by_name(tmp_path):
    source = save(tmp_path / 'big.pth', torch.tensor([1e6]))
    with pytest.raises(CheckpointError, match=r'layer\.weight reaches 1e\+06'):
        publish_checkpoint(source, tmp_path / 'published.pth')
    assert not (tmp_path / 'published.pth').exists()


def test_an_existing_file_stays(tmp_path):
    (tmp_path / 'published.pth').write_text('mine')
    source = save(tmp_path / 'iter_9.pth', torch.ones(1))
    with pytest.raises(OutputError, match='exists'):
        publish_checkpoint(source, tmp_path / 'published.pth')
    assert (tmp_path / 'published.pth').read_text() == 'mine'


def test_a_network_of_nan_is_not_published(tmp_path):
    source = save(tmp_path / 'iter_9.pth', torch.tensor([0.5, float('nan')]))
    with pytest.raises(CheckpointError, match=r'1 of 2 tensors hold values that are NaN'):
        publish_checkpoint(source, tmp_path / 'published.pth')
    assert not (tmp_path / 'published.pth').exists()


def test_mmengine_finds_it_by_name(tmp_path):
    backend = get_file_backend(str(tmp_path), backend_args={'backend': 'atomic'})
    assert isinstance(backend, AtomicBackend)
    backend.put(b'whole', str(tmp_path / 'new' / 'a.pth'))
    backend.put(b'newer', str(tmp_path / 'new' / 'a.pth'))
    assert [p.name for p in (tmp_path / 'new').iterdir()] == ['a.pth']
    assert (tmp_path / 'new' / 'a.pth').read_bytes() == b'newer'


@pytest.mark.parametrize(
    ('error', 'seen'),
    [(OSError(28, 'No space left'), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_is_cut_off_leaves_the_older_file(tmp_path, monkeypatch, error, seen):
    target = tmp_path / 'a.pth'
    target.write_bytes(b'older')

    def fail(_file):
        assert target.read_bytes() == b'older'
        raise error

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(seen):
        AtomicBackend().put(b'newer', target)
    assert [p.name for p in tmp_path.iterdir()] == ['a.pth']
    assert target.read_bytes() == b'older'


def test_a_kill_while_writing_shows_no_name_that_resuming_takes(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, 'fsync', lambda _file: seen.extend(tmp_path.glob('iter_*')))
    AtomicBackend().put(b'whole', tmp_path / 'iter_3.pth')
    assert seen == []
