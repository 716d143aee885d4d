"""ISPRS Vaihingen: 33 aerial false-colour tiles of a small town."""

from __future__ import annotations

from mmseg.registry import DATASETS

from dfpenet_mm.datasets.isprs import IsprsDataset


@DATASETS.register_module()
class VaihingenDataset(IsprsDataset):
    """Windows of Vaihingen's tiles: infrared, red, green; 9 cm; six classes.

    ``tools/dataset_converters/vaihingen.py`` prepares it. Arguments as of ``IsprsDataset``.

    Source: section 3.2.5 of the paper; ISPRS 2D Semantic Labeling Contest.
    """
