"""Score a network: ``python tools/test.py CONFIG CHECKPOINT``."""

from __future__ import annotations

from pathlib import Path

from dfpenet_mm.cli.options import file_name, metres_above_zero
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with training_libraries():
    from mmengine.config import Config
    from mmengine.runner import Runner

    from dfpenet_mm.cli.runner_command import require_parts, runner_config, runner_parser
    from dfpenet_mm.configs import use_flips
    from dfpenet_mm.engine.checkpoint_file import read_state_dict
    from dfpenet_mm.engine.distributed import is_first, start_processes
    from dfpenet_mm.errors import OutputError
    from dfpenet_mm.files import check_free_folder
    from dfpenet_mm.mapping.network.load_model import (
        build_model,
        check_fit,
        without_fetching,
    )


def require_fit(config: Config, checkpoint: Path) -> None:
    """Refuse weights that are not the config's, which the Runner would score at random.

    Raises:
        InputFileError: if the checkpoint is missing.
        CheckpointError: if it does not load safely or does not fit.
        ConfigError: if the model cannot be built.
    """
    with quiet_libraries():
        check_fit(build_model(config), read_state_dict(checkpoint), str(checkpoint))


def write_files(config: Config, *, out: Path | None, pictures: Path | None) -> None:
    """Let the test of a config write its predictions.

    Args:
        config: changed in place.
        out: folder of the predicted classes; None for none.
        pictures: folder of pictures of them; None for none.

    Raises:
        OutputError: if one of them exists, or they are one.
    """
    wanted = {'out': (out, '--out'), 'pictures': (pictures, '--show-dir')}
    for path, option in wanted.values():
        if path:
            check_free_folder(path, option=option)
    if out and pictures and out.resolve() == pictures.resolve():
        raise OutputError(
            f'--out and --show-dir are both {out}, where files of one name would meet; give each '
            f'a folder of its own'
        )
    folders = {name: str(path) for name, (path, _) in wanted.items() if path}
    if folders:
        hook = {'type': 'PredictionFilesHook', **folders}
        config.custom_hooks = [*(config.get('custom_hooks') or []), hook]


def ask_for_details(config: Config, *, pixel_size: float | None, resamples: int, seed: int) -> None:
    """Let every ``LandslideMetric`` of a test give intervals, landslides and calibration too.

    Args:
        config: changed in place.
        pixel_size: of the images, metres; None if nobody knows.
        resamples: sets of images drawn for the intervals; 0 for none.
        seed: of the draws.
    """
    evaluators = config.test_evaluator
    for metric in evaluators if isinstance(evaluators, list | tuple) else [evaluators]:
        if metric.type == 'LandslideMetric':
            drawn = {'resamples': resamples, 'seed': seed}
            metric.update(details=True, pixel_size=metric.get('pixel_size') or pixel_size, **drawn)


def main() -> None:
    """Build the runner of the config, load the weights, test."""
    parser = runner_parser(
        description='Score a checkpoint on the test set of its config.',
        example='python tools/test.py configs/dfpenet/landslide4sense_mobilenetv2.py '
        'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth --tta',
    )
    parser.add_argument('checkpoint', type=file_name, help='weights that fit the config')
    parser.add_argument('--tta', action='store_true', help='average predictions over flips')
    parser.add_argument(
        '--out',
        type=file_name,
        metavar='DIR',
        help='new folder: predicted classes, a PNG for each image',
    )
    parser.add_argument(
        '--show-dir',
        type=file_name,
        metavar='DIR',
        help='new folder: image, truth and prediction side by side, a PNG for each image',
    )
    parser.add_argument(
        '--pixel-size',
        type=metres_above_zero,
        metavar='METRES',
        help='side of a pixel: counts landslides by square metres and false ones by km2',
    )
    parser.add_argument(
        '--resamples',
        type=int,
        default=2000,
        metavar='N',
        help='sets of images drawn for the 95 %% intervals, 0 for none (%(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='of these draws (%(default)s)')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        config = runner_config(args)
        require_parts(config, 'model', 'test_dataloader', 'test_cfg', 'test_evaluator')
        checkpoint = shipped_file(args.checkpoint)
        require_fit(config, checkpoint)
        write_files(config, out=args.out, pictures=args.show_dir)
        ask_for_details(
            config, pixel_size=args.pixel_size, resamples=args.resamples, seed=args.seed
        )
        notices = start_processes(config)
        if is_first():
            print(*notices, sep='\n', end='\n' if notices else '', flush=True)
        config.resume = False
        config.load_from = str(checkpoint)
        # The checkpoint brings every weight: those of the initialisation are not needed.
        config.model = without_fetching(config.model)
        if args.tta:
            use_flips(config)
        Runner.from_cfg(config).test()


if __name__ == '__main__':
    main()
