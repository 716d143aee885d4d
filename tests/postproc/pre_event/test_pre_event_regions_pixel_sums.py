import numpy as np
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st

from postproc.masks.burner import PolygonBurner
from postproc.pre_event import pre_event_regions
from postproc.pre_event.pre_event_regions import add_counts, add_sums, under_polygons


@given(rows=st.lists(st.integers(0, 5)))
def test_counts_and_sums_are_added_to_what_is_there(rows):
    rows = np.sort(np.array(rows, dtype=int))
    values = np.arange(len(rows)) / 8
    counts, sums = np.full((2, 6), 100.0)

    add_counts(counts, rows)
    add_sums(sums, rows, values)

    assert counts.tolist() == [100 + (rows == row).sum() for row in range(6)]
    assert sums.tolist() == [100 + values[rows == row].sum() for row in range(6)]


def test_only_pixels_of_polygons_come_and_every_polygon_has_its_own(write_raster, monkeypatch):
    windows = pre_event_regions.scene_windows
    monkeypatch.setattr(pre_event_regions, 'scene_windows', lambda shape: windows(shape, 4))
    numbers = np.arange(100, dtype=np.uint8).reshape(10, 10)
    with rasterio.open(write_raster('numbers.tif', numbers)) as dataset:
        left, top = dataset.transform.c, dataset.transform.f
        one = shapely.box(left + 20, top - 50, left + 60, top - 30)
        two = shapely.box(left + 50, top - 50, left + 70, top - 40)
        burner = PolygonBurner(np.array([one, two]), dataset.transform)

        parts = list(under_polygons(burner, dataset))

    # The last row and column of windows shows no polygon.
    assert len(parts) == 4
    found = {row: [] for row in (0, 1)}
    for values, rows, flat, window in parts:
        assert (np.diff(rows) >= 0).all()
        assert numbers[window.toslices()].ravel()[flat].tolist() == values.tolist()
        for value, row in zip(values.tolist(), rows.tolist(), strict=True):
            found[row].append(value)
    assert sorted(found[0]) == [32, 33, 34, 35, 42, 43, 44, 45]
    assert sorted(found[1]) == [45, 46]
