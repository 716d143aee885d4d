"""MONAI: ``sliding_window_inference`` with Gaussian weights."""

import torch
from job import Job, main
from monai.inferers import sliding_window_inference


def run(job: Job) -> None:
    """Map the scene."""
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


if __name__ == '__main__':
    main(run)
