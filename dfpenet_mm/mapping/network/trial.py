"""A network on trial: a few black pixels show which of its parts do not fit."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from traceback import walk_tb
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import EncoderDecoder
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.func import functional_call

from dfpenet_mm.errors import DfpenetError

# Sides of the images that a new network is tried on, pixels, beside those that its config names.
SIDES = (64, 256)


def misfit(model: nn.Module, config: Config, *, training: bool) -> str | None:
    """Let a network compute on a few black pixels, so that parts which do not fit show at once.

    What fails for another reason, perhaps as this trial lacks what its training has, is a
    warning.

    Args:
        model: as built; left as it is.
        config: that it was built from.
        training: compute its losses as well.

    Returns:
        What part does not fit and why; None if all goes well, or it is no ``EncoderDecoder``.
    """
    if not isinstance(model, EncoderDecoder):
        return None
    bands = config.model.backbone.get('in_channels', 3)
    devices = ['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu']
    failure = None
    model.train(training)
    # Some parts want more pixels than others or just so many, some want CUDA.
    for device, size in itertools.product(devices, _sizes(config)):
        images = torch.zeros(2, bands, *size, device=device)
        failure = _failure(model.to(device), images, training=training)
        if failure is None or failure.clear:
            break
    model.to('cpu').train()
    if failure is None or failure.clear:
        return failure and failure.reason
    warnings.warn(
        f'the network could not be tried beforehand: {failure.reason}; if that is because of the '
        f'black images of the trial, all is well',
        stacklevel=2,
    )
    return None


def _sizes(config: Config) -> list[tuple[int, int]]:
    """List sizes of images to try: small ones, and those that the config names."""
    preprocessor = config.get('data_preprocessor') or config.model.get('data_preprocessor') or {}
    named = (
        preprocessor.get('size'),
        config.model.backbone.get('img_size'),
        config.get('mapping', {}).get('window'),
    )
    sizes = [(side, side) if isinstance(side, int) else tuple(side) for side in named if side]
    return list(dict.fromkeys([*((side, side) for side in SIDES), *sizes]))


class _Failure(NamedTuple):
    """The part that fails, the reason, and if it is clear that it would fail in earnest too."""

    reason: str
    clear: bool


def _failure(model: EncoderDecoder, images: Tensor, *, training: bool) -> _Failure | None:
    """Compute on images; name the innermost part that fails, and say why."""
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            _compute(model, images, training=training)
    except DfpenetError as error:
        return _Failure(str(error), clear=True)
    except Exception as error:
        # A part of another package may fail in any way.
        return _blame(model, error)
    return None


def _compute(model: EncoderDecoder, images: Tensor, *, training: bool) -> None:
    shape = tuple(images.shape[2:])
    meta = {'img_shape': shape, 'ori_shape': shape, 'pad_shape': shape}
    if not training:
        model.encode_decode(images, [meta] * len(images))
        return
    label = torch.zeros(1, *shape, dtype=torch.int64, device=images.device)
    label[:, 0] = 1
    heads = [module for module in model.modules() if isinstance(module, BaseDecodeHead)]
    ignored = {head.ignore_index for head in heads}
    if len(ignored) == 1:
        label[:, 1] = ignored.pop()
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=label),
        gt_edge_map=PixelData(data=torch.zeros_like(label)),
        metainfo=meta,
    )
    # Statistics that are counted go to copies.
    counted = {name: buffer.clone() for name, buffer in model.named_buffers()}
    functional_call(model, counted, (images, [sample] * len(images), 'loss'))


def _blame(model: nn.Module, error: Exception) -> _Failure:
    names = {module: name for name, module in model.named_modules()}
    frames = [frame.f_locals for frame, _ in walk_tb(error.__traceback__)]
    inner = [found for found in frames if isinstance(found.get('self'), nn.Module)]
    given = [found for found in inner if found['self'] in names][-1]
    part = given['self']
    axis, wanted = _wanted_channels(part)
    found = _channels(given, axis)
    channels = ', '.join(map(str, found))
    if wanted is not None and found and found != [wanted]:
        reason = f'{names[part]} takes {wanted} channels and is given {channels}'
        return _Failure(reason, clear=True)
    what = f'{names[part] or "the network"} ({type(part).__name__})'
    reason = f'{what}, given features of {channels} channels, fails ({reason_of(error)})'
    # A level or a label that is not there.
    return _Failure(reason, clear=isinstance(error, IndexError))


def _wanted_channels(part: nn.Module) -> tuple[int, int | None]:
    """Return the axis of the channels of features, and how many a layer wants there."""
    if isinstance(part, nn.Linear):
        return -1, part.in_features
    if isinstance(part, nn.modules.conv._ConvNd):
        return 1, part.in_channels
    return 1, part.num_features if isinstance(part, nn.modules.batchnorm._NormBase) else None


def reason_of(error: Exception) -> str:
    """Return the kind of an error and its first sentence; libraries go on for paragraphs."""
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    return f'{type(error).__name__}: {text.partition(chr(10))[0].partition(". ")[0]}'


def _channels(given: Mapping[str, Any], axis: int) -> list[int]:
    """Return the channels of the first of a function's arguments that holds features."""
    for value in given.values():
        features = [value] if isinstance(value, Tensor) else value
        if isinstance(features, list | tuple) and features and isinstance(features[0], Tensor):
            return [feature.shape[axis] for feature in features if feature.ndim > 1]
    return []
