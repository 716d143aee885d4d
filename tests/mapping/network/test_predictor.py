import numpy as np
import pytest

from dfpenet_mm.mapping.network.predictor import average_flips


def sloped(chips):
    """Probability that depends on the place, so that mirroring shows."""
    _, rows, cols = chips.shape[0], *chips.shape[2:]
    ramp = np.arange(rows * cols, dtype=np.float32).reshape(rows, cols)
    return chips[:, 0] * ramp


def test_without_flips_chips_pass_as_they_are():
    chips = np.arange(12, dtype=np.float32).reshape(2, 1, 2, 3)
    np.testing.assert_array_equal(average_flips(sloped, chips, flips=False), sloped(chips))


def test_each_mirroring_is_turned_back_before_averaging():
    chips = np.random.default_rng(0).uniform(size=(3, 1, 4, 5)).astype(np.float32)
    expected = np.zeros((3, 4, 5))
    for rows in (1, -1):
        for cols in (1, -1):
            expected += sloped(chips[..., ::rows, ::cols])[..., ::rows, ::cols] / 4
    found = average_flips(sloped, chips, flips=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_network_blind_to_place_gives_the_same_with_flips():
    chips = np.random.default_rng(1).uniform(size=(2, 3, 4, 4)).astype(np.float32)
    seen = []

    def predict(batch):
        seen.append(len(batch))
        return batch.mean(axis=1)

    found = average_flips(predict, chips, flips=True)
    np.testing.assert_allclose(found, chips.mean(axis=1), rtol=1e-6)
    assert seen == [8]


@pytest.mark.parametrize('flips', [True, False])
def test_chips_stay_as_they_are(flips):
    chips = np.random.default_rng(2).uniform(size=(1, 1, 3, 3)).astype(np.float32)
    before = chips.copy()
    average_flips(sloped, chips, flips=flips)
    np.testing.assert_array_equal(chips, before)
