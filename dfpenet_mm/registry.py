"""The scope ``dfpenet_mm``: names of mmsegmentation's that read rasters here.

mmengine imports this module by itself wherever a config says ``_scope_='dfpenet_mm'``. What has
a name of its own is registered in mmseg's registries.
"""

from mmengine.registry import Registry
from mmseg.registry import TRANSFORMS as MMSEG_TRANSFORMS

# mmseg's inferencer and ``inference_model`` look for LoadImageFromFile and LoadAnnotations by
# name, and exchange the former for LoadImageFromNDArray.
TRANSFORMS = Registry(
    'transform',
    parent=MMSEG_TRANSFORMS,
    scope='dfpenet_mm',
    locations=['dfpenet_mm.datasets.loading'],
)
