import numpy as np
import pytest
import rasterio

from dfpenet_mm.errors import ConfigError, InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.run.masked import mask_doubts
from dfpenet_mm.run.placed import kept_image, placed_images
from dfpenet_mm.run.request import RunRequest

pytestmark = pytest.mark.filterwarnings(
    'ignore::rasterio.errors.NotGeoreferencedWarning',
)
PLACE = {'crs': 'EPSG:32631', 'transform': rasterio.Affine(3, 0, 5e5, 0, -3, 4e6)}
CLEAR = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]], np.uint8)


def raster(path, bands, *, names=(), hidden=None, **profile):
    count, height, width = bands.shape
    shape = {'count': count, 'height': height, 'width': width, 'dtype': bands.dtype}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, 'w', driver='GTiff', **PLACE | shape | profile) as file,
    ):
        file.write(bands)
        if names:
            file.descriptions = names
        if hidden is not None:
            file.write_mask(~hidden)
    return path


def image(path, **profile):
    values = np.arange(1, 49, dtype=np.uint8).reshape(3, 4, 4)
    return raster(path, values, **profile)


def valid(request, **reading):
    with placed_images(request) as masked, Scene(masked.post, **reading) as scene:
        raw, seen = scene.read(rasterio.windows.Window(0, 0, *scene.shape[::-1]))
    return raw, seen


def test_ground_is_read_where_the_mask_is_not_0(tmp_path):
    post = image(tmp_path / 'a.tif', nodata=0)
    udm2 = np.zeros((8, 4, 4), np.uint8)
    udm2[0] = CLEAR
    mask = raster(tmp_path / 'udm2.tif', udm2)
    raw, seen = valid(RunRequest(post=post, post_mask=mask))
    assert (seen == CLEAR.astype(bool)).all()
    assert raw[0].tolist() == [[0, 0, 3, 4], [0, 0, 7, 8], [9, 10, 11, 12], [13, 14, 15, 0]]


def test_the_band_called_clear_counts_and_what_is_no_data_of_the_mask_does_not(tmp_path):
    post = image(tmp_path / 'a.tif')
    bands = np.stack([1 - CLEAR, np.where(CLEAR, 1, 255)]).astype(np.uint8)
    mask = raster(tmp_path / 'm.tif', bands, names=('cloud', 'Clear'), nodata=255)
    assert (valid(RunRequest(post=post, post_mask=mask))[1] == CLEAR.astype(bool)).all()


@pytest.mark.parametrize('alone', [1, 255])
def test_a_mask_of_the_image_itself_counts_too(tmp_path, alone):
    hidden = np.zeros((4, 4), bool)
    hidden[3] = True
    post = image(tmp_path / 'a.tif', hidden=hidden)
    mask = raster(tmp_path / 'm.tif', CLEAR[None] * np.uint8(alone))
    seen = valid(RunRequest(post=post, post_mask=mask))[1]
    assert (seen == (CLEAR.astype(bool) & ~hidden)).all()


def test_coarser_pixels_are_of_what_is_left(tmp_path):
    post = image(tmp_path / 'a.tif')
    request = RunRequest(post=post, post_mask=raster(tmp_path / 'm.tif', CLEAR[None]))
    coarse = RasterGrid(PLACE['crs'], PLACE['transform'] @ rasterio.Affine.scale(2), (2, 2))
    raw, seen = valid(request, grid=coarse)
    assert seen.tolist() == [[False, True], [True, True]]
    # The mean of 11, 12 and 15, as the file holds whole numbers.
    assert raw[0, 1, 1] == 13


def test_each_image_has_its_own_and_without_a_place_too(tmp_path):
    place = {'crs': None, 'transform': rasterio.Affine.identity()}
    post, pre = image(tmp_path / 'a.tif', **place), image(tmp_path / 'b.tif', **place)
    mask = raster(tmp_path / 'm.tif', CLEAR[None], **place)
    request = RunRequest(post=post, pre=pre, pre_mask=mask, pixel_size=3)
    with placed_images(request) as masked:
        assert masked.folder == request.folder
        kept = kept_image(masked.pre, tmp_path)
    with Scene(kept) as scene:
        assert (scene.read(rasterio.windows.Window(0, 0, 4, 4))[1] == CLEAR.astype(bool)).all()
    with placed_images(request) as again:
        assert again.pre.read_bytes() == kept.read_bytes()
    request = RunRequest(post=image(tmp_path / 'c.tif'), pre=pre, post_mask=mask)
    with placed_images(request) as masked:
        assert masked.pre == pre
        assert masked.post != request.post
    assert set(request.by_role()) >= {'post', 'pre', 'post_mask'}


@pytest.mark.parametrize(
    ('mask', 'said'),
    [
        ({'transform': rasterio.Affine(3, 0, 5e5 + 3, 0, -3, 4e6)}, 'has other pixels than'),
        ({'bands': CLEAR[None, :3]}, 'has other pixels than'),
        ({'bands': CLEAR[None].astype(np.float32)}, 'wanted are whole numbers'),
        ({'bands': np.stack([CLEAR, CLEAR]), 'names': ('seen', 'source')}, 'masked already'),
    ],
)
def test_what_is_no_mask_of_the_image_is_refused(tmp_path, mask, said):
    path = raster(tmp_path / 'm.tif', **{'bands': CLEAR[None]} | mask)
    request = RunRequest(post=image(tmp_path / 'a.tif'), post_mask=path)
    with pytest.raises(RasterFormatError, match=said), placed_images(request):
        pass


def test_a_mask_without_its_image_or_file_is_refused(tmp_path):
    post = image(tmp_path / 'a.tif')
    request = RunRequest(post=post, pre_mask=post)
    with pytest.raises(ConfigError, match='without --pre'), placed_images(request):
        pass
    request = RunRequest(post=post, post_mask=tmp_path / 'gone.tif')
    with pytest.raises(InputFileError, match='the mask'), placed_images(request):
        pass


def test_a_mask_that_hides_most_is_doubted(tmp_path):
    post = image(tmp_path / 'a.tif')
    mask = raster(tmp_path / 'm.tif', CLEAR[None])
    wrong = raster(tmp_path / 'w.tif', 1 - CLEAR[None])
    assert mask_doubts(RunRequest(post=post, post_mask=mask)) == []
    (doubt,) = mask_doubts(RunRequest(post=post, post_mask=wrong))
    assert 'leaves 31% of the image' in doubt
