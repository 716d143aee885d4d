"""dfpenet_mm: ``map_scene`` and ``write_cog``, as ``landslide-map`` calls them.

``--settings`` is JSON: ``{"backend": "script"}`` predicts with the peers' own TorchScript, so that
only the engines differ; ``{"backend": "torch", "precision": "fp32"}`` and the like take the
network the way users get it, ``{"backend": "auto"}`` lets the package choose. ``config`` and
``checkpoint`` name the network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from dfpenet_mm.installation import quiet_libraries  # noqa: E402

with quiet_libraries():
    import numpy as np
    import rasterio
    import torch
    from job import MASK, PROBABILITY, THRESHOLD, Job, main

    from dfpenet_mm.configs import load_config
    from dfpenet_mm.mapping.blocks.block_store import BlockStore
    from dfpenet_mm.mapping.executors.executor import BlockTask
    from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
    from dfpenet_mm.mapping.mapper import map_scene
    from dfpenet_mm.mapping.network.backend_choice import choose_backend
    from dfpenet_mm.mapping.network.backends import backend_config
    from dfpenet_mm.mapping.network.load_model import load_model
    from dfpenet_mm.mapping.network.predictor import Predictor, build_predictor
    from dfpenet_mm.mapping.plan.windows import WindowPlan
    from dfpenet_mm.mapping.products.cog import write_cog
    from dfpenet_mm.mapping.scene.batch_reader import CACHE_BYTES, sample_chips
    from dfpenet_mm.mapping.scene.scaling import FittedScaling
    from dfpenet_mm.mapping.scene.scene import Scene, SceneSource

# The scene is in the network's units already.
SCALING = FittedScaling((1.0,) * 3, (0.0,) * 3)
TRIED_WINDOWS = 4


def script_predictor(job: Job) -> Predictor:
    """Return the network that the peers run."""
    network = job.load_network()

    def predict(chips: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(chips))[:, 0].numpy()

    return predict


def trained_predictor(job: Job, settings: Mapping[str, Any]) -> Predictor:
    """Return the network on the backend that is asked for."""
    torch.set_num_threads(1)
    config = load_config(Path(settings['config']))
    model = load_model(config, Path(settings['checkpoint']), 'cpu')
    base = {**config.get('mapping', {}).get('predictor', {}), 'flips': False}
    quantised = Path(settings['quantised']) if settings.get('quantised') else None
    if settings['backend'] == 'auto':
        with Scene(job.scene) as scene:
            chips = sample_chips(scene, SCALING, window=job.window, count=TRIED_WINDOWS)
        choice = choose_backend(model=model, predictor=base, chips=chips, quantised=quantised)
        sys.stderr.write(f'{choice.reason}\n')
        chosen = choice.predictor
    else:
        chosen = backend_config(
            base, settings['backend'], precision=settings.get('precision'), quantised=quantised
        )
    return build_predictor(chosen, model=model, device='cpu')


def run(job: Job) -> None:
    """Map the scene."""
    settings = json.loads(job.settings)
    if settings['backend'] == 'script':
        predictor = script_predictor(job)
    else:
        predictor = trained_predictor(job, settings)
    raw = {name: job.out / f'raw_{name}.tif' for name in ('probability', 'mask')}
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), Scene(job.scene) as scene:
        plan = WindowPlan(scene.shape, job.window, job.stride, job.batch)
        map_scene(
            scene=scene,
            task=BlockTask(scene=SceneSource.of(scene), plan=plan, scaling=SCALING),
            executor=LocalExecutor(predictor=predictor),
            threshold=THRESHOLD,
            store=BlockStore(job.out / 'blocks'),
            **raw,
        )
        for source, target in zip(raw.values(), (PROBABILITY, MASK), strict=True):
            write_cog(source, job.out / target, {})
            source.unlink()


if __name__ == '__main__':
    main(run)
