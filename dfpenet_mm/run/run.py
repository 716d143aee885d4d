"""The main job: two images in, a landslide inventory out."""

from __future__ import annotations

from dfpenet_mm.run.placed import placed_images
from dfpenet_mm.run.postprocess import postprocess
from dfpenet_mm.run.prepare import prepared
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.publish import LandslideRun, publish
from dfpenet_mm.run.recognise import recognise
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.work_folder import resume_hint


def map_landslides(request: RunRequest, progress: RunProgress | None = None) -> LandslideRun:
    """Recognise landslides in a scene and turn them into an inventory.

    Args:
        request: the images and all that is asked of the run.
        progress: times the stages, and shows how far the run is; None to show nothing.

    Returns:
        The findings and the products.

    Raises:
        DfpenetError: one sentence on whatever in the input, config or output cannot work.
    """
    progress = progress or RunProgress()
    with (
        resume_hint(request.folder, resume=request.resume),
        placed_images(request) as placed,
        prepared(placed, progress) as run,
    ):
        recognition = recognise(run, progress)
        inventory = postprocess(run, recognition, progress)
        return publish(run, recognition, inventory, progress)
