"""A stratified random sample of a map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.audit.estimators import AuditError
from dfpenet_mm.audit.sample import (
    BORDER_PX,
    MapStratum,
    StratumName,
    allocate,
    draw_sample,
    map_strata,
    short_way,
)
from tests.audit.conftest import write


def strata_of(*pixels, means=(0.8, 0.2, 0.01)):
    return [
        MapStratum(name, number, number * 100.0, mean)
        for name, number, mean in zip(StratumName, pixels, means, strict=False)
    ]


def test_strata_are_counted_and_nodata_is_in_none(run_folder):
    strata = map_strata(run_folder / 'mask.tif', run_folder / 'probability.tif')
    pixels = {stratum.name: stratum.pixels for stratum in strata}
    assert pixels[StratumName.LANDSLIDE] == 1600 + 400
    # A square's four sides, and at each corner the pixels nearer than three.
    corner = sum(r**2 + c**2 <= BORDER_PX**2 for r in range(1, 4) for c in range(1, 4))
    near = 4 * 40 * 3 + 4 * 20 * 3 + 8 * corner
    assert pixels[StratumName.NEAR] == near
    assert sum(pixels.values()) == 150 * 190
    assert strata[0].mean_probability == pytest.approx(0.8)
    assert strata[0].area_m2 == pytest.approx(2000 * 100)


def test_strata_do_not_depend_on_how_the_raster_is_cut(run_folder, monkeypatch):
    whole = map_strata(run_folder / 'mask.tif')
    monkeypatch.setattr('dfpenet_mm.audit.sample.ROWS_AT_ONCE', 7)
    assert [s.pixels for s in map_strata(run_folder / 'mask.tif')] == [s.pixels for s in whole]


def test_a_map_without_data_is_refused(tmp_path):
    write(tmp_path / 'mask.tif', np.full((5, 5), 255, np.uint8), 255)
    with pytest.raises(AuditError, match='no pixel with data'):
        map_strata(tmp_path / 'mask.tif')


def test_small_strata_get_their_fifty_and_the_rest_goes_where_it_counts():
    assert allocate(strata_of(2000, 5000, 900_000), 200) == [50, 50, 100]
    assert allocate(strata_of(2000, 5000, 900_000), 400) == [50, 50, 300]
    # Neyman: 100,000 x 0.4, 100,000 x 0.4, 800,000 x 0.0995.
    shares = allocate(strata_of(100_000, 100_000, 800_000), 1000)
    sizes = np.array([40_000, 40_000, 79_599])
    assert shares == pytest.approx(1000 * sizes / sizes.sum(), abs=1)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
    st.integers(30, 1000),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_all_points_are_shared_and_no_stratum_has_more_than_its_pixels(pixels, points, means):
    strata = strata_of(*pixels, means=means)
    if points > sum(pixels):
        with pytest.raises(AuditError, match='are more than the'):
            allocate(strata, points)
        return
    given_ = allocate(strata, points)
    assert sum(given_) == points
    assert all(
        min(size, 50, points // 4) <= number <= size
        for number, size in zip(given_, pixels, strict=True)
    )


def test_every_pixel_may_be_asked_for():
    assert allocate(strata_of(30, means=(0.453125,)), 30) == [30]
    assert allocate(strata_of(10, 20, 70), 100) == [10, 20, 70]


def test_few_points_are_refused():
    with pytest.raises(AuditError, match='29 points tell too little; give at least 30'):
        allocate(strata_of(1000, 1000, 1000), 29)


def test_pixels_are_drawn_from_their_strata_none_twice(run_folder):
    path = run_folder / 'mask.tif'
    strata = map_strata(path)
    sample = draw_sample(path, strata, (50, 50, 100), seed=1)
    assert [pixel.order for pixel in sample] == list(range(1, 201))
    assert len({(pixel.row, pixel.col) for pixel in sample}) == 200
    assert all(pixel.col >= 10 for pixel in sample)
    mapped = [p for p in sample if p.stratum == StratumName.LANDSLIDE]
    assert len(mapped) == 50
    assert all(
        (20 <= p.row < 60 and 20 <= p.col < 60) or (20 <= p.row < 40 and 100 <= p.col < 120)
        for p in mapped
    )
    assert draw_sample(path, strata, (50, 50, 100), seed=1) == sample
    assert draw_sample(path, strata, (50, 50, 100), seed=2) != sample


def test_every_round_is_a_sample_of_its_own(run_folder):
    path = run_folder / 'mask.tif'
    sample = draw_sample(path, map_strata(path), (50, 50, 100), seed=0)
    for number in (1, 2, 3, 4):
        names = [pixel.stratum for pixel in sample if pixel.round == number]
        assert [names.count(name) for name in StratumName] == pytest.approx([12.5, 12.5, 25], abs=1)


def test_a_stratum_may_be_drawn_whole(tmp_path):
    mask = np.zeros((20, 20), np.uint8)
    mask[5:7, 5:7] = 1
    write(tmp_path / 'mask.tif', mask, 255)
    strata = map_strata(tmp_path / 'mask.tif')
    sample = draw_sample(tmp_path / 'mask.tif', strata, allocate(strata, 40), seed=0)
    mapped = {(p.row, p.col) for p in sample if p.stratum == StratumName.LANDSLIDE}
    assert mapped == {(5, 5), (5, 6), (6, 5), (6, 6)}


def test_every_pixel_of_a_stratum_has_the_same_chance(tmp_path):
    mask = np.zeros((6, 40), np.uint8)
    mask[:, :10] = 1
    write(tmp_path / 'mask.tif', mask, 255)
    strata = map_strata(tmp_path / 'mask.tif')
    drawn = np.zeros((6, 40))
    for seed in range(300):
        for pixel in draw_sample(tmp_path / 'mask.tif', strata, (15, 0, 0), seed):
            drawn[pixel.row, pixel.col] += 1
    # 300 draws of a quarter of the pixels: 75 each, by 7.5 at one standard deviation.
    assert drawn[:, 10:].sum() == 0
    assert np.abs(drawn[:, :10] - 75).max() < 4.5 * 7.5


def test_the_way_through_points_is_short_and_misses_none():
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 1000, (50, 2))
    way = short_way(places)
    assert sorted(way) == list(range(50))
    length = np.hypot(*np.diff(places[way], axis=0).T).sum()
    # A random tour of 50 points in a square of 1000 is some 26,000 long, the best about 5,700.
    assert length < 7000
    assert short_way(places[:1]) == [0]
    assert short_way(places[:0]) == []
