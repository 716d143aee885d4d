"""geoai-py: ``predict_geotiff`` with spline weights; it reads and writes by itself."""

import numpy as np
import rasterio
from geoai.inference import predict_geotiff
from job import MASK, PROBABILITY, THRESHOLD, Job, main


def run(job: Job) -> None:
    """Map the scene."""
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


if __name__ == '__main__':
    main(run)
