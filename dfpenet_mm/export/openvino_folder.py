"""Write a network as OpenVINO files, in float32 or quantised to int8."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dfpenet_mm.components import PACKAGES
from dfpenet_mm.config_file import SECTIONS
from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.export.onnx_folder import write_card
from dfpenet_mm.export.quantise import RECIPES, Recipe, quantise
from dfpenet_mm.export.validation import Score, validate
from dfpenet_mm.files import whole_folder
from dfpenet_mm.mapping.network.backends import LEAST_AGREEMENT, backend_config
from dfpenet_mm.mapping.network.converted_network import convert_to_openvino
from dfpenet_mm.mapping.network.openvino_network import openvino_library
from dfpenet_mm.mapping.network.predictor import Predictor
from dfpenet_mm.mapping.network.predictor_openvino import OpenVinoPredictor
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork, delicate_convolutions
from dfpenet_mm.resources import MAPPING, MODEL

if TYPE_CHECKING:
    import openvino

Samples = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]

# How much IoU, in points, quantising may cost.
MOST_IOU_LOSS = 0.5


@dataclass(frozen=True)
class QuantisedScores:
    """The cost of quantising.

    Args:
        recipe: name of the recipe.
        iou_before: of landslides, percent, in float32; None where nothing is labelled.
        iou_after: the same of the quantised network.
        agreement: share of labels that stayed as they were.
    """

    recipe: str
    iou_before: float | None
    iou_after: float | None
    agreement: float

    @classmethod
    def of(cls, recipe: Recipe, before: Score, after: Score) -> QuantisedScores:
        """Compare two scores."""
        first, second = (None if math.isnan(score.iou) else score.iou for score in (before, after))
        return cls(recipe.name, first, second, after.agreement)

    @property
    def passes(self) -> bool:
        """True if the quantised network may stand in for the exact one."""
        if self.agreement < LEAST_AGREEMENT['int8']:
            return False
        if self.iou_before is None or self.iou_after is None:
            return self.iou_before is self.iou_after
        return abs(self.iou_after - self.iou_before) <= MOST_IOU_LOSS


def export_float(
    network: ProbabilityNetwork,
    /,
    *,
    shape: tuple[int, int, int],
    out: Path,
    mapping_config: ConfigSections | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Write a network in float32; at run time OpenVINO may still compute in bf16.

    Args:
        network: on the CPU.
        shape: (B, H, W) of a window.
        out: folder to make; ``landslide-map`` takes it in place of CONFIG and CHECKPOINT.
        mapping_config: whose settings it shall map with; None for none.
        **facts: for the card.

    Returns:
        The card.

    Raises:
        InstallError: if OpenVINO is not installed.
        ConfigError: if the network cannot be converted.
        OutputError: if ``out`` exists or cannot be written.
    """
    model = convert_to_openvino(network, (1, *shape))
    with whole_folder(out) as folder:
        _save(model, folder)
        if mapping_config is not None:
            write_mapping(folder, mapping_config, 'f32')
        return write_card(
            folder,
            network,
            backend='openvino',
            precision='f32',
            shape=shape,
            delicate=list(delicate_convolutions(network).values()),
            **facts,
        )


def write_mapping(folder: Path, config: ConfigSections, precision: str) -> None:
    """Write the settings with which an exported network maps, as a config in JSON.

    Args:
        folder: of the network.
        config: with a ``mapping`` section.
        precision: of the network.
    """
    sections = config.to_dict()
    kept = {name: sections[name] for name in SECTIONS if name in sections}
    if 'mapping' in kept:
        predictor = backend_config(kept['mapping']['predictor'], 'openvino', precision=precision)
        predictor.pop('quantised', None)
        kept['mapping'] = {**kept['mapping'], 'predictor': predictor}
    # The project's own hold parts of networks, which are in the file; others may hold hooks.
    imports = sections.get('custom_imports', {}).get('imports', [])
    listed = [imports] if isinstance(imports, str) else imports
    others = [name for name in listed if name not in PACKAGES]
    if others:
        kept['custom_imports'] = {**sections['custom_imports'], 'imports': others}
    text = json.dumps(kept, indent=2, sort_keys=True)
    (folder / MAPPING).write_text(f'{text}\n', encoding='utf-8')


def export_quantised(
    network: ProbabilityNetwork,
    /,
    *,
    chips: np.ndarray,
    samples: Samples,
    threshold: float,
    out: Path,
    mapping_config: ConfigSections | None = None,
    recipes: Sequence[Recipe] = RECIPES,
    tell: Callable[[QuantisedScores], None] = lambda _: None,
    **facts: Any,
) -> dict[str, Any]:
    """Quantise a network, trying recipes until one is close enough.

    Args:
        network: on the CPU.
        chips: real windows to calibrate on, shape (N, B, H, W), float32, training units.
        samples: gives the validation set anew at every call.
        threshold: smallest probability of a landslide pixel.
        out: folder to make; ``OpenVinoPredictor`` takes it as ``quantised``.
        mapping_config: whose settings it shall map with; None for none.
        recipes: in the order in which they are tried, at least one.
        tell: called with the scores of every recipe tried.
        **facts: for the card.

    Returns:
        The card. Where no recipe is close enough, it is that of the closest, and its
        ``passes`` is false.

    Raises:
        InstallError: if OpenVINO or NNCF is not installed.
        ConfigError: if the network cannot be converted or quantised, or nothing validates it.
        OutputError: if ``out`` exists or cannot be written.
    """
    shape = (1, *chips.shape[1:])
    tried: list[tuple[QuantisedScores, openvino.Model]] = []
    with whole_folder(out) as folder:
        for recipe in recipes:
            model = quantise(convert_to_openvino(network, shape), chips, recipe)
            _save(model, folder)
            write_card(folder, network, precision='int8')
            scores = _score(network, folder, recipe, samples, threshold)
            tell(scores)
            tried.append((scores, model))
            if scores.passes:
                break
        scores, model = max(tried, key=lambda entry: (entry[0].passes, entry[0].agreement))
        _save(model, folder)
        if mapping_config is not None:
            write_mapping(folder, mapping_config, 'int8')
        return write_card(
            folder,
            network,
            backend='openvino',
            precision='int8',
            shape=shape[1:],
            calibration_windows=len(chips),
            validation=asdict(scores),
            passes=scores.passes,
            **facts,
        )


def _save(model: openvino.Model, folder: Path) -> None:
    # What is left in float would otherwise be rounded to half precision.
    openvino_library().save_model(model, folder / MODEL, compress_to_fp16=False)


def _score(
    network: ProbabilityNetwork,
    folder: Path,
    recipe: Recipe,
    samples: Samples,
    threshold: float,
) -> QuantisedScores:
    """Score the quantised network beside the exact one, each as it runs when mapping."""
    model, chosen = network.model, network.landslide_class
    predictors: dict[str, Predictor] = {
        'fp32': TorchPredictor(model=model, landslide_class=chosen),
        'int8': OpenVinoPredictor(
            model=model, landslide_class=chosen, precision='int8', quantised=folder
        ),
    }
    scores = validate(
        predictors,
        samples(),
        landslide_class=network.landslide_class,
        threshold=threshold,
    )
    return QuantisedScores.of(recipe, scores['fp32'], scores['int8'])
