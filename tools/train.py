"""Train a network: ``python tools/train.py CONFIG``."""

from __future__ import annotations

from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries

with training_libraries():
    from mmengine.config import Config
    from mmengine.runner import Runner

    from dfpenet_mm.cli.runner_command import require_parts, runner_config, runner_parser
    from dfpenet_mm.datasets.data_check import check_data
    from dfpenet_mm.engine.distributed import first_process_only, is_first, start_processes
    from dfpenet_mm.engine.hooks import FiniteTrainingHook
    from dfpenet_mm.engine.mixed_precision import use_mixed_precision
    from dfpenet_mm.engine.resumable_loop import check_batch
    from dfpenet_mm.engine.resume import require_unused, resume_run
    from dfpenet_mm.engine.start_weights import check_start_weights
    from dfpenet_mm.mapping.network.load_model import build_model


def say(lines: list[str]) -> None:
    """Print lines, once for all processes."""
    if lines and is_first():
        print(*lines, sep='\n', flush=True)


def look_before(config: Config, *, data: bool) -> None:
    """See that a run can work before it starts; print what its data sets hold.

    Args:
        config: of the run.
        data: read every file of the data sets.

    Raises:
        DfpenetError: if the processes cannot share a batch, or training would fail on some file.
    """
    check_batch(config)
    if data:
        say(check_data(config).lines())


def main() -> None:
    """Build the runner of the config and train."""
    parser = runner_parser(
        description='Train the network of a config.',
        example='python tools/train.py configs/dfpenet/landslide4sense_mobilenetv2.py',
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help="go on from the work dir's last checkpoint; start if there is none",
    )
    parser.add_argument('--amp', action='store_true', help='compute in mixed precision: bfloat16')
    parser.add_argument(
        '--no-data-check', action='store_true', help='start without reading every file before'
    )
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        config = runner_config(args)
        require_parts(config, 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
        notices = start_processes(config)
        if args.amp:
            notices.append(use_mixed_precision(config))
        if args.resume or config.get('resume'):
            notices.extend(resume_run(config))
        else:
            require_unused(config.work_dir)
        with quiet_libraries():
            build_model(config, training=True)
        if not config.resume:
            notices.extend(check_start_weights(config))
        say(notices)
        first_process_only(lambda: look_before(config, data=not args.no_data_check))
        runner = Runner.from_cfg(config)
        runner.register_hook(FiniteTrainingHook())
        runner.train()


if __name__ == '__main__':
    main()
