"""Check that the weights which training starts from fit the network."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from torch import Tensor, nn

from dfpenet_mm.engine.checkpoint_file import read_state_dict
from dfpenet_mm.errors import CheckpointError

# Another number of classes is no reason not to transfer.
CLASSIFIERS = ('decode_head.conv_seg.', 'auxiliary_head.')
COUNTER = 'num_batches_tracked'


def check_start_weights(config: Config) -> list[str]:
    """Refuse a ``load_from`` that does not fit, with which training would start at random.

    mmengine takes what fits and only logs the rest. Here that is for a config that says
    ``load_from_part=True``.

    Args:
        config: of a run that is not resumed; nothing happens without ``load_from``, or where
            it is an address.

    Returns:
        Lines on what starts anew, and on what of the file is left out.

    Raises:
        InputFileError: if the checkpoint is missing.
        CheckpointError: if it does not load safely; a tensor outside of the classifier is
            missing or misshapen, unless a part will do; or nothing fits.
    """
    start = config.get('load_from')
    # What is downloaded is not there yet.
    if not start or '://' in start:
        return []
    weights = read_state_dict(start)
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(copy.deepcopy(config.model))
    wanted = [name for name in model.state_dict() if not name.endswith(COUNTER)]
    given = [name for name in weights if not name.endswith(COUNTER)]
    taken = {name for name in wanted if name in weights and _fits(model, name, weights[name])}
    anew = [name for name in wanted if name not in taken]
    faults = [name for name in anew if not name.startswith(CLASSIFIERS)]
    if not taken or (faults and not config.get('load_from_part')):
        raise CheckpointError(_complaint(start, weights, faults, len(wanted)))
    lines = []
    if anew:
        lines.append(
            f'{start}: {len(taken)} of {len(wanted)} tensors are taken; '
            f'starting anew: {", ".join(shortened(anew, wanted))}'
        )
    unused = [name for name in given if name not in taken]
    if unused:
        lines.append(f'{start}: left out: {", ".join(shortened(unused, given))}')
    return lines


def _fits(model: nn.Module, name: str, tensor: Tensor) -> bool:
    """Try a tensor; a module may adapt one of another shape."""
    owner, _, leaf = name.rpartition('.')
    module = model.get_submodule(owner)
    if module.state_dict()[leaf].shape == tensor.shape:
        return True
    try:
        module.load_state_dict({leaf: tensor}, strict=False)
    except RuntimeError:
        return False
    return True


def _complaint(start: str, weights: Mapping[str, Tensor], faults: list[str], count: int) -> str:
    first = faults[0]
    state = tuple(weights[first].shape) if first in weights else 'missing'
    more = f', and so are {len(faults) - 1} more of {count}' if len(faults) > 1 else ''
    return (
        f'{start}, which training starts from, does not fit the network: {first} is '
        f'{state}{more}; set load_from in the config to weights of the same model, or '
        f'load_from_part=True to take what fits'
    )


def shortened(names: Collection[str], among: Collection[str]) -> list[str]:
    """Name a part of a network instead of its tensors where all of them are meant.

    Args:
        names: of tensors, with dots between parts.
        among: all names that there are.
    """
    others = {part for name in among if name not in names for part in _parts(name)}
    wholes = (next(part for part in _parts(name) if part not in others) for name in names)
    return list(dict.fromkeys(wholes))


def _parts(name: str) -> list[str]:
    """Return 'a', 'a.b' and 'a.b.c' for 'a.b.c'."""
    steps = name.split('.')
    return ['.'.join(steps[: end + 1]) for end in range(len(steps))]
