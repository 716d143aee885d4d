"""``landslide-map``: from a pre- and a post-event image to a landslide inventory."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dfpenet_mm.cli.end_of_run import report
from dfpenet_mm.cli.errors import TerminatedError, exit_on_user_error, machine_refusal
from dfpenet_mm.cli.landslide_map_options import MATCHING, build_parser, named_layers
from dfpenet_mm.doctor.finding import in_one_line
from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.installation import quiet_libraries, require_one_family
from dfpenet_mm.run.backend import default_backend, default_out, network_files
from dfpenet_mm.run.folder import finished_blocks
from dfpenet_mm.run.progress import RunProgress, run_progress
from dfpenet_mm.wording import agreeing, counted

if TYPE_CHECKING:
    from mmengine.config import Config

    from dfpenet_mm.mapping.executors.executor import BlockExecutor
    from dfpenet_mm.run.run import LandslideRun

# As the first argument it stands for the checkup, whatever files there are.
DOCTOR = 'doctor'


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with code 2 on bad input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with exit_on_user_error(debug='--debug' in given, as_json='--json' in given):
        if given[:1] == [DOCTOR]:
            from dfpenet_mm.cli.doctor import examine  # noqa: PLC0415

            sys.exit(examine(given[1:]))
        args = build_parser().parse(given)
        run = _map(args, ['landslide-map', *given])
        report(run, as_json=args.json, quiet=args.quiet)


def _map(args: argparse.Namespace, command: Sequence[str]) -> LandslideRun:
    args.shipped = args.config is None and args.checkpoint is None
    args.config, args.checkpoint = network_files(args.config, args.checkpoint)
    args.out = args.out or default_out(args.post)
    # Whatever a library prints, stdout belongs to the result.
    with (
        _hint_at_resume(args.out, resume=args.resume),
        run_progress(quiet=args.quiet) as progress,
        contextlib.redirect_stdout(sys.stderr),
    ):
        progress.say(f'products go to {args.out}')
        return _map_with(args, command, progress)


def _map_with(
    args: argparse.Namespace, command: Sequence[str], progress: RunProgress
) -> LandslideRun:
    with progress.running('start'), quiet_libraries(), _broken_installation():
        require_one_family()
        from dfpenet_mm.configs import load_config_with_options  # noqa: PLC0415
        from dfpenet_mm.run.folder import check_output_folder  # noqa: PLC0415
        from dfpenet_mm.run.inputs import MappingInputs  # noqa: PLC0415
        from dfpenet_mm.run.run import map_landslides  # noqa: PLC0415

    with quiet_libraries():
        config = load_config_with_options(args.config, args.cfg_options)
        layers = named_layers(args.dem, args.layer)
        _set_images(config, args)
        executor = _make_executor(args)
    inputs = MappingInputs(
        post=args.post,
        pre=args.pre,
        reference=args.reference,
        aoi=args.aoi,
        layers=layers,
        checkpoint=args.checkpoint,
    )
    # Trying backends takes its time: what is cheap to know comes first.
    inputs.check_exist()
    check_output_folder(
        args.out,
        overwrite=args.overwrite,
        resume=args.resume,
        inputs=inputs.by_role().values(),
    )
    with progress.running('choose_backend'), quiet_libraries():
        reason = _set_backend(config, args)
    if reason and not args.quiet:
        sys.stderr.write(f'{reason}\n')
    return map_landslides(
        config=config,
        inputs=inputs,
        out=args.out,
        device=args.device,
        overwrite=args.overwrite,
        resume=args.resume,
        force=args.force,
        executor=executor,
        choice=reason,
        pictures=not args.no_report,
        command=command,
        progress=progress,
    )


def _set_images(config: Config, args: argparse.Namespace) -> None:
    """Put how the two images are to be read and compared into the config."""
    from dfpenet_mm.run.settings import MappingSettings  # noqa: PLC0415

    given = args.match_histogram, args.max_shift, args.nodata, args.bands
    if all(option is None for option in given):
        return
    MappingSettings.from_config(config)  # there is a section to put it into
    if args.match_histogram is not None:
        config.mapping.match_histogram = MATCHING[args.match_histogram]
    if args.max_shift is not None:
        config.mapping.max_shift_m = args.max_shift
    if args.nodata is not None:
        config.mapping.nodata = args.nodata
    if args.bands is not None:
        config.mapping.bands, config.mapping.by_colour = args.bands, False


def _set_backend(config: Config, args: argparse.Namespace) -> str | None:
    """Put the backend asked for into the config; returns why, where nobody named it."""
    asked = args.backend or args.precision or args.quantised
    if not (asked or args.shipped):
        return None
    from dfpenet_mm.mapping.network.backends import find_device  # noqa: PLC0415
    from dfpenet_mm.mapping.network.quantised_network import quantised_beside  # noqa: PLC0415
    from dfpenet_mm.run.backend import apply_backend  # noqa: PLC0415
    from dfpenet_mm.run.folder import record_of  # noqa: PLC0415
    from dfpenet_mm.run.record import recorded_predictor  # noqa: PLC0415

    kept = recorded_predictor(record_of(args.out)) if args.resume else None
    if kept and args.backend == 'auto' and not args.precision:
        if kept.get('quantised'):
            folder = args.quantised or quantised_beside(args.checkpoint)
            kept['quantised'] = str(folder.absolute())
        config.mapping.predictor = kept
        return f'{kept.get("type")} {kept.get("precision", "")}: what the unfinished run began with'
    device = str(find_device(args.device))
    backend, reason = (args.backend, None) if asked else default_backend(device)
    chosen = apply_backend(
        config,
        backend=backend,
        precision=args.precision,
        quantised=args.quantised,
        checkpoint=args.checkpoint,
        post=args.post,
        device=device,
    )
    return chosen or reason


def _make_executor(args: argparse.Namespace) -> BlockExecutor | None:
    """Return who predicts blocks; None for this process."""
    if args.launcher == 'local':
        if args.address or args.actors:
            raise ConfigError(
                '--address or --actors was given without --launcher ray; give it too, or neither'
            )
        return None
    from dfpenet_mm.mapping.executors.ray_executor import RayExecutor  # noqa: PLC0415

    return RayExecutor(address=args.address, actors=args.actors)


@contextmanager
def _broken_installation() -> Iterator[None]:
    """Send who cannot even import this package's parts to the checkup."""
    try:
        yield
    except (ImportError, OSError) as error:
        if machine_refusal(error):
            raise
        # A shared library that is missing may be either.
        raise InstallError(
            f'the installation is broken ({in_one_line(error)}); landslide-map doctor says how to '
            f'mend it'
        ) from error


@contextmanager
def _hint_at_resume(out: Path, *, resume: bool) -> Iterator[None]:
    """Note on what ends a run which blocks it leaves behind."""
    before = finished_blocks(out)
    try:
        yield
    except BaseException as error:
        kept = finished_blocks(out)
        stopped = isinstance(error, KeyboardInterrupt | TerminatedError)
        if kept > before or (kept and resume and stopped):
            error.add_note(
                f'{counted(kept, "finished block")} {agreeing(kept, "is", "are")} kept in {out}: '
                f'continue with --resume'
            )
        raise


if __name__ == '__main__':
    main()
