import shutil
from urllib.error import URLError

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from dfpenet_mm.engine import load_url_safely
from dfpenet_mm.errors import CheckpointError, InputFileError

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


class Bomb:
    def __reduce__(self):
        return (exec, ('raise SystemExit("ran")',))


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


@pytest.mark.parametrize('address', ADDRESSES)
def test_weights_are_downloaded(serve, address):
    serve({'state_dict': {'backbone.a': torch.ones(2)}})
    loaded = CheckpointLoader.load_checkpoint(address, map_location='cpu', logger='silent')
    assert [value.tolist() for value in loaded['state_dict'].values()] == [[1, 1]]


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
