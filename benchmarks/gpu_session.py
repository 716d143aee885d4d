"""Use a few minutes of a GPU: test, time, train: ``python benchmarks/gpu_session.py --out DIR``.

Three stages, each written to the folder as soon as it is done: the tests of what runs on CUDA, the
time of a window in every precision and of training steps, and a training that fills what remains
of the time, with its learning rate laid out for it. ``--small --device cpu`` tries the script.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONFIG = 'configs/dfpenet/all_sizes_resnet50.py'
TESTS = (
    'tests/mapping/network/test_predictor_torch_on_cuda.py',
    'tests/mapping/network/test_predictor_torch.py',
    'tests/mapping/network/test_predictor_torch_cuda_graph.py',
    'tests/engine/test_mixed_precision.py',
)
# Seconds that the end of a training, its publication and the scoring are given.
FINISH = {True: 15.0, False: 60.0}
# Shares of the time that tests and timings may take at most.
TEST_SHARE, TIME_SHARE = 0.2, 0.2
# Share of the steps that fit the time, as pictures and checkpoints take some of it.
FILLED = 0.85


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, required=True, help='folder for all results')
    parser.add_argument('--minutes', type=float, default=12.0, help='of everything (default 12)')
    parser.add_argument('--device', choices=('cuda', 'cpu'), default='cuda')
    parser.add_argument('--config', default=CONFIG, help='network that is timed and trained')
    parser.add_argument('--weights', help='of its backbone; without them it starts at random')
    parser.add_argument('--small', action='store_true', help='one test, a few steps')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='for the training'
    )
    return parser.parse_args(arguments)


class GpuSession:
    """The stages, their results and the time that is left."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.ends = time.monotonic() + 60 * args.minutes
        self.out = args.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.found: dict[str, Any] = {'device': args.device, 'config': args.config}

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return self.ends - time.monotonic()

    def most(self, share: float) -> float:
        """Return the seconds that a stage may take; a trial on a busy CPU is given more."""
        return self.left / 2 if self.args.small else share * 60 * self.args.minutes

    def note(self, name: str, value: Any) -> None:
        """Write what a stage found, so that a cut session keeps it."""
        self.found[name] = value
        text = json.dumps(self.found, indent=2)
        (self.out / 'session.json').write_text(f'{text}\n', encoding='utf-8')
        print(f'{name}: {json.dumps(value)}', flush=True)

    def call(self, name: str, command: Sequence[str], seconds: float) -> tuple[int, str]:
        """Run a Python command for so long at most; after that it is asked to end."""
        environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
        if self.args.device == 'cpu':
            environment['CUDA_VISIBLE_DEVICES'] = ''
        with (self.out / f'{name}.log').open('w+', encoding='utf-8') as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                process.wait(max(1.0, seconds))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(FINISH[self.args.small])
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            log.seek(0)
            return process.returncode, log.read()

    def test(self) -> None:
        """Run the tests of CUDA."""
        tests = TESTS[:1] if self.args.small else TESTS
        command = ['-m', 'pytest', '-q', '-rs', '-p', 'no:cacheprovider', *tests]
        status, text = self.call('tests', command, self.most(TEST_SHARE))
        # 5: pytest found only what it skips, or nothing.
        self.note('tests', {'exit': status, 'summary': text.strip().splitlines()[-1:]})

    def options(self) -> list[str]:
        """Return the settings that the network starts with."""
        start = ['model.backbone.init_cfg=None']
        if self.args.weights:
            start = [f'model.backbone.init_cfg.checkpoint={self.args.weights}']
        workers = 0 if self.args.small else min(12, max(1, (os.cpu_count() or 2) - 2))
        loading = [f'train_dataloader.num_workers={workers}']
        if not workers:
            loading.append('train_dataloader.persistent_workers=False')
        return [*start, *loading, *self.args.cfg_options]

    def time_windows(self) -> None:
        """Time a window in every precision that the device has."""
        sys.path.insert(0, str(ROOT))
        import numpy as np  # noqa: PLC0415
        import torch  # noqa: PLC0415

        from dfpenet_mm.configs import load_config_with_options  # noqa: PLC0415
        from dfpenet_mm.mapping.network.load_model import build_model  # noqa: PLC0415
        from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor  # noqa: PLC0415

        on_gpu = self.args.device == 'cuda'
        if on_gpu and not torch.cuda.is_available():
            sys.exit('error: this machine has no GPU; try the script with --device cpu --small')
        name = torch.cuda.get_device_name() if on_gpu else 'cpu'
        batch, rounds = (1, 2) if self.args.small else (32, 20)
        chips = np.random.default_rng(0).uniform(0, 255, (batch, 3, 128, 128)).astype(np.float32)
        times = {}
        config = load_config_with_options(ROOT / self.args.config, self.options()[:1])
        for precision in ('fp32', 'bf16', 'fp16') if on_gpu else ('fp32',):
            for graph in (False, True) if on_gpu else (False,):
                predict = TorchPredictor(
                    model=build_model(config),
                    device='cuda:0' if on_gpu else 'cpu',
                    precision=precision,
                    cuda_graph=graph,
                )
                predict(chips)
                spans = []
                for _ in range(rounds):
                    started = time.perf_counter()
                    predict(chips)
                    spans.append((time.perf_counter() - started) / batch)
                label = f'{precision}, recorded' if graph else precision
                times[label] = round(1e3 * statistics.median(spans), 4)
        self.note('milliseconds per window', {'on': name, 'batch': batch, **times})

    def time_steps(self) -> float:
        """Time training steps with their data, and return seconds a step."""
        counts = ('2', '1', '1') if self.args.small else ('30', '10', '3')
        iters, warmup, rounds = counts
        command = ['tools/benchmark_train.py', self.args.config, '--json', '--iters', iters]
        command += ['--warmup', warmup, '--rounds', rounds, '--cfg-options', *self.options()]
        status, text = self.call('steps', command, self.most(TIME_SHARE))
        if status:
            self.note('training step', {'exit': status})
            sys.exit(f'error: the training steps failed; read {self.out}/steps.log')
        (cost,) = json.loads(text[text.index('{') :])['configs'].values()
        self.note('training step', cost)
        return cost['seconds_per_step']

    def train(self, seconds_per_step: float) -> None:
        """Train for the time that is left, then publish the last weights and score them."""
        spare = self.left - 2 * FINISH[self.args.small]
        steps = 2 if self.args.small else max(2, int(FILLED * spare / seconds_per_step))
        warm = max(1, min(200, steps // 10))
        schedule = [
            f'train_cfg.max_iters={steps}',
            f'train_cfg.val_interval={steps}',
            f'param_scheduler.0.end={warm}',
            f'param_scheduler.1.begin={warm}',
            f'param_scheduler.1.end={steps}',
        ]
        run = self.out / 'run'
        command = ['tools/train.py', self.args.config, '--work-dir', str(run), '--no-data-check']
        started = time.monotonic()
        status, _ = self.call(
            'train', [*command, '--cfg-options', *self.options(), *schedule], spare
        )
        saved = sorted(run.glob('iter_*.pth'), key=lambda path: path.stat().st_mtime)
        self.note(
            'training',
            {
                'exit': status,
                'planned': steps,
                'seconds': round(time.monotonic() - started),
                'saved': [path.name for path in saved],
            },
        )
        if not saved:
            sys.exit(f'error: the training left no weights; read {self.out}/train.log')
        weights = self.out / 'weights.pth'
        status, _ = self.call(
            'publish', ['tools/publish_checkpoint.py', str(saved[-1]), str(weights)], 60
        )
        self.note('weights', {'exit': status, 'of': saved[-1].name})
        if not self.args.small:
            command = ['tools/test.py', self.args.config, str(weights), '--work-dir', str(run)]
            status, text = self.call('score', command, self.left)
            scores = [line for line in text.splitlines() if 'landslide/' in line]
            self.note('scores', {'exit': status, 'lines': scores[-1:]})


def main() -> None:
    """Go through the stages."""
    session = GpuSession(parse_arguments())
    session.test()
    session.time_windows()
    session.train(session.time_steps())
    session.note('seconds left', round(session.left))


if __name__ == '__main__':
    main()
