import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.resources import config_dir


def network(frozen=None):
    model = Config.fromfile(config_dir() / 'dfpenet/landslide4sense_mobilenetv2.py').model
    model.backbone.init_cfg = None
    if frozen is not None:
        model.update(type='FrozenEncoderDecoder', frozen=frozen)
    return MODELS.build(model)


def train_a_step(model):
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    label = torch.randint(0, 2, (1, 32, 32), generator=torch.Generator().manual_seed(0))
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    losses = model.loss(torch.randn(2, 3, 32, 32), [sample, sample])
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    optimiser.step()


@pytest.mark.usefixtures('mmseg_scope')
def test_frozen_parts_stay_and_the_others_learn():
    model = network(frozen=['backbone', 'neck.aspp']).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train_a_step(model)
    changed = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    frozen = {name for name in before if name.startswith(('backbone.', 'neck.aspp.'))}
    assert not changed & frozen
    learns = {name for name, _ in model.named_parameters()} - frozen
    assert learns <= changed
    assert model.neck.training
    assert not model.neck.aspp.training


@pytest.mark.usefixtures('mmseg_scope')
def test_checkpoints_of_the_plain_network_fit():
    assert network(frozen=['backbone']).state_dict().keys() == network().state_dict().keys()


@pytest.mark.usefixtures('mmseg_scope')
def test_an_unknown_part_is_refused():
    with pytest.raises(ConfigError, match='no part spine to freeze'):
        network(frozen=['backbone', 'spine'])
