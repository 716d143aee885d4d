"""DFPENet's backbone, neck and head, registered in mmseg's MODELS."""

from dfpenet_mm.models.band_weights import AnyBandPreProcessor
from dfpenet_mm.models.dfpe_head import DFPEHead
from dfpenet_mm.models.dfpe_neck import DFPENeck
from dfpenet_mm.models.efficientnet_lite import EfficientNetLite
from dfpenet_mm.models.frozen_encoder_decoder import FrozenEncoderDecoder
from dfpenet_mm.models.losses import LabelledCrossEntropyLoss, LabelledDiceLoss, LabelledFocalLoss
from dfpenet_mm.models.mean_of_views import MeanOfViews
from dfpenet_mm.models.resnet_stem_features import ResNetStemFeatures

__all__ = [
    'AnyBandPreProcessor',
    'DFPEHead',
    'DFPENeck',
    'EfficientNetLite',
    'FrozenEncoderDecoder',
    'LabelledCrossEntropyLoss',
    'LabelledDiceLoss',
    'LabelledFocalLoss',
    'MeanOfViews',
    'ResNetStemFeatures',
]
