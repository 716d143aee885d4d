"""Time one window on every predictor: ``python benchmarks/predictors.py``.

Two networks are timed unless one is given: DFPENet on ResNet-101 as in the paper, with random
weights, and the shipped one on MobileNetV2. The predictors take turns, so that what else
the machine does disturbs them alike; ratios are taken turn by turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# A script finds its own folder alone; it must also run in a checkout that is not installed.
sys.path.insert(0, str(ROOT))

from dfpenet_mm.cli.refusals import exit_on_user_error  # noqa: E402
from dfpenet_mm.errors import ConfigError, DfpenetError  # noqa: E402
from dfpenet_mm.installation import quiet_libraries  # noqa: E402
from dfpenet_mm.resources import shipped_file  # noqa: E402

with quiet_libraries():
    import numpy as np
    import torch
    from torch import nn

    from dfpenet_mm.configs import load_config
    from dfpenet_mm.export.openvino_folder import export_quantised
    from dfpenet_mm.export.quantise import RECIPES
    from dfpenet_mm.mapping.network.backends import label_agreement
    from dfpenet_mm.mapping.network.load_model import build_model, load_model
    from dfpenet_mm.mapping.network.predictor import Predictor, build_predictor
    from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
    from dfpenet_mm.mapping.scene.batch_reader import sample_chips
    from dfpenet_mm.mapping.scene.scaling import build_scaling
    from dfpenet_mm.mapping.scene.scene import Scene
    from dfpenet_mm.processor import processor_name
    from dfpenet_mm.vocabulary import IGNORED

DEMO = Path('configs/dfpenet/landslide4sense_mobilenetv2.py')
NETWORKS = (
    (Path('configs/dfpenet/release_2class.py'), None),
    (DEMO, Path('checkpoints/dfpenet_mobilenetv2_landslide4sense.pth')),
)
SCENE = ROOT / 'demo' / 'hokkaido_post.tif'
BASELINE = 'eager fp32'
JOINED = 'eager fp32, features joined first'
# Share of the fastest that the median may lie above on a machine that does nothing else.
BUSY_SPREAD = 0.15

SETTINGS: dict[str, dict[str, Any]] = {
    'torch fp32 channels_last': {'fold': False},
    'torch fp32 folded': {'channels_last': False},
    'torch fp32 channels_last folded': {},
    'torch bf16 channels_last': {'precision': 'bf16', 'fold': False},
    'torch bf16 channels_last folded': {'precision': 'bf16'},
    'openvino f32': {'precision': 'f32'},
    'openvino bf16': {'precision': 'bf16'},
    'openvino int8': {'precision': 'int8'},
}


@dataclass
class Timing:
    """Times of one predictor, a window each.

    Args:
        predict: from chips to probabilities.
        wall: seconds.
        cpu: seconds that this process computed, on all its threads.
        probability: of the last window.
    """

    predict: Predictor
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    probability: np.ndarray | None = None

    def run(self, chip: np.ndarray) -> None:
        """Time a window."""
        started, worked = time.perf_counter(), time.process_time()
        self.probability = self.predict(chip)
        self.wall.append(time.perf_counter() - started)
        self.cpu.append(time.process_time() - worked)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--config', type=Path, help='time this network alone')
    parser.add_argument('--checkpoint', type=Path, help='its weights; random ones without')
    parser.add_argument('--window', type=int, default=512, help='side, pixels (default 512)')
    parser.add_argument('--rounds', type=int, default=5, help='windows timed of each (default 5)')
    parser.add_argument('--threads', type=int, help='of one window (default: as PyTorch has them)')
    parser.add_argument('--only', nargs='+', choices=SETTINGS, help='leave the other rows out')
    parser.add_argument('--json', action='store_true', help='write JSON to stdout')
    return parser.parse_args()


def random_model(config: Path) -> nn.Module:
    """Build a network with weights whose activations stay in a usual range."""
    model = build_model(load_config(config))
    generator = torch.Generator().manual_seed(0)
    for name, tensor in model.state_dict().items():
        if name.endswith('running_var') or (name.endswith('weight') and tensor.ndim == 1):
            tensor.uniform_(0.4, 0.8, generator=generator)
        elif tensor.ndim == 4:
            deviation = (2 / tensor[0].numel()) ** 0.5
            tensor.normal_(0, deviation, generator=generator)
        elif tensor.is_floating_point():
            tensor.normal_(0, 0.1, generator=generator)
    return model.eval()


def real_chips(window: int, count: int) -> np.ndarray:
    """Cut windows from the shipped scene, scaled as for the shipped network."""
    mapping = load_config(shipped_file(DEMO)).mapping
    with Scene(SCENE, bands=mapping.bands) as scene:
        scaling = build_scaling(mapping.scaling).fit(scene)
        return sample_chips(scene, scaling, window=window, count=count)


def eager(model: nn.Module) -> Predictor:
    """Return the network as it is: float32, contiguous, one operation after the other."""
    network = ProbabilityNetwork(model=model)

    def predict(chips: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(chips)).numpy()

    return predict


def joined(model: nn.Module) -> Predictor:
    """Return the network with X1 made as the paper writes it, before it is convolved."""
    predict = eager(model)

    def predict_joined(chips: np.ndarray) -> np.ndarray:
        former, model.neck.join_finest = model.neck.join_finest, True
        try:
            return predict(chips)
        finally:
            model.neck.join_finest = former

    return predict_joined


def quantised_folder(model: nn.Module, chips: np.ndarray, folder: Path) -> Path:
    """Quantise on the chips that are timed, which is enough to time it."""
    nothing = np.full(chips.shape[2:], IGNORED, np.uint8)
    export_quantised(
        ProbabilityNetwork(model=model),
        chips=chips[:2],
        samples=lambda: iter([(chips[0], nothing)]),
        threshold=0.5,
        out=folder,
        recipes=RECIPES[:1],
    )
    return folder


def predictors(
    make_model: Callable[[], nn.Module], chips: np.ndarray, folder: Path, args: argparse.Namespace
) -> dict[str, Predictor]:
    """Build what is timed; what does not run here is left out, with a line on stderr."""
    model = make_model()
    found = {BASELINE: eager(model)}
    if getattr(model.with_neck and model.neck, 'join_finest', None) is False:
        found[JOINED] = joined(model)
    for name, settings in SETTINGS.items():
        if args.only and name not in args.only:
            continue
        config = {'type': 'TorchPredictor', **settings}
        try:
            if name.startswith('openvino'):
                config |= {'type': 'OpenVinoPredictor', 'threads': args.threads}
            if name.endswith('int8'):
                config['quantised'] = quantised_folder(model, chips, folder)
            # A model of its own, as the layout of its weights is the predictor's.
            found[name] = build_predictor(config, model=make_model())
        except DfpenetError as error:
            sys.stderr.write(f'{name} is left out: {error}\n')
    return found


def measure(
    make_model: Callable[[], nn.Module], chips: np.ndarray, args: argparse.Namespace
) -> dict[str, Timing]:
    """Time a network's predictors in turns."""
    with tempfile.TemporaryDirectory() as folder, quiet_libraries():
        made = predictors(make_model, chips, Path(folder) / 'int8', args)
        timings = {name: Timing(predict) for name, predict in made.items()}
        for predict in made.values():
            predict(chips[:1])
        for turn in range(args.rounds):
            index = turn % len(chips)
            for timing in timings.values():
                timing.run(chips[index : index + 1])
    return timings


def summary(timings: Mapping[str, Timing]) -> dict[str, dict[str, float]]:
    """Collect what was measured as plain JSON values."""
    base = timings[BASELINE]
    return {
        name: {
            'seconds': statistics.median(timing.wall),
            'seconds_fastest': min(timing.wall),
            'cpu_seconds': statistics.median(timing.cpu),
            'times_faster': median_ratio(base.wall, timing.wall),
            'times_faster_cpu': median_ratio(base.cpu, timing.cpu),
            'label_agreement': label_agreement(base.probability, timing.probability, 0.5),
        }
        for name, timing in timings.items()
    }


def median_ratio(first: list[float], second: list[float]) -> float:
    """Return the median of the ratios, turn by turn."""
    return statistics.median(a / b for a, b in zip(first, second, strict=True))


def report(found: Mapping[str, Any]) -> list[str]:
    """Put the summary into a table to read."""
    lines = [f'{found["processor"]}, {found["threads"]} threads, window {found["window"]}']
    for network, rows in found['networks'].items():
        lines += [
            f'\n{network}\n',
            '| one window | s, median (fastest) | CPU s | times faster | by CPU time | labels |',
            '|---|---|---|---|---|---|',
        ]
        lines += [
            f'| {name} | {row["seconds"]:.3f} ({row["seconds_fastest"]:.3f}) '
            f'| {row["cpu_seconds"]:.3f} | {row["times_faster"]:.2f} '
            f'| {row["times_faster_cpu"]:.2f} | {row["label_agreement"]:.3%} |'
            for name, row in rows.items()
        ]
        base = rows[BASELINE]
        if base['seconds'] > (1 + BUSY_SPREAD) * base['seconds_fastest']:
            lines.append('\nThese times vary much: the machine is busy; CPU seconds tell more.')
    return lines


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Time the networks that were asked for."""
    if args.rounds < 1 or args.window < 1 or (args.threads is not None and args.threads < 1):
        raise ConfigError('--rounds, --window and --threads count; give at least 1')
    if args.checkpoint and not args.config:
        raise ConfigError('--checkpoint needs the config of the network; give --config too')
    if args.threads:
        torch.set_num_threads(args.threads)
    chips = real_chips(args.window, args.rounds)
    networks = {}
    for config, checkpoint in [(args.config, args.checkpoint)] if args.config else NETWORKS:
        path = shipped_file(config)
        weights = checkpoint and shipped_file(checkpoint)

        def make_model(path: Path = path, weights: Path | None = weights) -> nn.Module:
            return load_model(path, weights) if weights else random_model(path)

        name = f'{config}, {weights.name if weights else "random weights"}'
        networks[name] = summary(measure(make_model, chips, args))
    return {
        'processor': processor_name(),
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
        'window': args.window,
        'rounds': args.rounds,
        'networks': networks,
    }


def main() -> None:
    """Time, then say what it took."""
    args = parse_arguments()
    with exit_on_user_error(debug=False):
        with quiet_libraries():
            found = run(args)
        print(json.dumps(found, indent=2) if args.json else '\n'.join(report(found)))


if __name__ == '__main__':
    main()
