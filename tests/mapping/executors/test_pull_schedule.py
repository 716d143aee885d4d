from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.executors.pull_schedule import PullSchedule
from dfpenet_mm.mapping.plan.windows import WindowPlan


def plan_of(count):
    return WindowPlan((8, 8 * count), 8, 8, block_windows=1)


def numbered(pairs):
    return [(worker, block.index) for worker, block in pairs]


def schedule_for(count, *, in_flight=2, workers=()):
    schedule = PullSchedule(plan_of(count).blocks, in_flight=in_flight)
    for worker in workers:
        schedule.add(worker)
    return schedule


def test_every_worker_gets_a_first_block_before_any_gets_a_second():
    schedule = schedule_for(9, workers='abc')
    given_out = numbered(schedule.assign())
    assert given_out == [('a', 0), ('b', 1), ('c', 2), ('a', 3), ('b', 4), ('c', 5)]
    assert list(schedule.assign()) == []


def test_a_worker_pulls_the_next_block_when_one_is_done():
    schedule, plan = schedule_for(9, workers='ab'), plan_of(9)
    list(schedule.assign())
    schedule.done('b', plan.block(1))
    assert numbered(schedule.assign()) == [('b', 4)]


def test_blocks_are_read_no_further_than_they_are_handed_out():
    read = []
    blocks = (read.append(block.index) or block for block in plan_of(50).blocks)
    schedule = PullSchedule(blocks, in_flight=2)
    schedule.add('a')
    list(schedule.assign())
    assert read == [0, 1, 2]


def test_without_blocks_it_is_finished():
    schedule = schedule_for(1, workers='a')
    assert not schedule.finished
    assert PullSchedule([], in_flight=1).finished


def test_blocks_of_a_lost_worker_are_tried_alone_and_first():
    schedule, plan = schedule_for(9, workers='ab'), plan_of(9)
    list(schedule.assign())
    assert [(block.index, losses) for block, losses in schedule.lose('a')] == [(0, 1), (2, 1)]
    # b still holds 1 and 3: nothing for it, so that it runs empty for block 0.
    schedule.done('b', plan.block(1))
    assert numbered(schedule.assign()) == []
    schedule.add('c')
    assert numbered(schedule.assign()) == [('c', 0)]
    schedule.done('b', plan.block(3))
    assert numbered(schedule.assign()) == [('b', 2)]
    schedule.done('b', plan.block(2))
    # Innocent, so b works on as before; c has nothing beside its suspect.
    assert numbered(schedule.assign()) == [('b', 4), ('b', 5)]


def test_losses_add_up_for_the_block_that_kills():
    schedule = schedule_for(2, workers='a')
    list(schedule.assign())
    schedule.lose('a')
    schedule.add('b')
    assert numbered(schedule.assign()) == [('b', 0)]
    (again,) = schedule.lose('b')
    assert (again[0].index, again[1]) == (0, 2)


def test_at_least_one_block_a_worker():
    with pytest.raises(ConfigError, match='in_flight is 0'):
        schedule_for(1, in_flight=0)


@given(
    count=st.integers(1, 40),
    in_flight=st.integers(1, 4),
    workers=st.integers(1, 5),
    choices=st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), max_size=200),
)
def test_every_block_is_done_once_whatever_dies(count, in_flight, workers, choices):
    schedule = schedule_for(count, in_flight=in_flight, workers=range(workers))
    held, done, fresh, ever_lost = {n: [] for n in range(workers)}, Counter(), workers, set()
    events = iter(choices)
    while not schedule.finished:
        for worker, block in schedule.assign():
            held[worker].append(block)
            assert len(held[worker]) <= in_flight
            indices = {block.index for block in held[worker]}
            assert len(indices) == 1 or not indices & ever_lost
        pick, dies = next(events, (0, False))
        busy = [worker for worker in held if held[worker]]
        worker = busy[pick % len(busy)]
        if dies:
            lost = schedule.lose(worker)
            assert {block.index for block, _ in lost} == {b.index for b in held.pop(worker)}
            ever_lost |= {block.index for block, _ in lost}
            held[fresh] = []
            schedule.add(fresh)
            fresh += 1
        else:
            block = held[worker].pop(0)
            schedule.done(worker, block)
            ever_lost.discard(block.index)
            done[block.index] += 1
    assert done == Counter(range(count))
