"""A study: several configs, each trained with several seeds, in one table of results."""

from __future__ import annotations

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

from dfpenet_mm.errors import DfpenetError
from dfpenet_mm.experiments.results_table import ResultsTable
from dfpenet_mm.experiments.single_run import train_and_score

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
        key = {'name': run.name, 'fraction': run.fraction, 'seed': run.seed}
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
