"""A small finished run: sixteen square landslides on a grid, two of them hostile."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from affine import Affine
from shapely import MultiPolygon
from shapely.geometry import box

from dfpenet_mm.grid import RasterGrid

ROWS, COLS, GSD = 120, 160, 10.0
UPRIGHT = Affine(GSD, 0, 500_000, 0, -GSD, 4_700_000)
CRS = 'EPSG:32654'
HOSTILE = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">'
SQUARES = [(row, col) for row in range(4) for col in range(4)]


def write_raster(path, pixels, transform=UPRIGHT, crs=CRS, nodata=None):
    bands, rows, cols = pixels.shape
    profile = {'driver': 'GTiff', 'width': cols, 'height': rows, 'count': bands, 'nodata': nodata}
    with rasterio.open(
        path, 'w', dtype=pixels.dtype, crs=crs, transform=transform, **profile
    ) as dataset:
        dataset.write(pixels)


def square(row, col, side, transform=UPRIGHT):
    """A square of so many pixels whose upper left pixel is (row, col), in map units."""
    corners = box(col, row, col + side, row + side).exterior.coords[:-1]
    points = [transform @ corner for corner in corners]
    return MultiPolygon([(points, [])])


def landslides(transform=UPRIGHT, crs=CRS):
    sides = np.arange(4, 20)
    shapes = [
        square(6 + 28 * row, 8 + 38 * col, side, transform)
        for (row, col), side in zip(SQUARES, sides, strict=True)
    ]
    return gpd.GeoDataFrame(
        {
            'id': np.arange(1, 17),
            'area_m2': (sides * GSD) ** 2,
            'length_m': sides * GSD,
            'width_m': sides * GSD,
            'mean_probability': np.linspace(0.5, 0.95, 16).round(3),
            'touches_edge': np.arange(16) % 8 == 0,
            'pre_coverage': np.where(np.arange(16) < 4, 0.0, 1.0),
            'pre_share': np.where(np.arange(16) < 4, np.nan, 0.0),
            'lon': 141.0 + np.arange(16) / 1000,
            'lat': 42.4,
            HOSTILE: [HOSTILE, *['plain'] * 15],
        },
        geometry=shapes,
        crs=crs,
    )


def rejected():
    shapes = [square(100, 30 * number + 20, 2) for number in range(3)]
    reasons = [f'area {number}00.0 m2 is below 500.0 m2' for number in (1, 2, 3)]
    return gpd.GeoDataFrame(
        {
            'id': [17, 18, 19],
            'area_m2': [400.0] * 3,
            'hook': 'GeologicFilter',
            'reason': reasons,
        },
        geometry=shapes,
        crs=CRS,
    )


def summary(table):
    record = {'regions_in': 19, 'regions_out': 16, 'area_m2_in': 1e6, 'area_m2_out': 998_800.0}
    scores = {'tp': 526, 'fp': 186, 'fn': 68, 'precision': 0.7388, 'recall': 0.8855}
    scores |= {'f1': 0.8055, 'iou': 0.6744}
    return {
        'totals': {'landslides': len(table), 'area_m2': float(table['area_m2'].sum())},
        'warnings': [f'snow on 3 km2 {HOSTILE}'],
        'hooks': [
            {'hook': 'GeologicFilter', **record},
            {'hook': 'ConsistencyEvaluator', **record, 'regions_in': 16},
        ],
        'results': {
            'GeologicFilter': {'min_area_m2': 500.0},
            'TemporalDifference': {'pre_event': True, 'trusted': False, 'pre_to_post': 1.12},
        },
        'evaluation': {
            'ConsistencyEvaluator': {
                'reference': HOSTILE,
                'reference_landslides': 594,
                'pixels': {**scores, 'tp': 915_698},
                'pixels_without_boundary': None,
                'landslides': scores,
                'recall_by_size': [
                    {'from_m2': 0.0, 'to_m2': 100.0, 'landslides': 0, 'found': 0},
                    {'from_m2': 100.0, 'to_m2': None, 'landslides': 594, 'found': 526},
                ],
                'split_reference_landslides': 3,
                'merged_predicted_landslides': 2,
                'files': ['evaluation.gpkg', 'evaluation.tif'],
            }
        },
        'scene': {'gsd_m': GSD},
        'network': {'image_m': GSD, 'known_m': [5, 20], 'averaged_to_m': None},
        'recognition': {'post': {'valid_pixels': ROWS * COLS - 1920}},
        'pre_event': {'shift': {'length_m': 8.9, 'length_pixels': 0.89, 'certain': True}},
        'seconds': {'recognise_post': 1.5},
        'provenance': {
            'created': '2026-03-01T12:30:00+00:00',
            'command': ['landslide-map', '--post', HOSTILE],
            'inputs': {'post': {'name': HOSTILE, 'bytes': 1000, 'sha256': 'ab' * 32}},
            'versions': {'dfpenet_mm': HOSTILE},
            'settings': {'mapping': {'bands': [1, 2, 3]}, 'note': HOSTILE},
        },
    }


def write_run(folder: Path) -> Path:
    """Write the run and its images; returns the folder of its products."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(20, 200, (3, ROWS, COLS), dtype=np.uint8)
    pixels[:, :12] = 0
    write_raster(folder / 'post.tif', pixels, nodata=0)
    write_raster(folder / 'pre.tif', np.ascontiguousarray(255 - pixels))
    out = folder / 'out'
    out.mkdir()
    mask = np.zeros((1, ROWS, COLS), np.uint8)
    write_raster(out / 'mask.tif', mask, nodata=255)
    verdicts = mask.copy()
    verdicts[0, 40:60, 10:30], verdicts[0, 40:60, 50:70], verdicts[0, 70:90, 10:30] = 1, 2, 3
    write_raster(out / 'evaluation.tif', verdicts, nodata=255)
    table = landslides()
    table.to_file(out / 'landslides.gpkg', layer='landslides')
    rejected().to_file(out / 'landslides.gpkg', layer='rejected')
    matches = table[['id', 'geometry']].assign(status=['TP'] * 15 + ['FP'])
    matches.to_file(out / 'evaluation.gpkg', layer='predicted')
    (out / 'summary.json').write_text(json.dumps(summary(table)), encoding='utf-8')
    return out


def grid_of(transform=UPRIGHT, crs=CRS, shape=(ROWS, COLS)):
    return RasterGrid(rasterio.crs.CRS.from_string(crs), transform, shape)
