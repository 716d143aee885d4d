"""Train one network and score it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from dfpenet_mm.components import register_components
from dfpenet_mm.engine.hooks import FiniteTrainingHook
from dfpenet_mm.engine.resume import changed_parts, find_resume_point, resume_run
from dfpenet_mm.engine.safe_checkpoint import refuse_unsafe_checkpoints
from dfpenet_mm.engine.start_weights import check_start_weights
from dfpenet_mm.engine.test_time_flips import use_flips
from dfpenet_mm.errors import ConfigError


def train_and_score(settings: dict[str, Any], *, flips: bool) -> dict[str, float]:
    """Train the network of a config to its last iteration, and test it.

    A run that was stopped goes on from its last checkpoint. One process should not do this
    twice: mmengine keeps loggers and visualisers of a process alive.

    Args:
        settings: a whole config as plain values, ``work_dir`` included.
        flips: average over the flips that the config's ``tta_pipeline`` lists.

    Returns:
        The scores, without their prefix, and ``minutes``, the time that the iterations took.

    Raises:
        ConfigError: if the work dir holds a run with other settings.
        CheckpointError: if ``load_from`` does not fit the network.
        TrainingError: if the loss or the weights become NaN or infinite.
    """
    config = Config(settings)
    register_components()
    refuse_unsafe_checkpoints()
    # What Config.fromfile does in the process that reads the file.
    import_modules_from_strings(**config.get('custom_imports', {'imports': []}))
    training = copy.deepcopy(config)
    require_same_run(training)
    resume_run(training)
    if not training.resume:
        check_start_weights(training)
    runner = Runner.from_cfg(training)
    runner.register_hook(FiniteTrainingHook())
    runner.train()
    # The history is part of the checkpoints, so this counts what was done before a kill too.
    seconds = runner.message_hub.get_scalar('train/time').data[0].sum()
    config.load_from = str(find_resume_point(config.work_dir).checkpoint)
    config.work_dir = str(Path(config.work_dir) / 'test')
    if flips:
        use_flips(config)
    scores = Runner.from_cfg(config).test()
    named = {name.rpartition('/')[2]: value for name, value in scores.items()}
    return named | {'minutes': float(seconds) / 60}


def require_same_run(config: Config) -> None:
    """Refuse to resume a run that the config's work dir holds with other settings.

    Raises:
        ConfigError: naming the parts in which it differs.
    """
    point = find_resume_point(config.work_dir)
    changed = changed_parts(point.config_text, config) if point else ()
    if changed:
        raise ConfigError(
            f'{config.work_dir} holds a run that differs in {", ".join(changed)}; remove it or '
            f'name another folder with --work-root'
        )
