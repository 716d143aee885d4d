"""The rasters of a finished run, as cloud-optimised GeoTIFFs that say where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.provenance import TAG
from dfpenet_mm.mapping.products.cog import write_cog

# What of the provenance differs between two runs that come to the same: rasters go without it,
# so that resumed, repeated and distributed runs write the same bytes. The summary has it all.
OF_ONE_RUN = ('command', 'created')


def write_rasters(rasters: Mapping[str, Path], folder: Path, origin: Mapping[str, Any]) -> None:
    """Write the products of a run.

    Args:
        rasters: complete rasters by the names of the products.
        folder: where to write them, as ``NAME.tif``.
        origin: the run's provenance.

    Raises:
        OutputError: if the disk refuses.
    """
    lasting = {name: value for name, value in origin.items() if name not in OF_ONE_RUN}
    for name, path in rasters.items():
        write_cog(path, folder / f'{name}.tif', {TAG: json.dumps(lasting, sort_keys=True)})
