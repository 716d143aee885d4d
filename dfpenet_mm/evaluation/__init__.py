"""Metrics, registered in mmseg's METRICS."""

from .landslide_metric import LandslideMetric

__all__ = ['LandslideMetric']
