"""A finished run with everything that a project may show, and the images beside its folder."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.vocabulary import AREA_OF_INTEREST, HEADSCARPS, LANDSLIDES, REJECTED, Verdict
from postproc.evaluation.confusion_picture import confusion_raster
from postproc.evaluation.landslide_comparison import write_match_layers
from postproc.inventory.layer import Layer, write_geopackage
from postproc.inventory.measures import areas_m2

CRS = 'EPSG:32654'
TEN_METRES = Affine(10, 0, 500_000, 0, -10, 4_700_000)
SHAPE = 40, 60
# Columns 20 to 35 and rows 15 to 30.
LANDSLIDE = shapely.box(500_200, 4_699_700, 500_350, 4_699_850)
# Where a scene of other units lies, with pixels of about ten metres there.
PLACES = {
    CRS: TEN_METRES,
    'EPSG:4326': Affine(1e-4, 0, 141.89, 0, -1e-4, 42.77),
    'EPSG:3857': Affine(14, 0, 15_800_000, 0, -14, 5_270_000),
    # US survey feet.
    'EPSG:2263': Affine(30, 0, 1_000_000, 0, -30, 200_000),
}


def write_raster(path, bands, **profile):
    bands = np.atleast_3d(bands) if np.ndim(bands) == 3 else np.asarray(bands)[None]
    place = {'height': bands.shape[1], 'width': bands.shape[2]}
    with rasterio.open(
        path, 'w', driver='GTiff', count=len(bands), dtype=bands.dtype, **place | profile
    ) as dataset:
        dataset.write(bands)


@pytest.fixture
def make_run(tmp_path, monkeypatch):
    """Write a run, with an evaluation and a pre-event image or without."""
    monkeypatch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')

    def make(*, name='landslides.gpkg', evaluated=True, pre=True, crs=CRS, area=False):
        place = {'crs': crs, 'transform': PLACES[crs]}
        shape = shapely.transform(
            LANDSLIDE, lambda points: np.column_stack(place['transform'] @ (~TEN_METRES @ points.T))
        )
        folder = tmp_path / 'out'
        folder.mkdir()
        ramp = np.tile(np.linspace(100, 3000, SHAPE[1], dtype=np.uint16), (3, SHAPE[0], 1))
        ramp[1] = 3100 - ramp[1]
        ramp[:, :5] = 0
        write_raster(tmp_path / 'post.tif', ramp, nodata=0, **place)
        write_raster(tmp_path / 'pre.tif', ramp, **place)
        mask = np.zeros(SHAPE, dtype=np.uint8)
        write_raster(folder / 'mask.tif', mask, nodata=255, **place)
        probability = np.zeros(SHAPE, dtype=np.float32)
        write_raster(folder / 'probability.tif', probability, nodata=np.nan, **place)
        density = np.full((3, 2, 3), 4.0, np.float32)
        density[0, 0] = (0, 2, np.nan)
        coarse = {'height': 2, 'width': 3, 'crs': crs}
        coarse['transform'] = place['transform'] @ Affine.scale(20)
        write_raster(folder / 'statistics.tif', density, nodata=np.nan, **coarse)
        if area:
            half = shapely.box(500_000, 4_699_600, 500_300, 4_700_000)
            asked = gpd.GeoDataFrame({'name': ['district']}, geometry=[half], crs=CRS)
            write_geopackage(
                [Layer(AREA_OF_INTEREST, AREA_OF_INTEREST, asked)],
                folder / 'area_of_interest.gpkg',
                '{}',
            )
        table = gpd.GeoDataFrame({'id': [1]}, geometry=[shape], crs=crs)
        table = table.assign(area_m2=areas_m2(table))
        point = table.assign(kind='toe', elevation_m=3.0)
        point = point.set_geometry(shapely.centroid(table.geometry))
        layers = [
            Layer(LANDSLIDES, 'landslides', table),
            Layer(REJECTED, 'rejected', table.assign(reason='<thin> & "small"')),
            Layer(HEADSCARPS, 'headscarps', point),
        ]
        write_geopackage(layers, folder / name, '{}')
        if evaluated:
            judged = {key: table.assign(status='TP') for key in ('predicted', 'reference')}
            write_match_layers(folder / 'evaluation.gpkg', judged, {})
            grid = RasterGrid(rasterio.CRS.from_string(crs), PLACES[crs], SHAPE)
            with confusion_raster(folder / 'evaluation.tif', grid, {}) as write:
                window = rasterio.windows.Window(0, 0, SHAPE[1], SHAPE[0])
                write(window, np.full(SHAPE, Verdict.BACKGROUND, dtype=np.uint8))
        summary = {'results': {'Vectoriser': {'files': [name]}}}
        (folder / 'summary.json').write_text(json.dumps(summary))
        before = tmp_path / 'pre.tif' if pre else None
        return RunProducts.read(folder, post=tmp_path / 'post.tif', pre=before)

    return make
