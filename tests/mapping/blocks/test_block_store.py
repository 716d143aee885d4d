import errno
import os

import numpy as np
import pytest

from dfpenet_mm.errors import OutputError
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.blocks.block_store import BlockStore


def block(value):
    return BlockResult(np.full((4, 6), value, np.uint16), np.ones((4, 6), bool), value, 0.5)


def test_blocks_are_found_again(tmp_path):
    store = BlockStore(tmp_path / 'blocks')
    store.write(3, block(30))
    store.write(12, block(120))
    later = BlockStore(tmp_path / 'blocks')
    assert later.finished() == {3, 12}
    assert (later.read(12).levels == 120).all()


def test_what_a_crash_left_is_removed_and_not_finished(tmp_path):
    store = BlockStore(tmp_path)
    for index in (1, 2, 3):
        store.write(index, block(index))
    whole = (tmp_path / '00000001.block').read_bytes()
    (tmp_path / '00000001.block').write_bytes(whole[:-1])
    (tmp_path / '00000002.block').write_bytes(b'')
    (tmp_path / '00000009.partial').write_bytes(whole)
    assert store.finished() == {3}
    assert [path.name for path in tmp_path.iterdir()] == ['00000003.block']


def test_a_full_disk_is_named_and_leaves_no_part(tmp_path, monkeypatch):
    store = BlockStore(tmp_path)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OutputError, match=r'No space left on device.*--resume'):
        store.write(1, block(1))
    assert list(tmp_path.iterdir()) == []


def test_a_block_lost_meanwhile_is_named(tmp_path):
    with pytest.raises(OutputError, match=r'00000007\.block cannot be read back'):
        BlockStore(tmp_path).read(7)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='cannot be written'):
        BlockStore(tmp_path / 'file' / 'blocks')
