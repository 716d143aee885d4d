"""Chips of known ground: cut, read back, and kept in mind while a network is taught."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dfpenet_mm.errors import CheckpointError
from dfpenet_mm.mapping.network.card import shipped_cards
from dfpenet_mm.mapping.scene.scaling import LinearScale
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.teaching.replay import read_replay, replay_file, write_replay
from dfpenet_mm.teaching.training import FineTuning
from tests.teaching.test_training import course, lesson

__all__ = ['lesson']


def test_chips_are_read_as_they_were_cut(lesson_folder, tmp_path):
    weights = tmp_path / 'known.pth'
    with Scene(lesson_folder / 'post.tif', bands=(1, 2, 3)) as scene:
        count = write_replay(scene, LinearScale(), replay_file(weights), side=64, most=3)
        first = scene.read(next(scene.tiles()))[0][:, :64, :64]
    chips = read_replay(weights, bands=3, side=64)
    assert count == 3
    assert chips.shape == (3, 3, 64, 64)
    np.testing.assert_array_equal(chips[0], first)


def test_a_network_without_chips_has_none(tmp_path):
    assert read_replay(tmp_path / 'known.pth', bands=3, side=64) is None


def test_chips_of_another_network_are_refused(tmp_path):
    np.savez(replay_file(tmp_path / 'known.pth'), chips=np.zeros((2, 4, 8, 8)))
    with pytest.raises(CheckpointError, match='wanted are chips of 3 bands'):
        read_replay(tmp_path / 'known.pth', bands=3, side=64)


def test_every_shipped_network_has_chips():
    for card in shipped_cards():
        chips = read_replay(card.weights, bands=3, side=128)
        assert chips.shape[0] == 64
        assert chips.std() > 10
        assert replay_file(card.weights).stat().st_size <= 2 * 2**20


def test_what_a_network_said_of_known_ground_holds_longer(lesson, lesson_folder):
    known = np.random.default_rng(1).uniform(0, 255, (4, 3, 16, 16)).astype(np.float32)
    asked = course(lesson_folder, steps=40)
    changes = {}
    for name, replay_chips in (('without', None), ('with', known)):
        tuning = FineTuning(lesson, replace(asked, replay=replay_chips))
        before = tuning._say(torch.from_numpy(known))
        for _ in range(40):
            tuning._advance()
        changes[name] = float((tuning._say(torch.from_numpy(known)) - before).abs().mean())
    assert changes['with'] < 0.9 * changes['without']


@pytest.mark.parametrize('cut', [0, 1, 1000, -30])
def test_a_damaged_file_of_chips_is_said_to_be_one(tmp_path, cut):
    path = replay_file(tmp_path / 'known.pth')
    np.savez_compressed(path, chips=np.arange(2 * 3 * 64 * 64).reshape(2, 3, 64, 64))
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    with pytest.raises(CheckpointError, match=r'known_replay.npz is damaged'):
        read_replay(tmp_path / 'known.pth', bands=3, side=64)


@pytest.mark.parametrize(
    'arrays', [{'other': np.zeros(3)}, {'chips': np.array(['a'])}, {'chips': np.zeros(3, 'M8[s]')}]
)
def test_other_arrays_are_no_file_of_chips(tmp_path, arrays):
    np.savez(replay_file(tmp_path / 'known.pth'), **arrays)
    with pytest.raises(CheckpointError):
        read_replay(tmp_path / 'known.pth', bands=3, side=64)


def test_an_array_alone_is_no_file_of_chips(tmp_path):
    with replay_file(tmp_path / 'known.pth').open('wb') as file:
        np.save(file, np.zeros((2, 3, 64, 64)))
    with pytest.raises(CheckpointError, match='no file of chips'):
        read_replay(tmp_path / 'known.pth', bands=3, side=64)
