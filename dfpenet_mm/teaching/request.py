"""The request for a lesson, and what of it a finished run answers: images, network, review."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.report.qgis.project import FILENAME as PROJECT
from dfpenet_mm.report.qgis.project import images_of_project
from dfpenet_mm.report.run_products import inventory_name, read_summary
from dfpenet_mm.resources import is_exported, network_files
from dfpenet_mm.run.provenance import describe_input
from dfpenet_mm.source_files import require_file
from dfpenet_mm.vocabulary import AREA_OF_INTEREST, SUMMARY

# Of training, a batch of chips each.
STEPS = 40


@dataclass(frozen=True, kw_only=True)
class TeachRequest:
    """Everything that is asked of a lesson; what is None comes from the run or is chosen.

    Args:
        out: folder of the new map, the network in ``network/`` and ``teaching.json``.
        run: folder of a finished run with its review.
        post: image after the event.
        pre: image before it, for the new map alone.
        inventory: reviewed landslides.
        reviewed_area: polygons in which everything was looked at; None for the layer of that name
            in the inventory.
        aoi: area of the new map; None for all of the scene.
        layers: auxiliary rasters of the new map by name.
        config: the network to begin with; None for that of the run, or the shipped one.
        checkpoint: its weights.
        bands: bands of the images, from 1.
        nodata: values that are no data in the images.
        pixel_size: metres in which to teach; None to choose.
        steps: of training.
        seed: of all draws.
        device: where the network runs, such as ``auto``, ``cpu`` or ``cuda:0``.
        pictures: draw report, figures and QGIS project of the new map.
        overwrite: replace what an earlier lesson wrote, or begin anew what one left unfinished.
        command: the command line, for the provenance.

    Raises:
        ConfigError: if inputs are missing or given twice.
    """

    out: Path
    run: Path | None = None
    post: Path | None = None
    pre: Path | None = None
    inventory: Path | None = None
    reviewed_area: Path | None = None
    aoi: Path | None = None
    layers: Mapping[str, Path] = ()  # type: ignore[assignment]  # an empty one is made below
    config: Path | None = None
    checkpoint: Path | None = None
    bands: tuple[int, ...] | None = None
    nodata: Sequence[float] | None = None
    pixel_size: float | None = None
    steps: int = STEPS
    seed: int = 0
    device: str = 'auto'
    pictures: bool = True
    overwrite: bool = False
    command: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, 'layers', dict(self.layers))
        if self.run is None and (self.post is None or self.inventory is None):
            raise ConfigError(
                'there is nothing to learn from; give --run DIR, the folder of a reviewed run, or '
                '--post IMAGE and --inventory FILE'
            )
        if self.steps < 1:
            raise ConfigError(f'--steps {self.steps} teaches nothing; give 1 or more, such as 40')
        files = network_files(self.config, self.checkpoint)
        if files is not None and is_exported(files[1]):
            raise ConfigError(
                f'{files[1]} is an exported network, which cannot be taught; give the CONFIG and '
                f'the CHECKPOINT that it was made from'
            )
        if files is not None:
            object.__setattr__(self, 'config', files[0])
            object.__setattr__(self, 'checkpoint', files[1])


def resolved(request: TeachRequest) -> TeachRequest:
    """Fill a request with what its run says.

    Raises:
        InputFileError: if the folder is no finished run, an image of it is not found, or a file
            is missing.
        ConfigError: if its network is not found.
    """
    if request.run is not None:
        request = _from_run(request, request.run)
    for role in ('post', 'pre', 'inventory', 'reviewed_area'):
        path = getattr(request, role)
        if path is not None:
            require_file(path, f'{role.replace("_", " ")} file {path}')
    return request


def _from_run(request: TeachRequest, run: Path) -> TeachRequest:
    if run.resolve() == request.out.resolve():
        raise ConfigError(
            f'--out {request.out} is the folder of the run, whose map stays as it is; name another'
        )
    summary = read_summary(run / SUMMARY)
    reading = summary.get('provenance', {}).get('settings', {}).get('mapping', {})
    area = run / f'{AREA_OF_INTEREST}.gpkg'
    by_colour = reading.get('by_colour', True)
    found: dict[str, Any] = {
        'post': request.post or _image(run, summary, 'post'),
        'pre': request.pre or _image(run, summary, 'pre'),
        'inventory': request.inventory or run / inventory_name(summary),
        'aoi': request.aoi or (area if area.is_file() else None),
        'nodata': request.nodata or tuple(reading.get('nodata') or ()) or None,
        'bands': request.bands or (None if by_colour else tuple(reading['bands'])),
    }
    if request.config is None:
        found['config'], found['checkpoint'] = _network(summary, run)
    return replace(request, **found)


def _inputs(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    return summary.get('provenance', {}).get('inputs', {})


def _image(run: Path, summary: Mapping[str, Any], role: str) -> Path | None:
    """Find an image of a run where its project or command line has it; None if it had none."""
    known = _inputs(summary).get(role)
    if known is None:
        return None
    project = images_of_project(run / PROJECT).get(role)
    for path in filter(None, (project, *_in_command(summary, known['name']))):
        if path.exists() and describe_input(path) == known:
            return path
    raise InputFileError(
        f'{known["name"]}, the image that {run} mapped, is not found or has changed; say where it '
        f'is with --{role}'
    )


def _in_command(summary: Mapping[str, Any], name: str) -> Iterator[Path]:
    """Yield what of a run's command line may be a file of some name."""
    for word in summary.get('provenance', {}).get('command', ()):
        path = Path(shlex.split(word)[0] if word.startswith('"') else word.split('=')[-1])
        if path.name == name:
            yield path


def _network(summary: Mapping[str, Any], run: Path) -> tuple[Path, Path]:
    """Find config and weights of a run's network: a shipped one, or where the command had it."""
    weights, recipe = (_inputs(summary).get(role) or {} for role in ('checkpoint', 'config'))
    for card in shipped_cards():
        exported = is_exported(card.exported) and describe_input(card.exported)
        if card.weights_sha256 == weights.get('sha256') or exported == weights:
            return card.config_file, card.weights
    for path in _in_command(summary, str(weights.get('name'))):
        for beside in _in_command(summary, str(recipe.get('name'))):
            if path.exists() and beside.exists() and describe_input(path) == weights:
                return beside, path
    raise ConfigError(
        f'{run} was mapped by the network {weights.get("name")}, which is not found; give its '
        f'CONFIG and CHECKPOINT'
    )
