"""The network that maps the scene after a lesson, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping

from dfpenet_mm.teaching.judging import Comparison

BEFORE, RECALIBRATED = 'before', 'recalibrated'


def best_network(results: Mapping[str, Comparison]) -> str:
    """Return the network with the best IoU of those surely better than before, or that one.

    Args:
        results: of networks that may replace the one before, by name.
    """
    better = [name for name, result in results.items() if result.sure]
    return max(better, key=lambda name: results[name].iou, default=BEFORE)


def comparison_sentence(name: str, results: Mapping[str, Comparison]) -> str:
    """Say which network maps the scene, and why.

    Args:
        name: of the network that maps it.
        results: of all networks that may map it by name, and of the one before.
    """
    rivals = [key for key in results if key != BEFORE]
    if not rivals:
        return (
            'the network before maps the scene, as no other tells landslides from the rest of the '
            'ground that judged; to teach it more, review more ground'
        )
    closest = max(rivals, key=lambda key: results[key].iou) if name == BEFORE else name
    shown = results[closest]
    low, high = shown.gain_interval
    told = (
        f'on the ground that judged its IoU is {shown.iou:.2f}, and {results[BEFORE].iou:.2f} was '
        f'that before (difference {shown.gain:+.2f}, 95 % interval {low:+.2f} to {high:+.2f})'
    )
    if name == BEFORE:
        return (
            f'the network before maps the scene, as no other is surely better; closest came '
            f'{_described(closest)}: {told}; to teach it more, review more ground'
        )
    return f'{_described(name)} maps the scene: {told}'


def _described(name: str) -> str:
    if name == RECALIBRATED:
        return 'the network before with a new calibration and threshold'
    return f'the taught network ({name})'
