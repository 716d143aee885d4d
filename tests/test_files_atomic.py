import errno

import pytest
from rasterio.errors import RasterioIOError

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import brief, write_errors, written_beside


def test_file_appears_only_when_complete(tmp_path):
    path = tmp_path / 'product.txt'
    path.write_text('old')

    with written_beside(path) as part:
        part.write_text('new')
        (part.parent / 'product.txt.aux').write_text('side file')
        assert path.read_text() == 'old'
        # A rename is whole only within one file system.
        assert tmp_path in part.parents

    assert path.read_text() == 'new'
    assert list(tmp_path.iterdir()) == [path]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'product.txt'
    path.write_text('old')

    def write_half():
        with written_beside(path) as part:
            part.write_text('half')
            raise RuntimeError('disk full')

    with pytest.raises(RuntimeError, match='disk full'):
        write_half()
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_wants_the_folder(tmp_path):
    with pytest.raises(OutputError, match='is no folder'), written_beside(tmp_path / 'a' / 'b'):
        pass


def test_errors_of_disk_and_driver_become_one_sentence(tmp_path):
    path = tmp_path / 'product.txt'

    with (
        pytest.raises(OutputError, match=r'txt cannot be written \(No space left on device\)'),
        write_errors(path),
    ):
        raise OSError(errno.ENOSPC, 'No space left on device', str(path))
    with pytest.raises(OutputError, match=r'\(first\)'), write_errors(path, LookupError):
        raise LookupError('first\nsecond')
    with pytest.raises(ValueError, match='a bug'), write_errors(path, LookupError):
        raise ValueError('a bug')


def test_brief_names_what_rasterio_points_at():
    error = RasterioIOError('Read failed. See previous exception for details.')
    error.__cause__ = RuntimeError('gone.tif: No such file or directory')
    assert brief(error) == 'gone.tif: No such file or directory'


def test_brief_is_brief():
    assert brief(RuntimeError('a' * 1000)) == 'a' * 147 + '...'
    assert brief(RuntimeError()) == 'RuntimeError'
