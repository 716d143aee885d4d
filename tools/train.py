"""Train a network: ``python tools/train.py CONFIG``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from dfpenet_mm.cli.errors import exit_on_user_error


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Train the network of a config.',
        epilog='example: python tools/train.py configs/dfpenet/landslide4sense_mobilenetv2.py',
    )
    parser.add_argument('config', help='config file (Python: run only those you trust)')
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument('--resume', action='store_true', help='go on from the last checkpoint')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that override the config',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Build the runner of the config and train."""
    args = parse_args()
    with exit_on_user_error(debug=args.debug):
        config = Config.fromfile(args.config)
        if args.cfg_options:
            config.merge_from_dict(args.cfg_options)
        config.work_dir = (
            args.work_dir or config.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        )
        config.launcher = args.launcher
        config.resume = args.resume or config.get('resume', False)
        Runner.from_cfg(config).train()


if __name__ == '__main__':
    main()
