"""Train and score every run of a study: ``python tools/run_study.py STUDY``."""

from __future__ import annotations

import argparse
from pathlib import Path

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with training_libraries():
    from dfpenet_mm.configs import load_config_with_options
    from dfpenet_mm.datasets.data_check import check_data
    from dfpenet_mm.experiments.results_table import ResultsTable, markdown_table
    from dfpenet_mm.experiments.study import planned, read_study, run_study
    from dfpenet_mm.mapping.network.load_model import build_model


def main() -> None:
    """Do the runs that the study's table of results lacks, then print its means."""
    parser = argparse.ArgumentParser(
        description='Train and score every run of a study that its table of results lacks.',
        epilog='example: python tools/run_study.py configs/studies/landslide4sense_ablation.py '
        '(given again, a study that was stopped goes on where it was)',
    )
    parser.add_argument('study', type=file_name, help='configs/studies/NAME.py')
    parser.add_argument(
        '--results', type=file_name, help="table of results, instead of the study's"
    )
    parser.add_argument('--seeds', type=int, nargs='+', help="seeds, instead of the study's")
    parser.add_argument(
        '--work-root',
        type=file_name,
        default=Path('work_dirs/studies'),
        help='folder of the work dirs of all runs (default: %(default)s)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override those of every config',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        study = read_study(shipped_file(args.study))
        configs = {
            name: load_config_with_options(path, [*study.options, *args.cfg_options])
            for name, path in study.configs.items()
        }
        for name, config in configs.items():
            with quiet_libraries():
                build_model(config, training=True)
            print(f'{name}:', *check_data(config).lines(), sep='\n', flush=True)
        table = ResultsTable(args.results or study.results)
        run_study(
            planned(configs, args.seeds or study.seeds),
            table,
            work_root=args.work_root / args.study.stem,
            flips=study.flips,
            tell=print,
        )
        print('\n'.join(markdown_table(table.rows)))


if __name__ == '__main__':
    main()
