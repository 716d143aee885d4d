"""Calibration of a probability, by pixel size."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

PLATT = 'platt'


@dataclass(frozen=True)
class PlattPoint:
    """The calibration that was fitted at one pixel size.

    Args:
        pixel_size: metres.
        slope: factor of the logit.
        intercept: what is added to it.
    """

    pixel_size: float
    slope: float
    intercept: float


@dataclass(frozen=True)
class PlattCalibration:
    """Calibrations by pixel size: p' = sigmoid(slope * logit(p) + intercept).

    Args:
        points: by growing pixel size, at least one.
        fitted_on: the data, in words.
    """

    points: tuple[PlattPoint, ...]
    fitted_on: str

    def at(self, pixel_size: float) -> tuple[float, float]:
        """Interpolate slope and intercept, linearly in the logarithm of the pixel size.

        Args:
            pixel_size: metres; beyond the first and last point theirs hold.
        """
        for left, right in itertools.pairwise(self.points):
            if left.pixel_size <= pixel_size <= right.pixel_size:
                way = math.log(pixel_size / left.pixel_size)
                way /= math.log(right.pixel_size / left.pixel_size)
                return (
                    left.slope + way * (right.slope - left.slope),
                    left.intercept + way * (right.intercept - left.intercept),
                )
        end = self.points[0 if pixel_size < self.points[0].pixel_size else -1]
        return end.slope, end.intercept
