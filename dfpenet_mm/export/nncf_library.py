"""Import NNCF where it is installed, without what it reports to its makers."""

from __future__ import annotations

import contextlib
import io
import logging
from types import ModuleType

from dfpenet_mm.errors import InstallError
from dfpenet_mm.mapping.network.openvino_network import openvino_library, silence_telemetry


def nncf_library() -> ModuleType:
    """Import NNCF and OpenVINO.

    Raises:
        InstallError: if one is not installed.
    """
    openvino_library()
    silence_telemetry('nncf')
    # NNCF imports what builds CUDA extensions, which warns where there is no GPU.
    logging.getLogger('torch.utils.cpp_extension').setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import nncf  # noqa: PLC0415
    except ImportError as error:
        raise InstallError(
            f'NNCF cannot be imported ({error}); install it with pip install '
            f"'dfpenet_mm[export]', or export without int8"
        ) from error
    logging.getLogger('nncf').setLevel(logging.ERROR)
    return nncf
