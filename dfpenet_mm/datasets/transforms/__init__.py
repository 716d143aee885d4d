"""Transforms that mmseg lacks."""

from .band_statistics import MatchBandStatistics
from .gaussian_blur import RandomGaussianBlur
from .loading import LoadRasterImage, LoadRasterMask

__all__ = ['LoadRasterImage', 'LoadRasterMask', 'MatchBandStatistics', 'RandomGaussianBlur']
