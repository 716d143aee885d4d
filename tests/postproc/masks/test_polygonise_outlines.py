import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.features import shapes

from postproc.masks import polygonise
from postproc.masks.polygonise import region_polygons
from postproc.masks.regions import connect, runs_of

PIXEL = Affine.identity()
TRANSFORMS = [
    Affine(1.5, 0, 300_000.3, 0, -1.5, 4_700_000.7),
    Affine(10, 0, 500_000, 0, 5, 4_700_000),
    Affine.translation(500_000, 4_700_000) @ Affine.rotation(40) @ Affine.scale(3, -7),
]


def traced(pixels, transform=PIXEL, *, corners=True):
    pixels = np.asarray(pixels, dtype=bool)
    return region_polygons(connect([runs_of(pixels)], pixels.shape[1], corners=corners), transform)


def as_gdal_has_it(pixels, transform, connectivity):
    rings = shapes(np.uint8(pixels), mask=pixels, connectivity=connectivity, transform=transform)
    return shapely.make_valid([shapely.geometry.shape(ring) for ring, _ in rings])


def test_an_outline_turns_at_corners_only():
    (polygon,) = traced([[1, 1, 0], [1, 1, 1]])

    assert polygon.wkt == 'POLYGON ((0 0, 0 2, 3 2, 3 1, 2 1, 2 0, 0 0))'


def test_a_hole_that_meets_the_outside_at_a_corner_stays_a_hole():
    (polygon,) = traced([[1, 1, 1], [1, 0, 1], [1, 1, 0]])

    assert polygon.is_valid
    assert polygon.area == 7
    assert shapely.equals(polygon.interiors[0], shapely.box(1, 1, 2, 2).exterior)


def test_parts_that_meet_at_a_corner_are_one_multipolygon():
    (region,) = traced([[0, 1], [1, 0]])
    apart = traced([[0, 1], [1, 0]], corners=False)

    assert region.wkt == ('MULTIPOLYGON (((1 0, 1 1, 2 1, 2 0, 1 0)), ((0 1, 0 2, 1 2, 1 1, 0 1)))')
    assert [part.geom_type for part in apart] == ['Polygon', 'Polygon']


def test_an_island_in_a_lake_is_a_region_of_its_own():
    pixels = np.ones((5, 5))
    pixels[1:4, 1:4] = 0
    pixels[2, 2] = 1

    outer, inner = traced(pixels)

    assert (outer.area, len(outer.interiors), inner.area) == (16, 1, 1)


@given(
    pixels=npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    connectivity=st.sampled_from([4, 8]),
    transform=st.sampled_from(TRANSFORMS),
    batch=st.sampled_from([1, 5, 1000]),
)
@settings(max_examples=150, deadline=None)
def test_outlines_equal_gdal_to_the_last_bit(pixels, connectivity, transform, batch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polygonise, 'BATCH_RUNS', batch)
        found = traced(pixels, transform, corners=connectivity == 8)

    wanted = as_gdal_has_it(pixels, transform, connectivity)
    assert shapely.is_valid(found).all()
    wkb = (shapely.to_wkb(shapely.normalize(regions)) for regions in (found, wanted))
    assert sorted(next(wkb)) == sorted(next(wkb))
