"""The job of every peer: one scene in, probability and labels out.

Runs in each peer's own Python, so it imports only numpy, rasterio and torch. A peer is a
function in ``packages.py`` that takes a ``Job``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import torch

THRESHOLD = 0.5
PROBABILITY, MASK, MEASURED = 'probability.tif', 'mask.tif', 'measured.json'


@dataclass(frozen=True, kw_only=True)
class Job:
    """One scene to map with one network.

    Args:
        scene: GeoTIFF of three 8-bit bands in the network's own units.
        network: TorchScript: pixels, shape (N, 3, window, window), any type, to the probability
            of landslide, shape (N, 1, window, window).
        out: folder that exists; takes ``PROBABILITY`` and ``MASK``.
        window: side of a window, pixels.
        stride: step from window to window, pixels.
        batch: windows in a call of the network.
        settings: a peer's own, such as ours' backend.
    """

    scene: Path
    network: Path
    out: Path
    window: int
    stride: int
    batch: int
    settings: str

    @property
    def overlap(self) -> int:
        """Pixels that neighbouring windows share."""
        return self.window - self.stride

    def load_network(self) -> torch.jit.ScriptModule:
        """Load the network, for one thread."""
        torch.set_num_threads(1)
        return torch.jit.load(self.network).eval()

    def read_scene(self) -> np.ndarray:
        """Read the whole scene, shape (3, rows, cols), uint8."""
        with rasterio.open(self.scene) as dataset:
            return dataset.read()

    def write(self, probability: np.ndarray) -> None:
        """Write both products as a user would, with the scene's georeference.

        Args:
            probability: shape (rows, cols), float32.
        """
        with rasterio.open(self.scene) as dataset:
            kept = {name: dataset.profile[name] for name in ('width', 'height', 'crs', 'transform')}
        profile = {**kept, 'driver': 'GTiff', 'count': 1, 'tiled': True, 'compress': 'deflate'}
        profile |= {'blockxsize': 512, 'blockysize': 512, 'zlevel': 1}
        mask = (probability >= THRESHOLD).astype(np.uint8)
        for name, values in ((PROBABILITY, probability), (MASK, mask)):
            with rasterio.open(self.out / name, 'w', **profile, dtype=values.dtype) as dataset:
                dataset.write(values, 1)


def peak_gb() -> float:
    """Return the most memory this process has held, GB.

    ``getrusage`` would count what the parent held when it started this process.
    """
    status = Path('/proc/self/status').read_text()
    return int(status.partition('VmHWM:')[2].split()[0]) * 1024 / 1e9


def main(run: Callable[[Job], None]) -> None:
    """Read the job from the command line, do it and write what it took.

    Args:
        run: does the job.
    """
    parser = argparse.ArgumentParser()
    for name in ('scene', 'network', 'out'):
        parser.add_argument(f'--{name}', type=Path, required=True)
    for name, value in (('window', 512), ('stride', 384), ('batch', 1)):
        parser.add_argument(f'--{name}', type=int, default=value)
    parser.add_argument('--settings', default='')
    job = Job(**vars(parser.parse_args()))
    started, worked = time.perf_counter(), time.process_time()
    run(job)
    measured = {
        'job_seconds': time.perf_counter() - started,
        'job_cpu_seconds': time.process_time() - worked,
        'peak_gb': peak_gb(),
    }
    (job.out / MEASURED).write_text(json.dumps(measured))
