"""The post-processing benchmark's yardstick: the plain way from a mask to an inventory.

Whole arrays, ``skimage.measure.label``, and one Python loop over ``regionprops`` in which every
region is cut out, traced by ``rasterio.features.shapes``, and measured, as scripts do. It asks
the same questions as the four hooks and gives the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from matplotlib import pyplot as plt
from pyproj import CRS
from rasterio.features import geometry_mask, rasterize, shapes
from skimage.measure import label, regionprops
from skimage.morphology import dilation

RASTERS = ('mask', 'pre_mask', 'probability')
AREA_FACTOR = 25
MAX_PRE_SHARE = MIN_PERSISTENCE = 0.5


def plain_way(folder: Path, out_dir: Path, timed: Callable[[str, Callable[[], Any]], Any]) -> dict:
    """Run the whole chain.

    Args:
        folder: with the rasters and the reference of ``make_scene``.
        out_dir: where the inventory goes.
        timed: runs a step of a name and returns what it returns.

    Returns:
        Counts, to compare with the hooks'.
    """
    rasters = timed('read', lambda: {name: read(folder / f'{name}.tif') for name in RASTERS})
    with rasterio.open(folder / 'mask.tif') as dataset:
        transform, crs = dataset.transform, dataset.crs
    regions = timed('polygonise', lambda: polygons(rasters['mask'] == 1, transform))
    found = len(regions)
    gsd = abs(transform.a)
    regions = timed('GeologicFilter', lambda: geologic_filter(regions, AREA_FACTOR * gsd))
    kept = len(regions)
    regions = timed('TemporalDifference', lambda: temporal_difference(regions, rasters))
    table = timed('Vectoriser', lambda: vectorise(regions, rasters, crs, out_dir / 'plain.gpkg'))
    reference = folder / 'reference.gpkg'
    counts = timed(
        'ConsistencyEvaluator',
        lambda: evaluate(table, gpd.read_file(reference), rasters, transform, out_dir),
    )
    return {'found': found, 'kept': kept, 'left': len(table), **counts}


def read(path: Path) -> np.ndarray:
    """Read a whole band."""
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def polygons(landslide: np.ndarray, transform: Affine) -> list[dict]:
    """Find regions and trace each one."""
    regions = []
    for region in regionprops(label(landslide, connectivity=2)):
        row, col = region.bbox[:2]
        local = transform @ Affine.translation(col, row)
        image = region.image
        parts = [
            shapely.geometry.shape(ring)
            for ring, _ in shapes(image.astype(np.uint8), image, connectivity=8, transform=local)
        ]
        polygon = shapely.make_valid(shapely.union_all(parts))
        regions.append({'slice': region.slice, 'image': image, 'geometry': polygon})
    return regions


def geologic_filter(regions: list[dict], min_area: float) -> list[dict]:
    """Measure every region and drop the small ones."""
    measured = [region | measures(region['geometry']) for region in regions]
    return [region for region in measured if region['area_m2'] >= min_area * (1 - 1e-6)]


def measures(polygon: shapely.Geometry) -> dict:
    """Measure one polygon."""
    corners = np.array(polygon.minimum_rotated_rectangle.exterior.coords)
    steps = np.diff(corners[:3], axis=0)
    sides = np.hypot(*steps.T)
    longest = steps[np.argmax(sides)]
    return {
        'area_m2': polygon.area,
        'perimeter_m': polygon.length,
        'length_m': sides.max(),
        'width_m': sides.min(),
        'lw_ratio': sides.max() / sides.min(),
        'azimuth_deg': np.degrees(np.arctan2(*longest)) % 180,
        'compactness': 4 * np.pi * polygon.area / polygon.length**2,
        'centroid_x': polygon.centroid.x,
        'centroid_y': polygon.centroid.y,
    }


def temporal_difference(regions: list[dict], rasters: dict[str, np.ndarray]) -> list[dict]:
    """Drop regions that were there before, unless what was there before has vanished."""
    post, pre = rasters['mask'], rasters['pre_mask']
    labels = label(pre == 1, connectivity=2)
    persistence = np.zeros(labels.max() + 1)
    for region in regionprops(labels):
        after = post[region.slice][region.image]
        persistence[region.label] = (after == 1).sum() / max((after != 255).sum(), 1)
    left = []
    for region in regions:
        before = pre[region['slice']][region['image']]
        numbers = labels[region['slice']][region['image']]
        known, was = (before != 255).sum(), (before == 1).sum()
        region['pre_coverage'] = known / before.size
        region['pre_share'] = was / known if known else np.nan
        region['pre_persistence'] = persistence[numbers[numbers > 0]].mean() if was else np.nan
        gone = region['pre_share'] > MAX_PRE_SHARE and region['pre_coverage'] >= 0.5
        if not (gone and region['pre_persistence'] >= MIN_PERSISTENCE):
            left.append(region)
    return left


def vectorise(regions: list[dict], rasters: dict, crs: CRS, path: Path) -> gpd.GeoDataFrame:
    """Add what the probability and the scene's edge say, and write a GeoPackage."""
    for region in regions:
        values = rasters['probability'][region['slice']][region['image']]
        region['mean_probability'] = np.nanmean(values)
        region['p10_probability'] = np.nanpercentile(values, 10)
        around = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in region['slice'])
        known = np.pad(rasters['mask'][around] != 255, 1)
        inside = np.zeros_like(known)
        row, col = (2 - (s.start == 0) for s in region['slice'])
        inside[row : row + region['image'].shape[0], col : col + region['image'].shape[1]] = region[
            'image'
        ]
        region['touches_edge'] = (dilation(inside, np.ones((3, 3))) & ~known).any()
    columns = [
        {name: value for name, value in region.items() if name not in ('slice', 'image')}
        for region in regions
    ]
    table = gpd.GeoDataFrame(pd.DataFrame(columns), geometry='geometry', crs=crs)
    lon_lat = table.geometry.centroid.to_crs('EPSG:4326')
    table = table.assign(lon=lon_lat.x, lat=lon_lat.y).sort_values(['lat', 'lon'])
    table = table.reset_index(drop=True)
    table.to_file(path, engine='pyogrio')
    return table


def evaluate(
    table: gpd.GeoDataFrame,
    reference: gpd.GeoDataFrame,
    rasters: dict,
    transform: Affine,
    out_dir: Path,
) -> dict:
    """Compare with the reference by pixels and by landslides, and write both."""
    reference = reference.to_crs(table.crs)
    shape, valid = rasters['mask'].shape, rasters['mask'] != 255
    seen = rasterize(
        zip(reference.geometry, range(1, len(reference) + 1), strict=True),
        shape,
        transform=transform,
        all_touched=True,
        dtype=np.int32,
    )
    visible = np.isin(np.arange(1, len(reference) + 1), np.unique(seen[valid]))
    for row in np.flatnonzero(~visible):
        # Another one may lie upon it.
        visible[row] = shows(reference.geometry[row], valid, transform)
    reference = reference[visible].reset_index(drop=True)
    true = rasterize(reference.geometry, shape, transform=transform)
    predicted = rasterize(table.geometry, shape, transform=transform)
    verdicts = np.where(valid, predicted + 2 * true, 255).astype(np.uint8)
    write_verdicts(out_dir, verdicts, transform, table.crs)
    matched = match(table, reference)
    for name, layer in (('predicted', table), ('reference', reference)):
        partners = [matched[name].get(row, {}) for row in layer.index]
        columns = {
            'partners': [len(found) for found in partners],
            'best_iou': [max(found.values(), default=0.0) for found in partners],
        }
        layer.assign(**columns).to_file(out_dir / 'plain_match.gpkg', layer=name, engine='pyogrio')
    return {
        'pixels': [int((verdicts == code).sum()) for code in (3, 1, 2)],
        'landslides': [
            len(matched['predicted']),
            len(table) - len(matched['predicted']),
            len(reference) - len(matched['reference']),
        ],
    }


def shows(polygon: shapely.Geometry, valid: np.ndarray, transform: Affine) -> bool:
    """Tell whether a polygon touches a valid pixel."""
    left, bottom, right, top = polygon.bounds
    cols, rows = ~transform @ (np.array([left, right]), np.array([top, bottom]))
    first = max(int(rows[0]), 0), max(int(cols[0]), 0)
    part = valid[first[0] : max(int(rows[1]) + 1, 0), first[1] : max(int(cols[1]) + 1, 0)]
    if not part.any():
        return False
    local = transform @ Affine.translation(first[1], first[0])
    return bool((part & ~geometry_mask([polygon], part.shape, local, all_touched=True)).any())


def match(table: gpd.GeoDataFrame, reference: gpd.GeoDataFrame) -> dict[str, dict]:
    """Find all pairs that share area, and the IoU of each."""
    pairs = gpd.sjoin(table[['geometry']], reference[['geometry']], predicate='intersects')
    matched = {'predicted': {}, 'reference': {}}
    for row, other in zip(pairs.index, pairs['index_right'], strict=True):
        one, two = table.geometry[row], reference.geometry[other]
        shared = one.intersection(two).area
        if shared > 0:
            iou = shared / (one.area + two.area - shared)
            matched['predicted'].setdefault(row, {})[other] = iou
            matched['reference'].setdefault(other, {})[row] = iou
    return matched


def write_verdicts(out_dir: Path, verdicts: np.ndarray, transform: Affine, crs: CRS) -> None:
    """Write a raster of hits, false alarms and misses, and a picture of it."""
    profile = {'driver': 'GTiff', 'count': 1, 'dtype': 'uint8', 'nodata': 255, 'tiled': True}
    rows, cols = verdicts.shape
    with rasterio.open(
        out_dir / 'plain_verdicts.tif',
        'w',
        **profile,
        width=cols,
        height=rows,
        crs=crs,
        transform=transform,
        compress='deflate',
    ) as dataset:
        dataset.write(verdicts, 1)
    step = -(-max(verdicts.shape) // 2000)
    plt.imsave(out_dir / 'plain_verdicts.png', verdicts[::step, ::step])
