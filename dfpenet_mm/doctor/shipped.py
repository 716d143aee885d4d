"""The shipped networks: found, compared with their cards, and tried with every backend."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfpenet_mm.doctor.environment import Finding, problem, warning
from dfpenet_mm.errors import CheckpointError, DfpenetError
from dfpenet_mm.installation import has_training, quiet_libraries
from dfpenet_mm.wording import metres

if TYPE_CHECKING:
    import numpy as np

    from dfpenet_mm.mapping.network.card import NetworkCard

SIDE = 64
# A file that Git LFS has not replaced by its content begins so.
POINTER = b'version https://git-lfs'
LARGEST_DIFFERENCE = 0.01
REINSTALL = 'reinstall dfpenet_mm from a complete checkout or wheel'


def check_networks() -> Iterator[Finding]:
    """Compare each shipped network with its card, and predict a chip by OpenVINO and PyTorch."""
    from dfpenet_mm.mapping.network.card import shipped_cards  # noqa: PLC0415

    try:
        cards = shipped_cards()
    except DfpenetError as error:
        yield problem('shipped network', error, REINSTALL)
        return
    for card in cards:
        exported = _read(card)
        if isinstance(exported, Finding):
            yield exported
            continue
        low, high = map(metres, card.pixel_sizes)
        yield Finding('shipped network', f'{exported.folder}, for pixels of {low} to {high} m')
        found = yield from _check_exported(exported)
        yield from _check_int8(exported)
        if has_training():
            yield from _check_torch(card, found)


def _read(card: NetworkCard) -> Any:
    """Read a shipped network in its exported form, or say what is wrong with it."""
    from dfpenet_mm.mapping.network.card import WITHIN  # noqa: PLC0415
    from dfpenet_mm.mapping.network.exported_network import (  # noqa: PLC0415
        WEIGHTS,
        ExportedNetwork,
    )
    from dfpenet_mm.resources import MODEL  # noqa: PLC0415

    for name in (MODEL, WEIGHTS):
        fault = _fault(card.exported / name)
        if fault:
            return fault
    try:
        exported = ExportedNetwork.read(card.exported)
        if exported.card.get(WITHIN) != card.to_dict():
            raise CheckpointError(f'{card.exported} was made for another card than {card.path}')
    except DfpenetError as error:
        return problem('shipped network', error, REINSTALL)
    return exported


def _fault(path: Path) -> Finding | None:
    if not path.is_file():
        return problem('shipped network', f'{path} is missing', REINSTALL)
    with path.open('rb') as file:
        if file.read(len(POINTER)) == POINTER:
            return problem('shipped network', f'{path} is a pointer of Git LFS', 'run git lfs pull')
    return None


def _check_exported(exported: Any) -> Generator[Finding, None, np.ndarray | None]:
    name = 'openvino f32'
    try:
        with quiet_libraries(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            probability, seconds = _predict('openvino', exported)
    except Exception as error:
        yield problem(name, error, f'mend the packages named above, or {REINSTALL}')
        return None
    yield Finding(name, f'a chip of {SIDE} x {SIDE} in {seconds:.2f} s')
    return probability


def _check_torch(card: NetworkCard, expected: np.ndarray | None) -> Iterator[Finding]:
    """Try the weights that are taught, which mapping on a CPU does without."""
    name = 'torch fp32'
    fault = _fault(card.weights) or _fault(card.config_file)
    if fault:
        yield warning(name, fault.found, f'{fault.mend}; without them nothing can be taught')
        return
    try:
        card.require_weights(card.weights)
        with quiet_libraries(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            from dfpenet_mm.mapping.network.load_model import load_model  # noqa: PLC0415

            probability, seconds = _predict('torch', load_model(card.config_file, card.weights))
    except Exception as error:
        mend = 'mend the packages named above; mapping goes on without PyTorch'
        yield warning(name, error, mend)
        return
    difference = 0.0 if expected is None else float(abs(probability - expected).max())
    if difference > LARGEST_DIFFERENCE:
        yield warning(name, f'differs from openvino by {difference:.3f} in probability', REINSTALL)
    else:
        yield Finding(name, f'the same chip in {seconds:.2f} s')


def _check_int8(exported: Any) -> Iterator[Finding]:
    from dfpenet_mm.mapping.network.exported_network import (  # noqa: PLC0415
        ExportedNetwork,
        exported_beside,
    )

    folder = exported_beside(exported.folder, 'int8')
    if not folder.exists():
        yield Finding('openvino int8', 'this network ships without; --backend auto takes another')
        return
    try:
        quantised = ExportedNetwork.read(folder)
        quantised.require_same(exported.card['weights'], exported.landslide_class)
    except DfpenetError as error:
        yield warning('openvino int8', error, f'{REINSTALL}; without it int8 is not available')
    else:
        yield Finding('openvino int8', str(folder))


def _predict(backend: str, model: Any) -> tuple[np.ndarray, float]:
    import numpy as np  # noqa: PLC0415

    from dfpenet_mm.mapping.network.backends import backend_config  # noqa: PLC0415
    from dfpenet_mm.mapping.network.predictor import build_predictor  # noqa: PLC0415

    chips = np.random.default_rng(0).uniform(20, 200, (1, 3, SIDE, SIDE)).astype(np.float32)
    predict = build_predictor(backend_config({}, backend), model=model, device='cpu')
    predict(chips)
    start = time.perf_counter()
    probability = predict(chips)
    seconds = time.perf_counter() - start
    if probability.shape != (1, SIDE, SIDE) or not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError('the network returns no probability')
    return probability, seconds
