import pytest
import torch
from mmengine.logging import HistoryBuffer

from dfpenet_mm.datasets import LandslideDataset
from dfpenet_mm.engine.checkpoint_file import publish_checkpoint
from dfpenet_mm.engine.safe_checkpoint import load_safely
from dfpenet_mm.errors import CheckpointError, OutputError
from dfpenet_mm.resources import checkpoint_dir


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
