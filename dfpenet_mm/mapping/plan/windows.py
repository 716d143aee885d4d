"""The plan: which windows of a scene are predicted, in which blocks and batches.

The plan depends on integers only, so every worker and every restart makes the same one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid


def axis_offsets(size: int, window: int, stride: int, phase: int = 0) -> tuple[int, ...]:
    """Place windows along one axis so that they cover it.

    Args:
        size: length of the axis, pixels.
        window: length of a window, pixels.
        stride: step from window to window, pixels, in [1, window].
        phase: a place where a window may begin, and any number of strides before and behind it.

    Returns:
        Increasing offsets without duplicates. The first and the last window are shifted inside;
        an axis shorter than a window gets the one offset 0.
    """
    last = max(size - window, 0)
    return tuple(sorted({0, last, *range(phase % stride, last, stride)}))


def ground_phase(grid: RasterGrid, stride: int) -> tuple[int, int]:
    """Tell where windows of a grid begin if they are to lie on the ground, not in the image.

    A network answers a little otherwise wherever its window lies. Counted from the origin of
    the CRS, a cut-out has the windows of the whole scene, but for those at its edges.

    Args:
        grid: of the scene.
        stride: step from window to window, pixels.

    Returns:
        The phase along rows and columns, for ``WindowPlan``.
    """
    col, row = ~grid.transform @ (0.0, 0.0)
    # Grids are often half a pixel off the origin: what is rounded there may fall on either side.
    return math.floor(row + 0.25) % stride, math.floor(col + 0.25) % stride


# Windows in a block unless told otherwise: at 512 pixels and a stride of 384 some 6,000 pixels, so
# that a scene of 100,000 x 20,000 has 850 blocks, enough for many workers, and losing the one at
# work costs seconds.
BLOCK_WINDOWS = 16


@dataclass(frozen=True)
class Block:
    """Neighbouring windows of one row: the unit of work, of resume and of distribution.

    Args:
        index: place in the plan, from 0, row after row.
        row: its row of windows, from 0.
        segment: its place in that row, from 0.
        windows: windows from left to right, all of the same rows.
        batch_size: most windows in one call of the predictor.
    """

    index: int
    row: int
    segment: int
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
    def col_off(self) -> int:
        """First column of the scene in the block."""
        return self.windows[0].col_off

    @property
    def width(self) -> int:
        """Columns in the block."""
        last = self.windows[-1]
        return last.col_off + last.width - self.col_off

    @property
    def batches(self) -> tuple[tuple[Window, ...], ...]:
        """The windows in order, in chunks of ``batch_size``."""
        starts = range(0, len(self.windows), self.batch_size)
        return tuple(self.windows[start : start + self.batch_size] for start in starts)


@dataclass(frozen=True)
class WindowPlan:
    """Windows of one size over one scene.

    A stride equal to the window tiles the scene as the paper does (section 3.3, phase 1 (2)).

    Args:
        shape: (rows, cols) of the scene.
        window: side of a window, pixels.
        stride: step from window to window, pixels, in [1, window].
        batch_size: most windows in one call of the predictor.
        block_windows: most windows in a block; more if a batch is larger.
        phase: row and column at which a window may begin, see ``ground_phase``.

    Raises:
        ConfigError: if a number is out of its range.
    """

    shape: tuple[int, int]
    window: int
    stride: int
    batch_size: int = 1
    block_windows: int = BLOCK_WINDOWS
    phase: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.window < 1 or not 1 <= self.stride <= self.window:
            raise ConfigError(
                f'window {self.window} with stride {self.stride} leaves gaps; '
                f'give a window of at least 1 pixel and a stride in [1, window]'
            )
        for name in ('batch_size', 'block_windows'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name} is {getattr(self, name)}; give at least 1')

    @cached_property
    def row_offsets(self) -> tuple[int, ...]:
        """First row of every row of windows."""
        return axis_offsets(self.shape[0], self.window, self.stride, self.phase[0])

    @cached_property
    def col_offsets(self) -> tuple[int, ...]:
        """First column of every window of a row."""
        return axis_offsets(self.shape[1], self.window, self.stride, self.phase[1])

    @cached_property
    def segments(self) -> tuple[tuple[int, ...], ...]:
        """``col_offsets`` cut into the blocks of a row, of full batches but for the last."""
        batches = max(1, self.block_windows // self.batch_size)
        step = batches * self.batch_size
        starts = range(0, len(self.col_offsets), step)
        return tuple(self.col_offsets[start : start + step] for start in starts)

    @property
    def window_shape(self) -> tuple[int, int]:
        """(rows, cols) of every window, cut to a scene smaller than the window."""
        return min(self.window, self.shape[0]), min(self.window, self.shape[1])

    @property
    def block_count(self) -> int:
        """Number of blocks."""
        return len(self.row_offsets) * len(self.segments)

    def window_count(self, index: int) -> int:
        """Count the windows of block ``index``."""
        return len(self.segments[index % len(self.segments)])

    def block(self, index: int) -> Block:
        """Return block ``index``."""
        height, width = self.window_shape
        row, segment = divmod(index, len(self.segments))
        windows = tuple(
            Window(col, self.row_offsets[row], width, height) for col in self.segments[segment]
        )
        return Block(index, row, segment, windows, self.batch_size)

    @property
    def blocks(self) -> Iterator[Block]:
        """Blocks from left to right, row after row."""
        return map(self.block, range(self.block_count))

    def __len__(self) -> int:
        """Count the windows."""
        return len(self.row_offsets) * len(self.col_offsets)
