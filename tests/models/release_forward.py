"""The release's forward pass from its tensors alone, written from the paper's equations.

Plain functions, none of the project's layers: what the converted network is compared with at
sizes and class counts for which no recorded output exists.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

DILATIONS = (2, 4, 8)


class ReleaseForward:
    """Logits of the release for its state dict in evaluation mode."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors

    def __call__(self, image: Tensor) -> Tensor:
        f1 = self.relu_bn(self.conv(image, 'backbone.conv1', stride=2, padding=3), 'backbone.bn1')
        f2 = self.stage(F.max_pool2d(f1, 3, 2, 1), 1, [1] * 3, stride=1)
        f3 = self.stage(f2, 2, [1] * 4, stride=2)
        f4 = self.stage(f3, 3, [1] * 23, stride=2)
        x4 = self.aspp(self.stage(f4, 4, DILATIONS, stride=1))
        low3, low2, low1 = (
            self.relu_bn(self.conv(feature, f'decoder.conv{i}'), f'decoder.bn{i}')
            for i, feature in enumerate((f3, f2, f1), start=1)
        )
        x3 = self.fuse(self.filtered(x4, low3, 3), 'third_conv')
        p2 = self.filtered(x3, low2, 2)
        x2 = self.fuse(torch.cat([p2, up(x4, low2)], 1), 'second_conv')
        p1 = self.filtered(x2, low1, 1)
        x1 = torch.cat([p1, up(x3, low1), up(x4, low1)], 1)
        hidden = self.fuse(x1, 'last_conv')
        hidden = self.relu_bn(
            self.conv(hidden, 'decoder.last_conv.4', padding=1), 'decoder.last_conv.5'
        )
        return up(self.conv(hidden, 'decoder.last_conv.8'), image)

    def conv(self, x: Tensor, name: str, **settings) -> Tensor:
        bias = self.tensors.get(f'{name}.bias')
        return F.conv2d(x, self.tensors[f'{name}.weight'], bias, **settings)

    def bn(self, x: Tensor, name: str) -> Tensor:
        parts = ('running_mean', 'running_var', 'weight', 'bias')
        return F.batch_norm(x, *(self.tensors[f'{name}.{part}'] for part in parts))

    def relu_bn(self, x: Tensor, name: str) -> Tensor:
        return F.relu(self.bn(x, name))

    def stage(self, x: Tensor, number: int, dilations: Sequence[int], *, stride: int) -> Tensor:
        for block, dilation in enumerate(dilations):
            name = f'backbone.layer{number}.{block}'
            x = self.bottleneck(x, name, stride=stride if block == 0 else 1, dilation=dilation)
        return x

    def bottleneck(self, x: Tensor, name: str, *, stride: int, dilation: int) -> Tensor:
        y = self.relu_bn(self.conv(x, f'{name}.conv1'), f'{name}.bn1')
        wide = {'stride': stride, 'padding': dilation, 'dilation': dilation}
        y = self.relu_bn(self.conv(y, f'{name}.conv2', **wide), f'{name}.bn2')
        y = self.bn(self.conv(y, f'{name}.conv3'), f'{name}.bn3')
        if f'{name}.downsample.0.weight' in self.tensors:
            x = self.conv(x, f'{name}.downsample.0', stride=stride)
            x = self.bn(x, f'{name}.downsample.1')
        return F.relu(x + y)

    def aspp(self, x: Tensor) -> Tensor:
        branches = []
        for branch, rate in enumerate((1, 6, 12, 18), start=1):
            name = f'aspp.aspp{branch}'
            padding = 0 if rate == 1 else rate
            y = self.conv(x, f'{name}.atrous_conv', padding=padding, dilation=rate)
            branches.append(self.relu_bn(y, f'{name}.bn'))
        pooled = self.conv(x.mean((2, 3), keepdim=True), 'aspp.global_avg_pool.1')
        pooled = self.relu_bn(pooled, 'aspp.global_avg_pool.2')
        joined = torch.cat([*branches, pooled.expand_as(branches[0])], 1)
        return self.relu_bn(self.conv(joined, 'aspp.conv1'), 'aspp.bn1')

    def filtered(self, coarse: Tensor, low: Tensor, level: int) -> Tensor:
        """Eqs. 1 to 3, joined by concatenation."""
        high = up(coarse, low)
        gate, attention = f'decoder.Gate{level}.gli', f'decoder.Att{level}'
        opened = 1 + torch.sigmoid(self.bn(self.conv(high, f'{gate}.0'), f'{gate}.1'))
        joint = self.bn(self.conv(high, f'{attention}.W_g.0'), f'{attention}.W_g.1')
        joint = joint + self.bn(self.conv(low, f'{attention}.W_x.0'), f'{attention}.W_x.1')
        weight = self.conv(F.relu(joint), f'{attention}.psi.0')
        weight = torch.sigmoid(self.bn(weight, f'{attention}.psi.1'))
        return torch.cat([opened * high, opened * weight * low], 1)

    def fuse(self, x: Tensor, name: str) -> Tensor:
        return self.relu_bn(self.conv(x, f'decoder.{name}.0', padding=1), f'decoder.{name}.1')


def up(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode='bilinear', align_corners=True)
