"""The rows of the table: who runs which script, in which Python, with which settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One row of the table.

    Args:
        name: of the row.
        script: in this folder.
        folder: its environment in ``--venvs``.
        here: whether this Python serves where there is no such environment.
        settings: for the script's ``--settings``.
        seam: whether its seams are counted too, once for every way of blending.
    """

    name: str
    script: str
    folder: str
    here: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    seam: bool = True

    def python(self, venvs: Path | None) -> Path | None:
        """Return the Python to run it with; None if there is none."""
        found = venvs and venvs / self.folder / 'bin' / 'python'
        if found and found.is_file():
            return found
        return Path(sys.executable) if self.here else None


def ours(label: str, *, seam: bool = False, **settings: str) -> Peer:
    """Return a row of dfpenet_mm."""
    return Peer(
        name=f'dfpenet_mm, {label}',
        script='run_dfpenet_mm.py',
        folder='dfpenet_mm',
        here=True,
        settings=settings,
        seam=seam,
    )


def other(name: str, call: str, *, folder: str | None = None, here: bool = False) -> Peer:
    """Return a row of another package, by the function that calls it."""
    return Peer(
        name=name,
        script='packages.py',
        folder=folder or name.lower(),
        here=here,
        settings={'call': call},
    )


ROWS = (
    ours("the peers' TorchScript", seam=True, backend='script'),
    ours('torch fp32', backend='torch', precision='fp32'),
    ours('openvino f32', backend='openvino', precision='f32'),
    ours('openvino bf16', backend='openvino', precision='bf16'),
    ours('openvino int8', backend='openvino', precision='int8'),
    ours('auto', backend='auto'),
    other('MONAI', 'monai'),
    other('pytorch-toolbelt', 'pytorch_toolbelt'),
    other('TerraTorch', 'terratorch'),
    other('geoai-py', 'geoai'),
    other('geo-inference', 'geo_inference'),
    other('mmsegmentation', 'mmseg', folder='mmseg', here=True),
)
