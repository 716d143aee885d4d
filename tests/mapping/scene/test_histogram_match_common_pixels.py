import pytest

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.mapping.scene.histogram_match import require_common_pixel
from dfpenet_mm.mapping.scene.scene import Scene


@pytest.mark.parametrize('shared', [0, 1])
def test_one_pixel_in_common_suffices(shared, noise, write_raster, tmp_path):
    post, pre = noise(6, 8), noise(6, 8)
    post[:, :, : 4 - shared], pre[:, :, 4:] = 0, 0
    with (
        Scene(write_raster(tmp_path / 'post.tif', post, nodata=0)) as first,
        Scene(write_raster(tmp_path / 'pre.tif', pre, nodata=0)) as second,
    ):
        if shared:
            require_common_pixel(first, second)
            return
        with pytest.raises(GridMismatchError, match=r'pre\.tif has no valid pixel where .*post'):
            require_common_pixel(first, second)
