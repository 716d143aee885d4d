import numpy as np

from dfpenet_mm.preparation.chips.split import choose_validation


def test_shares_are_met_in_every_measure():
    rng = np.random.default_rng(1)
    # Half of the groups hold landslides, a few of them most of the pixels.
    landslide = np.where(np.arange(60) % 2, rng.pareto(1.0, 60) * 100, 0)
    measures = np.stack([landslide, 5.0 * (landslide > 0), rng.integers(1, 9, 60)], axis=1)
    chosen = choose_validation(measures, 0.2, np.random.default_rng(0))
    np.testing.assert_allclose(measures[chosen].sum(0) / measures.sum(0), 0.2, atol=0.05)


def test_seed_decides():
    measures = np.ones((30, 3))
    draws = [choose_validation(measures, 0.3, np.random.default_rng(s)) for s in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_a_loss_gathers_what_validates():
    """On a row of equal blocks every border loses one: the best choice is one end of the row."""
    measures = np.ones((20, 3))
    centres = np.stack([np.arange(20), np.zeros(20)], axis=1)

    def loss(validates):
        return np.count_nonzero(np.diff(validates)) / 20

    chosen = choose_validation(measures, 0.2, np.random.default_rng(0), centres=centres, loss=loss)
    assert chosen.sum() == 4
    assert loss(chosen) == 1 / 20
