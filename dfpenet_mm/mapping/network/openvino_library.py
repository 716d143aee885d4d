"""Import OpenVINO where it is installed, without what it reports to its makers."""

from __future__ import annotations

import sys
from types import ModuleType

from dfpenet_mm.errors import InstallError

TELEMETRY = 'openvino_telemetry'


def openvino_library() -> ModuleType:
    """Import OpenVINO.

    Raises:
        InstallError: if it is not installed.
    """
    silence_telemetry('openvino')
    try:
        import openvino  # noqa: PLC0415
    except ImportError as error:
        raise InstallError(
            f'OpenVINO cannot be imported ({error}); install it with pip install '
            f"'dfpenet_mm[openvino]', or predict with TorchPredictor"
        ) from error
    return openvino


def silence_telemetry(library: str) -> None:
    """Let a library find no telemetry package, so that it uses its own stub and sends nothing.

    Otherwise importing OpenVINO alone sends an event, and on a machine without a network ends
    in waiting for it.

    Args:
        library: import name of the library; nothing happens if it is imported already.
    """
    if library not in sys.modules:
        # None makes Python refuse the import.
        sys.modules[TELEMETRY] = None
