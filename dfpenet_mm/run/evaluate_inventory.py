"""An inventory compared with a reference, outside of any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.files import ANOTHER_FOLDER, disk_errors
from dfpenet_mm.run.folder import check_output_folder, staging_folder
from dfpenet_mm.run.provenance import lasting, provenance
from dfpenet_mm.run.summary_file import describe_grid, write_summary
from dfpenet_mm.vocabulary import SUMMARY
from postproc.consistency_evaluator import ConsistencyEvaluator
from postproc.evaluation.from_files import InventoryFiles
from postproc.product import LandslideProduct
from postproc.registry import EarlyInputs


def evaluate_inventory(
    files: InventoryFiles,
    evaluator: ConsistencyEvaluator,
    *,
    out: Path | None = None,
    overwrite: bool = False,
    settings: Mapping[str, Any],
    command: Sequence[str],
) -> dict[str, Any]:
    """Compare two inventories, and write matches, map and summary where a folder is named.

    Args:
        files: the inventory, the reference, the area and the grid.
        evaluator: compares them.
        out: folder of the products; None for none.
        overwrite: replace products in it.
        settings: plain values that shape the result, for the summary.
        command: the command line, likewise.

    Returns:
        Plain JSON values, as in ``summary.json``.

    Raises:
        DfpenetError: one sentence on whatever in the input or output cannot work.
    """
    source = files.grid_source()
    if files.pixel_size_m is not None and source is not None:
        raise ConfigError(
            f'--pixel-size {files.pixel_size_m:g} was given, but {source} is a raster, '
            f'whose grid is taken; leave it out, or name another grid with --grid'
        )
    inputs = {
        'predicted': files.predicted,
        'reference': files.reference,
        'area': files.area,
        'grid': files.scene,
    }
    if out is not None:
        given = [path for path in inputs.values() if path]
        check_output_folder(out, overwrite=overwrite, inputs=given)
    with TemporaryDirectory() as folder:
        product = files.product(Path(folder), Path(folder))
        evaluator.check(EarlyInputs(grid=product.grid, reference=product.reference))
        if out is None:
            return _summary(evaluator(product), files, [])
        origin = provenance(inputs=inputs, settings=settings, command=command)
        with staging_folder(out, overwrite=overwrite) as work:
            product = evaluator(product.replace(out_dir=work.products, provenance=lasting(origin)))
            names = sorted([SUMMARY, *(path.name for path in work.products.iterdir())])
            summary = _summary(product, files, names)
            with disk_errors(out, advice=ANOTHER_FOLDER):
                write_summary(summary | {'provenance': origin}, work.products / SUMMARY)
    return summary


def _summary(
    product: LandslideProduct, files: InventoryFiles, names: Sequence[str]
) -> dict[str, Any]:
    source = files.grid_source()
    return {
        'predicted': files.predicted.name,
        'predicted_landslides': len(product.landslides),
        'grid': describe_grid(product.grid) | {'from': None if source is None else source.name},
        'evaluation': dict(product.results['ConsistencyEvaluator']),
        'warnings': list(product.warnings),
        'files': list(names),
    }
