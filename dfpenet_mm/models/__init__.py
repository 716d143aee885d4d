"""DFPENet's backbone, neck and head, registered in mmseg's MODELS."""

from .backbones import ResNetStemFeatures
from .data_preprocessors import AnyBandPreProcessor
from .decode_heads import DFPEHead
from .losses import LabelledCrossEntropyLoss, LabelledDiceLoss, LabelledFocalLoss
from .necks import DFPENeck
from .segmentors import FrozenEncoderDecoder

__all__ = [
    'AnyBandPreProcessor',
    'DFPEHead',
    'DFPENeck',
    'FrozenEncoderDecoder',
    'LabelledCrossEntropyLoss',
    'LabelledDiceLoss',
    'LabelledFocalLoss',
    'ResNetStemFeatures',
]
