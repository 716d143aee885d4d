"""pytorch-toolbelt: ``ImageSlicer`` and ``TileMerger`` with pyramid weights."""

import numpy as np
import torch
from job import Job, main
from pytorch_toolbelt.inference.tiles import ImageSlicer, TileMerger


def run(job: Job) -> None:
    """Map the scene; tiles are cut lazily, which takes the least memory."""
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


if __name__ == '__main__':
    main(run)
