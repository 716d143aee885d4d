import os

import pytest
from mmengine.fileio import get_file_backend

from dfpenet_mm.engine.checkpoint_file import AtomicBackend
from dfpenet_mm.errors import OutputError


def test_mmengine_finds_it_by_name(tmp_path):
    backend = get_file_backend(str(tmp_path), backend_args={'backend': 'atomic'})
    assert isinstance(backend, AtomicBackend)
    backend.put(b'whole', str(tmp_path / 'new' / 'a.pth'))
    backend.put(b'newer', str(tmp_path / 'new' / 'a.pth'))
    assert [p.name for p in (tmp_path / 'new').iterdir()] == ['a.pth']
    assert (tmp_path / 'new' / 'a.pth').read_bytes() == b'newer'


@pytest.mark.parametrize(
    ('error', 'seen'),
    [(OSError(28, 'No space left'), OutputError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_is_cut_off_leaves_the_older_file(tmp_path, monkeypatch, error, seen):
    target = tmp_path / 'a.pth'
    target.write_bytes(b'older')

    def fail(_file):
        assert target.read_bytes() == b'older'
        raise error

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(seen):
        AtomicBackend().put(b'newer', target)
    assert [p.name for p in tmp_path.iterdir()] == ['a.pth']
    assert target.read_bytes() == b'older'


def test_a_kill_while_writing_shows_no_name_that_resuming_takes(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, 'fsync', lambda _file: seen.extend(tmp_path.glob('iter_*')))
    AtomicBackend().put(b'whole', tmp_path / 'iter_3.pth')
    assert seen == []
