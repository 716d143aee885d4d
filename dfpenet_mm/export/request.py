"""The request for an export, and the export: a config and its weights to a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from dfpenet_mm.configs import load_config_with_options
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.export.onnx_folder import export_onnx
from dfpenet_mm.export.openvino_folder import QuantisedScores, export_float, export_quantised
from dfpenet_mm.export.quantise import calibration_chips
from dfpenet_mm.export.validation import labelled_samples
from dfpenet_mm.files import check_free_folder
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.mapping.network.card import WITHIN, card_beside
from dfpenet_mm.mapping.network.exported_network import exported_beside
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
from dfpenet_mm.resources import shipped_file
from dfpenet_mm.vocabulary import IGNORED

# Of --validation: the test set of the config, and no labels at all.
TEST_SET, NO_LABELS = 'test', 'none'


@dataclass(frozen=True, kw_only=True)
class NetworkExport:
    """Everything that is asked of an export.

    Args:
        config: of the network.
        checkpoint: its weights.
        backend: ``openvino`` or ``onnx``.
        precision: ``f32``, or ``int8`` for OpenVINO.
        calibration: real windows for int8: a scene, or a folder of training images.
        samples: most windows to calibrate on.
        validation: folder of images and masks; ``TEST_SET``, or ``NO_LABELS`` to compare labels
            on the windows of the calibration alone.
        validation_samples: most images of the validation set; None for all.
        out: folder to make; None for one beside the checkpoint.
        options: ``KEY=VALUE`` each, over those of the config.

    Raises:
        ConfigError: if they do not fit together.
    """

    config: Path
    checkpoint: Path
    backend: str = 'openvino'
    precision: str = 'f32'
    calibration: Path | None = None
    samples: int = 64
    validation: str = TEST_SET
    validation_samples: int | None = None
    out: Path | None = None
    options: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.precision == 'int8' and self.backend != 'openvino':
            raise ConfigError('--precision int8 is for --backend openvino; leave one of them out')
        if self.precision == 'int8' and self.calibration is None:
            raise ConfigError(
                '--precision int8 needs real windows; give --calibration SCENE_OR_DIR'
            )
        numbers = {'samples': self.samples, 'validation-samples': self.validation_samples}
        for name, value in numbers.items():
            if value is not None and value < 1:
                raise ConfigError(f'--{name} is {value}; give at least 1')

    @property
    def folder(self) -> Path:
        """Folder that is made."""
        checkpoint = shipped_file(self.checkpoint)
        if self.backend == 'onnx':
            return self.out or checkpoint.with_name(f'{checkpoint.stem}_onnx')
        return self.out or exported_beside(checkpoint, self.precision)


def export_network(
    request: NetworkExport, tell: Callable[[QuantisedScores], None] = lambda _: None
) -> dict[str, Any]:
    """Write a network for other runtimes; in int8, measure what that costs.

    Args:
        request: as asked for.
        tell: called with the scores of every way of quantising that was tried.

    Returns:
        The card, which also lies in the folder.

    Raises:
        DfpenetError: one sentence on whatever in the input or output cannot work.
    """
    checkpoint, out = shipped_file(request.checkpoint), request.folder
    check_free_folder(out)
    stated = card_beside(checkpoint)
    with quiet_libraries():
        config = load_config_with_options(shipped_file(request.config), request.options)
        model = load_model(config, checkpoint)
    mapping = config.get('mapping') or {}
    landslide_class = (mapping.get('predictor') or {}).get('landslide_class', 1)
    network = ProbabilityNetwork(model=model, landslide_class=landslide_class)
    facts: dict[str, Any] = {'config': request.config.name, 'checkpoint': checkpoint.name}
    if stated:
        facts[WITHIN] = stated.to_dict()
    side = mapping.get('window', 512)
    shape = (len(mapping.get('bands', (1, 2, 3))), side, side)
    if request.backend == 'onnx':
        return export_onnx(network, shape=shape, out=out, **facts)
    if request.precision == 'f32' or request.calibration is None:
        return export_float(network, shape=shape, out=out, mapping_config=config, **facts)
    chips = calibration_chips(config, request.calibration, count=request.samples)
    return export_quantised(
        network,
        chips=chips,
        samples=lambda: _validation_samples(config, request, chips),
        threshold=mapping.get('threshold', 0.5),
        out=out,
        mapping_config=config,
        tell=tell,
        calibration=request.calibration.name,
        validation_set=Path(request.validation).name,
        **facts,
    )


def _validation_samples(
    config: Config, request: NetworkExport, chips: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the validation set that was asked for; unlabelled chips if none was."""
    if request.validation == NO_LABELS:
        nothing = np.full(chips.shape[2:], IGNORED, np.uint8)
        return ((chip, nothing) for chip in chips[: request.validation_samples])
    folder = None if request.validation == TEST_SET else Path(request.validation)
    return labelled_samples(config, folder=folder, most=request.validation_samples)
