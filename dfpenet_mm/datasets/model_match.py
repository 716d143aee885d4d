"""Whether a data set and the network of a config speak of the same bands and classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from dfpenet_mm.datasets.file_check import IGNORED
from dfpenet_mm.datasets.sample_sources import Reading


def model_faults(config: Config, reading: Reading, classes: Sequence[str]) -> Iterator[str]:
    """Find what does not fit between the network and how its data are read.

    Args:
        config: with a ``model``; without one nothing is compared.
        reading: how the data set reads.
        classes: names of its classes.

    Yields:
        Clauses that name the settings.
    """
    model = _network(config.get('model'))
    yield from _band_faults(config, model, reading.band_count)
    known = {*range(len(classes)), IGNORED}
    strange = {value: label for value, label in reading.value_map if label not in known}
    if strange:
        yield (
            f'value_map gives the classes {sorted(set(strange.values()))} and the data set has '
            f'{len(classes)}, from 0'
        )
    for head in _heads(model):
        number = head.get('num_classes')
        if number is not None and number != len(classes):
            yield f'{head.get("type")} has num_classes {number} and the data set {len(classes)}'


def _band_faults(config: Config, model: Mapping[str, Any], bands: int) -> Iterator[str]:
    # mmengine's Runner prefers the preprocessor at the top of a config.
    preprocessor = config.get('data_preprocessor') or model.get('data_preprocessor') or {}
    for name in ('mean', 'std'):
        values = preprocessor.get(name)
        if values is not None and len(values) not in (1, bands):
            yield (
                f'{name} of the data preprocessor has {len(values)} numbers and LoadRasterImage '
                f'reads {bands} band(s)'
            )
    backbone = model.get('backbone')
    if backbone:
        wanted = backbone.get('in_channels', 3)
        if wanted != bands:
            yield (
                f'the backbone {backbone.get("type")} takes {wanted} band(s) (in_channels) and '
                f'LoadRasterImage reads {bands}'
            )


def _network(model: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the network's own config, from inside of a wrapper such as SegTTAModel."""
    while model and isinstance(model.get('module'), Mapping):
        model = model['module']
    return model or {}


def _heads(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ('decode_head', 'auxiliary_head'):
        heads = model.get(name) or ()
        yield from [heads] if isinstance(heads, Mapping) else heads
