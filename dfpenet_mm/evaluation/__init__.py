"""Metrics, registered in mmseg's METRICS."""

from .landslide_metric import LandslideMetric
from .segmentation_metric import SegmentationMetric

__all__ = ['LandslideMetric', 'SegmentationMetric']
