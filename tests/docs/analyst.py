"""What an analyst of the tutorials does in QGIS, by a few edits of the same files."""

import geopandas as gpd
import numpy as np
import shapely

ANALYST = 'A. Analyst'


def review(folder):
    """Reject every fourth landslide, draw one, and the area around all that was looked at."""
    path = folder / 'first' / 'landslides.gpkg'
    table = gpd.read_file(path, layer='landslides')
    rejected = np.arange(len(table)) % 4 == 0
    table.loc[rejected, ['review', 'reviewer']] = 'rejected', ANALYST
    left, bottom, right, top = table.total_bounds
    new = gpd.GeoDataFrame(geometry=[shapely.box(left, top, left + 60, top + 60)], crs=table.crs)
    gpd.pd.concat([table, new]).to_file(path, layer='landslides')
    seen = shapely.box(left, bottom, right, top)
    area = gpd.GeoDataFrame({'reviewer': [ANALYST]}, geometry=[seen], crs=table.crs)
    area.to_file(path, layer='reviewed_area')


def give_verdicts(folder):
    """Agree with the map at all points but every tenth."""
    path = folder / 'taught' / 'audit.gpkg'
    points = gpd.read_file(path, layer='audit')
    landslide = (points['stratum'] == 'mapped landslide') ^ (points.index % 10 == 0)
    words = np.where(landslide, 'landslide', 'not landslide')
    points.assign(verdict=words, reviewer=ANALYST).to_file(path, layer='audit')
