"""The building blocks of the neck."""

from .aspp import ASPP
from .feature_filter import AttentionGate, FeatureFilter, GatedConvolution, fitting_norm

__all__ = ['ASPP', 'AttentionGate', 'FeatureFilter', 'GatedConvolution', 'fitting_norm']
