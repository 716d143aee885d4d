"""Registries of the mapping engine, with a scope of their own (see ``dfpenet_mm.components``)."""

from __future__ import annotations

from mmengine.registry import Registry

SCALINGS = Registry(
    'scaling', scope='dfpenet_mapping', locations=['dfpenet_mm.mapping.scene.scaling']
)
PREDICTORS = Registry(
    'predictor',
    scope='dfpenet_mapping',
    locations=[
        'dfpenet_mm.mapping.network.predictor_torch',
        'dfpenet_mm.mapping.network.predictor_openvino',
    ],
)
