"""Backbones."""

from .resnet_stem_features import ResNetStemFeatures

__all__ = ['ResNetStemFeatures']
