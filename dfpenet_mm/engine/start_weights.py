"""See that the weights which training starts from are those of the network."""

from __future__ import annotations

import copy

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from dfpenet_mm.engine.checkpoint_file import read_state_dict
from dfpenet_mm.errors import CheckpointError

# Another number of classes is no reason not to transfer.
CLASSIFIERS = ('decode_head.conv_seg.', 'auxiliary_head.')
COUNTER = 'num_batches_tracked'


def check_start_weights(config: Config) -> None:
    """Refuse a ``load_from`` that does not fit, with which training would start at random.

    mmengine only logs what is missing.

    Args:
        config: of a run that is not resumed; nothing happens without ``load_from``, or where
            it is an address.

    Raises:
        InputFileError: if the checkpoint is missing.
        CheckpointError: if it does not load safely, or a tensor outside of the classifier is
            missing or misshapen.
    """
    start = config.get('load_from')
    # What is downloaded is not there yet.
    if not start or '://' in start:
        return
    weights = read_state_dict(start)
    with DefaultScope.overwrite_default_scope('mmseg'):
        wanted = MODELS.build(copy.deepcopy(config.model)).state_dict()
    faults = [
        f'{name} is {"missing" if name not in weights else tuple(weights[name].shape)}'
        for name, value in wanted.items()
        if not name.startswith(CLASSIFIERS)
        and not name.endswith(COUNTER)
        and (name not in weights or weights[name].shape != value.shape)
    ]
    if faults:
        raise CheckpointError(
            f'{start}, from which training shall start, does not fit the network: '
            f'{faults[0]}, and so are {len(faults) - 1} more of {len(wanted)}; set load_from in '
            f'the config to weights of the same model'
        )
