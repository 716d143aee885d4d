"""A small finished run as on a disk, and the edits that an analyst makes to it."""

import json
import shutil

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
import shapely
from affine import Affine

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.qgis.project import write_qgis_project
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.run.provenance import describe_input
from dfpenet_mm.vocabulary import ORIGINAL
from postproc.inventory_statistics import InventoryStatistics
from postproc.masks.polygonise import polygonise
from postproc.product import LandslideProduct
from postproc.vectoriser import Vectoriser

CRS = 'EPSG:32654'
PLACE = Affine(10, 0, 500_000, 0, -10, 4_700_000)
SHAPE = 60, 80
# Rows and columns of five landslides of 100 pixels, numbered 1 to 5 by their rows.
CORNERS = [(2, 10), (14, 40), (26, 10), (38, 40), (48, 60)]
SIDE = 10


def square(row, col, rows=SIDE, cols=SIDE):
    """Return pixels of the scene as a polygon."""
    left, top = PLACE @ (col, row)
    return shapely.box(left, top - 10 * rows, left + 10 * cols, top)


def write_raster(path, pixels, **profile):
    bands = pixels if pixels.ndim == 3 else pixels[None]
    size = {'count': len(bands), 'height': SHAPE[0], 'width': SHAPE[1], 'dtype': bands.dtype}
    place = {'crs': CRS, 'transform': PLACE}
    with rasterio.open(path, 'w', driver='GTiff', **size, **place, **profile) as dataset:
        dataset.write(bands)
    return path


def write_run(folder):
    """Write a run into ``folder / 'out'``, its image beside it, and return the former."""
    out = folder / 'out'
    out.mkdir(parents=True)
    mask = np.zeros(SHAPE, np.uint8)
    for row, col in CORNERS:
        mask[row : row + SIDE, col : col + SIDE] = 1
    mask[:, :3] = 255
    probability = np.where(mask == 1, np.float32(0.75), np.float32(0.1))
    probability[mask == 255] = np.nan
    image = np.tile(np.arange(1, 1 + SHAPE[1], dtype=np.uint8), (3, SHAPE[0], 1))
    write_raster(folder / 'post.tif', image)
    rasters = {
        'mask': write_raster(out / 'mask.tif', mask, nodata=255),
        'probability': write_raster(out / 'probability.tif', probability, nodata=np.nan),
    }
    grid = RasterGrid(rasterio.CRS.from_string(CRS), PLACE, SHAPE)
    product = LandslideProduct(
        landslides=polygonise(rasters['mask']), grid=grid, rasters=rasters, out_dir=out
    )
    product = InventoryStatistics()(Vectoriser()(product))
    shutil.copyfile(out / 'landslides.gpkg', out / ORIGINAL)
    table = product.landslides
    parameters = {'cell_m': 1000.0, 'per_decade': 5, 'min_landslides': 30, 'filename': 'statistics'}
    summary = {
        'totals': {'landslides': 5, 'area_m2': float(table['area_m2'].sum()), 'rejected': 0},
        'warnings': list(product.warnings),
        'hooks': [
            record('Vectoriser', {'filename': 'landslides.gpkg'}),
            record('InventoryStatistics', parameters),
        ],
        'results': dict(product.results),
        'scene': {'crs': CRS},
        'provenance': {'inputs': {'post': describe_input(folder / 'post.tif')}},
    }
    names = [path.name for path in out.iterdir()] + ['summary.json', 'landslides.qgs']
    (out / 'summary.json').write_text(json.dumps({**summary, 'files': sorted(names)}))
    write_qgis_project(RunProducts.read(out, post=folder / 'post.tif'))
    return out


def record(hook, parameters):
    counts = {'regions_in': 5, 'regions_out': 5, 'area_m2_in': 5e4, 'area_m2_out': 5e4}
    return {'hook': hook, 'parameters': parameters, **counts, 'seconds': 0.0}


def read(out, layer='landslides'):
    return pyogrio.read_dataframe(out / 'landslides.gpkg', layer=layer)


def write(out, table, layer='landslides'):
    plain = table.reset_index(drop=True)
    plain.to_file(out / 'landslides.gpkg', layer=layer, driver='GPKG')


def edit(out, **states):
    """Set states by number (``n3='confirmed'``)."""
    table = read(out)
    for name, state in states.items():
        table.loc[table['id'] == int(name[1:]), 'review'] = state
    write(out, table)


def drawn(*shapes, crs=CRS, **columns):
    """Return polygons as somebody draws them, with nothing but an outline."""
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)
