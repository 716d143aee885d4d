"""Transforms that mmseg lacks."""

from .loading import LoadRasterImage, LoadRasterMask

__all__ = ['LoadRasterImage', 'LoadRasterMask']
