"""Train one network and score it."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from dfpenet_mm.engine.resume import find_resume_point, resume_run
from dfpenet_mm.engine.test_time_flips import use_flips


def train_and_score(settings: dict[str, Any], *, flips: bool) -> dict[str, float]:
    """Train the network of a config to its last iteration, and test it.

    A run that was stopped goes on from its last checkpoint. One process should not do this
    twice: mmengine keeps loggers and visualisers of a process alive.

    Args:
        settings: a whole config as plain values, ``work_dir`` included.
        flips: average over the flips that the config's ``tta_pipeline`` lists.

    Returns:
        The scores, without their prefix, and ``minutes``, the time that the training took
        since it was started or resumed last.
    """
    config = Config(settings)
    # What Config.fromfile does in the process that reads the file.
    import_modules_from_strings(**config.get('custom_imports', {'imports': []}))
    training = copy.deepcopy(config)
    resume_run(training)
    begun = time.monotonic()
    Runner.from_cfg(training).train()
    minutes = (time.monotonic() - begun) / 60
    config.load_from = str(find_resume_point(config.work_dir).checkpoint)
    config.work_dir = str(Path(config.work_dir) / 'test')
    if flips:
        use_flips(config)
    scores = Runner.from_cfg(config).test()
    return {name.rpartition('/')[2]: value for name, value in scores.items()} | {'minutes': minutes}
