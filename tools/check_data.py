"""Try a config's network, read all images and masks of its data sets, say what they hold."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with training_libraries():
    from dfpenet_mm.configs import load_config_with_options
    from dfpenet_mm.datasets.data_check import check_data
    from dfpenet_mm.mapping.network.load_model import build_model


def main() -> None:
    """Check the network and the data sets of a config, as training does before it starts."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/check_data.py configs/dfpenet/landslide4sense_mobilenetv2.py',
    )
    parser.add_argument('config', type=file_name, help='config (Python: run only those you trust)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        with quiet_libraries():
            config = load_config_with_options(shipped_file(args.config), args.cfg_options)
            if config.get('model'):
                build_model(config, training=True)
            report = check_data(config)
        print(*report.lines(), sep='\n')


if __name__ == '__main__':
    main()
