"""Work that is done in a thread beside the one that hands it out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from typing import Generic, Self, TypeVar

Item = TypeVar('Item')
# How often a thread that waits for room looks whether the other one has given up, seconds.
PATIENCE = 0.1


class Background(Generic[Item]):
    """Calls a function for one item after the other in a thread, a few items behind.

    Use it as a context manager: leaving it, after an error too, waits until all items handed in
    are worked off. What the function raises comes out of ``put`` or at the end.

    Args:
        consume: called with each item, in order.
        depth: most items that wait; ``put`` blocks beyond.
    """

    def __init__(self, consume: Callable[[Item], None], depth: int) -> None:
        self._consume = consume
        # The item, or nothing at the end.
        self._items: Queue[tuple[Item, ...]] = Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name='background', daemon=True)

    def put(self, item: Item) -> None:
        """Hand in an item.

        Raises:
            Exception: what the function raised for an earlier one.
        """
        self._put((item,))
        self._raise_error()

    def _put(self, entry: tuple[Item, ...]) -> None:
        waiting = True
        while waiting and self._thread.is_alive():
            with suppress(Full):
                self._items.put(entry, timeout=PATIENCE)
                waiting = False

    def _work(self) -> None:
        while entry := self._items.get():
            try:
                self._consume(*entry)
            except BaseException as error:
                # Whatever it is, it belongs to the other thread.
                self._error = error
                return
            # What is large is not kept until the next one comes.
            del entry

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._put(())
        self._thread.join()
        if kind is None:
            self._raise_error()
