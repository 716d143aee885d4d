import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import Polygon, box

from dfpenet_mm import class_rasters
from dfpenet_mm.class_rasters import burn, limited, read_reduced, reduced
from dfpenet_mm.errors import InputFileError


@pytest.fixture
def raster(tmp_path):
    values = np.random.default_rng(0).choice(
        np.array([0, 0, 0, 1, 2, 255], np.uint8), size=(53, 31)
    )
    with rasterio.open(
        tmp_path / 'a.tif', 'w', driver='GTiff', count=1, height=53, width=31, dtype='uint8'
    ) as target:
        target.write(values, 1)
    return tmp_path / 'a.tif', values


def test_a_cell_shows_its_most_frequent_landslide_class_if_there_is_any():
    classes = np.array(
        [
            [0, 0, 2, 2, 255, 255],
            [0, 3, 2, 1, 255, 0],
            [0, 0, 255, 255, 255, 255],
            [0, 0, 0, 0, 1, 255],
        ],
        np.uint8,
    )
    assert reduced(classes, (2, 3)).tolist() == [[3, 2, 255], [0, 0, 1]]
    assert reduced(classes, classes.shape) is classes


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3)),
    st.data(),
)
def test_nothing_vanishes_and_nothing_is_made_up(classes, data):
    shape = tuple(data.draw(st.integers(1, side)) for side in classes.shape)
    coarse = reduced(classes, shape)
    rows, cols = (
        np.arange(cells + 1) * side // cells
        for cells, side in zip(shape, classes.shape, strict=True)
    )
    for row in range(shape[0]):
        for col in range(shape[1]):
            cell = classes[rows[row] : rows[row + 1], cols[col] : cols[col + 1]]
            counts = [(cell == value).sum() for value in (1, 2, 3)]
            expected = 1 + int(np.argmax(counts)) if any(counts) else 0
            assert coarse[row, col] == expected


def test_a_file_is_reduced_in_strips_as_in_one_go(raster, monkeypatch):
    path, values = raster
    expected = reduced(values, (17, 10))
    monkeypatch.setattr(class_rasters, 'STRIP_PIXELS', 100)
    np.testing.assert_array_equal(read_reduced(path, (17, 10)), expected)
    np.testing.assert_array_equal(reduced(values, (17, 10)), expected)
    np.testing.assert_array_equal(read_reduced(path, values.shape), values)


def test_a_file_that_is_no_raster_is_refused(tmp_path):
    (tmp_path / 'a.tif').write_text('nothing')
    with pytest.raises(InputFileError, match=r'a\.tif cannot be drawn'):
        read_reduced(tmp_path / 'a.tif', (2, 2))


def test_polygons_are_burnt_by_the_centres_of_pixels_at_full_resolution():
    burnt = burn(np.array([box(1, 1, 3, 2), box(2.6, 1, 3.4, 2)]), (3, 5), (3, 5), [1, 2])
    assert burnt.tolist() == [[0] * 5, [0, 1, 1, 0, 0], [0] * 5]


def test_a_speck_is_seen_on_a_coarse_raster():
    speck = Polygon([(61, 41), (61.2, 41), (61.1, 41.2)])
    burnt = burn(np.array([speck]), (100, 100), (10, 10), 7)
    assert np.argwhere(burnt).tolist() == [[4, 6]]
    assert burnt[4, 6] == 7
    assert not burn(np.empty(0, object), (100, 100), (10, 10)).any()


@pytest.mark.parametrize(
    ('shape', 'side', 'expected'),
    [((100, 50), 10, (10, 5)), ((3, 4), 10, (3, 4)), ((10_000, 10), 100, (100, 1))],
)
def test_shapes_are_limited_in_proportion(shape, side, expected):
    assert limited(shape, side) == expected
