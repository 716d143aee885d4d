"""Calibrate a network: ``python tools/calibrate.py CONFIG CHECKPOINT --chips 10``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.files import file_digest
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with training_libraries():
    import numpy as np
    from mmengine.config import Config

    from dfpenet_mm.calibration import Calibration, fit_platt
    from dfpenet_mm.configs import load_config_with_options
    from dfpenet_mm.export.labelled_scenes import LabelledMapper, coarser
    from dfpenet_mm.export.validation import labelled_samples
    from dfpenet_mm.mapping.network.card import SUFFIX, NetworkCard
    from dfpenet_mm.mapping.network.network_source import NetworkSource
    from dfpenet_mm.mapping.scene.novelty import KnownGround
    from dfpenet_mm.mapping.scene.scaling import build_scaling
    from dfpenet_mm.reliability import LIKELY, ProbabilityCounts
    from dfpenet_mm.run.settings import MappingSettings
    from dfpenet_mm.wording import metres

EXAMPLE = (
    'example: python tools/calibrate.py configs/dfpenet/landslide4sense_mobilenetv2.py '
    'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth --chips 10 '
    '--ground data/landslide4sense/train 10 --fitted-on "396 chips of Landslide4Sense"'
)
BANDS = ('red', 'green', 'blue')
# Of the images, each of which is held out once.
PARTS = 10
THRESHOLDS = [step / 100 for step in range(5, 96)]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Measure on validation data what a probability of a network means, and write '
        'the calibration, the best threshold and the ground it knows into its card.',
        epilog=EXAMPLE,
    )
    parser.add_argument('config', type=file_name, help='config (Python: run only those you trust)')
    parser.add_argument('checkpoint', type=file_name, help='weights; the card lies beside them')
    parser.add_argument(
        '--chips',
        type=float,
        metavar='METRES',
        help='take the validation set of the config, as it is, with pixels of this size',
    )
    parser.add_argument(
        '--scenes',
        nargs='+',
        action='append',
        default=[],
        metavar=('DIR METRES', 'SIZE'),
        help='folder of images/ and masks/ with pixels of METRES, mapped as scenes in pixels of '
        'each SIZE (default METRES); repeat for more',
    )
    parser.add_argument(
        '--ground',
        nargs='+',
        action='append',
        default=[],
        metavar=('DIR METRES', 'SIZE'),
        help='training images, by which other ground is told; likewise',
    )
    parser.add_argument('--fitted-on', help='validation data in words, for the report')
    parser.add_argument(
        '--pixel-sizes',
        nargs=2,
        type=float,
        metavar=('LO', 'HI'),
        help='pixel sizes that the network knows, for a new card. Default: those of the config',
    )
    parser.add_argument(
        '--working-size', type=float, metavar='METRES', help='what finer images are averaged to'
    )
    parser.add_argument('--trained-on', nargs='+', help='for the card, in words')
    parser.add_argument('--never-seen', nargs='+', help='for the card, in words')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def read_folder(values: Sequence[str], option: str) -> tuple[Path, float, list[float]]:
    """Read ``DIR METRES [SIZE ...]``: the folder, its pixel size, and those to work in.

    Raises:
        ConfigError: if it is something else, or an image would have to be magnified.
    """
    try:
        folder, own, *sizes = values[0], *map(float, values[1:])
    except ValueError:
        folder, own, sizes = values[0], 0.0, []
    if not 0 < own < np.inf or any(not own <= size < np.inf for size in sizes):
        raise ConfigError(
            f'{option} {" ".join(values)} is no folder with a pixel size in metres and perhaps '
            f'larger sizes to work in; give for example {option} data/orthophotos 0.5 2 4'
        )
    return Path(folder), own, sizes or [own]


def samples(config: Config, folder: Path | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the validation set of a config, or a folder of images and masks as it is read."""
    loader = config.get('val_dataloader')
    if not loader:
        raise ConfigError(
            f'{config.filename} has no val_dataloader, which says how images and masks are read; '
            f'give a config with a data set'
        )
    for bands, labels in labelled_samples(Config({'test_dataloader': loader}), folder=folder):
        if bands.shape[1:] != labels.shape:
            raise InputFileError(
                f'an image of {folder or config.filename} has {bands.shape[1:]} rows and columns '
                f'and its mask {labels.shape}; give masks of the size of their images'
            )
        yield bands, labels


def count_all(
    args: argparse.Namespace, config: Config, mapping: LabelledMapper
) -> dict[float, list[ProbabilityCounts]]:
    """Map all validation images, and count each by the pixel size it was mapped in."""
    found: dict[float, list[ProbabilityCounts]] = {}
    if args.chips:
        found[args.chips] = [mapping.chip(*sample) for sample in samples(config, None)]
    for values in args.scenes:
        folder, own, sizes = read_folder(values, '--scenes')
        for bands, labels in samples(config, folder):
            for size in sizes:
                counts = mapping.scene(*coarser(bands, labels, size / own), size)
                found.setdefault(size, []).append(counts)
    if not found:
        raise ConfigError(
            'there is nothing to calibrate on; give --chips METRES for the validation set of the '
            'config, or --scenes DIR METRES'
        )
    return found


def total(images: Sequence[ProbabilityCounts]) -> ProbabilityCounts:
    """Add up the counts of images."""
    return sum(images, ProbabilityCounts())


def held_out(images: Sequence[ProbabilityCounts]) -> tuple[float, float] | None:
    """Calibrate on all images but a part, measure on that part, and so on with every part.

    Up to ten images are left out one by one, more of them in ten parts.

    Returns:
        Expected calibration error of all pixels, and of those above ``LIKELY``; None where the
        rest of the images teach nothing.
    """
    parts = min(PARTS, len(images))
    checked = ProbabilityCounts()
    for part in range(parts):
        rest = total([one for place, one in enumerate(images) if place % parts != part])
        try:
            checked += total(images[part::parts]).calibrated(fit_platt(rest).apply).recounted()
        except ConfigError:
            return None
    return checked.expected_error(), checked.expected_error(LIKELY)


def fit(found: dict[float, list[ProbabilityCounts]], fitted_on: str) -> tuple[Calibration, float]:
    """Fit a calibration a pixel size; choose the threshold of the best F1 of each, and of all.

    Raises:
        ConfigError: if the data of a size teach nothing.
    """
    points, thresholds, by_threshold = {}, {}, []
    for size, images in sorted(found.items()):
        counts = total(images)
        points[size] = fit_platt(counts)
        better = counts.calibrated(points[size].apply)
        by_threshold.append([better.f1(value) for value in THRESHOLDS])
        thresholds[size] = THRESHOLDS[int(np.argmax(by_threshold[-1]))]
        print(f'{metres(size)} m, {len(images)} images: {measured("before", counts)}')
        print(f'  {measured("after", better)}')
        print(f'  threshold {thresholds[size]:g}: F1 {max(by_threshold[-1]):.2%}')
        fair = held_out(images)
        if fair:
            print(f'  on images not fitted on: ECE {fair[0]:.2%}, above {LIKELY:g} {fair[1]:.2%}')
    mean = np.mean(by_threshold, axis=0)
    best = THRESHOLDS[int(np.argmax(mean))]
    print(f'threshold {best:g} for all: F1 {mean.max():.2%}')
    return Calibration(points, fitted_on, thresholds if len(thresholds) > 1 else {}), best


def measured(when: str, counts: ProbabilityCounts) -> str:
    """Say how good the probabilities of counted pixels are."""
    return (
        f'{when} ECE {counts.expected_error():.2%}, of pixels above {LIKELY:g} '
        f'{counts.expected_error(LIKELY):.2%}, Brier {counts.brier():.4f}'
    )


def known_ground(
    args: argparse.Namespace, config: Config, mapping: LabelledMapper
) -> KnownGround | None:
    """Learn the ground of the folders that were named; None without any."""
    ground = {}
    for values in args.ground:
        folder, own, sizes = read_folder(values, '--ground')
        ground[str(folder)] = np.array(
            [
                described
                for bands, labels in samples(config, folder)
                for size in sizes
                for described in mapping.ground(coarser(bands, labels, size / own)[0], size)
            ]
        )
    return KnownGround.fit(ground) if ground else None


def card_of(args: argparse.Namespace, settings: MappingSettings) -> NetworkCard:
    """Read the card beside the weights, or begin one.

    Raises:
        InputFileError: if the card or the weights cannot be read.
        ConfigError: if nobody says which pixel sizes the network knows.
    """
    path = args.checkpoint.with_suffix(SUFFIX)
    weights = file_digest(args.checkpoint)
    if path.is_file():
        return replace(NetworkCard.read(path), weights_sha256=weights)
    sizes = args.pixel_sizes or settings.gsd_range
    if not sizes:
        raise ConfigError(
            f'{path} does not exist, and nothing says which pixel sizes the network knows; give '
            f'--pixel-sizes LO HI'
        )
    return NetworkCard(
        path=path,
        config=str(args.config),
        weights_sha256=weights,
        bands=BANDS if len(settings.bands) == len(BANDS) else tuple(map(str, settings.bands)),
        pixel_sizes=(sizes[0], sizes[1]),
        working_pixel_size=args.working_size or float(np.sqrt(sizes[0] * sizes[1])),
    )


def calibrate(args: argparse.Namespace) -> Path:
    """Measure, fit and write the card; return its path."""
    args.config, args.checkpoint = map(shipped_file, (args.config, args.checkpoint))
    with quiet_libraries():
        config = load_config_with_options(args.config, args.cfg_options)
        settings = MappingSettings.from_config(config)
        network = NetworkSource.of(
            config, checkpoint=args.checkpoint, predictor=settings.predictor, device='cpu'
        ).build()
    card = card_of(args, settings)
    mapping = LabelledMapper(
        network,
        scaling=build_scaling(settings.scaling),
        window=settings.window,
        stride=settings.stride,
        batch_size=settings.batch_size,
    )
    with quiet_libraries():
        found = count_all(args, config, mapping)
    images = max(map(len, found.values()))
    calibration, threshold = fit(found, args.fitted_on or f'{images} validation images')
    with quiet_libraries():
        ground = known_ground(args, config, mapping)
    changes = {
        'pixel_sizes': tuple(args.pixel_sizes) if args.pixel_sizes else None,
        'working_pixel_size': args.working_size,
        'novelty': ground.to_dict() if ground else None,
        'trained_on': tuple(args.trained_on) if args.trained_on else None,
        'never_seen': tuple(args.never_seen) if args.never_seen else None,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    replace(card, calibration=calibration, threshold=threshold, **changes).write(card.path)
    return card.path


def main() -> None:
    """Calibrate, then say where the card is."""
    args = parse_arguments()
    with exit_on_user_error(debug=args.debug):
        print(calibrate(args))


if __name__ == '__main__':
    main()
