"""What an exported file says about itself."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dfpenet_mm import __version__
from dfpenet_mm.mapping.network.file_cache import weights_digest
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
from dfpenet_mm.mapping.network.quantised_network import CARD, file_digest

PACKAGES = ('torch', 'openvino', 'nncf', 'onnx', 'onnxruntime')


def write_card(folder: Path, network: ProbabilityNetwork, **facts: Any) -> dict[str, Any]:
    """Write a card beside the files it describes.

    Args:
        folder: holds the finished files, and nothing else but an older card.
        network: what they were made from.
        **facts: plain values, such as measured scores.

    Returns:
        The card: digests of files and weights, versions and the facts.
    """
    files = sorted(path for path in folder.iterdir() if path.name != CARD)
    card = {
        'made_with': f'dfpenet_mm {__version__}',
        'versions': {name: _version(name) for name in PACKAGES},
        'weights': weights_digest(network.model),
        'landslide_class': network.landslide_class,
        'files': {path.name: file_digest(path) for path in files},
        **facts,
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + '\n')
    return card


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
