import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.models.backbones import MobileNetV2
from mmseg.registry import MODELS
from torchvision.models import mobilenet_v2

from dfpenet_mm.errors import CheckpointError, OutputError
from dfpenet_mm.models.conversion import (
    convert_mobilenetv2,
    convert_mobilenetv2_file,
    convert_release,
    convert_release_file,
)
from dfpenet_mm.resources import config_dir
from tests.models.release_forward import ReleaseForward
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


@pytest.mark.parametrize('size', [(75, 53), (64, 65)])
def test_six_classes_and_odd_sizes(size):
    release = release_state_dict(7, 6)
    logits = logits_of('release_6class.py', convert_release(release), image(1, *size))
    assert logits.shape == (1, 6, *size)
    assert (logits - ReleaseForward(release)(image(1, *size))).abs().max() < 1e-5


def change(release, *, without=(), **changes):
    kept = {name: tensor for name, tensor in release.items() if name not in without}
    return kept | {name.replace('__', '.'): tensor for name, tensor in changes.items()}


def complaint(state_dict):
    with pytest.raises(CheckpointError) as error:
        convert_release(state_dict)
    return str(error.value)


@pytest.mark.parametrize(
    'name',
    [
        'backbone.layer4.2.conv3.weight',
        'aspp.aspp3.atrous_conv.weight',
        'aspp.global_avg_pool.2.running_var',
        'decoder.conv1.weight',
        'decoder.bn3.bias',
        'decoder.Att2.W_x.0.weight',
        'decoder.Gate3.gli.1.running_mean',
        'decoder.last_conv.8.bias',
    ],
)
def test_a_missing_tensor_is_named_as_in_the_release(release, name):
    assert f'2 classes: 1 missing ({name});' in complaint(change(release, without=[name]))


def test_a_misshapen_tensor_is_named_as_in_the_release(release):
    message = complaint(change(release, decoder__conv1__weight=torch.zeros(24, 63, 1, 1)))
    assert '1 misshapen (decoder.conv1.weight (24, 63, 1, 1) instead of (192, 512, 1, 1));' in (
        message
    )


def test_every_stranger_and_gap_is_named_at_once(release):
    strangers = {f'stranger{index}': torch.zeros(1) for index in range(7)}
    gaps = [name for name in release if name.startswith('aspp.aspp')]
    message = complaint(change(release, without=gaps, **strangers))
    assert '7 unknown (stranger0, ' in message
    assert f'{len(gaps)} missing (' in message
    assert [name for name in [*strangers, *gaps] if name not in message] == []


def test_names_of_ours_are_strangers_to_the_release(release):
    message = complaint(change(release, neck__lateral3__conv__weight=torch.zeros(1)))
    assert '1 unknown (neck.lateral3.conv.weight);' in message


def test_a_damaged_classifier_is_named(release):
    weight = 'decoder.last_conv.8.weight'
    assert f'1 missing ({weight})' in complaint(change(release, without=[weight]))
    flat = complaint(release | {weight: torch.tensor(1.0)})
    assert f'1 misshapen ({weight} () instead of (2, 256, 1, 1))' in flat
    both = complaint(change(release, without=[weight, 'decoder.last_conv.8.bias']))
    assert f'2 missing ({weight}, decoder.last_conv.8.bias)' in both


def test_two_tensors_of_one_name_are_refused(release):
    twin = {'module.decoder.conv1.weight': torch.zeros(1)}
    assert '1 tensors are there both with and without module.' in complaint(release | twin)


def test_file_without_state_dict_is_refused(tmp_path):
    source = tmp_path / 'bare.pth'
    torch.save({'weights': {}}, source)
    with pytest.raises(CheckpointError, match='no state_dict'):
        convert_release_file(source, tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()


def test_the_release_is_never_overwritten(tmp_path):
    source = tmp_path / 'release.pth'
    source.write_bytes(b'the only copy')
    with pytest.raises(OutputError, match=r'release\.pth exists'):
        convert_release_file(source, source)
    assert source.read_bytes() == b'the only copy'


@pytest.fixture(scope='module')
def reference():
    torch.manual_seed(0)
    return mobilenet_v2(weights=None).eval()


def test_converted_weights_give_torchvisions_features(reference, tmp_path):
    source, target = tmp_path / 'source.pth', tmp_path / 'new' / 'target.pth'
    torch.save(reference.state_dict(), source)
    convert_mobilenetv2_file(source, target)
    ours = MobileNetV2(out_indices=(6,))
    ours.eval()  # returns None
    converted = torch.load(target, weights_only=True)['state_dict']
    missing = ours.load_state_dict(converted, strict=False).missing_keys
    assert all(name.endswith('num_batches_tracked') for name in missing)
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), reference.features[:18](x), atol=1e-4, rtol=1e-4)


def test_another_network_is_refused(reference):
    tensors = reference.state_dict()
    with pytest.raises(CheckpointError, match=r'features\.0\.0\.weight has shape'):
        convert_mobilenetv2(tensors | {'features.0.0.weight': torch.zeros(16, 3, 3, 3)})
    with pytest.raises(CheckpointError, match='5 tensors'):
        convert_mobilenetv2(dict(list(tensors.items())[:5]))


def test_files_that_cannot_serve_are_refused(tmp_path):
    source = tmp_path / 'source.pth'
    torch.save({'state_dict': [1]}, source)
    with pytest.raises(CheckpointError, match='holds a list'):
        convert_mobilenetv2_file(source, tmp_path / 'target.pth')
    with pytest.raises(OutputError, match=r'source\.pth exists'):
        convert_mobilenetv2_file(source, source)
