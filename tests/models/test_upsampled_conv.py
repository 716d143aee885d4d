import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmcv.cnn import ConvModule
from torch.nn.functional import conv2d, interpolate

from dfpenet_mm.models.upsampled_conv import (
    conv_of_joined,
    conv_of_upsampled,
    spread_matrix,
    upsample_to,
)


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def plainly(x, weight, size):
    upsampled = interpolate(x, size=tuple(size), mode='bilinear', align_corners=True)
    return conv2d(upsampled, weight, padding=weight.shape[-1] // 2)


def test_spread_matrix_by_hand():
    # 2 values become 3: the middle one is their mean; shifts read zeros outside.
    expected = [
        [[0, 0], [1, 0], [0.5, 0.5]],
        [[1, 0], [0.5, 0.5], [0, 1]],
        [[0.5, 0.5], [0, 1], [0, 0]],
    ]
    found = spread_matrix(2, 3, 3, torch.zeros(1))
    torch.testing.assert_close(found, torch.tensor(expected))


sides = st.integers(1, 5)


@given(st.tuples(sides, sides), st.tuples(sides, sides), st.sampled_from([1, 3, 5]))
def test_it_is_the_convolution_of_the_upsampled(coarse, more, kernel):
    fine = [side + extra for side, extra in zip(coarse, more, strict=True)]
    x, weight = random(2, 3, *coarse), random(4, 3, kernel, kernel, seed=1)
    torch.testing.assert_close(
        conv_of_upsampled(x, weight, fine), plainly(x, weight, fine), atol=1e-10, rtol=1e-10
    )


def test_gradients_are_the_same():
    found = []
    for function in (conv_of_upsampled, plainly):
        x, weight = random(2, 3, 4, 3).requires_grad_(), random(5, 3, 3, 3).requires_grad_()
        out = function(x, weight, (9, 8))
        (out * random(*out.shape, seed=2)).sum().backward()
        found.append((x.grad, weight.grad))
    torch.testing.assert_close(*found, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize('norm', [{'type': 'BN'}, None])
def test_joined_features_in_training_mode(norm):
    module = ConvModule(9, 4, 3, padding=1, norm_cfg=norm).double()
    fine, middle, coarse = random(2, 4, 12, 10), random(2, 3, 6, 5), random(2, 2, 3, 2)
    joined = torch.cat([fine, upsample_to(middle, fine), upsample_to(coarse, fine)], dim=1)
    torch.testing.assert_close(
        conv_of_joined(module, fine, middle, coarse), module(joined), atol=1e-10, rtol=1e-10
    )
