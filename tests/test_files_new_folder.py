import stat

import pytest

from dfpenet_mm import files as module
from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import new_folder


def test_the_folder_appears_when_it_is_complete(tmp_path):
    out = tmp_path / 'below' / 'out'
    with new_folder(out) as folder:
        (folder / 'a').write_text('content')
        assert not out.exists()
    assert (out / 'a').read_text() == 'content'
    assert stat.S_IMODE(out.stat().st_mode) & 0o500 == 0o500
    assert list(out.parent.iterdir()) == [out]


def fail_inside(out):
    with new_folder(out) as folder:
        (folder / 'a').write_text('content')
        raise KeyError


def test_nothing_is_left_of_what_failed(tmp_path):
    with pytest.raises(KeyError):
        fail_inside(tmp_path / 'out')
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(tmp_path):
    with pytest.raises(OutputError, match='exists; remove it'), new_folder(tmp_path):
        pass


def test_a_disk_that_refuses_is_one_sentence(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module, 'mkdtemp', full)
    with (
        pytest.raises(OutputError, match=r'cannot be written \(No space left on device\)'),
        new_folder(tmp_path / 'out'),
    ):
        pass
