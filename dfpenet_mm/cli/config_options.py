"""Settings given on the command line, merged into a config."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction

from dfpenet_mm.cli.option_names import check_option_name
from dfpenet_mm.engine.safe_checkpoint import refuse_unsafe_checkpoints
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.load_model import load_config


def load_config_with_options(path: Path, options: Sequence[str]) -> Config:
    """Load a config and override some of its settings; from here on mmengine unpickles no code.

    Args:
        path: the config.
        options: ``KEY=VALUE`` each; dots in a key go down into dicts and lists.

    Raises:
        InputFileError: if the config is missing.
        ConfigError: if it cannot be run, or an option is malformed or names no setting.
    """
    refuse_unsafe_checkpoints()
    config = load_config(path)
    if not options:
        return config
    for option in options:
        if '=' not in option:
            raise ConfigError(f'option {option!r} is not KEY=VALUE; give both, without spaces')
        check_option_name(config, option.partition('=')[0])
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('--options', nargs='+', action=DictAction)
    try:
        config.merge_from_dict(parser.parse_args(['--options', *options]).options)
    except (KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
        raise ConfigError(
            f'options {list(options)} do not fit {path} ({error}); check the names of the '
            f'settings, and the brackets of their values'
        ) from error
    return config
