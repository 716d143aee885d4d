import random
from itertools import islice

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.engine import sample_stream
from dfpenet_mm.engine.sample_stream import Draw, SeededDataset, StreamSampler, seed_generators


def sampler(size, rank=0, world=1, **settings):
    made = StreamSampler(range(size), **settings)
    made.rank, made.world_size = rank, world
    return made


def draws(made, count):
    return list(islice(made, count))


def three_numbers():
    return random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002


class Noise:
    """Samples with three random numbers, as three kinds of augmentation draw them."""

    metainfo = {'classes': ('a',)}

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return index, *three_numbers()


@given(size=st.integers(1, 9), skipped=st.integers(0, 30), world=st.integers(1, 4), data=st.data())
def test_skipping_goes_on_where_an_uninterrupted_stream_would_be(size, skipped, world, data):
    rank = data.draw(st.integers(0, world - 1))
    resumed = sampler(size, rank, world, seed=3)
    resumed.skip(skipped)
    assert draws(resumed, 12) == draws(sampler(size, rank, world, seed=3), skipped + 12)[skipped:]


def test_four_processes_share_the_stream_of_one():
    alone = draws(sampler(7, seed=1), 40)
    shared = [draws(sampler(7, rank, 4, seed=1), 10) for rank in range(4)]
    assert [draw for step in zip(*shared, strict=True) for draw in step] == alone


def test_every_pass_holds_every_sample_in_another_order():
    passes = np.array([draw.number for draw in draws(sampler(8, seed=0), 24)]).reshape(3, 8)
    assert np.sort(passes, axis=1).tolist() == [list(range(8))] * 3
    assert len({tuple(order) for order in passes}) == 3


def test_seeds_and_shuffling_matter():
    def indices(**settings):
        return [draw.number for draw in draws(sampler(20, **settings), 20)]

    assert indices(seed=1) != indices(seed=2)
    assert indices(shuffle=False, seed=1) == list(range(20))
    assert [d.position for d in draws(sampler(3), 5)] == [0, 1, 2, 3, 4]


def test_a_sample_is_a_function_of_seed_and_position():
    dataset = SeededDataset(dataset=Noise())
    first = dataset[Draw(number=2, seed=4, position=9)]
    seed_generators(77)
    assert dataset[Draw(2, 4, 9)] == first
    others = [dataset[draw] for draw in (Draw(2, 4, 10), Draw(2, 5, 9))]
    for other in others:
        assert not set(other[1:]) & set(first[1:])


def test_the_three_generators_are_seeded_apart():
    seed_generators(1, 2)
    numbers = three_numbers()
    assert len(set(numbers)) == 3
    seed_generators(1, 2)
    assert three_numbers() == numbers
    seed_generators(2, 1)
    assert not set(three_numbers()) & set(numbers)


def test_the_wrapped_data_set_shows_through(monkeypatch):
    built = []
    monkeypatch.setattr(sample_stream.DATASETS, 'build', lambda cfg: built.append(cfg) or Noise())
    dataset = SeededDataset(dataset={'type': 'Noise'})
    dataset.full_init()
    assert (len(dataset), dataset.metainfo, built) == (5, Noise.metainfo, [{'type': 'Noise'}])
