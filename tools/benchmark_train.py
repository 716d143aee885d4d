"""Time training steps: ``python tools/benchmark_train.py CONFIG --against OTHER``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

# A script finds its own folder alone.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with training_libraries():
    import torch
    from mmengine.config import Config

    from benchmarks.step_cost import StepCost, TimedTraining
    from dfpenet_mm.configs import load_config_with_options
    from dfpenet_mm.engine.mixed_precision import use_mixed_precision
    from dfpenet_mm.mapping.network.load_model import build_model, without_fetching

DATA_SHARE_BAR = 0.03
# Quartiles farther apart than this share of the median say more about the machine's other work.
BUSY_SPREAD = 0.25
RATIO_BAR = 1.0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Time a config's training steps, alone or in turns with another config's.",
        epilog='example: python tools/benchmark_train.py '
        'configs/dfpenet/landslide4sense_mobilenetv2.py '
        '--against configs/dfpenet/landslide4sense_deeplabv3plus_mobilenetv2.py',
    )
    parser.add_argument('config', type=file_name, help='config (Python: run only those you trust)')
    parser.add_argument('--against', type=file_name, help='config to compare with')
    parser.add_argument('--iters', type=int, default=30, help='timed steps of each (default 30)')
    parser.add_argument(
        '--warmup', type=int, default=5, help='steps before each round, not timed (default 5)'
    )
    parser.add_argument(
        '--rounds', type=int, default=3, help='turns that the timed steps are cut into (default 3)'
    )
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    parser.add_argument('--json', action='store_true', help='write JSON to stdout')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override both configs',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def check_counts(args: argparse.Namespace) -> None:
    """Refuse counts that time nothing.

    Raises:
        ConfigError: naming them.
    """
    if args.rounds < 1 or args.warmup < 0 or args.iters < args.rounds:
        raise ConfigError(
            f'--iters {args.iters}, --warmup {args.warmup} and --rounds {args.rounds} do not fit; '
            f'a round needs at least one timed step, and warm-up cannot be negative'
        )


def read_config(path: Path, args: argparse.Namespace) -> Config:
    """Load a config as it is to be timed."""
    config = load_config_with_options(shipped_file(path), args.cfg_options)
    if args.amp and config.get('optim_wrapper'):
        use_mixed_precision(config)
    if config.get('model'):
        with quiet_libraries():
            build_model(config, training=True)
        config.model = without_fetching(config.model)
    return config


def measure(paths: list[Path], args: argparse.Namespace) -> list[StepCost]:
    """Time the configs in turns, so that a busy machine disturbs them alike."""
    with tempfile.TemporaryDirectory() as folder:
        trainings = [
            TimedTraining(
                read_config(path, args),
                name=f'training_{index}',
                work_dir=Path(folder) / str(index),
            )
            for index, path in enumerate(paths)
        ]
        for turn in range(args.rounds):
            steps = args.iters // args.rounds + (turn < args.iters % args.rounds)
            for training in trainings:
                training.run(steps, warmup=args.warmup)
        return [training.cost() for training in trainings]


def summary(paths: list[Path], costs: list[StepCost], *, amp: bool) -> dict:
    """Collect what was measured as plain JSON values."""
    found = {
        'device': torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu',
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
        'mixed_precision': amp,
        'configs': {str(path): cost.as_dict() for path, cost in zip(paths, costs, strict=True)},
    }
    if len(costs) == 2:
        ours, other = (cost.as_dict() for cost in costs)
        found['ratio'] = {
            'time': ours['seconds_per_step'] / other['seconds_per_step'],
            'time_fastest': ours['seconds_fastest'] / other['seconds_fastest'],
            'cpu_time': ours['cpu_seconds_per_step'] / other['cpu_seconds_per_step'],
            'gflop': ours['gflop_forward'] / other['gflop_forward'],
            'time_per_gflop': ours['seconds_per_gflop'] / other['seconds_per_gflop'],
        }
    return found


def report(found: dict) -> list[str]:
    """Put the summary into lines to read."""
    precision = 'mixed precision' if found['mixed_precision'] else 'float32'
    lines = [f'{found["device"]}, {found["threads"]} threads, {precision}']
    for path, cost in found['configs'].items():
        low, high = cost['seconds_quartiles']
        share = cost['data_share']
        verdict = 'within' if share < DATA_SHARE_BAR else 'above'
        lines += [
            path,
            f'  {cost["steps_per_second"]:.2f} steps/s of {cost["batch_size"]} images',
            f'  {cost["seconds_per_step"]:.3f} s a step, median of {cost["steps"]}; quartiles '
            f'{low:.3f} to {high:.3f}, fastest {cost["seconds_fastest"]:.3f}, '
            f'CPU {cost["cpu_seconds_per_step"]:.3f}',
            f'  {share:.1%} of the time waiting for data, {verdict} the bar of '
            f'{DATA_SHARE_BAR:.0%}',
            f'  {cost["gflop_forward"]:.2f} GFLOP forward (a multiplication with its addition '
            f'counts 2), {cost["seconds_per_gflop"] * 1000:.1f} ms a GFLOP',
        ]
        if high - low > BUSY_SPREAD * cost['seconds_per_step']:
            lines.append(
                '  these steps vary much, so the machine is busy; with OMP_NUM_THREADS=1 the CPU '
                'seconds tell more'
            )
    if ratio := found.get('ratio'):
        verdict = 'within' if ratio['time_per_gflop'] <= RATIO_BAR else 'above'
        lines.append(
            f'first / second: time {ratio["time"]:.2f} (fastest steps {ratio["time_fastest"]:.2f}, '
            f'CPU {ratio["cpu_time"]:.2f}), GFLOP {ratio["gflop"]:.2f}, time per GFLOP '
            f'{ratio["time_per_gflop"]:.2f}, {verdict} the bar of {RATIO_BAR:.1f}'
        )
    return lines


def main() -> None:
    """Time, then say what it cost."""
    args = parse_arguments()
    with exit_on_user_error(debug=args.debug):
        check_counts(args)
        paths = [args.config, *([args.against] if args.against else [])]
        with quiet_libraries():
            costs = measure(paths, args)
        found = summary(paths, costs, amp=args.amp)
        print(json.dumps(found, indent=2) if args.json else '\n'.join(report(found)))


if __name__ == '__main__':
    main()
