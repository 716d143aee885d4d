"""A small run: what a mapping run leaves, with or without pre-event image and reference."""

import geopandas as gpd
import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from shapely.affinity import affine_transform
from shapely.geometry import box

from dfpenet_mm.report.run_products import RunProducts

UTM = CRS.from_epsg(32654)
TRANSFORM = Affine(10, 0, 500_000, 0, -10, 4_700_000)
SHAPE = 60, 80
# (left, top, right, bottom) in pixels.
FOUND = {'hit': (10, 10, 30, 20), 'alarm': (50, 5, 60, 15)}
TAKEN = {'GeologicFilter': (40, 30, 44, 34), 'TemporalDifference': (5, 40, 15, 50)}
MISSED = 60, 40, 70, 50


def place(bounds, transform=TRANSFORM):
    return affine_transform(box(*bounds), transform.to_shapely())


def write(path, values, transform=TRANSFORM, crs=UTM, nodata=None):
    count, rows, cols = values.shape
    profile = {'driver': 'GTiff', 'count': count, 'height': rows, 'width': cols}
    with rasterio.open(
        path, 'w', dtype=values.dtype, crs=crs, transform=transform, nodata=nodata, **profile
    ) as target:
        target.write(values)


def record(hook, before, after):
    names = 'regions_in', 'area_m2_in', 'regions_out', 'area_m2_out'
    return {'hook': hook, **dict(zip(names, (*before, *after), strict=True))}


def table(places, transform, crs, start=1):
    shapes = [place(bounds, transform) for bounds in places]
    pixels = [(right - left) * (bottom - top) for left, top, right, bottom in places]
    return gpd.GeoDataFrame(
        {
            'id': range(start, start + len(places)),
            'area_m2': [100.0 * count for count in pixels],
            'length_m': 50.0,
            'mean_probability': np.linspace(0.9, 0.6, len(places)),
        },
        geometry=shapes,
        crs=crs,
    )


def build_run(root, *, pre, reference, transform, crs, regions):
    folder = root / 'out'
    folder.mkdir()
    image = np.full((3, *SHAPE), 100, np.uint8)
    image += np.arange(SHAPE[1], dtype=np.uint8)
    image[:, :, :2] = 0
    for name in ('post', 'pre') if pre else ('post',):
        write(root / f'{name}.tif', image, transform, crs, nodata=0)
    mask = np.zeros((1, *SHAPE), np.uint8)
    truth = np.zeros(SHAPE, bool)
    for left, top, right, bottom in FOUND.values() if regions else ():
        mask[0, top:bottom, left:right] = 1
    for left, top, right, bottom in (FOUND['hit'], TAKEN['TemporalDifference'], MISSED):
        truth[top:bottom, left:right] = True
    write(folder / 'mask.tif', mask, transform, crs, nodata=255)
    write(folder / 'probability.tif', mask.astype(np.float32), transform, crs)
    places = list(FOUND.values()) if regions else []
    rejected = table(list(TAKEN.values()), transform, crs, start=3).assign(
        hook=list(TAKEN), reason='because'
    )
    hooks = [
        record('GeologicFilter', (4, 41_600), (3, 40_000)),
        record('TemporalDifference', (3, 40_000), (2, 30_000)),
        record('Vectoriser', (2, 30_000), (2, 30_000)),
    ]
    if not regions:
        hooks = [record('Vectoriser', (0, 0), (0, 0))]
    summary = {'hooks': hooks, 'results': {}, 'evaluation': None}
    if reference:
        evaluate(folder, summary, mask[0] == 1, truth, (transform, crs))
    return RunProducts(
        folder=folder,
        summary=summary,
        landslides=table(places, transform, crs),
        rejected=rejected if regions else None,
        post=root / 'post.tif',
        pre=root / 'pre.tif' if pre else None,
    )


def evaluate(folder, summary, predicted, truth, place_on_ground):
    transform, crs = place_on_ground
    verdicts = np.zeros((1, *SHAPE), np.uint8)
    verdicts[0, predicted & truth] = 1
    verdicts[0, predicted & ~truth] = 2
    verdicts[0, ~predicted & truth] = 3
    verdicts[0, :, 75:] = 255
    write(folder / 'evaluation.tif', verdicts, transform, crs, nodata=255)
    layers = {
        'predicted': table(list(FOUND.values()), transform, crs).assign(status=['TP', 'FP']),
        'reference': table([FOUND['hit'], MISSED], transform, crs).assign(status=['TP', 'FN']),
    }
    for layer, rows in layers.items():
        rows.to_file(folder / 'evaluation.gpkg', layer=layer)
    result = {
        'reference': 'truth.gpkg',
        'reference_landslides': 3,
        'pixels': {'precision': 0.5, 'recall': 0.4, 'iou': None},
        'files': ['evaluation.gpkg', 'evaluation.tif'],
    }
    summary['hooks'].append(record('ConsistencyEvaluator', (2, 30_000), (2, 30_000)))
    summary['results']['ConsistencyEvaluator'] = result
    summary['evaluation'] = {'ConsistencyEvaluator': result}
