"""TerraTorch: ``tiled_inference``, which crops windows before it blends them."""

import torch
from job import Job, main
from terratorch.tasks.tiled_inference import tiled_inference

# A quarter of the overlap at 25 %: what is cropped on each side, pixels.
DELTA = 32


def run(job: Job) -> None:
    """Map the scene."""
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


if __name__ == '__main__':
    main(run)
