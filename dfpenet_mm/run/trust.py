"""Trust in a scene's probability, by what the network's card says."""

from __future__ import annotations

from typing import Any

from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.mapping.network.card import NetworkCard
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.novelty import KnownGround, Novelty, scene_novelty
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.settings import MappingSettings

# Share of windows unlike the training ground from which a scene is one that the network has not
# seen. On the data at hand known sensors stay below a half, unknown ones mostly lie above.
UNSEEN = 0.5


def set_calibration(
    config: ConfigSections, card: NetworkCard | None, pixel_size: float, request: RunRequest
) -> None:
    """Put the calibration and the threshold of a network's card into a config.

    What a user has set stays: ``mapping.calibration`` and ``mapping.threshold`` among the options,
    or the threshold of the request.

    Args:
        config: with a sound mapping section; changed in place.
        card: of the network; None without one.
        pixel_size: of the grid that is mapped, metres.
        request: of the run.
    """
    if card is None or _is_set(request, 'calibration'):
        return
    if card.calibration is not None:
        scaling = card.calibration.at(pixel_size)
        config['mapping']['calibration'] = {
            'slope': scaling.slope,
            'intercept': scaling.intercept,
            'fitted_on': card.calibration.fitted_on,
        }
    threshold = card.threshold_at(pixel_size)
    if threshold is not None and not _has_threshold(request):
        config['mapping']['threshold'] = threshold


def _has_threshold(request: RunRequest) -> bool:
    return request.threshold is not None or _is_set(request, 'threshold')


def _is_set(request: RunRequest, name: str) -> bool:
    return any(option.startswith(f'mapping.{name}') for option in request.options)


def describe_probability(
    settings: MappingSettings, card: NetworkCard | None, request: RunRequest
) -> dict[str, Any]:
    """Say what a probability of the run means, and where its threshold is from.

    Args:
        settings: of the run.
        card: of the network; None without one.
        request: of the run.

    Returns:
        Plain JSON values: ``calibration``, None where the probability is the network's own;
        ``threshold``; and ``threshold_from``: user, network or config.
    """
    threshold, calibration = settings.threshold, settings.calibration
    given = _has_threshold(request)
    own = card is not None and card.threshold is not None and not _is_set(request, 'calibration')
    return {
        'calibration': None if calibration is None else dict(calibration),
        'threshold': threshold,
        'threshold_from': 'user' if given else 'network' if own else 'config',
    }


def doubt_probability(settings: MappingSettings, request: RunRequest, network: str) -> str | None:
    """Return a warning where a probability was never calibrated; None where it was.

    Args:
        settings: of the run, calibration included.
        request: of the run; who asks for the network's own probability knows.
        network: its name.
    """
    if settings.calibration is not None or _is_set(request, 'calibration'):
        return None
    return (
        f'the probability of the network {network} is not calibrated, so that 0.7 does not mean '
        f'that 7 in 10 such pixels are landslide; calibrate it on validation images with '
        f'tools/calibrate.py'
    )


def look_at_ground(
    card: NetworkCard | None,
    scene: Scene,
    scaling: FittedScaling,
    *,
    window: int,
    area: AreaOfInterest | None,
) -> Novelty | None:
    """Compare a scene with the ground that its network was trained on.

    Args:
        card: of the network; None without one.
        scene: the open scene.
        scaling: brings it to training units.
        window: side of the network's windows, pixels.
        area: of interest; None for all of the scene.

    Returns:
        None where the card knows no training ground, or no window is nearly all image.

    Raises:
        ConfigError: if the card is damaged.
        InputFileError: if the scene is.
    """
    if card is None or card.novelty is None:
        return None
    known = KnownGround.from_dict(card.novelty, len(scene.bands))
    return scene_novelty(scene, scaling, known, window=window, area=area)


def doubt_ground(novelty: Novelty | None) -> str | None:
    """Return a warning where a network has not seen ground like a scene's; None where it has."""
    if novelty is None or novelty.share < UNSEEN:
        return None
    return (
        f'this network has not seen ground like this: {novelty.beyond:,} of {novelty.windows:,} '
        f'windows of the image ({novelty.share:.0%}) are further from its training ground than '
        f'99 % of that ground itself; its probabilities mean little here, so check the landslides '
        f'on the image before using them'
    ).replace('%)', ' %)')
