"""mmsegmentation: ``EncoderDecoder.slide_inference``, a uniform mean, window by window."""

from types import SimpleNamespace

import torch
from job import Job, main
from mmseg.models import EncoderDecoder


def run(job: Job) -> None:
    """Map the scene; the network stands in for the segmentor's own ``encode_decode``."""
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


if __name__ == '__main__':
    main(run)
