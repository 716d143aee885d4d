"""Registries of the mapping engine, with a scope of their own (see ``dfpenet_mm.components``)."""

from __future__ import annotations

from mmengine.registry import Registry

SCALINGS = Registry('scaling', scope='dfpenet_mapping', locations=['dfpenet_mm.mapping.scaling'])
PREDICTORS = Registry(
    'predictor',
    scope='dfpenet_mapping',
    locations=['dfpenet_mm.mapping.predictor_torch', 'dfpenet_mm.mapping.predictor_openvino'],
)
