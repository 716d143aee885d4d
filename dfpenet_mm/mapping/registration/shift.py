"""The shift of the pre-event image against the post-event one, in metres, and its certainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from dfpenet_mm.errors import PreEventError
from dfpenet_mm.wording import metres

# Windows that must show the same ground before their median is believed.
LEAST_WINDOWS = 3
# Largest shift unless told otherwise, in pixels of the coarser image. The smallest landslide
# that the paper keeps has 25 pixels: at two pixels it still covers itself by half, the share
# that the temporal difference asks for.
LARGEST_PIXELS = 2.0


@dataclass(frozen=True)
class WindowShift:
    """The shift that one window shows.

    Args:
        x: easting or longitude of its middle, map units.
        y: northing or latitude of its middle, map units.
        dx_m: metres by which the pre-event image lies too far in the direction of x.
        dy_m: likewise of y.
        quality: share of the spectrum that agrees, in [0, 1].
        used: whether the quality tells the shift from chance.
    """

    x: float
    y: float
    dx_m: float
    dy_m: float
    quality: float
    used: bool


@dataclass(frozen=True)
class MeasuredShift:
    """The shift of an image, told by all windows together.

    Args:
        windows: those that are valid in both scenes.
        pixel_m: side of a pixel of the coarser scene, metres.
        side: of a window, pixels of the post-event scene.
    """

    windows: tuple[WindowShift, ...]
    pixel_m: float
    side: int

    @property
    def vectors(self) -> np.ndarray:
        """Shifts of the windows that are used, metres, shape (windows, 2): x and y."""
        used = [(window.dx_m, window.dy_m) for window in self.windows if window.used]
        return np.array(used, float).reshape(-1, 2)

    @property
    def median(self) -> tuple[float, float]:
        """Their median in x and in y, metres; NaN without any."""
        if not len(self.vectors):
            return math.nan, math.nan
        dx_m, dy_m = np.median(self.vectors, axis=0).tolist()
        return dx_m, dy_m

    @property
    def length_m(self) -> float:
        """Length of the median, metres; NaN without any window."""
        return math.hypot(*self.median)

    @property
    def spread_m(self) -> float:
        """Metres within which half of the windows lie around the median; NaN without any."""
        if not len(self.vectors):
            return math.nan
        return float(np.median(np.hypot(*(self.vectors - self.median).T)))

    @property
    def certain(self) -> bool:
        """True if enough windows agree, to two pixels or to half of the shift itself."""
        if len(self.vectors) < LEAST_WINDOWS:
            return False
        return self.spread_m <= max(LARGEST_PIXELS * self.pixel_m, 0.5 * self.length_m)

    @property
    def doubt(self) -> str | None:
        """A sentence that says why the shift cannot be told; None if it can."""
        if self.certain:
            return None
        used, tried = len(self.vectors), len(self.windows)
        finding = (
            f'the same ground shows in only {used} of {tried} windows that are valid in both'
            if used < LEAST_WINDOWS
            else f'{used} windows disagree by {self.spread_m:.3g} m'
        )
        return (
            f'the shift between the pre-event and the post-event image could not be measured '
            f'({finding}); lay one over the other and see whether roads and rivers meet before '
            f'believing what was removed'
        )

    def largest(self, max_shift_m: float | None) -> float:
        """Return the largest shift allowed, metres: the given one or two pixels."""
        return LARGEST_PIXELS * self.pixel_m if max_shift_m is None else max_shift_m

    def require_small(self, max_shift_m: float | None, name: str) -> None:
        """Refuse a pre-event image that certainly lies too far off.

        Args:
            max_shift_m: largest shift allowed, metres; None for ``LARGEST_PIXELS`` pixels.
            name: of the image.

        Raises:
            PreEventError: saying how far, and what to do.
        """
        limit = self.largest(max_shift_m)
        if self.certain and self.length_m > limit:
            dx, dy = self.median
            raise PreEventError(
                f'the pre-event image {name} lies {metres(self.length_m)} m off the post-event one '
                f'(x {dx:+.3g} m, y {dy:+.3g} m, {self.length_m / self.pixel_m:.1f} pixels, '
                f'median of {len(self.vectors)} windows), wanted are at most {metres(limit)} m; '
                f'co-register it, for example by taking this shift off its origin with '
                f'gdal_edit.py -a_ullr, or allow it with --max-shift METRES'
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a summary; null for what is not known."""
        dx, dy = self.median
        numbers = {
            'dx_m': dx,
            'dy_m': dy,
            'length_m': self.length_m,
            'length_pixels': self.length_m / self.pixel_m,
            'spread_m': self.spread_m,
        }
        used = [window.quality for window in self.windows if window.used]
        return {
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            'certain': self.certain,
            'windows_used': len(used),
            'windows_valid': len(self.windows),
            'window_pixels': self.side,
            'quality': float(np.median(used)) if used else None,
        }
