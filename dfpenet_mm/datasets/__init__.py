"""Data sets and their transforms, registered in mmseg's DATASETS and TRANSFORMS."""

from .landslide import LandslideDataset
from .transforms import LoadRasterImage, LoadRasterMask

__all__ = ['LandslideDataset', 'LoadRasterImage', 'LoadRasterMask']
