"""What a config says about mapping, checked before anything slow starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mmengine.config import Config

from dfpenet_mm.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class MappingSettings:
    """The ``mapping`` section of a config.

    Args:
        bands: bands of the scenes, counted from 1, in the order the network was trained on.
        scaling: config of a scaling in SCALINGS.
        predictor: config of a predictor in PREDICTORS.
        window: side of a window, pixels.
        stride: step from window to window, pixels.
        batch_size: most windows in one call of the predictor.
        threshold: smallest probability of a landslide pixel.
    """

    bands: tuple[int, ...]
    scaling: Mapping[str, Any]
    predictor: Mapping[str, Any]
    window: int
    stride: int
    batch_size: int = 1
    threshold: float = 0.5

    @classmethod
    def from_config(cls, config: Config) -> MappingSettings:
        """Read the section.

        Raises:
            ConfigError: if it is missing, or has other keys than these.
        """
        section = config.get('mapping')
        names = {field.name for field in fields(cls)}
        if not section:
            raise ConfigError(
                f'{config.filename} has no mapping section; add one, for example by listing '
                f'_base_/mapping/sentinel2_landslide4sense.py in its _base_'
            )
        strangers = sorted(set(section) - names)
        required = {'bands', 'scaling', 'predictor', 'window', 'stride'}
        missing = sorted(required - set(section))
        if strangers or missing:
            raise ConfigError(
                f'the mapping section of {config.filename} has unknown settings {strangers} and '
                f'lacks {missing}; wanted are {sorted(names)}'
            )
        values = section.to_dict()
        return cls(**{**values, 'bands': tuple(values['bands'])})


def postproc_hooks(config: Config) -> list[Mapping[str, Any]]:
    """Return the config's list of post-processing hooks.

    Raises:
        ConfigError: if there is none.
    """
    if 'postproc' not in config:
        raise ConfigError(
            f'{config.filename} has no postproc list; add one, for example by listing '
            f'../postproc/default.py in its _base_'
        )
    return list(config.to_dict()['postproc'])
