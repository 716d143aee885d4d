"""What networks can run on."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator

from dfpenet_mm.cli.doctor.finding import Finding, in_one_line, warning
from dfpenet_mm.cli.doctor.packages import installed_version

GIB = 2**30


def check_torch_devices() -> Iterator[Finding]:
    """List the devices of PyTorch."""
    import torch  # noqa: PLC0415

    # PyTorch warns of a driver that is too old; the finding says it.
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        cuda = torch.cuda.is_available()
    if cuda:
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            memory = f'{properties.total_memory / GIB:.1f} GiB'
            yield Finding(f'cuda:{number}', f'{properties.name}, {memory}')
    elif shutil.which('nvidia-smi'):
        why = said[0].message if said else 'this build of PyTorch does not use it'
        built = torch.version.cuda or 'no CUDA'
        yield warning(
            'cuda',
            f'there is a driver, but {in_one_line(str(why))} (PyTorch is built for {built})',
            "install PyTorch's build for the driver's CUDA, see pytorch.org, or update the driver",
        )
    else:
        yield Finding('cuda', 'none: networks run on the CPU')
    if torch.backends.mps.is_available():
        yield Finding('mps', 'an Apple GPU, which is not used: networks run on the CPU')
    yield Finding('torch threads', str(torch.get_num_threads()))


def check_openvino_devices() -> Iterator[Finding]:
    """List the devices of OpenVINO, of which the CPU is used."""
    if installed_version('openvino') is None:
        return
    from dfpenet_mm.mapping.network.openvino_network import openvino_library  # noqa: PLC0415

    mend = 'run with --backend torch, or reinstall openvino'
    try:
        devices = openvino_library().Core().available_devices
    except Exception as error:
        # It is optional, and its native part raises RuntimeError for most faults.
        yield warning('openvino devices', error, mend)
        return
    if 'CPU' in devices:
        yield Finding('openvino devices', ', '.join(devices))
    else:
        yield warning('openvino devices', ', '.join(devices) or 'none', mend)
