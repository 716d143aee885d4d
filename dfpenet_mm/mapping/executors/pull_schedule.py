"""The order in which blocks are handed to many workers, some of which may be lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.plan.windows import Block


class PullSchedule:
    """Hands out blocks near their order, a few at a time to a worker; starts and calls nothing.

    A block that was with a worker when that was lost may be what killed it. It is tried again
    alone on an idle worker, before all others, so that it is known which block kills.

    Args:
        blocks: what is to be done, read as it is handed out.
        in_flight: most blocks with a worker at once: the one at work and those that it may read
            ahead. Results that wait to be fetched count, which bounds the memory they take.

    Raises:
        ConfigError: if ``in_flight`` is less than 1.
    """

    def __init__(self, blocks: Iterable[Block], *, in_flight: int) -> None:
        if in_flight < 1:
            raise ConfigError(f'in_flight is {in_flight}; give at least 1 block a worker')
        self._blocks = iter(blocks)
        self._next = next(self._blocks, None)
        self._in_flight = in_flight
        self._held: dict[int, dict[int, Block]] = {}
        self._suspects: deque[Block] = deque()
        self._losses: dict[int, int] = {}

    @property
    def finished(self) -> bool:
        """True once every block is done."""
        waiting = self._next is not None or self._suspects
        return not waiting and not any(self._held.values())

    def add(self, worker: int) -> None:
        """Take up a worker that is ready for blocks."""
        self._held[worker] = {}

    def assign(self) -> Iterator[tuple[int, Block]]:
        """Hand out all that may be handed out now, to the emptiest worker first."""
        while self._held:
            worker = min(self._held, key=self._load)
            block = self._take(worker)
            if block is None:
                return
            self._held[worker][block.index] = block
            yield worker, block

    def _load(self, worker: int) -> int:
        held = self._held[worker]
        alone = any(index in self._losses for index in held)
        return self._in_flight if alone else len(held)

    def _take(self, worker: int) -> Block | None:
        load = self._load(worker)
        if self._suspects:
            # Nobody gets a further block before a worker has run empty for this one.
            return self._suspects.popleft() if load == 0 else None
        if load >= self._in_flight or self._next is None:
            return None
        block, self._next = self._next, next(self._blocks, None)
        return block

    def done(self, worker: int, block: Block) -> None:
        """Take a block off: its result is here."""
        del self._held[worker][block.index]

    def lose(self, worker: int) -> list[tuple[Block, int]]:
        """Take a lost worker off; its blocks will be handed out again.

        Returns:
            Its blocks, each with how many workers were lost over it so far. More than one
            means that the block was alone with all but the first.
        """
        blocks = sorted(self._held.pop(worker, {}).values(), key=lambda block: block.index)
        for block in blocks:
            self._losses[block.index] = self._losses.get(block.index, 0) + 1
        self._suspects.extend(blocks)
        return [(block, self._losses[block.index]) for block in blocks]
