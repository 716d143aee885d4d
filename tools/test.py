"""Score a network: ``python tools/test.py CONFIG CHECKPOINT``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from dfpenet_mm.cli.errors import exit_on_user_error


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Score a checkpoint on the test set of its config.',
        epilog='example: python tools/test.py configs/dfpenet/landslide4sense_mobilenetv2.py '
        'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth --tta',
    )
    parser.add_argument('config', help='config file (Python: run only those you trust)')
    parser.add_argument('checkpoint', help='weights that fit the config')
    parser.add_argument('--work-dir', help='folder of the log')
    parser.add_argument('--tta', action='store_true', help='average predictions over flips')
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


def use_flips(config: Config) -> None:
    """Make the test run average over the flips that ``tta_pipeline`` lists."""
    config.test_dataloader.dataset.pipeline = config.tta_pipeline
    config.tta_model.module = config.model
    config.model = config.tta_model


def main() -> None:
    """Build the runner of the config, load the weights, test."""
    args = parse_args()
    with exit_on_user_error(debug=args.debug):
        config = Config.fromfile(args.config)
        if args.cfg_options:
            config.merge_from_dict(args.cfg_options)
        config.work_dir = (
            args.work_dir or config.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        )
        config.launcher = args.launcher
        config.load_from = args.checkpoint
        config.model.backbone.init_cfg = None
        if args.tta:
            use_flips(config)
        Runner.from_cfg(config).test()


if __name__ == '__main__':
    main()
