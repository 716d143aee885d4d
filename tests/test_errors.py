from rasterio.errors import RasterioIOError

from dfpenet_mm.errors import brief


def test_brief_names_what_rasterio_points_at():
    error = RasterioIOError('Read failed. See previous exception for details.')
    error.__cause__ = RuntimeError('gone.tif: No such file or directory')
    assert brief(error) == 'gone.tif: No such file or directory'


def test_brief_is_brief():
    assert brief(RuntimeError('a' * 1000)) == 'a' * 147 + '...'
    assert brief(RuntimeError()) == 'RuntimeError'
