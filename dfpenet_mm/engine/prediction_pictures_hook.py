"""Pictures of predictions: the same few chips at every validation, all of a test as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from PIL import Image
from torch import Tensor, nn

from dfpenet_mm.vocabulary import IGNORED

GAP = 2
WHITE = 255


@HOOKS.register_module()
class PredictionPicturesHook(Hook):
    """Give chip, truth and prediction, side by side, to the visualiser's backends.

    mmseg's ``SegVisualizationHook`` reads the image file again, as an 8-bit picture, and shows
    what chance puts in first place. This one takes the chip as the network got it, of any
    number of bands and any type, and always the same ones, spread over the data set.

    Args:
        count: pictures a validation; 0 for none. In a distributed run the first process
            takes them from its share.
        bands: positions of the bands shown as red, green and blue, from 0.
    """

    def __init__(self, *, count: int = 4, bands: Sequence[int] = (0, 1, 2)) -> None:
        self.count = count
        self.bands = tuple(bands)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[SegDataSample]
    ) -> None:
        """Add the picture of a batch's first chip, if it is one of the chosen batches."""
        chosen = spread(self.count, len(runner.val_dataloader))
        if batch_idx not in chosen:
            return
        sample, palette = outputs[0], runner.val_dataloader.dataset.metainfo['palette']
        picture = draw_sample(runner.model, palette, data_batch['inputs'][0], sample, self.bands)
        name = f'val_{chosen.index(batch_idx)}_{Path(sample.img_path).stem}'
        runner.visualizer.add_image(name, picture, step=runner.iter)


@HOOKS.register_module()
class PredictionFilesHook(Hook):
    """Write what a network makes of every sample of a test set, one PNG each.

    Files are called as the image, and the row and column of its window where the data set has
    such; of several samples of one name the second and further get a number.

    Args:
        out: folder of the predicted classes, 8-bit grey values from 0; None for none.
        pictures: folder of chip, truth and prediction side by side; None for none.
        bands: positions of the bands shown as red, green and blue, from 0.
    """

    def __init__(
        self,
        *,
        out: str | None = None,
        pictures: str | None = None,
        bands: Sequence[int] = (0, 1, 2),
    ) -> None:
        self.out, self.pictures = (Path(name) if name else None for name in (out, pictures))
        self.bands = tuple(bands)
        self._names: Iterator[str] = iter(())

    def before_test(self, runner: Runner) -> None:
        """Make the folders, and name the samples that this process of the run will see."""
        folders = [folder for folder in (self.out, self.pictures) if folder]
        if not folders:
            return
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        names = file_names(runner.test_dataloader.dataset)
        self._names = (names[index] for index in runner.test_dataloader.sampler)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,  # noqa: ARG002 - mmengine names it
        data_batch: dict,
        outputs: Sequence[SegDataSample],
    ) -> None:
        """Write the files of a batch."""
        inputs = data_batch['inputs']
        if isinstance(inputs[0], (list, tuple)):
            inputs = inputs[0]  # test-time augmentation begins with the chip as it is
        for chip, sample in zip(inputs, outputs, strict=True):
            name = next(self._names)
            if self.out:
                prediction = sample.pred_sem_seg.data[0].cpu().numpy()
                Image.fromarray(prediction.astype(np.uint8)).save(self.out / name)
            if self.pictures:
                palette = runner.test_dataloader.dataset.metainfo['palette']
                picture = draw_sample(runner.model, palette, chip, sample, self.bands)
                Image.fromarray(picture).save(self.pictures / name)


def file_names(dataset: BaseDataset) -> list[str]:
    """Name a PNG for every sample of a data set, in its order."""
    taken: Counter[str] = Counter()
    names = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        name = '_'.join([Path(info['img_path']).stem, *map(str, info.get('window', ())[:2])])
        taken[name] += 1
        names.append(f'{name}.png' if taken[name] == 1 else f'{name}_{taken[name]}.png')
    return names


def spread(count: int, length: int) -> list[int]:
    """Choose numbers below ``length``, evenly spread from 0; at most ``count`` of them."""
    return sorted({index * length // count for index in range(count)}) if length else []


def rgb_picture(chip: np.ndarray, bands: Sequence[int]) -> np.ndarray:
    """Turn a chip into a picture.

    Args:
        chip: values of any type, shape (bands, rows, cols).
        bands: positions of the bands to show; a chip that lacks one is shown in grey.

    Returns:
        uint8, shape (rows, cols, 3). 8-bit values stay; others stretch between their 2nd and
        98th percentile.
    """
    shown = bands if max(bands) < len(chip) else (0, 0, 0)
    picture = np.moveaxis(chip[list(shown)], 0, -1)
    if picture.dtype == np.uint8:
        return np.ascontiguousarray(picture)
    values = np.nan_to_num(picture.astype(np.float32))
    low, high = np.percentile(values, (2, 98))
    scaled = (values - low) / max(high - low, np.finfo(np.float32).tiny)
    return (scaled.clip(0, 1) * 255).astype(np.uint8)


def draw_sample(
    model: nn.Module,
    palette: Sequence[Sequence[int]],
    chip: Tensor,
    sample: SegDataSample,
    bands: Sequence[int],
) -> np.ndarray:
    """Draw a sample as ``draw_prediction`` does; one without labels has no coloured truth.

    Args:
        model: the network that made the prediction.
        palette: RGB of every class.
        chip: as the network got it, shape (bands, rows, cols).
        sample: with the prediction.
        bands: positions of the bands to show, from 0.
    """
    values = chip.cpu().numpy()
    prediction = sample.pred_sem_seg.data[0].cpu().numpy()
    truth = sample.get('gt_sem_seg')
    return draw_prediction(
        rgb_picture(values[::-1] if swaps_channels(model) else values, bands),
        truth=np.full_like(prediction, IGNORED) if truth is None else truth.data[0].cpu().numpy(),
        prediction=prediction,
        palette=np.array(palette, np.uint8),
    )


def draw_prediction(
    picture: np.ndarray, *, truth: np.ndarray, prediction: np.ndarray, palette: np.ndarray
) -> np.ndarray:
    """Put a chip, its true classes and the predicted ones side by side.

    Args:
        picture: uint8, shape (rows, cols, 3).
        truth: classes, shape (rows', cols'); what is outside of the palette is left uncoloured.
        prediction: likewise.
        palette: uint8 RGB of every class, shape (classes, 3).

    Returns:
        uint8, shape (rows', 3 * cols' + 4, 3), with the picture brought to (rows', cols').
    """
    rows, cols = prediction.shape
    if picture.shape[:2] != (rows, cols):
        picture = mmcv.imresize(picture, (cols, rows))
    panels = [picture, _tinted(picture, truth, palette), _tinted(picture, prediction, palette)]
    gap = np.full((rows, GAP, 3), WHITE, np.uint8)
    return np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)


def _tinted(picture: np.ndarray, classes: np.ndarray, palette: np.ndarray) -> np.ndarray:
    known = (classes >= 0) & (classes < len(palette))
    tinted = picture.copy()
    colours = palette[classes[known].astype(np.intp)]
    tinted[known] = (picture[known].astype(np.uint16) + colours) // 2
    return tinted


def swaps_channels(model: nn.Module) -> bool:
    """Tell whether a network, wrapped or not, turns the order of the bands it is given."""
    network: Any = model
    while is_model_wrapper(network) or isinstance(network, BaseTTAModel):
        network = network.module
    return bool(getattr(network.data_preprocessor, '_channel_conversion', False))
