"""Files that can be made again, cached under the name of what they were made from."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from platformdirs import user_cache_path
from torch import nn

from dfpenet_mm import __version__
from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import whole_file

# Names the folder instead of the platform's own; empty for no cache.
FOLDER_VARIABLE = 'DFPENET_MM_CACHE'
# A ResNet-101 takes a quarter of a gigabyte.
MOST_FILES = 8
SUFFIX = '.cache'


def cache_folder() -> Path | None:
    """Return the folder; None where the user wants no cache."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen is None:
        return user_cache_path('dfpenet_mm', appauthor=False)
    return Path(chosen).expanduser() if chosen else None


def read_cached(name: str) -> bytes | None:
    """Read what was kept under a name.

    Args:
        name: as given to ``write_cached``.

    Returns:
        The content; None if there is none, or it is not what was written.
    """
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f'{name}{SUFFIX}'
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    digest, content = stored[:size], stored[size:]
    if hashlib.sha256(content).digest() != digest:
        return None
    with contextlib.suppress(OSError):
        # The oldest go first, counted from when they last served.
        path.touch()
    return content


def write_cached(name: str, content: bytes) -> None:
    """Keep content under a name; several processes may do so at once.

    It is written beside and renamed, with its checksum in front. A disk that refuses is
    passed over: what is kept here can be made again.

    Args:
        name: of letters, digits, dots and hyphens, telling what the content was made from.
        content: any bytes.
    """
    folder = cache_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError, OutputError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file(folder / f'{name}{SUFFIX}') as part, part.open('wb') as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
        _prune(folder)


def _prune(folder: Path) -> None:
    """Remove the files that have not served for longest."""
    files = sorted(folder.glob(f'*{SUFFIX}'), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST_FILES]:
        path.unlink(missing_ok=True)


HERE = Path(__file__).resolve().parent
LAYERS = HERE.parents[1] / 'models'
# What computes or rewrites a network beside its own layers.
REWRITERS = ('probability_network', 'openvino_network', 'predictor_torch')


def weights_digest(model: nn.Module) -> str:
    """Return the SHA-256 of a network's tensors, by name, type, shape and value.

    Counters of seen batches are left out: they are not used to predict.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name.endswith('num_batches_tracked'):
            continue
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def network_key(model: nn.Module, settings: Mapping[str, Any]) -> str | None:
    """Name a network and the way it is used.

    Part of it are the weights, the config, the source of the network's own classes and of
    this package's, and the versions of torch and this package.

    Args:
        model: with its config as ``cfg``, as ``load_model`` leaves it.
        settings: plain values that the result depends on as well.

    Returns:
        64 hexadecimal digits; None for a network that does not know its config, which
        cannot be told from another with the same weights.
    """
    config = getattr(model, 'cfg', None)
    if config is None or not config.get('model'):
        return None
    parts = {
        'weights': weights_digest(model),
        'config': repr(config.model.to_dict()),
        'sources': _digest(_source_files(model)),
        'versions': [__version__, torch.__version__, platform.python_version()],
        'settings': dict(settings),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _source_files(model: nn.Module) -> set[Path]:
    """Find what computes the network: its classes' files, and this package's layers."""
    classes = {type(module) for module in model.modules()}
    files = {inspect.getsourcefile(kind) for kind in classes}
    ours = [*LAYERS.rglob('*.py')]
    ours += [HERE / f'{name}.py' for name in REWRITERS]
    return {Path(file) for file in files if file} | set(ours)


def _digest(files: Iterable[Path]) -> str:
    contents = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    return hashlib.sha256(''.join(contents).encode()).hexdigest()
