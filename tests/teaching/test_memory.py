"""What a network said of known ground, and how far a lesson may lead away from it."""

import numpy as np
import pytest
import torch

from dfpenet_mm.teaching.memory import KEPT, SHARES, Memory, share_to_keep

CHIPS = np.random.default_rng(0).uniform(0, 255, (6, 3, 8, 8)).astype(np.float32)


def say(chips):
    """Call what is red a landslide."""
    return (chips[:, :1] / 255).clamp(0, 1)


def test_what_is_drawn_was_said_of_those_chips():
    chips, said = Memory(CHIPS, say, seed=1).draw(step=5, size=4)
    assert chips.shape == (4, 3, 8, 8)
    torch.testing.assert_close(said, say(chips))


def test_chips_that_remind_come_in_other_colours_and_the_rest_never():
    memory = Memory(CHIPS, say, seed=1)
    assert len(memory._chips) == 9
    np.testing.assert_array_equal(memory._rest, CHIPS[1::2])
    assert not any(np.array_equal(chip, CHIPS[1]) for chip in memory._chips.numpy())
    assert not np.array_equal(memory._chips[3], memory._chips[0])


def test_what_was_kept_is_the_shared_part_of_both():
    memory = Memory(CHIPS, say, seed=1)
    assert memory.kept(say) == pytest.approx(1)
    assert memory.kept(lambda chips: say(chips) / 4) == pytest.approx(0.25)
    assert memory.kept(lambda chips: say(chips).clamp(max=0)) == 0


def test_one_chip_both_reminds_and_tells():
    assert Memory(CHIPS[:1], say, seed=1).kept(say) == pytest.approx(1)


def test_the_largest_share_that_keeps_enough_is_taken():
    assert share_to_keep(lambda _: 1.0) == 1
    assert share_to_keep(lambda share: KEPT if share <= 0.5 else 0.0) == 0.5
    assert share_to_keep(lambda _: 0.0) == SHARES[-1]
