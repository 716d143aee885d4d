import numpy as np
import pytest
import rasterio

from dfpenet_mm.errors import InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.rasters import check_georeference
from dfpenet_mm.run.placed import kept_image, placed_images, placed_name, placing_doubt
from dfpenet_mm.run.publish import check_images
from dfpenet_mm.run.request import RunRequest

pytestmark = pytest.mark.filterwarnings(
    'ignore::rasterio.errors.NotGeoreferencedWarning',
)


def image(path, shape=(20, 30), **place):
    bands = np.random.default_rng(0).integers(0, 255, (3, *shape), np.uint8)
    profile = {'width': shape[1], 'height': shape[0], 'count': 3, 'dtype': 'uint8', **place}
    with rasterio.open(path, 'w', driver='GTiff', nodata=7, **profile) as file:
        file.write(bands)
    return path


def test_an_image_lies_on_a_plane_with_the_pixels_asked_for(tmp_path):
    post = image(tmp_path / 'a.tif')
    request = RunRequest(post=post, pixel_size=0.5)
    with placed_images(request) as placed:
        assert placed.folder == request.folder
        assert placed.pre is None
        with rasterio.open(placed.post) as virtual, rasterio.open(post) as file:
            check_georeference(virtual)
            assert RasterGrid.from_dataset(virtual).pixel_size == pytest.approx((0.5, 0.5))
            assert (virtual.read() == file.read()).all()
            assert virtual.nodata == 7
        kept = kept_image(placed.post, tmp_path)
    assert not placed.post.exists()
    with rasterio.open(kept) as virtual, rasterio.open(post) as file:
        assert (virtual.read() == file.read()).all()
    with placed_images(request) as again:
        assert again.post.read_bytes() == kept.read_bytes()


def test_two_images_of_one_shape_lie_on_each_other(tmp_path):
    post, pre = image(tmp_path / 'a.tif'), image(tmp_path / 'b.tif')
    with placed_images(RunRequest(post=post, pre=pre, pixel_size=2)) as placed:
        grids = []
        for path in (placed.post, placed.pre):
            with rasterio.open(path) as virtual:
                grids.append(RasterGrid.from_dataset(virtual))
    assert grids[0] == grids[1]


def test_images_of_different_shape_are_refused(tmp_path):
    request = RunRequest(
        post=image(tmp_path / 'a.tif'), pre=image(tmp_path / 'b.tif', (20, 31)), pixel_size=2
    )
    with pytest.raises(RasterFormatError, match='has another shape'), placed_images(request):
        pass


def test_an_image_that_says_where_it_lies_is_refused(tmp_path):
    place = {'crs': 'EPSG:32631', 'transform': rasterio.Affine(10, 0, 5e5, 0, -10, 4e6)}
    request = RunRequest(post=image(tmp_path / 'a.tif', **place), pixel_size=2)
    with pytest.raises(RasterFormatError, match='says itself how large'), placed_images(request):
        pass
    with pytest.raises(InputFileError), placed_images(RunRequest(post=tmp_path, pixel_size=2)):
        pass


def test_without_a_pixel_size_nothing_is_touched(tmp_path):
    request = RunRequest(post=tmp_path / 'gone.tif')
    with placed_images(request) as placed:
        assert placed is request
    assert placing_doubt(request) is None
    assert kept_image(None, tmp_path) is None
    assert kept_image(tmp_path / 'a.tif', tmp_path) == tmp_path / 'a.tif'
    assert 'pixels of 0.5 m' in placing_doubt(RunRequest(post=tmp_path / 'a', pixel_size=0.5))


def test_the_report_of_a_placed_image_says_where_the_mapped_one_lies(tmp_path):
    original = image(tmp_path / 'a.tif')
    mapped = {'name': placed_name('post', original), 'sha256': '0' * 64}
    summary = {'provenance': {'inputs': {'post': mapped}}}
    with pytest.raises(InputFileError, match=r'post_a\.vrt, SHA.*among the products of the run$'):
        check_images(summary, {'post': original})
    mapped['name'] = 'b.tif'
    with pytest.raises(InputFileError, match=r'give that one$'):
        check_images(summary, {'post': original})
