"""Score against the size of the training set: ``python tools/learning_curve.py CONFIG``."""

from __future__ import annotations

import argparse
from pathlib import Path

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with training_libraries():
    from dfpenet_mm.configs import load_config_with_options
    from dfpenet_mm.datasets.data_check import check_data
    from dfpenet_mm.experiments.learning_curve import FRACTIONS, draw_learning_curve, use_fraction
    from dfpenet_mm.experiments.results_table import ResultsTable, markdown_table, mean_and_spread
    from dfpenet_mm.experiments.study import PlannedRun, run_study
    from dfpenet_mm.mapping.network.load_model import build_model


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Train on growing parts of a training set, several times each; write the '
        'scores to OUT/learning_curve.csv and their curves to OUT/learning_curve.png (Fig. 10).',
        epilog='example: python tools/learning_curve.py configs/dfpenet/sichuan_finetune.py '
        'configs/dfpenet/sichuan_scratch.py --out docs/experiments. A stopped study goes on where '
        'it was when the command is given again.',
    )
    parser.add_argument('configs', type=file_name, nargs='+', help='a curve for each config')
    parser.add_argument('--fractions', type=float, nargs='+', default=FRACTIONS, metavar='PERCENT')
    parser.add_argument('--seeds', type=int, nargs='+', default=(0, 1, 2))
    parser.add_argument(
        '--out', type=file_name, required=True, help='folder of the table and picture'
    )
    parser.add_argument('--flips', action='store_true', help='average over flips when scoring')
    parser.add_argument(
        '--landslide-weight',
        type=float,
        default=4.0,
        help='weight of landslides in the cross-entropy for fractions under 20 %% (default 4)',
    )
    parser.add_argument('--work-root', type=file_name, default=Path('work_dirs/learning_curve'))
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Do the runs that the table lacks, then draw it."""
    args = parse()
    with exit_on_user_error(debug=args.debug):
        names = [path.stem for path in args.configs]
        if len(set(names)) < len(names):
            raise ConfigError(f'configs {names} share a name, by which curves are told apart')
        configs = {
            path.stem: load_config_with_options(shipped_file(path), args.cfg_options)
            for path in args.configs
        }
        for name, config in configs.items():
            with quiet_libraries():
                build_model(config, training=True)
            print(f'{name}:', *check_data(config).lines(), sep='\n', flush=True)
        runs = [
            PlannedRun(
                name,
                use_fraction(config, fraction, seed=seed, landslide_weight=args.landslide_weight),
                seed,
                fraction,
            )
            for seed in args.seeds
            for fraction in sorted(args.fractions)
            for name, config in configs.items()
        ]
        table = ResultsTable(args.out / 'learning_curve.csv')
        run_study(runs, table, work_root=args.work_root, flips=args.flips, tell=print)
        print('\n'.join(markdown_table(table.rows)))
        picture = args.out / 'learning_curve.png'
        draw_learning_curve(mean_and_spread(table.rows), picture)
        print(f'wrote {table.path} and {picture}')


if __name__ == '__main__':
    main()
