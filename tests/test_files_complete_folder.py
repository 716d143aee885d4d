import pytest

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import complete_folder
from dfpenet_mm.vocabulary import SUMMARY

MARKER = 'chips.gpkg'


def fill(folder, text, *, overwrite=False):
    with complete_folder(folder, overwrite=overwrite, marker=MARKER) as staging:
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
        with complete_folder(tmp_path / 'chips', overwrite=False, marker=MARKER) as staging:
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
