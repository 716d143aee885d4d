"""One confusion matrix of pixels, and the scores of its classes.

mmseg's ``IoUMetric`` counts in float32, which is exact only up to 2**24 pixels an image, drops
labels outside the classes in silence, and has no class that is counted without being averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dfpenet_mm.errors import ConfigError, GridMismatchError, RasterFormatError


def count_confusion(
    label: np.ndarray, predicted: np.ndarray, *, num_classes: int, ignore_index: int
) -> np.ndarray:
    """Count the pixels of every pair of true and predicted class.

    Args:
        label: true classes, any shape; ``ignore_index`` is not scored.
        predicted: predicted classes, same shape.
        num_classes: classes are ``0 ... num_classes - 1``.
        ignore_index: label of the pixels that are counted nowhere, such as nodata and the
            eroded boundaries of the ISPRS ground truth.

    Returns:
        int64, shape (num_classes, num_classes): row is the true class, column the predicted.

    Raises:
        GridMismatchError: if the two shapes differ.
        RasterFormatError: if a scored label or its prediction is no class.
    """
    if label.shape != predicted.shape:
        raise GridMismatchError(
            f'the ground truth has shape {label.shape}, the prediction {predicted.shape}; '
            f'load the mask at the size of the image'
        )
    scored = label != ignore_index
    true, found = label[scored].astype(np.int64), predicted[scored].astype(np.int64)
    for what, values in (('ground truth', true), ('prediction', found)):
        stray = values[(values < 0) | (values >= num_classes)]
        if stray.size:
            raise RasterFormatError(
                f'the {what} holds {stray.size} pixels of value {stray[0]} among {num_classes} '
                f'classes (0 to {num_classes - 1}, {ignore_index} is ignored); map the mask '
                f'values to classes in the config, and check num_classes'
            )
    pairs = np.bincount(true * num_classes + found, minlength=num_classes**2)
    return pairs.reshape(num_classes, num_classes)


def confusion_of_sample(
    sample: Mapping, dataset_meta: Mapping | None, ignore_index: int
) -> np.ndarray:
    """Count the pixels of one of mmseg's data samples.

    Args:
        sample: a predicted ``SegDataSample`` as mmengine hands it to a metric: a dict.
        dataset_meta: of the data set; its ``classes`` are scored.
        ignore_index: label that is not scored.

    Returns:
        As of ``count_confusion``.

    Raises:
        ConfigError: if the data set names no classes.
        GridMismatchError: if mask and prediction differ in shape; the sample is named.
        RasterFormatError: if one of them holds a value that is no class; the sample is named.
    """
    try:
        return count_confusion(
            sample['gt_sem_seg']['data'].squeeze().cpu().numpy(),
            sample['pred_sem_seg']['data'].squeeze().cpu().numpy(),
            num_classes=len(class_names(dataset_meta)),
            ignore_index=ignore_index,
        )
    except (GridMismatchError, RasterFormatError) as error:
        name = sample.get('seg_map_path') or sample.get('img_path') or 'a sample without a path'
        raise type(error)(f'{name}: {error}') from error


def class_names(dataset_meta: Mapping | None) -> tuple[str, ...]:
    """Return the names of a data set's classes.

    Raises:
        ConfigError: if it names none.
    """
    names = tuple((dataset_meta or {}).get('classes') or ())
    if not names:
        raise ConfigError(
            "the data set's metainfo names no classes, which the scores need; give them as "
            "metainfo=dict(classes=('background', 'landslide')) in its config"
        )
    return names


def against_rest(confusion: np.ndarray, chosen: Sequence[int]) -> np.ndarray:
    """Merge some classes into one, and all others into another.

    Args:
        confusion: as of ``count_confusion``.
        chosen: the classes of the first kind.

    Returns:
        Shape (2, 2), the other classes first: ``[[TN, FP], [FN, TP]]``.
    """
    chosen = list(chosen)
    tp = confusion[np.ix_(chosen, chosen)].sum()
    fp = confusion[:, chosen].sum() - tp
    fn = confusion[chosen].sum() - tp
    return np.array([[confusion.sum() - tp - fp - fn, fp], [fn, tp]])


def class_scores(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the scores of every class, in percent.

    Args:
        confusion: as of ``count_confusion``.

    Returns:
        ``precision``, ``recall``, ``F1`` and ``IoU``, shape (num_classes,) each; NaN where
        there was nothing to count: precision of a class that was never predicted, recall of
        one that never occurs, all four of one that does neither.

    Source: Eqs. 8 and 10-12.
    """
    tp = np.diagonal(confusion)
    true, found = confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        'precision': percent(tp, found),  # Eq. 10
        'recall': percent(tp, true),  # Eq. 11
        'F1': percent(2 * tp, true + found),  # Eq. 8, its fractions cleared
        'IoU': percent(tp, true + found - tp),  # Eq. 12
    }


def overall_accuracy(confusion: np.ndarray) -> float:
    """Return the share of pixels whose class is right, in percent; NaN without pixels.

    Source: Eq. 9.
    """
    return float(percent(np.trace(confusion), confusion.sum()))


def percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return ``part`` of ``whole`` in percent, NaN where ``whole`` is 0."""
    whole = np.asarray(whole)
    share = np.full(whole.shape, np.nan)
    return 100.0 * np.divide(part, whole, out=share, where=whole > 0)


def mean_defined(values: np.ndarray) -> float:
    """Return the mean of the values that are not NaN; NaN if all are."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float('nan')
