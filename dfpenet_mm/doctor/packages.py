"""Packages: their versions, their places, and if they load."""

from __future__ import annotations

import importlib
import platform
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from dfpenet_mm import __version__
from dfpenet_mm.doctor.environment import Finding, in_one_line, problem, warning
from dfpenet_mm.errors import InstallError
from dfpenet_mm.installation import (
    SYSTEM_LIBRARY_MENDS,
    has_training,
    installed_version,
    quiet_libraries,
    require_one_family,
    silence_telemetry,
)
from dfpenet_mm.installation import TRAINING_MEND as MEND

OLDEST_PYTHON = (3, 11)
# Import name and distribution of what mapping needs.
REQUIRED = {
    'numpy': 'numpy',
    'rasterio': 'rasterio',
    'pyproj': 'pyproj',
    'shapely': 'shapely',
    'pyogrio': 'pyogrio',
    'geopandas': 'geopandas',
    'pyarrow': 'pyarrow',
    'scipy': 'scipy',
    'skimage': 'scikit-image',
    'PIL': 'pillow',
    'jinja2': 'jinja2',
    'matplotlib': 'matplotlib',
    'openvino': 'openvino',
    'pystac_client': 'pystac-client',
}
# Likewise of the extra ``train``, which teaching, training and weights of PyTorch need. cv2 is
# looked at before those that import it, so that its fault is not reported as theirs.
TRAINING = {
    'torch': 'torch',
    'torchvision': 'torchvision',
    'cv2': 'opencv-python',
    'mmengine': 'onedl-mmengine',
    'mmcv': 'onedl-mmcv',
    'mmseg': 'onedl-mmsegmentation',
}
# Distribution, what of this package asks for it, and what it is good for.
OPTIONAL = {'ray': ('ray', 'shares the work among several machines')}


def check_versions() -> Iterator[Finding]:
    """Look at Python, this package and what is optional."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        yield problem('python', version, 'install Python 3.11 or newer, and this package into it')
    else:
        yield Finding('python', f'{version} in {sys.prefix}')
    yield Finding('dfpenet_mm', f'{__version__} in {Path(__file__).resolve().parents[2]}')
    for name, (extra, use) in OPTIONAL.items():
        found = installed_version(name)
        missing = f"not installed; {use}: pip install 'dfpenet_mm[{extra}]'"
        yield Finding(name, found or missing)


def check_families() -> Iterator[Finding]:
    """Look for packages that have overwritten each other's files."""
    try:
        require_one_family()
    except InstallError as error:
        found, _, mend = str(error).partition('; ')
        yield problem('mm packages', found, mend)
    else:
        yield Finding('mm packages', 'one family')


def check_imports() -> Iterator[Finding]:
    """Import what mapping needs, and see that it comes from this installation."""
    for module, distribution in REQUIRED.items():
        yield _import(module, distribution)


def check_training() -> Iterator[Finding]:
    """Import what teaching and training need, if any of it is installed."""
    if not any(map(installed_version, TRAINING.values())):
        yield Finding('train', f'not installed: teaching, training and export need it; {MEND}')
        return
    for module, distribution in TRAINING.items():
        found = _import(module, distribution)
        if found.status == 'problem':
            # Mapping does without.
            found = warning(found.name, found.found, found.mend)
        yield found


def _import(module: str, distribution: str) -> Finding:
    try:
        if module == 'openvino':
            silence_telemetry(module)
        with quiet_libraries(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            loaded = importlib.import_module(module)
    except Exception as error:
        # A damaged installation raises anything.
        return problem(module, error, _mend(error, module, distribution))
    version = installed_version(distribution) or getattr(loaded, '__version__', 'unknown version')
    place = Path(loaded.__file__ or '').resolve()
    environment = Path(sys.prefix).resolve()
    if sys.prefix != sys.base_prefix and not place.is_relative_to(environment):
        return warning(
            module,
            f'{version}, but from {place.parent}, outside of {environment}',
            'unset PYTHONPATH and PYTHONUSERBASE, or install it into this environment',
        )
    return Finding(module, str(version))


def _mend(error: Exception, module: str, distribution: str) -> str:
    missing = (getattr(error, 'name', None) or '').partition('.')[0]
    if missing != module and missing in {**REQUIRED, **TRAINING}:
        return f'mend {missing} first'
    if installed_version(distribution) is None and module != 'cv2':
        return f'install it with pip install {distribution}'
    mend = f'reinstall it with pip install --force-reinstall --no-deps {distribution}'
    system = SYSTEM_LIBRARY_MENDS.get(module)
    return f'{system}, or {mend}' if system else mend


GIB = 2**30


def check_torch_devices() -> Iterator[Finding]:
    """List the devices of PyTorch, where it is installed."""
    if not has_training():
        yield Finding('cuda', 'not used: PyTorch is not installed, networks run on the CPU')
        return
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
    from dfpenet_mm.mapping.network.openvino_network import openvino_library  # noqa: PLC0415

    mend = 'reinstall it with pip install --force-reinstall --no-deps openvino'
    try:
        devices = openvino_library().Core().available_devices
    except Exception as error:
        # Its native part raises RuntimeError for most faults.
        yield problem('openvino devices', error, mend)
        return
    if 'CPU' in devices:
        yield Finding('openvino devices', ', '.join(devices))
    else:
        yield problem('openvino devices', ', '.join(devices) or 'none', mend)
