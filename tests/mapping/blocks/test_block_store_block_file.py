import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.blocks.block_store import check_block, decode_block, encode_block


def block(rows, cols, seed, share=1.0):
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 65536, (rows, cols)) * (rng.random((rows, cols)) < share)
    return BlockResult(levels.astype(np.uint16), rng.random((rows, cols)) < 0.5, seed, seed / 3)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9), st.sampled_from([0.01, 1.0]))
def test_a_block_comes_back_exactly(rows, cols, seed, share):
    original = block(rows, cols, seed, share)
    back = decode_block(encode_block(original))
    np.testing.assert_array_equal(back.levels, original.levels)
    np.testing.assert_array_equal(back.valid, original.valid)
    assert (back.levels.dtype, back.valid.dtype) == (np.uint16, bool)
    assert back.windows_run == original.windows_run
    assert back.seconds_predicted == original.seconds_predicted


def test_what_is_mostly_zero_takes_little_space():
    assert len(encode_block(block(200, 300, 1, share=0.01))) < 0.2 * 200 * 300 * 2
    assert len(encode_block(block(200, 300, 1))) < 1.1 * 200 * 300 * 2


@pytest.mark.parametrize('share', [0.01, 1.0])
def test_any_damage_is_noticed(share):
    content = encode_block(block(20, 30, 2, share))
    for position in range(len(content)):
        harmed = bytearray(content)
        harmed[position] ^= 4
        with pytest.raises(ValueError, match='block'):
            decode_block(bytes(harmed))


def test_a_torn_file_is_noticed():
    content = encode_block(block(20, 30, 2))
    for length in (0, 3, 40, 60, len(content) - 1):
        with pytest.raises(ValueError, match='block'):
            decode_block(content[:length])
    with pytest.raises(ValueError, match='torn'):
        decode_block(content + b'\0')


def test_numpy_reads_it_as_an_archive():
    original = block(20, 30, 2)
    with np.load(BytesIO(encode_block(original))) as arrays:
        np.testing.assert_array_equal(arrays['levels'], original.levels)


def test_a_block_of_an_older_version_is_none():
    content = b'DFB1' + bytes(60)
    with pytest.raises(ValueError, match='no block'):
        check_block(content + zlib.crc32(content).to_bytes(4, 'big'))
