"""Write a network as ONNX, checked by running it, with a card of what it is."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dfpenet_mm import __version__
from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.files import file_digest, whole_folder
from dfpenet_mm.installation import installed_version
from dfpenet_mm.mapping.network.converted_network import weights_digest
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
from dfpenet_mm.resources import CARD

PACKAGES = ('torch', 'openvino', 'nncf', 'onnx', 'onnxruntime')


def write_card(folder: Path, network: ProbabilityNetwork, /, **facts: Any) -> dict[str, Any]:
    """Write a card beside the files it describes.

    Args:
        folder: holds the finished files, and nothing else but an older card.
        network: what they were made from.
        **facts: plain values, such as measured scores, or ``network``: what it states about
            itself.

    Returns:
        The card: digests of files and weights, versions and the facts.
    """
    files = sorted(path for path in folder.iterdir() if path.name != CARD)
    card = {
        'made_with': f'dfpenet_mm {__version__}',
        'versions': {name: installed_version(name) for name in PACKAGES},
        'weights': weights_digest(network.model),
        'landslide_class': network.landslide_class,
        'files': {path.name: file_digest(path) for path in files},
        **facts,
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + '\n', encoding='utf-8')
    return card


MODEL = 'model.onnx'
OPSET = 18
# Largest difference of a probability from PyTorch's that rounding explains.
TOLERANCE = 1e-3


def export_onnx(
    network: ProbabilityNetwork, /, *, shape: tuple[int, int, int], out: Path, **facts: Any
) -> dict[str, Any]:
    """Write a network for windows of one size.

    Args:
        network: on the CPU.
        shape: (B, H, W) of a window. The file takes one window, ``chips``, and gives
            ``probability``.
        out: folder to make.
        **facts: for the card.

    Returns:
        The card, with the largest difference from PyTorch.

    Raises:
        InstallError: if onnx, onnxscript or onnxruntime is not installed.
        ConfigError: if the network cannot be written, or its file computes something else.
        OutputError: if ``out`` exists or cannot be written.
    """
    try:
        import onnxruntime  # noqa: PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ImportError as error:
        raise InstallError(
            f'ONNX cannot be written ({error}); install what it needs with pip install '
            f"'dfpenet_mm[export]'"
        ) from error
    # The two are compared where all kinds of values occur.
    chips = np.random.default_rng(0).uniform(0, 255, (1, *shape)).astype(np.float32)
    with whole_folder(out) as folder:
        _write(network, torch.from_numpy(chips), folder / MODEL)
        session = onnxruntime.InferenceSession(folder / MODEL, providers=['CPUExecutionProvider'])
        found = session.run(None, {'chips': chips})[0]
        with torch.inference_mode():
            expected = network(torch.from_numpy(chips)).numpy()
        difference = float(np.abs(found - expected).max())
        if not difference <= TOLERANCE:
            raise ConfigError(
                f'the ONNX file differs from PyTorch by {difference:.2g}, more than rounding does; '
                f'export with --backend openvino'
            )
        return write_card(
            folder,
            network,
            backend='onnx',
            precision='f32',
            opset=OPSET,
            shape=shape,
            difference=difference,
            **facts,
        )


def _write(network: ProbabilityNetwork, chips: torch.Tensor, path: Path) -> None:
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore')
            torch.onnx.export(
                network,
                (chips,),
                path,
                input_names=['chips'],
                output_names=['probability'],
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise ConfigError(
            f'the network cannot be written as ONNX ({str(error).strip().splitlines()[0]}); '
            f'export with --backend openvino'
        ) from error
