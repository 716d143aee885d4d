import pytest
import torch

from dfpenet_mm.models.dfpe_neck import ASPP


def test_shape_and_global_reach():
    module = ASPP(in_channels=3, channels=4, dilations=(1, 2), norm_cfg={'type': 'BN'}).eval()
    x = torch.randn(2, 3, 20, 24, generator=torch.Generator().manual_seed(1))
    out = module(x)
    assert out.shape == (2, 4, 20, 24)
    # Image pooling carries a change in one corner to the other.
    x[:, :, 0, 0] += 500
    assert not torch.allclose(out[:, :, -1, -1], module(x)[:, :, -1, -1])


def test_a_batch_of_one_trains_by_the_running_statistics_of_the_pooled_feature():
    module = ASPP(in_channels=3, channels=4, dilations=(1, 2), dropout=0.0, norm_cfg={'type': 'BN'})
    norm = module.image_pool.norm
    norm.running_mean.fill_(-2.0)
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    pooled = module._pool(x)
    assert torch.equal(pooled, module.eval()._pool(x))
    module.train()(x).sum().backward()
    assert norm.training
    assert norm.running_mean.tolist() == [-2.0] * 4
    assert module.image_pool.conv.weight.grad.abs().sum() > 0
    # Two images have a deviation, and are learnt from as before.
    module(torch.cat([x, x + 1]))
    assert norm.running_mean.tolist() != [-2.0] * 4


@pytest.mark.parametrize('norm', [{'type': 'IN'}, {'type': 'GN', 'num_groups': 2}], ids=str)
@pytest.mark.parametrize('training', [True, False])
def test_norms_of_single_images_train_and_predict(norm, training):
    module = ASPP(in_channels=3, channels=4, dilations=(1, 2), norm_cfg=norm).train(training)
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    assert module(x).shape == (1, 4, 8, 8)
