"""Data sets and their transforms, registered in mmseg's DATASETS and TRANSFORMS."""

from .isprs import IsprsDataset
from .landslide import LandslideDataset
from .potsdam import PotsdamTileDataset
from .transforms import LoadRasterImage, LoadRasterMask, MatchBandStatistics, RandomGaussianBlur
from .vaihingen import VaihingenDataset

__all__ = [
    'IsprsDataset',
    'LandslideDataset',
    'LoadRasterImage',
    'LoadRasterMask',
    'MatchBandStatistics',
    'PotsdamTileDataset',
    'RandomGaussianBlur',
    'VaihingenDataset',
]
