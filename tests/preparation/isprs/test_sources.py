import zipfile

import pytest

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.preparation.isprs.sources import list_files
from tests.preparation.isprs.isprs_download import pack


def is_tif(name):
    return name.endswith('.tif')


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'raw' / 'top').mkdir(parents=True)
    for name in ('b.tif', 'a.tif', 'a.tfw', 'notes.txt'):
        (tmp_path / 'raw' / 'top' / name).write_text(name)
    return tmp_path / 'raw'


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / 'scratch').mkdir()
    return tmp_path / 'scratch'


def contents(sources, scratch):
    files = list_files(sources, scratch=scratch, wanted=is_tif)
    return [(file.name, file.on_disk(scratch).read_text()) for file in files]


def test_folders_and_files(folder, scratch):
    assert contents([folder], scratch) == [('a.tif', 'a.tif'), ('b.tif', 'b.tif')]
    assert contents([folder / 'top' / 'b.tif'], scratch) == [('b.tif', 'b.tif')]


def test_an_archive_in_an_archive(folder, scratch, tmp_path):
    packed = tmp_path / 'packed'
    packed.mkdir()
    pack(folder, packed / 'inner.ZIP')
    outer = pack(packed, tmp_path / 'outer.zip')
    assert contents([outer], scratch) == [('a.tif', 'a.tif'), ('b.tif', 'b.tif')]
    assert contents([packed], scratch) == [('a.tif', 'a.tif'), ('b.tif', 'b.tif')]


def test_archives_name_their_members(folder, scratch, tmp_path):
    archive = pack(folder, tmp_path / 'raw.zip')
    (first, _) = list_files([archive], scratch=scratch, wanted=is_tif)
    assert first.shown == f'{archive}/top/a.tif'


def test_the_world_file_comes_along(folder, scratch, tmp_path):
    archive = pack(folder, tmp_path / 'raw.zip')
    (first, second) = list_files([archive], scratch=scratch, wanted=is_tif)
    first.on_disk(scratch)
    second.on_disk(scratch)
    assert sorted(path.name for path in scratch.iterdir()) == ['a.tfw', 'a.tif', 'b.tif']


def test_inner_archives_without_wanted_files_do_not_stay(folder, scratch, tmp_path):
    for path in folder.rglob('*.tif'):
        path.unlink()
    packed = tmp_path / 'packed'
    packed.mkdir()
    pack(folder, packed / 'inner.zip')
    assert contents([pack(packed, tmp_path / 'outer.zip')], scratch) == []
    assert list(scratch.iterdir()) == []


def test_members_cannot_leave_the_folder(scratch, tmp_path):
    archive = tmp_path / 'evil.zip'
    with zipfile.ZipFile(archive, 'w') as target:
        target.writestr('../../evil.tif', 'x')
    (file,) = list_files([archive], scratch=scratch, wanted=is_tif)
    assert file.on_disk(scratch) == scratch / 'evil.tif'
    assert not (tmp_path.parent / 'evil.tif').exists()


def test_a_missing_source(scratch, tmp_path):
    with pytest.raises(InputFileError, match='nowhere does not exist'):
        contents([tmp_path / 'nowhere'], scratch)


def test_a_truncated_archive(folder, scratch, tmp_path):
    archive = pack(folder, tmp_path / 'raw.zip')
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(InputFileError, match=r'raw\.zip cannot be read as a zip file'):
        contents([archive], scratch)


def test_a_damaged_member(scratch, tmp_path):
    archive = tmp_path / 'raw.zip'
    with zipfile.ZipFile(archive, 'w') as target:
        target.writestr('a.tif', 'pixels ' * 20)
    archive.write_bytes(archive.read_bytes().replace(b'pixels ', b'PIXELS ', 1))
    with pytest.raises(InputFileError, match=r'raw\.zip/a\.tif cannot be read as a zip'):
        contents([archive], scratch)


def test_an_encrypted_archive(folder, scratch, tmp_path):
    archive = pack(folder, tmp_path / 'raw.zip')
    raw = bytearray(archive.read_bytes())
    for start in [i for i in range(len(raw)) if raw[i : i + 4] == b'PK\x01\x02']:
        raw[start + 8] |= 1  # the flag in the directory
    archive.write_bytes(raw)
    with pytest.raises(InputFileError, match=r'raw\.zip/top/a\.tif is encrypted'):
        contents([archive], scratch)
