"""Find the fastest predictor of this machine that labels as float32 does."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import numpy as np

from dfpenet_mm.errors import ConfigError, DfpenetError
from dfpenet_mm.mapping.network.backends import (
    EXACT,
    EXACT_EXPORTED,
    LEAST_AGREEMENT,
    candidate_backends,
    device_name,
    find_device,
    label_agreement,
)
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork
from dfpenet_mm.mapping.network.file_cache import read_cached, write_cached
from dfpenet_mm.mapping.network.predictor import build_predictor
from dfpenet_mm.processor import thread_count
from dfpenet_mm.resources import CARD


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The outcome of trying one predictor.

    Args:
        name: backend and precision.
        predictor: its config.
        seconds: median time of a window; None if it does not run here.
        agreement: share of labels equal to float32's; None if it does not run here.
        fault: why it cannot be taken; None if it can.
    """

    name: str
    predictor: Mapping[str, Any]
    seconds: float | None = None
    agreement: float | None = None
    fault: str | None = None

    def __str__(self) -> str:
        if self.seconds is None:
            return f'{self.name} is not for here ({self.fault})'
        measured = f'{self.name} takes {self.seconds:.3g} s a window'
        if self.name != EXACT:
            measured += f', {self.agreement:.3%} of labels as in float32'
        return f'{measured} ({self.fault})' if self.fault else measured


@dataclass(frozen=True)
class BackendChoice:
    """The predictor to take.

    Args:
        predictor: its config for ``build_predictor``, plain values.
        reason: one line that says which one and why.
        trials: all that was tried, the fastest first, those that cannot be taken last.
    """

    predictor: Mapping[str, Any]
    reason: str
    trials: tuple[Trial, ...]

    @classmethod
    def among(cls, trials: Sequence[Trial]) -> Self:
        """Choose the fastest that can be taken; at least one must be."""
        ranked = sorted(trials, key=lambda trial: (trial.fault is not None, trial.seconds or 0.0))
        reason = f'{ranked[0].name}: {"; ".join(map(str, ranked))}'
        return cls(ranked[0].predictor, reason, tuple(ranked))

    def to_json(self) -> str:
        """Write the choice so that ``from_json`` reads it."""
        return json.dumps([asdict(trial) for trial in self.trials])

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a choice."""
        return cls.among([Trial(**values) for values in json.loads(text)])


def choose_backend(
    *,
    model: Any,
    predictor: Mapping[str, Any],
    chips: np.ndarray,
    device: str = 'cpu',
    quantised: Path | None = None,
    threshold: float = 0.5,
) -> BackendChoice:
    """Time every predictor that may run here, and compare its labels with float32's.

    Predictors are tried as they will run, flips included. The verdict is kept in the user's cache
    folder: the same network on the same windows and machine gets the same predictor again. Who
    resumes a run takes the predictor from its record instead, as times change with what else a
    machine does.

    Args:
        model: a built network, from ``load_model``, or an ``ExportedNetwork``.
        predictor: config of a predictor; what does not depend on the backend, flips and
            ``landslide_class``, is taken from it.
        chips: windows of the size to be mapped, shape (N, B, H, W), training units, N at
            least 1; half a million pixels of the scene itself say enough.
        device: where the network shall run.
        quantised: folder of the network in int8, if there is one.
        threshold: smallest probability of a landslide pixel.

    Returns:
        The fastest one whose labels agree with float32's as ``LEAST_AGREEMENT`` asks.

    Raises:
        ConfigError: if there are no chips, or the network does not run even in float32.
    """
    if not len(chips):
        raise ConfigError('there are no chips to choose a backend on; give at least one window')
    device = find_device(device)
    exported = isinstance(model, ExportedNetwork)
    backends = candidate_backends(predictor, device=device, quantised=quantised, exported=exported)
    key = _verdict_key(model, backends, chips, device, threshold)
    stored = read_cached(key) if key else None
    if stored is not None:
        return BackendChoice.from_json(stored)
    bench = _Bench(model, chips, device, threshold, EXACT_EXPORTED if exported else EXACT)
    choice = BackendChoice.among([bench.try_out(name, config) for name, config in backends.items()])
    if key:
        write_cached(key, choice.to_json().encode())
    return choice


class _Bench:
    """Runs predictors on the same chips."""

    def __init__(
        self, model: Any, chips: np.ndarray, device: str, threshold: float, exact: str
    ) -> None:
        self._model = model
        self._chips = chips
        self._device = device
        self._threshold = threshold
        self._name_of_exact = exact
        self._exact: np.ndarray | None = None

    def try_out(self, name: str, config: Mapping[str, Any]) -> Trial:
        """Try a predictor, the exact one first."""
        if _missed_its_bars(config.get('quantised')):
            return Trial(name=name, predictor=config, fault='its card says it misses its bars')
        try:
            predict = build_predictor(config, model=self._model, device=self._device)
            predict(self._chips[:1])
        except DfpenetError as error:
            if name == self._name_of_exact:
                raise
            return Trial(name=name, predictor=config, fault=str(error))
        times, found = [], []
        for chip in self._chips:
            start = time.perf_counter()
            found.append(predict(chip[None]))
            times.append(time.perf_counter() - start)
        labels = np.concatenate(found)
        if name == self._name_of_exact:
            self._exact = labels
        exact = labels if self._exact is None else self._exact
        agreement = label_agreement(labels, exact, self._threshold)
        least = LEAST_AGREEMENT[name.rsplit(maxsplit=1)[-1]]
        return Trial(
            name=name,
            predictor=config,
            seconds=statistics.median(times),
            agreement=agreement,
            fault=None if agreement >= least else f'{least:.1%} are wanted',
        )


def _verdict_key(
    model: Any,
    backends: Mapping[str, Mapping[str, Any]],
    chips: np.ndarray,
    device: str,
    threshold: float,
) -> str | None:
    settings = {
        'backends': {name: repr(sorted(config.items())) for name, config in backends.items()},
        'quantised': [_card(config.get('quantised')) for config in backends.values()],
        'chips': [chips.shape, hashlib.sha256(np.ascontiguousarray(chips).data).hexdigest()],
        'openvino': _openvino_version(),
        'device': device,
        'machine': device_name(device),
        'threads': thread_count(),
        'threshold': threshold,
    }
    if isinstance(model, ExportedNetwork):
        return f'choice-{model.key(settings)}'
    from dfpenet_mm.mapping.network.converted_network import network_key  # noqa: PLC0415 - torch

    key = network_key(model, settings)
    return key and f'choice-{key}'


def _openvino_version() -> str | None:
    try:
        return version('openvino')
    except PackageNotFoundError:
        return None


def _card(folder: str | None) -> str | None:
    """Return the content of a quantised network's card, which changes with the network."""
    path = Path(folder) / CARD if folder else None
    return path.read_text(encoding='utf-8') if path and path.is_file() else None


def _missed_its_bars(folder: str | None) -> bool:
    return folder is not None and ExportedNetwork.read(folder).card.get('passes') is False
