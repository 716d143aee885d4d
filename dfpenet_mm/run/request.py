"""The request for a run as plain values, and the files it names, watched while they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dfpenet_mm.errors import InputFileError, OutputError
from dfpenet_mm.resources import network_files
from dfpenet_mm.run.folder import check_output_folder
from dfpenet_mm.source_files import (
    AUXILIARY,
    PENDING,
    companions,
    local_file,
    require_file,
    sidecar_checksum,
    source_files,
)

# Before the name of an auxiliary raster, where files are listed by role.
LAYER = 'layer_'


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """Everything that is asked of a mapping run; what is None is left to the config.

    Args:
        post: image after the event.
        pre: image before it, or None.
        post_mask: raster on the pixels of ``post``, 0 where it is not to be used, such as Planet's
            ``udm2``; None without one.
        pre_mask: likewise of ``pre``.
        reference: inventory to evaluate against, or None.
        aoi: polygons of the area to map, or None for all of the scene.
        layers: auxiliary rasters by name, such as ``dem``, on any grid.
        config: the network, its ``mapping`` section and its ``postproc`` list; or the folder of an
            exported network, which holds them; None for the shipped one that suits the image.
        checkpoint: weights that fit the config, or the folder of an exported network; None where
            ``config`` is that, or None as well.
        options: ``KEY=VALUE`` each, over those of the config.
        out: folder of the products: ``probability.tif``, ``mask.tif``, ``summary.json``,
            ``report.html``, ``figures/``, what the hooks write, and with a pre-event image
            ``pre_probability.tif`` and ``pre_mask.tif``. They appear there together, when all
            are complete. None for ``landslides_NAME`` in the folder where the run starts.
        overwrite: allow products of an earlier run to be replaced, and its unfinished work to be
            thrown away.
        resume: continue an earlier run that did not come to its end, if there is any.
        force: map an image even if its pixels are far from what the network knows.
        pictures: write the report, the QGIS project and the figures that go with them.
        bands: bands of the images, from 1, whatever the files call them.
        nodata: values that are no data in either image.
        match_histogram: True, False or ``auto``: give the pre-event image the other's histogram.
        max_shift_m: largest shift between the two images, metres.
        threshold: smallest probability of a landslide pixel; None for the network's own.
        pixel_size: of images that do not say where they lie, metres; None for those that do.
        values: by what the images are scaled, one of ``VALUES`` of ``GroundStretch``.
        device: where the network runs, such as ``auto``, ``cpu`` or ``cuda:0``.
        backend: what runs the network, one of ``BACKENDS``.
        precision: of the backend.
        quantised: folder of an int8 network; None for the one beside the checkpoint.
        launcher: ``ray`` to share the work among several machines, or ``local``.
        address: of a Ray cluster.
        actors: processes of the cluster that predict.
        command: the command line, for the provenance.

    Raises:
        ConfigError: if of config and weights only one is given.
    """

    post: Path
    pre: Path | None = None
    post_mask: Path | None = None
    pre_mask: Path | None = None
    reference: Path | None = None
    aoi: Path | None = None
    layers: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    config: Path | None = None
    checkpoint: Path | None = None
    options: Sequence[str] = ()
    out: Path | None = None
    overwrite: bool = False
    resume: bool = False
    force: bool = False
    pictures: bool = True
    bands: tuple[int, ...] | None = None
    nodata: Sequence[float] | None = None
    match_histogram: str | bool | None = None
    max_shift_m: float | None = None
    threshold: float | None = None
    pixel_size: float | None = None
    values: str | None = None
    device: str = 'auto'
    backend: str | None = None
    precision: str | None = None
    quantised: Path | None = None
    launcher: str = 'local'
    address: str | None = None
    actors: int | None = None
    command: Sequence[str] = ()

    def __post_init__(self) -> None:
        # Half a network is refused before anything is loaded.
        files = network_files(self.config, self.checkpoint)
        if files is not None:
            object.__setattr__(self, 'config', files[0])
            object.__setattr__(self, 'checkpoint', files[1])
        try:
            self.folder.exists()
        except OSError as error:
            raise OutputError(
                f'{self.folder} is no name that a folder can have ({error.strerror or error}); '
                f'name one with --out'
            ) from error

    @property
    def folder(self) -> Path:
        """Folder of the products."""
        return self.out or Path(f'landslides_{self.post.stem}')

    def by_role(self) -> dict[str, Path]:
        """Name every file that was given."""
        images = ('post', 'pre', 'post_mask', 'pre_mask')
        roles = {name: getattr(self, name) for name in (*images, 'reference', 'aoi')}
        roles |= {f'{LAYER}{name}': path for name, path in self.layers.items()}
        roles['checkpoint'] = self.checkpoint
        return {role: path for role, path in roles.items() if path is not None}


def check_request(request: RunRequest) -> None:
    """Refuse what can be told without opening a file, before any large library is loaded.

    Raises:
        InputFileError: if a file is missing or is a pipe.
        OutputError: if the output folder is in use.
    """
    files = request.by_role()
    require_files({**files, 'config': request.config})
    check_output_folder(
        request.folder,
        overwrite=request.overwrite,
        resume=request.resume,
        inputs=[*files.values(), *([request.quantised] if request.quantised else [])],
    )


def require_files(files: Mapping[str, Path | None]) -> None:
    """Raise ``InputFileError`` for the first file, by role, that is missing or is a pipe."""
    for role, path in files.items():
        if path is not None:
            require_file(path, f'{role} file {path}')


def files_behind(files: Mapping[str, Path]) -> dict[str, list[Path]]:
    """List by role the further files that an image, area, layer or reference depends on.

    Raises:
        InputFileError: if a mosaic is made of itself.
    """
    return {role: source_files(path) for role, path in files.items() if role != 'checkpoint'}


def quantised_input(predictor: Mapping[str, Any]) -> dict[str, Path]:
    """Name the folder of a predictor's quantised network, if it has one, as an input."""
    folder = predictor.get('quantised')
    return {'quantised': Path(folder)} if folder else {}


Signature = tuple[int, int, int] | str | None


class SourceWatch:
    """Remembers files as they were when a run began.

    Blocks of an image that is written anew meanwhile would be of two images, under the checksum
    of one. A file counts as changed with its inode, size or time of modification; asking costs
    microseconds, so it can be done for every block. File systems of a network may tell late.
    Of an ``.aux.xml`` it is what it says that counts, as viewers add statistics at any time.

    Args:
        paths: files with their companions, or folders with all they hold; one that does not
            exist is watched for coming into being.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._signatures: dict[Path, Signature] = {}
        self.add(paths)

    def add(self, paths: Iterable[Path]) -> None:
        """Watch further files; those watched already stay as they were remembered."""
        for path in paths:
            # Of a part of an archive or of a database it is the file that changes.
            for file in _files(local_file(path) or path):
                self._signatures.setdefault(file, _signature(file))

    def check(self) -> None:
        """Refuse to go on with other files than the run began with.

        Raises:
            InputFileError: naming the first that has changed.
        """
        for path, before in self._signatures.items():
            if _signature(path) != before:
                raise InputFileError(
                    f'{path} has changed while it was being read; wait until it is complete, and '
                    f'start the run again'
                )


def _files(path: Path) -> list[Path]:
    return [path, *(path.rglob('*') if path.is_dir() else companions(path))]


def _signature(path: Path) -> Signature:
    if path.name.endswith(AUXILIARY):
        return sidecar_checksum(path)
    try:
        found = path.stat()
    except OSError:
        return None
    if path.name.endswith(PENDING) and not found.st_size:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
