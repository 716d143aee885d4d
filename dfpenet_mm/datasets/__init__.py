"""Data sets and their transforms, registered in mmseg's DATASETS and TRANSFORMS."""

from dfpenet_mm.datasets.isprs import IsprsDataset, PotsdamTileDataset, VaihingenDataset
from dfpenet_mm.datasets.landslide import LandslideDataset
from dfpenet_mm.datasets.loading import LoadRasterImage, LoadRasterMask
from dfpenet_mm.datasets.pixel_size import RandomPixelSize
from dfpenet_mm.datasets.transforms import (
    MatchBandStatistics,
    RandomGaussianBlur,
    RandomPercentileStretch,
    RandomSensor,
)

__all__ = [
    'IsprsDataset',
    'LandslideDataset',
    'LoadRasterImage',
    'LoadRasterMask',
    'MatchBandStatistics',
    'PotsdamTileDataset',
    'RandomGaussianBlur',
    'RandomPercentileStretch',
    'RandomPixelSize',
    'RandomSensor',
    'VaihingenDataset',
]
