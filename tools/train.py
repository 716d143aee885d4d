"""Train a network: ``python tools/train.py CONFIG``."""

from __future__ import annotations

from dfpenet_mm.cli.errors import exit_on_user_error
from dfpenet_mm.cli.quiet import quiet_libraries

with quiet_libraries():
    from mmengine.runner import Runner

    from dfpenet_mm.cli.runner_command import runner_config, runner_parser


def main() -> None:
    """Build the runner of the config and train."""
    parser = runner_parser(
        description='Train the network of a config.',
        example='python tools/train.py configs/dfpenet/landslide4sense_mobilenetv2.py',
    )
    parser.add_argument('--resume', action='store_true', help='go on from the last checkpoint')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        config = runner_config(args)
        config.resume = args.resume or config.get('resume', False)
        Runner.from_cfg(config).train()


if __name__ == '__main__':
    main()
