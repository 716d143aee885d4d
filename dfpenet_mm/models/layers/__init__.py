"""The building blocks of the neck."""

from .aspp import ASPP
from .feature_filter import AttentionGate, FeatureFilter, GatedConvolution

__all__ = ['ASPP', 'AttentionGate', 'FeatureFilter', 'GatedConvolution']
