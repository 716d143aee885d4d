"""Folders of image chips and landslide masks."""

from __future__ import annotations

from pathlib import Path

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from dfpenet_mm.errors import InputFileError


@DATASETS.register_module()
class LandslideDataset(BaseSegDataset):
    """Image chips under one folder, masks of the same names under another.

    Args as of mmseg's ``BaseSegDataset``; by default images and masks are PNG files in
    ``images/`` and ``masks/`` under ``data_root``. Values of the mask files are mapped
    to classes by the ``LoadRasterMask`` transform.

    Raises:
        InputFileError: when the folder holds no image, or an image has no mask.

    Source: section 4.1.1, the landslide database.
    """

    METAINFO = {'classes': ('background', 'landslide'), 'palette': [[0, 0, 0], [255, 0, 0]]}

    def __init__(
        self,
        *,
        data_root: str,
        data_prefix: dict | None = None,
        img_suffix: str = '.png',
        seg_map_suffix: str = '.png',
        **base_settings,
    ) -> None:
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix or {'img_path': 'images', 'seg_map_path': 'masks'},
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix,
            **base_settings,
        )

    def load_data_list(self) -> list[dict]:
        """List the chips, sorted by path, after checking that every mask is there."""
        folder = Path(self.data_prefix['img_path'])
        chips = super().load_data_list() if folder.is_dir() else []
        if not chips:
            raise InputFileError(
                f'{folder} holds no image ending in {self.img_suffix}; '
                f'set data_root, data_prefix and img_suffix in the config to where they are'
            )
        lost = [chip['seg_map_path'] for chip in chips if not Path(chip['seg_map_path']).is_file()]
        if lost:
            raise InputFileError(
                f'{len(lost)} of {len(chips)} images have no mask, the first is {lost[0]}; '
                f'add the masks or take their images away'
            )
        return chips
