"""Backbones."""

from .band_weights import any_band_backbone
from .resnet_stem_features import ResNetStemFeatures

__all__ = ['ResNetStemFeatures', 'any_band_backbone']
