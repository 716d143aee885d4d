"""A network on OpenVINO: the fastest predictor on a CPU."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dfpenet_mm.components import class_positions
from dfpenet_mm.errors import CheckpointError, ConfigError
from dfpenet_mm.mapping.network.backends import find_device
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork
from dfpenet_mm.mapping.network.file_cache import read_cached, write_cached
from dfpenet_mm.mapping.network.openvino_network import (
    keep_precise,
    openvino_library,
    round_products,
)
from dfpenet_mm.mapping.network.predictor import PREDICTORS, average_flips
from dfpenet_mm.processor import thread_count

if TYPE_CHECKING:
    import openvino

    from dfpenet_mm.mapping.network.converted_network import ConvertedNetwork

DEVICE = 'CPU'
PRECISIONS = ('f32', 'bf16', 'int8')
# How OpenVINO names the capability without which it computes a precision in float32.
CAPABILITIES = {'bf16': 'BF16', 'int8': 'INT8'}


@PREDICTORS.register_module()
class OpenVinoPredictor:
    """Gives chips their probability of landslide.

    Windows run one by one, each with the same compiled network, so that a probability depends on
    neither the batch nor its order. In f32 it equals ``TorchPredictor`` up to rounding.
    In bf16 it rounds more, but for the convolutions that this would spoil (see
    ``delicate_convolutions``); int8 rounds more still, by how much ``landslide-map export``
    measures.

    The compiled network is kept in the user's cache folder, under a name made from
    everything that it depends on.

    Args:
        model: an ``ExportedNetwork``; or a built mmseg ``EncoderDecoder``, from ``load_model``,
            which moves to the CPU.
        device: ``cpu``, the only one.
        precision: ``f32``, ``bf16``, or ``int8`` for a network that ``landslide-map export`` has
            quantised; what that left unquantised runs in bf16 where the CPU can.
        quantised: folder of the network in int8; None where ``model`` is that itself.
        threads: of one window; None for as many as OMP_NUM_THREADS says, or the machine has cores.
        streams: windows that run at the same time, sharing the threads.
        flips: whether to average over the four mirrorings of a chip: better, four times
            slower.
        landslide_class: index of the landslide class among the network's outputs, or indices of
            several kinds of landslide, whose probabilities add up; one output alone is taken for
            its logit.

    Raises:
        ConfigError: if a setting is out of its range, or not for this CPU.
        InstallError: if OpenVINO is not installed.
        InputFileError: if the quantised network is missing or damaged.
        CheckpointError: if it was made from other weights, or an exported network is in int8
            alone or of another class.
    """

    def __init__(
        self,
        *,
        model: Any,
        device: str = 'cpu',
        precision: str = 'bf16',
        quantised: str | Path | None = None,
        threads: int | None = None,
        streams: int = 1,
        flips: bool = False,
        landslide_class: int | Sequence[int] = 1,
    ) -> None:
        check_settings(device, precision, threads, streams)
        self._network = _network(model, precision, quantised, landslide_class)
        self._library = openvino_library()
        self._core = self._library.Core()
        self._properties = self._choose_properties(precision, threads, streams)
        self._precision = precision
        self._streams = streams
        self._flips = flips
        self._requests: dict[tuple[int, ...], list[openvino.InferRequest]] = {}
        # An imported network goes on reading the bytes that it was imported from.
        self._imported: list[bytes] = []

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Predict landslide; see ``Predictor``.

        Raises:
            ConfigError: if the network cannot be converted, or has no output
                ``landslide_class``; or if it was quantised for windows of another size.
        """
        return average_flips(self._predict, chips, flips=self._flips)

    def _predict(self, chips: np.ndarray) -> np.ndarray:
        requests = self._requests_for((1, *chips.shape[1:]))
        probability = np.empty((len(chips), *chips.shape[2:]), np.float32)
        # OpenVINO's own queue calls back into Python from its threads, and now and then waits
        # for itself when it is given back.
        for index in range(len(chips) + len(requests)):
            request = requests[index % len(requests)]
            done = index - len(requests)
            if 0 <= done < len(chips):
                request.wait()
                probability[done] = request.get_output_tensor().data[0]
            if index < len(chips):
                request.start_async([np.ascontiguousarray(chips[index : index + 1])])
        return probability

    def _requests_for(self, shape: tuple[int, int, int, int]) -> list[openvino.InferRequest]:
        if shape not in self._requests:
            compiled = self._compile(shape)
            self._requests[shape] = [compiled.create_infer_request() for _ in range(self._streams)]
        return self._requests[shape]

    def _compile(self, shape: tuple[int, int, int, int]) -> openvino.CompiledModel:
        key = self._key(shape)
        compiled = self._from_cache(key)
        if compiled is None:
            content = self._network.model(self._core, shape)
            if self._properties['INFERENCE_PRECISION_HINT'] == 'bf16':
                content = round_products(content)
                if self._precision == 'bf16':
                    content = keep_precise(content, self._network.delicate)
            compiled = self._core.compile_model(content, DEVICE, self._properties)
            if key:
                write_cached(key, compiled.export_model().getvalue())
        return compiled

    def _from_cache(self, key: str | None) -> openvino.CompiledModel | None:
        stored = read_cached(key) if key else None
        if stored is None:
            return None
        try:
            compiled = self._core.import_model(stored, DEVICE, self._properties)
        except RuntimeError:
            # What is no network of this OpenVINO is made anew.
            return None
        self._imported.append(stored)
        return compiled

    def _key(self, shape: tuple[int, ...]) -> str | None:
        """Name the compiled network; None if it cannot be told from others."""
        settings = {
            'shape': shape,
            'precision': self._precision,
            'properties': {name: str(value) for name, value in self._properties.items()},
            'openvino': self._library.get_version(),
            'cpu': [self._core.get_property(DEVICE, 'FULL_DEVICE_NAME'), platform.machine()],
            'capabilities': self._core.get_property(DEVICE, 'OPTIMIZATION_CAPABILITIES'),
        }
        key = self._network.key(settings)
        return key and f'openvino-{key}'

    def _choose_properties(
        self, precision: str, threads: int | None, streams: int
    ) -> dict[str, str | int | bool]:
        known = self._core.get_property(DEVICE, 'OPTIMIZATION_CAPABILITIES')
        wanted = CAPABILITIES.get(precision)
        if wanted and wanted not in known:
            raise ConfigError(
                f'precision {precision} is no gain on this CPU, which knows {", ".join(known)}; '
                f'give f32'
            )
        reduced = precision != 'f32' and CAPABILITIES['bf16'] in known
        return {
            'INFERENCE_PRECISION_HINT': 'bf16' if reduced else 'f32',
            'INFERENCE_NUM_THREADS': threads or thread_count(),
            'NUM_STREAMS': streams,
            # Threads bound to cores stand still where another program has the core.
            'ENABLE_CPU_PINNING': False,
        }


def _network(
    model: Any, precision: str, quantised: str | Path | None, landslide_class: int | Sequence[int]
) -> ExportedNetwork | ConvertedNetwork:
    """Take the network that has the precision: the model's own, or the quantised one."""
    if (precision == 'int8') != (quantised is not None or _is_int8(model)):
        raise ConfigError(
            f'precision is {precision!r} and quantised is {quantised!r}; for int8 give the folder '
            f'that landslide-map export wrote, otherwise none'
        )
    if isinstance(model, ExportedNetwork):
        positions = class_positions('landslide_class', landslide_class)
        model.require_same(
            model.card['weights'], positions[0] if len(positions) == 1 else list(positions)
        )
        own: ExportedNetwork | ConvertedNetwork = model
        weights = str(model.card['weights'])
    else:
        from dfpenet_mm.mapping.network.converted_network import (  # noqa: PLC0415 - loads torch
            ConvertedNetwork,
        )

        own = ConvertedNetwork(model, landslide_class)
        weights = own.weights if quantised is not None else ''
    if quantised is None:
        return own
    network = ExportedNetwork.read(quantised)
    if network.precision != 'int8':
        raise CheckpointError(f'{quantised} is in {network.precision}; give a folder in int8')
    network.require_same(weights, own.landslide_class)
    return network


def _is_int8(model: Any) -> bool:
    return isinstance(model, ExportedNetwork) and model.precision == 'int8'


def check_settings(device: str, precision: str, threads: int | None, streams: int) -> None:
    """Refuse settings that do not fit together.

    Raises:
        ConfigError: naming the first.
    """
    if find_device(device) != 'cpu':
        raise ConfigError(
            f'OpenVinoPredictor was given device {device!r}; give cpu, or predict with '
            f'TorchPredictor'
        )
    if precision not in PRECISIONS:
        raise ConfigError(f'precision is {precision!r}; give one of {", ".join(PRECISIONS)}')
    for name, value in (('threads', threads), ('streams', streams)):
        if value is None and name == 'threads':
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f'{name} is {value!r}; give a whole number of at least 1')
