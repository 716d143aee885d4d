"""ISPRS Potsdam: 38 aerial tiles of a city."""

from __future__ import annotations

from mmseg.registry import DATASETS

from dfpenet_mm.datasets.isprs import IsprsDataset


# mmseg has taken the name PotsdamDataset for folders of chips whose labels start at 1.
@DATASETS.register_module()
class PotsdamTileDataset(IsprsDataset):
    """Windows of Potsdam's tiles: RGB, IRRG or RGB and infrared; 5 cm; six classes.

    ``tools/dataset_converters/potsdam.py`` prepares it. Arguments as of ``IsprsDataset``.

    Source: ISPRS 2D Semantic Labeling Contest.
    """
