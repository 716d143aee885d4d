"""Convolve a bilinearly upsampled feature without ever making it.

Upsampling and the shifts of a 3x3 kernel act along rows and columns, the kernel's weights on
channels, and all of them are linear, so that they may change places: the weights are applied
to the few pixels of the coarse feature, and two small matrices then spread the products
over the fine grid. What comes out differs from the plain way by rounding alone.
"""

from __future__ import annotations

import torch
from mmcv.cnn import ConvModule
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad


def upsample_to(x: Tensor, finer: Tensor) -> Tensor:
    """Resize ``x`` bilinearly to the height and width of ``finer``."""
    return interpolate(x, size=finer.shape[2:], mode='bilinear', align_corners=True)


def spread_matrix(coarse: int, fine: int, kernel: int, like: Tensor) -> Tensor:
    """Return upsampling along one axis, followed by each of a kernel's shifts.

    Args:
        coarse: length before upsampling.
        fine: length after it.
        kernel: odd length of the kernel; half of it is padded with zeros on either side.
        like: tensor whose device and type to take.

    Returns:
        Shape (fine, kernel, coarse): entry ``[i, k]`` are the weights of the coarse values in
        the upsampled value at ``i + k - kernel // 2``, zeros outside.
    """
    # bfloat16 would round the weights between rounding the positions.
    precise = torch.promote_types(like.dtype, torch.float32)
    unit = torch.eye(coarse, dtype=precise, device=like.device)[None]
    upsampled = interpolate(unit, size=fine, mode='linear', align_corners=True)[0].T
    half = kernel // 2
    padded = pad(upsampled, (0, 0, half, half))
    return padded.unfold(0, fine, 1).permute(2, 0, 1).to(like.dtype)


def conv_of_upsampled(x: Tensor, weight: Tensor, size: torch.Size | tuple[int, int]) -> Tensor:
    """Compute ``conv2d(upsampled x, weight)`` with zero padding that keeps the size.

    Args:
        x: coarse feature, shape (N, C, h, w).
        weight: shape (O, C, K, K), K odd.
        size: height H and width W that ``x`` is upsampled to, corners aligned.

    Returns:
        Shape (N, O, H, W).
    """
    n, _, h, w = x.shape
    out, _, k, _ = weight.shape
    taps = weight.permute(2, 3, 0, 1).reshape(k * k * out, -1, 1, 1)
    products = conv2d(x, taps).permute(0, 2, 3, 1).reshape(n, h, w, k, k * out)
    products = products.transpose(2, 3).transpose(1, 2)  # (n, k, h, w, k * out)
    down = spread_matrix(h, size[0], k, products).reshape(size[0], k * h)
    across = spread_matrix(w, size[1], k, products).transpose(1, 2).reshape(size[1], w * k)
    rows = torch.bmm(down.expand(n, -1, -1), products.reshape(n, k * h, w * k * out))
    rows = rows.reshape(n * size[0], w * k, out)
    pixels = torch.bmm(across.expand(n * size[0], -1, -1), rows)
    return pixels.reshape(n, *size, out).permute(0, 3, 1, 2)


def conv_of_joined(module: ConvModule, fine: Tensor, *coarse: Tensor) -> Tensor:
    """Apply a convolution module to ``concat[fine, up(coarse), ...]`` without joining.

    Args:
        module: 3x3 convolution of stride 1 that keeps the size, its normalisation, activation.
        fine: shape (N, C, H, W).
        coarse: features of the next channels, of any smaller size.

    Returns:
        As ``module(torch.cat([fine, up(coarse), ...], dim=1))``.
    """
    widths = [fine.shape[1], *(feature.shape[1] for feature in coarse)]
    weight, *weights = module.conv.weight.split(widths, dim=1)
    x = conv2d(fine, weight, module.conv.bias, padding=module.conv.padding)
    for feature, part in zip(coarse, weights, strict=True):
        x = x + conv_of_upsampled(feature, part, fine.shape[2:])
    if module.with_norm:
        x = module.norm(x)
    return module.activate(x) if module.with_activation else x
