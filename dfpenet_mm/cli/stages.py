"""The stages of a run: what they are called, and how long they may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """What is known of a stage beforehand.

    The times are of two cores of 2020 and only fill the bar: recognition, which takes most of
    a run, shows its own pace.

    Args:
        title: what people read.
        seconds: on the smallest scene.
        seconds_a_mpx: more for every million pixels.
    """

    title: str
    seconds: float = 0.0
    seconds_a_mpx: float = 0.0


# A shorter stage, such as one that had nothing to do, is not shown.
SHORTEST_S = 0.05
RECOGNITION = ('recognise_post', 'recognise_pre')
# In the order in which they run.
STAGES = {
    'start': Stage('load the libraries', 5),
    'choose_backend': Stage('choose the backend', 10),
    'measure_shift': Stage('measure the shift', 3),
    'load': Stage('load the network', 2),
    'fit_scaling': Stage('fit the scaling', 0.1, 0.3),
    'recognise_post': Stage('recognise post-event image'),
    'recognise_pre': Stage('recognise pre-event image'),
    'postproc': Stage('post-processing', 0.5, 1.2),
    'write': Stage('write the rasters', 0.2, 0.7),
    'figures': Stage('draw the figures', 8, 0.5),
    'report': Stage('write the report', 3, 1),
    'project': Stage('write the QGIS project', 0.5),
}


def stage_title(name: str) -> str:
    """Return what people read for a stage, known here or not."""
    return STAGES[name].title if name in STAGES else name.replace('_', ' ')


def expected_seconds(
    pixels: int, *, pre: bool, stages: Mapping[str, Stage] = STAGES
) -> dict[str, float | None]:
    """Foretell the stages that begin when the scenes are open.

    Args:
        pixels: of the scene.
        pre: whether there is a pre-event image.
        stages: what is known of them.

    Returns:
        Seconds by stage; None for recognition, whose pace depends on the network, the machine
        and the backend.
    """
    without = () if pre else ('measure_shift', 'recognise_pre')
    return {
        name: None if name in RECOGNITION else stage.seconds + stage.seconds_a_mpx * pixels / 1e6
        for name, stage in stages.items()
        if name not in ('start', 'choose_backend', *without)
    }
