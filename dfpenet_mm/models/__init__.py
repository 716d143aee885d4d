"""DFPENet's backbone, neck and head, registered in mmseg's MODELS."""

from .backbones import ResNetStemFeatures
from .decode_heads import DFPEHead
from .necks import DFPENeck

__all__ = ['DFPEHead', 'DFPENeck', 'ResNetStemFeatures']
