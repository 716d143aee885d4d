"""geo-inference: ``GeoInference``; it reads and writes by itself, at a fixed overlap of 50 %."""

import shutil

from geo_inference.geo_inference import GeoInference
from job import MASK, THRESHOLD, Job, main


def run(job: Job) -> None:
    """Map the scene; it writes labels alone."""
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


if __name__ == '__main__':
    main(run)
