"""The shipped networks: found, compared with their cards, and tried with every backend."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfpenet_mm.doctor.environment import Finding, problem, warning
from dfpenet_mm.errors import DfpenetError
from dfpenet_mm.installation import installed_version, quiet_libraries
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
    """Compare each shipped network with its card, and predict a chip by PyTorch and OpenVINO."""
    from dfpenet_mm.mapping.network.card import shipped_cards  # noqa: PLC0415

    try:
        networks = [(card, card.config_file) for card in shipped_cards()]
    except DfpenetError as error:
        yield problem('shipped network', error, REINSTALL)
        return
    for card, config in networks:
        fault = _fault(config) or _fault(card.weights) or _difference(card)
        if fault:
            yield fault
            continue
        low, high = map(metres, card.pixel_sizes)
        yield Finding('shipped network', f'{card.weights}, for pixels of {low} to {high} m')
        found = yield from _check_torch(config, card.weights)
        if found and installed_version('openvino'):
            yield from _check_openvino(*found)
            yield from _check_int8(card.weights, *found[:2])


def _difference(card: NetworkCard) -> Finding | None:
    try:
        card.require_weights(card.weights)
    except DfpenetError as error:
        return problem('shipped network', error, REINSTALL)
    return None


def _fault(path: Path) -> Finding | None:
    if not path.is_file():
        return problem('shipped network', f'{path} is missing', REINSTALL)
    with path.open('rb') as file:
        if file.read(len(POINTER)) == POINTER:
            return problem('shipped network', f'{path} is a pointer of Git LFS', 'run git lfs pull')
    return None


def _check_torch(
    config: Path, checkpoint: Path
) -> Generator[Finding, None, tuple[Any, Any, np.ndarray] | None]:
    name = 'torch fp32'
    try:
        with quiet_libraries(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            from dfpenet_mm.configs import load_config  # noqa: PLC0415
            from dfpenet_mm.mapping.network.load_model import load_model  # noqa: PLC0415

            loaded = load_config(config)
            model = load_model(loaded, checkpoint)
            probability, seconds = _predict(loaded.mapping.predictor, 'torch', model)
    except Exception as error:
        yield problem(name, error, f'mend the packages named above, or {REINSTALL}')
        return None
    yield Finding(name, f'a chip of {SIDE} x {SIDE} in {seconds:.2f} s')
    return loaded, model, probability


def _check_openvino(config: Any, model: Any, exact: np.ndarray) -> Iterator[Finding]:
    name, mend = 'openvino f32', 'run with --backend torch, or reinstall openvino'
    try:
        with quiet_libraries(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            probability, seconds = _predict(config.mapping.predictor, 'openvino', model)
    except Exception as error:
        yield warning(name, error, mend)
        return
    difference = float(abs(probability - exact).max())
    if difference > LARGEST_DIFFERENCE:
        yield warning(name, f'differs from torch by {difference:.3f} in probability', mend)
    else:
        yield Finding(name, f'the same chip in {seconds:.2f} s')


def _check_int8(checkpoint: Path, config: Any, model: Any) -> Iterator[Finding]:
    from dfpenet_mm.mapping.network.quantised_network import (  # noqa: PLC0415
        QuantisedNetwork,
        quantised_beside,
    )

    folder = quantised_beside(checkpoint)
    if not folder.exists():
        yield Finding('openvino int8', 'this network ships without; --backend auto takes another')
        return
    try:
        quantised = QuantisedNetwork.read(folder)
        quantised.require_weights_of(model, config.mapping.predictor.get('landslide_class', 1))
    except DfpenetError as error:
        yield warning('openvino int8', error, f'{REINSTALL}; without it int8 is not available')
    else:
        yield Finding('openvino int8', str(folder))


def _predict(predictor: Any, backend: str, model: Any) -> tuple[np.ndarray, float]:
    import numpy as np  # noqa: PLC0415

    from dfpenet_mm.mapping.network.backends import backend_config  # noqa: PLC0415
    from dfpenet_mm.mapping.network.predictor import build_predictor  # noqa: PLC0415

    chips = np.random.default_rng(0).uniform(20, 200, (1, 3, SIDE, SIDE)).astype(np.float32)
    predict = build_predictor(backend_config(predictor, backend), model=model, device='cpu')
    predict(chips)
    start = time.perf_counter()
    probability = predict(chips)
    seconds = time.perf_counter() - start
    if probability.shape != (1, SIDE, SIDE) or not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError('the network returns no probability')
    return probability, seconds
