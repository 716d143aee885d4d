import errno
import stat

import pytest

from dfpenet_mm import files as module
from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import disk_errors, whole_file, whole_folder
from dfpenet_mm.vocabulary import SUMMARY

MARKER = 'chips.gpkg'


def test_file_appears_only_when_complete(tmp_path):
    path = tmp_path / 'product.txt'
    path.write_text('old')

    with whole_file(path) as part:
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
        with whole_file(path) as part:
            part.write_text('half')
            raise RuntimeError('disk full')

    with pytest.raises(RuntimeError, match='disk full'):
        write_half()
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_wants_the_folder(tmp_path):
    with pytest.raises(OutputError, match='is no folder'), whole_file(tmp_path / 'a' / 'b'):
        pass


def test_errors_of_disk_and_driver_become_one_sentence(tmp_path):
    path = tmp_path / 'product.txt'

    with (
        pytest.raises(OutputError, match=r'txt cannot be written \(No space left on device\)'),
        disk_errors(path),
    ):
        raise OSError(errno.ENOSPC, 'No space left on device', str(path))
    with pytest.raises(OutputError, match=r'\(first\)'), disk_errors(path, LookupError):
        raise LookupError('first\nsecond')
    with pytest.raises(ValueError, match='a bug'), disk_errors(path, LookupError):
        raise ValueError('a bug')


def fill(folder, text, *, overwrite=False):
    with whole_folder(folder, overwrite=overwrite, marker=MARKER) as staging:
        for name in (MARKER, SUMMARY):
            (staging / name).write_text(text)
        assert not (folder / MARKER).exists() or overwrite


def test_appears_when_complete(tmp_path):
    folder = tmp_path / 'new' / 'chips'
    fill(folder, 'first')
    assert (folder / MARKER).read_text() == 'first'
    assert [path.name for path in folder.parent.iterdir()] == ['chips']
    assert folder.stat().st_mode & 0o755 == 0o755


def test_failure_leaves_nothing(tmp_path):
    def fail():
        with whole_folder(tmp_path / 'chips', overwrite=False, marker=MARKER) as staging:
            (staging / 'half').write_text('half')
            raise RuntimeError('half way')

    with pytest.raises(RuntimeError, match='half way'):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_earlier_run_is_replaced_as_a_whole(tmp_path):
    fill(tmp_path / 'chips', 'first')
    (tmp_path / 'chips' / 'old_chip.tif').write_text('of the first run')
    with pytest.raises(OutputError, match=r'is not empty.*--overwrite'):
        fill(tmp_path / 'chips', 'second')
    fill(tmp_path / 'chips', 'second', overwrite=True)
    assert sorted(path.name for path in (tmp_path / 'chips').iterdir()) == [MARKER, SUMMARY]
    assert (tmp_path / 'chips' / MARKER).read_text() == 'second'
    assert [path.name for path in tmp_path.iterdir()] == ['chips']


def test_folder_of_somebody_else_is_kept(tmp_path):
    (tmp_path / 'notes.txt').write_text('keep')
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r'is not empty|not replaced'):
            fill(tmp_path, 'mine', overwrite=overwrite)
    assert (tmp_path / 'notes.txt').read_text() == 'keep'


def test_file_in_the_way(tmp_path):
    (tmp_path / 'chips').write_text('a file')
    with pytest.raises(OutputError, match='is a file'):
        fill(tmp_path / 'chips', 'mine')


def test_disk_that_refuses(tmp_path):
    (tmp_path / 'file').write_text('no folder')
    with pytest.raises(OutputError, match='cannot be written'):
        fill(tmp_path / 'file' / 'chips', 'mine')


def test_the_folder_appears_when_it_is_complete(tmp_path):
    out = tmp_path / 'below' / 'out'
    with whole_folder(out) as folder:
        (folder / 'a').write_text('content')
        assert not out.exists()
    assert (out / 'a').read_text() == 'content'
    assert stat.S_IMODE(out.stat().st_mode) & 0o500 == 0o500
    assert list(out.parent.iterdir()) == [out]


def fail_inside(out):
    with whole_folder(out) as folder:
        (folder / 'a').write_text('content')
        raise KeyError


def test_nothing_is_left_of_what_failed(tmp_path):
    with pytest.raises(KeyError):
        fail_inside(tmp_path / 'out')
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(tmp_path):
    with pytest.raises(OutputError, match='exists; remove it'), whole_folder(tmp_path):
        pass


def test_a_disk_that_refuses_is_one_sentence(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module, 'TemporaryDirectory', full)
    with (
        pytest.raises(OutputError, match=r'cannot be written \(No space left on device\)'),
        whole_folder(tmp_path / 'out'),
    ):
        pass
