import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from dfpenet_mm.errors import CheckpointError
from dfpenet_mm.models.convert_release import convert_release, convert_release_file
from dfpenet_mm.resources import config_dir
from tests.models.release_reference import LOGITS, image, release_state_dict


@pytest.fixture(scope='module')
def release():
    return release_state_dict(2019, 2)


def logits_of(config_name, state_dict, inputs):
    model = MODELS.build(Config.fromfile(config_dir() / 'dfpenet' / config_name).model).eval()
    model.load_state_dict(state_dict)
    shape = tuple(inputs.shape[2:])
    with torch.inference_mode():
        return model.encode_decode(inputs, [{'img_shape': shape, 'pad_shape': shape}])


def test_converted_release_reproduces_the_authors_logits(release, tmp_path):
    source, target = tmp_path / 'release.pth', tmp_path / 'deep' / 'converted.pth'
    torch.save({'epoch': 3, 'state_dict': {f'module.{k}': v for k, v in release.items()}}, source)
    assert convert_release_file(source, target) == 2
    converted = torch.load(target, weights_only=True)

    reference = np.load(LOGITS)
    inputs = image(int(reference['seed'][()]), *reference['logits'].shape[2:])
    logits = logits_of('release_2class.py', converted['state_dict'], inputs)

    assert np.abs(logits.numpy() - reference['logits']).max() < 1e-4


def test_parity_depends_on_the_dilations(release):
    reference = np.load(LOGITS)
    inputs = image(int(reference['seed'][()]), *reference['logits'].shape[2:])
    config = Config.fromfile(config_dir() / 'dfpenet' / 'release_2class.py').model
    config.backbone.last_stage_dilations = (1, 2, 5)
    model = MODELS.build(config).eval()
    model.load_state_dict(convert_release(release))
    with torch.inference_mode():
        logits = model.encode_decode(inputs, [{'img_shape': inputs.shape[2:]}])
    assert np.abs(logits.numpy() - reference['logits']).max() > 1e-3


def test_six_classes_and_an_odd_size():
    logits = logits_of(
        'release_6class.py', convert_release(release_state_dict(7, 6)), image(1, 75, 53)
    )
    assert logits.shape == (1, 6, 75, 53)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(
    ('change', 'kind', 'named'),
    [
        (lambda d: d.pop('aspp.conv1.weight'), '1 missing', 'neck.aspp.project.conv.weight'),
        (lambda d: d.update(stranger=torch.zeros(1)), '1 unknown', 'stranger'),
        (
            lambda d: d.update({'decoder.conv3.weight': torch.zeros(24, 63, 1, 1)}),
            '1 misshapen',
            'decoder.conv3.weight',
        ),
        (lambda d: d.pop('decoder.last_conv.8.weight'), 'missing', 'decoder.last_conv.8.weight'),
    ],
)
def test_unfit_checkpoints_are_refused_by_name(release, change, kind, named):
    broken = dict(release)
    change(broken)
    with pytest.raises(CheckpointError) as error:
        convert_release(broken)
    assert kind in str(error.value)
    assert named in str(error.value)


def test_file_without_state_dict_is_refused(tmp_path):
    source = tmp_path / 'bare.pth'
    torch.save({'weights': {}}, source)
    with pytest.raises(CheckpointError, match='no state_dict'):
        convert_release_file(source, tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()
