"""The plan: which windows of a scene are predicted, in which blocks and batches.

The plan depends on integers only, so every worker and every restart makes the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError


def axis_offsets(size: int, window: int, stride: int) -> tuple[int, ...]:
    """Place windows along one axis so that they cover it.

    Args:
        size: length of the axis, pixels.
        window: length of a window, pixels.
        stride: step from window to window, pixels, in [1, window].

    Returns:
        Increasing offsets without duplicates. The last window is shifted back inside;
        an axis shorter than a window gets the one offset 0.
    """
    last = max(size - window, 0)
    return (*range(0, last, stride), last)


@dataclass(frozen=True)
class Block:
    """One row of windows: the unit of work, of resume and of distribution.

    Args:
        index: place in the plan, from 0.
        windows: windows from left to right, all of the same rows.
        batch_size: most windows in one call of the predictor.
    """

    index: int
    windows: tuple[Window, ...]
    batch_size: int

    @property
    def row_off(self) -> int:
        """First row of the scene in the block."""
        return self.windows[0].row_off

    @property
    def height(self) -> int:
        """Rows in the block."""
        return self.windows[0].height

    @property
    def batches(self) -> tuple[tuple[Window, ...], ...]:
        """The windows in order, in chunks of ``batch_size``."""
        starts = range(0, len(self.windows), self.batch_size)
        return tuple(self.windows[start : start + self.batch_size] for start in starts)


@dataclass(frozen=True)
class WindowPlan:
    """Windows of one size over one scene.

    A stride equal to the window tiles the scene as the paper does (section 3.3 (1)).

    Args:
        shape: (rows, cols) of the scene.
        window: side of a window, pixels.
        stride: step from window to window, pixels, in [1, window].
        batch_size: most windows in one call of the predictor.

    Raises:
        ConfigError: if a number is out of its range.
    """

    shape: tuple[int, int]
    window: int
    stride: int
    batch_size: int = 1

    def __post_init__(self) -> None:
        if self.window < 1 or not 1 <= self.stride <= self.window:
            raise ConfigError(
                f'window {self.window} with stride {self.stride} leaves gaps; '
                f'give a window of at least 1 pixel and a stride in [1, window]'
            )
        if self.batch_size < 1:
            raise ConfigError(f'batch_size is {self.batch_size}; give at least 1')

    @cached_property
    def row_offsets(self) -> tuple[int, ...]:
        """First row of every block."""
        return axis_offsets(self.shape[0], self.window, self.stride)

    @cached_property
    def col_offsets(self) -> tuple[int, ...]:
        """First column of every window of a block."""
        return axis_offsets(self.shape[1], self.window, self.stride)

    @property
    def window_shape(self) -> tuple[int, int]:
        """(rows, cols) of every window, cut to a scene smaller than the window."""
        return min(self.window, self.shape[0]), min(self.window, self.shape[1])

    def block(self, index: int) -> Block:
        """Return block ``index``."""
        height, width = self.window_shape
        row_off = self.row_offsets[index]
        windows = tuple(Window(col, row_off, width, height) for col in self.col_offsets)
        return Block(index, windows, self.batch_size)

    @property
    def blocks(self) -> Iterator[Block]:
        """Blocks from top to bottom."""
        return map(self.block, range(len(self.row_offsets)))

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.row_offsets) * len(self.col_offsets)
