"""A study: several configs, each trained with several seeds, in one table of results."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from dfpenet_mm.components import register_components
from dfpenet_mm.configs import load_config, use_flips
from dfpenet_mm.engine.hooks import FiniteTrainingHook
from dfpenet_mm.engine.resume import changed_parts, find_resume_point, resume_run
from dfpenet_mm.engine.safe_checkpoint import refuse_unsafe_checkpoints
from dfpenet_mm.engine.start_weights import check_start_weights
from dfpenet_mm.errors import ConfigError, DfpenetError
from dfpenet_mm.experiments.results_table import ResultsTable
from dfpenet_mm.resources import shipped_file


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
        RunFailedError: if the run ends without a checkpoint.
    """
    config = Config(settings)
    register_components()
    refuse_unsafe_checkpoints()
    # What Config.fromfile does in the process that reads the file.
    import_modules_from_strings(**config.get('custom_imports', {'imports': []}))
    training = copy.deepcopy(config)
    _require_same_run(training)
    resume_run(training)
    notices = [] if training.resume else check_start_weights(training)
    runner = Runner.from_cfg(training)
    for notice in notices:
        runner.logger.info(notice)
    runner.register_hook(FiniteTrainingHook())
    runner.train()
    # The history is part of the checkpoints, so this counts what was done before a kill too.
    seconds = runner.message_hub.get_scalar('train/time').data[0].sum()
    end = find_resume_point(config.work_dir)
    if end is None:
        raise RunFailedError(
            f'the run in {config.work_dir} has written no checkpoint to test; set '
            f'default_hooks.checkpoint in its config'
        )
    config.load_from = str(end.checkpoint)
    config.work_dir = str(Path(config.work_dir) / 'test')
    if flips:
        use_flips(config)
    scores = Runner.from_cfg(config).test()
    named = {name.rpartition('/')[2]: value for name, value in scores.items()}
    return named | {'minutes': float(seconds) / 60}


def _require_same_run(config: Config) -> None:
    """Refuse to resume a run that the config's work dir holds with other settings."""
    point = find_resume_point(config.work_dir)
    changed = changed_parts(point.config_text, config) if point else ()
    if changed:
        raise ConfigError(
            f'{config.work_dir} holds a run that differs in {", ".join(changed)}; remove it or '
            f'name another folder with --work-root'
        )


# Parts of a config that decide the scores; how often they are taken on the way is none.
DECISIVE = (
    'model',
    'optim_wrapper',
    'param_scheduler',
    'train_dataloader',
    'test_dataloader',
    'custom_hooks',
    'load_from',
    'load_from_part',
)


class RunFailedError(DfpenetError):
    """A run of a study ended without scores."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study.

    Args:
        name: row of the table it belongs to, such as the config's stem.
        config: the config, complete but for seed and work dir.
        seed: seed of initialisation, sampling and augmentation.
        fraction: share of the training set that it trains on, percent.
    """

    name: str
    config: Config
    seed: int
    fraction: float = 100.0

    def work_dir(self, root: Path) -> Path:
        """Return the folder of this run's checkpoints."""
        return root / f'{self.name}_{self.fraction:g}percent_seed{self.seed}'

    def digest(self, *, flips: bool) -> str:
        """Return a digest of what decides the scores, beside name, fraction and seed."""
        config = self.config.to_dict()
        decisive = {name: config.get(name) for name in DECISIVE}
        decisive |= {'iterations': config['train_cfg']['max_iters'], 'flips': flips}
        text = json.dumps(decisive, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def settings(self, root: Path) -> dict[str, Any]:
        """Return the whole config of this run as plain values."""
        settings = self.config.to_dict()
        settings['randomness'] = {**settings.get('randomness', {}), 'seed': self.seed}
        settings['work_dir'] = str(self.work_dir(root))
        return settings


def planned(configs: dict[str, Config], seeds: Sequence[int]) -> Iterator[PlannedRun]:
    """Plan every config with every seed; all configs have one run before any has two."""
    for seed in seeds:
        for name, config in configs.items():
            yield PlannedRun(name, config, seed)


def run_study(
    runs: Iterable[PlannedRun],
    table: ResultsTable,
    *,
    work_root: Path,
    flips: bool,
    tell: Callable[[str], None],
    score: Callable[..., dict[str, float]] = train_and_score,
) -> None:
    """Do the runs that a table lacks, each in a process of its own, and add their rows.

    Args:
        runs: what to run, in this order.
        table: finished runs are left out, new ones added as they finish.
        work_root: folder of the runs' work dirs; a stopped run resumes from there.
        flips: average predictions over flips when scoring.
        tell: takes a line of news.
        score: what a run does; gets its settings and ``flips``.

    Raises:
        RunFailedError: if a run's process dies; its checkpoints stay.
        DfpenetError: what a run itself complains about.
    """
    for run in runs:
        key: dict[str, Any] = {'name': run.name, 'fraction': run.fraction, 'seed': run.seed}
        key['settings'] = run.digest(flips=flips)
        if table.holds(**key):
            continue
        where = run.work_dir(work_root)
        tell(f'running {run.name}, {run.fraction:g} %, seed {run.seed} in {where}')
        scores = _in_own_process(score, run.settings(work_root), flips=flips, where=where)
        table.append(
            {
                **key,
                'iterations': run.config.train_cfg.max_iters,
                **scores,
                'date': datetime.now(UTC).date().isoformat(),
            }
        )


def _in_own_process(
    score: Callable[..., dict[str, float]], settings: dict[str, Any], *, flips: bool, where: Path
) -> dict[str, float]:
    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
        try:
            return pool.submit(score, settings, flips=flips).result()
        except BrokenProcessPool as error:
            raise RunFailedError(
                f'the run in {where} was ended from outside, perhaps for want of memory; start '
                f'the same command again to resume it'
            ) from error
        except Exception:
            raise
        except BaseException:
            # The pool would wait for hours of training; the run keeps a checkpoint and ends.
            for process in active_children():
                process.terminate()
            raise


@dataclass(frozen=True)
class StudyFile:
    """Configs, seeds and table of a study.

    Args:
        configs: config of each row, by the row's name.
        seeds: seeds that each is trained with.
        results: table of results.
        flips: average over flips when scoring.
        options: ``KEY=VALUE`` settings that override those of every config.
    """

    configs: dict[str, Path]
    seeds: tuple[int, ...]
    results: Path
    flips: bool
    options: tuple[str, ...]


def read_study(path: Path) -> StudyFile:
    """Read ``configs``, ``seeds``, ``results``, ``flips`` and ``options`` of a study.

    Raises:
        InputFileError: if the file is missing.
        ConfigError: if it lacks one of the first three.
    """
    study = load_config(path)
    missing = [name for name in ('configs', 'seeds', 'results') if name not in study]
    if missing:
        raise ConfigError(
            f'{path} has no {missing[0]}; a study names its configs, its seeds and its table of '
            f'results, as configs/studies/landslide4sense_ablation.py does'
        )
    return StudyFile(
        configs={name: shipped_file(Path(config)) for name, config in study.configs.items()},
        seeds=tuple(study.seeds),
        results=Path(study.results),
        flips=bool(study.get('flips', False)),
        options=tuple(study.get('options', ())),
    )
