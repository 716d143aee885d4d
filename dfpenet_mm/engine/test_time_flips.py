"""Test on flipped images too, and average."""

from __future__ import annotations

from mmengine.config import Config

from dfpenet_mm.errors import ConfigError


def use_flips(config: Config) -> None:
    """Make the test run of a config average over the flips that ``tta_pipeline`` lists.

    Args:
        config: changed in place: its test data set and its model.

    Raises:
        ConfigError: if it has no ``tta_pipeline`` or no ``tta_model``.
    """
    missing = [name for name in ('tta_pipeline', 'tta_model') if name not in config]
    if missing:
        raise ConfigError(
            f'{config.filename or "the config"} has no {missing[0]}, which says over which flips '
            f'to average; add it, or test without flips'
        )
    config.test_dataloader.dataset.pipeline = config.tta_pipeline
    config.tta_model.module = config.model
    config.model = config.tta_model
