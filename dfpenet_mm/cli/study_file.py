"""Read the file that says what a study runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.load_model import load_config
from dfpenet_mm.resources import shipped_file


@dataclass(frozen=True)
class StudyFile:
    """What a study runs.

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
