"""The vectoriser: numbered, measured, editable polygons in the formats of GIS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.vocabulary import HEADSCARPS, LANDSLIDES, REJECTED
from dfpenet_mm.wording import agreeing, counted
from postproc.inventory.formats import check_filenames, write_inventory
from postproc.inventory.inventory_table import InventoryTables, clean_regions, tabulate
from postproc.inventory.layer import STYLE_TABLE, Layer
from postproc.inventory.review import REVIEW_LAYERS, prepare_review
from postproc.inventory.simplify import Simplification, simplify
from postproc.product import LandslideProduct
from postproc.registry import POSTPROC, EarlyInputs
from postproc.terrain.dem import DEM, check_dem, doubt_elevations


@POSTPROC.register_module()
@dataclass(frozen=True, kw_only=True)
class Vectoriser:
    """Numbers and measures the landslides, and writes them in one or several formats.

    Numbers run from 1, north to south and then west to east by centroid; rejected regions are
    numbered on from there. The fields are those of ``inventory/fields.py``, with a layer
    ``dem`` those of the terrain too; columns of earlier hooks are kept behind them, and a field
    that no hook filled is null.

    Args:
        filename: name of the file in the product's ``out_dir``, or a list of several. The
            extension chooses the format: .gpkg (GeoPackage), .geojson, .shp (Shapefile), .fgb
            (FlatGeobuf) or .parquet (GeoParquet).
        layer: layer of the landslides; what hooks rejected goes to the layer ``rejected``, the
            highest and lowest points to ``headscarps``. Formats of one layer a file write
            these to ``NAME_rejected`` and ``NAME_headscarps``.
        simplify_m: remove vertices whose triangle is smaller than a square of this side,
            metres, without overlaps or lost landslides; None keeps the outlines of the pixels.

    Raises:
        ConfigError: for a name that is no plain name with one of the extensions, two that
            clash, a layer called as one of ours, or a tolerance that is not above 0.
        InstallError: for GeoParquet without pyarrow.

    Source: section 3.3, phase 3.
    """

    filename: str | Sequence[str] = 'landslides.gpkg'
    layer: str = LANDSLIDES
    simplify_m: float | None = None

    def __post_init__(self) -> None:
        check_filenames(self._filenames)
        taken = (REJECTED, HEADSCARPS, *REVIEW_LAYERS, STYLE_TABLE)
        if self.layer in ('', *taken):
            raise ConfigError(
                f'Vectoriser layer is {self.layer!r}; give it a name, and another than '
                f'{", ".join(taken)}, such as {LANDSLIDES!r}'
            )
        if self.simplify_m is not None and not 0 < self.simplify_m < float('inf'):
            raise ConfigError(
                f'Vectoriser simplify_m is {self.simplify_m!r}; wanted is a length in metres '
                f'above 0, or None to keep the outlines of the pixels'
            )

    def check(self, inputs: EarlyInputs) -> None:
        """Refuse a DEM that cannot serve, before the scene is mapped.

        Raises:
            DfpenetError: as ``check_dem``.
        """
        if DEM in inputs.layers:
            check_dem(inputs.layers[DEM], inputs.grid)

    def __call__(self, product: LandslideProduct) -> LandslideProduct:
        """Fill in the fields and write the files.

        Raises:
            InputFileError: if the mask, the probability raster or the DEM is unreadable.
            RasterFormatError: if the DEM is none.
            GridMismatchError: if one of the first two is on another grid, or the DEM lies
                beside the scene.
            OutputError: if the files cannot be written: no such folder, a full disk.
        """
        product = _cleaned(product)
        simplified = None
        if self.simplify_m is not None:
            product, simplified = _simplified(product, self.simplify_m)
        inventory = tabulate(product)
        landslides, review = prepare_review(inventory.landslides, product)
        inventory = replace(inventory, landslides=landslides)
        layers = [*self._layers(inventory, min(product.grid.pixel_size)), *review]
        files = write_inventory(layers, product.out_dir, self._filenames, product.provenance)
        product = product.replace(landslides=inventory.landslides, rejected=inventory.rejected)
        if DEM in product.layers:
            product = _warn_of_elevations(product)
        result = {
            'files': files,
            'layers': {layer.name: len(layer.table) for layer in layers},
            'area_m2': float(inventory.landslides['area_m2'].sum()),
            'touching_edge': int(inventory.landslides['touches_edge'].sum()),
            'simplified': None if simplified is None else asdict(simplified),
        }
        return product.with_result(type(self).__name__, result)

    @property
    def _filenames(self) -> Sequence[str]:
        return [self.filename] if isinstance(self.filename, str) else self.filename

    def _layers(self, inventory: InventoryTables, pixel_m: float) -> list[Layer]:
        tables = {
            LANDSLIDES: inventory.landslides,
            REJECTED: inventory.rejected,
            HEADSCARPS: inventory.headscarps,
        }
        names = {LANDSLIDES: self.layer}
        return [
            Layer(role, names.get(role, role), table, pixel_m)
            for role, table in tables.items()
            if table is not None
        ]


def _cleaned(product: LandslideProduct) -> LandslideProduct:
    landslides, mended, lost = clean_regions(product.landslides)
    rejected = product.rejected
    if rejected is not None:
        rejected, more_mended, more_lost = clean_regions(rejected)
        mended, lost = mended + more_mended, lost + more_lost
    if mended or lost:
        product = product.with_warning(
            f'hooks handed on {counted(mended, "invalid polygon")}, mended here, and '
            f'{counted(lost, "region")} without an area, left out here'
        )
    return product.replace(landslides=landslides, rejected=rejected)


def _simplified(
    product: LandslideProduct, tolerance_m: float
) -> tuple[LandslideProduct, Simplification | None]:
    landslides, simplified = simplify(product.landslides, product.grid, tolerance_m)
    if simplified is None:
        product = product.with_warning(
            'landslides overlap, so their outlines were not simplified; see which hook or '
            'reference made them'
        )
    return product.replace(landslides=landslides), simplified


def _warn_of_elevations(product: LandslideProduct) -> LandslideProduct:
    doubt = doubt_elevations(product.layers[DEM])
    product = product.with_warning(doubt) if doubt else product
    blind = int(product.landslides['elev_min_m'].isna().sum())
    if not blind:
        return product
    return product.with_warning(
        f'{blind} of {counted(len(product.landslides), "landslide")} '
        f'{agreeing(blind, "has", "have")} no elevation in the DEM {product.layers[DEM].name}; '
        f'{agreeing(blind, "its", "their")} terrain fields are null'
    )
