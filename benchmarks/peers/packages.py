"""The peers' own ways to map a scene, one function each, run in the Python of its peer.

``--settings`` is JSON: ``{"call": "monai"}`` names the function.
"""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import rasterio
import torch
from job import MASK, PROBABILITY, THRESHOLD, Job, main

# A quarter of the overlap at 25 %: what TerraTorch crops on each side, pixels.
DELTA = 32


def monai(job: Job) -> None:
    """Call MONAI: ``sliding_window_inference`` with Gaussian weights."""
    from monai.inferers import sliding_window_inference  # noqa: PLC0415

    network = job.load_network()
    scene = torch.from_numpy(job.read_scene())[None].float()
    with torch.inference_mode():
        probability = sliding_window_inference(
            scene,
            (job.window, job.window),
            job.batch,
            network,
            overlap=job.overlap / job.window,
            mode='gaussian',
        )
    job.write(probability[0, 0].numpy())


def pytorch_toolbelt(job: Job) -> None:
    """Call pytorch-toolbelt: ``ImageSlicer`` and ``TileMerger`` with pyramid weights."""
    from pytorch_toolbelt.inference.tiles import ImageSlicer, TileMerger  # noqa: PLC0415

    network = job.load_network()
    scene = np.ascontiguousarray(job.read_scene().transpose(1, 2, 0))
    slicer = ImageSlicer(scene.shape, job.window, job.stride, weight='pyramid')
    merger = TileMerger(slicer.target_shape, 1, slicer.weight)
    tiles, places = [], []
    with torch.inference_mode():
        for number, (tile, place) in enumerate(slicer.iter_split(scene), 1):
            tiles.append(np.ascontiguousarray(tile.transpose(2, 0, 1)))
            places.append(place)
            if len(tiles) == job.batch or number == len(slicer.crops):
                merger.integrate_batch(network(torch.from_numpy(np.stack(tiles))), places)
                tiles, places = [], []
        merged = merger.merge_().numpy()[0, :, :, np.newaxis]
    job.write(np.ascontiguousarray(slicer.crop_to_orignal_size(merged)[:, :, 0]))


def mmseg(job: Job) -> None:
    """Call mmsegmentation: ``slide_inference``, a uniform mean, window by window."""
    from mmseg.models import EncoderDecoder  # noqa: PLC0415

    network = job.load_network()
    segmentor = SimpleNamespace(
        test_cfg=SimpleNamespace(stride=(job.stride,) * 2, crop_size=(job.window,) * 2),
        out_channels=1,
        encode_decode=lambda chips, _metas: network(chips),
    )
    scene = torch.from_numpy(job.read_scene())[None].float()
    with torch.inference_mode():
        probability = EncoderDecoder.slide_inference(
            segmentor, scene, [{'img_shape': scene.shape[2:]}]
        )
    job.write(probability[0, 0].numpy())


def terratorch(job: Job) -> None:
    """Call TerraTorch: ``tiled_inference``, which crops windows before it blends them."""
    from terratorch.tasks.tiled_inference import tiled_inference  # noqa: PLC0415

    network = job.load_network()
    scene = torch.from_numpy(job.read_scene())[None].float()
    with torch.inference_mode():
        probability = tiled_inference(
            network,
            scene,
            crop=job.window,
            stride=job.stride,
            delta=DELTA,
            batch_size=job.batch,
        )
    job.write(probability[0, 0].numpy())


def geoai(job: Job) -> None:
    """Call geoai-py: ``predict_geotiff`` with spline weights; it reads and writes by itself."""
    from geoai.inference import predict_geotiff  # noqa: PLC0415

    labels = {}

    def keep_labels(probability: np.ndarray) -> np.ndarray:
        labels['mask'] = (probability[0] >= THRESHOLD).astype(np.uint8)
        return probability

    predict_geotiff(
        job.load_network(),
        str(job.scene),
        str(job.out / PROBABILITY),
        tile_size=job.window,
        overlap=job.overlap,
        batch_size=job.batch,
        num_classes=1,
        blend_mode='spline',
        preprocess_fn=lambda tile: tile,
        postprocess_fn=keep_labels,
        device='cpu',
        verbose=False,
    )
    with rasterio.open(job.scene) as dataset:
        profile = dataset.profile
    profile |= {'count': 1, 'nodata': None}
    with rasterio.open(job.out / MASK, 'w', **profile) as dataset:
        dataset.write(labels['mask'], 1)


def geo_inference(job: Job) -> None:
    """Call geo-inference, which reads and writes by itself, at a fixed overlap of 50 %."""
    from geo_inference.geo_inference import GeoInference  # noqa: PLC0415

    # Sets the number of threads; the package loads the file itself.
    job.load_network()
    infer = GeoInference(
        model=str(job.network),
        work_dir=str(job.out),
        device='cpu',
        num_classes=1,
        prediction_threshold=THRESHOLD,
    )
    name = infer(str(job.scene), patch_size=job.window, workers=1)
    shutil.move(job.out / name, job.out / MASK)


CALLS = {
    function.__name__: function
    for function in (monai, pytorch_toolbelt, mmseg, terratorch, geoai, geo_inference)
}


def run(job: Job) -> None:
    """Map the scene with the peer that the settings name."""
    CALLS[json.loads(job.settings)['call']](job)


if __name__ == '__main__':
    main(run)
