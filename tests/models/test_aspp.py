import torch

from dfpenet_mm.models.layers import ASPP


def test_shape_and_global_reach():
    module = ASPP(in_channels=3, channels=4, dilations=(1, 2), norm_cfg={'type': 'BN'}).eval()
    x = torch.randn(2, 3, 20, 24, generator=torch.Generator().manual_seed(1))
    out = module(x)
    assert out.shape == (2, 4, 20, 24)
    # Image pooling carries a change in one corner to the other.
    x[:, :, 0, 0] += 500
    assert not torch.allclose(out[:, :, -1, -1], module(x)[:, :, -1, -1])
