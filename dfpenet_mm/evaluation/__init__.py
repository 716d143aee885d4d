"""Metrics, registered in mmseg's METRICS."""

from dfpenet_mm.evaluation.metrics import LandslideMetric, SegmentationMetric

__all__ = ['LandslideMetric', 'SegmentationMetric']
