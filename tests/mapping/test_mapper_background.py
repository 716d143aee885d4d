import threading

import pytest

from dfpenet_mm.mapping.mapper import Background


def test_items_are_worked_off_in_order_beside_the_caller():
    seen, threads = [], set()

    def consume(item):
        threads.add(threading.current_thread())
        seen.append(item)

    with Background(consume, 2) as background:
        for item in range(50):
            background.put(item)
    assert seen == list(range(50))
    assert threading.current_thread() not in threads


def test_no_more_than_depth_items_wait():
    gate, seen = threading.Event(), []

    def consume(item):
        gate.wait(10)
        seen.append(item)

    with Background(consume, 1) as background:
        background.put(0)
        background.put(1)
        third = threading.Thread(target=background.put, args=(2,))
        third.start()
        third.join(0.3)
        assert third.is_alive()
        gate.set()
        third.join(10)
    assert seen == [0, 1, 2]


def test_an_error_comes_out_of_a_later_put_and_ends_the_work():
    def consume(item):
        raise OSError(f'disk full at {item}')

    def fill():
        with Background(consume, 1) as background:
            for item in range(100):
                background.put(item)

    with pytest.raises(OSError, match='disk full at 0'):
        fill()


def test_an_error_at_the_end_comes_out_too():
    def consume(item):
        raise OSError(f'disk full at {item}')

    def fill():
        with Background(consume, 5) as background:
            background.put(0)

    with pytest.raises(OSError, match='disk full'):
        fill()


def test_when_the_caller_fails_what_was_handed_in_is_still_done():
    seen = []

    def fill():
        with Background(seen.append, 5) as background:
            background.put(1)
            background.put(2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert seen == [1, 2]
