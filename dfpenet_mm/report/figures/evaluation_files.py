"""What the evaluators of a run found and wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dfpenet_mm.report.run_products import RunProducts


def evaluation(products: RunProducts) -> Mapping[str, Any] | None:
    """Return what the last evaluator of a run found; None without a reference."""
    found = products.summary.get('evaluation') or {}
    return list(found.values())[-1] if found else None


def evaluation_file(products: RunProducts, suffix: str) -> Path | None:
    """Return the file of the last evaluator that wrote one, such as its ``.tif``; or None."""
    found = (products.summary.get('evaluation') or {}).values()
    names = [name for result in found for name in result.get('files', ()) if name.endswith(suffix)]
    paths = [path for path in map(products.product, names) if path is not None]
    return paths[-1] if paths else None
