"""Options and config of the commands that drive mmengine's Runner."""

from __future__ import annotations

import argparse

from mmengine.config import Config

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.configs import load_config_with_options
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def runner_parser(*, description: str, example: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments that training and testing share."""
    parser = argparse.ArgumentParser(description=description, epilog=f'example: {example}')
    parser.add_argument('config', type=file_name, help='config (Python: run only those you trust)')
    parser.add_argument('--work-dir', type=file_name, help='folder of logs and checkpoints')
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='what has started the processes of a distributed run; tools/dist_*.sh say it',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser


def runner_config(args: argparse.Namespace) -> Config:
    """Load the config that parsed arguments ask for.

    Raises:
        InputFileError: if it is missing.
        ConfigError: if it cannot be run, or an option does not fit.
    """
    # The config's custom imports are what loads mmseg.
    with quiet_libraries():
        config = load_config_with_options(shipped_file(args.config), args.cfg_options)
    default = config.get('work_dir') or f'work_dirs/{args.config.stem}'
    config.work_dir = str(args.work_dir or default)
    config.launcher = args.launcher
    return config


def require_parts(config: Config, *names: str) -> None:
    """Refuse a config that lacks what a command runs.

    Args:
        config: the config.
        *names: what it must have, such as ``train_dataloader``.

    Raises:
        ConfigError: if it lacks one.
    """
    lacking = [name for name in names if not config.get(name)]
    if lacking:
        raise ConfigError(
            f'{config.filename} has no {", ".join(lacking)}; give a config whose _base_ names '
            f'a data set and a schedule too'
        )
