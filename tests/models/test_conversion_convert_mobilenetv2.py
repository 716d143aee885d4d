import pytest
import torch
from mmseg.models.backbones import MobileNetV2
from torchvision.models import mobilenet_v2

from dfpenet_mm.errors import CheckpointError, OutputError
from dfpenet_mm.models.conversion import convert_mobilenetv2, convert_mobilenetv2_file


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
