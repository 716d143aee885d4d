"""``landslide-map``: from a pre- and a post-event image to a landslide inventory."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfpenet_mm.cli.errors import exit_on_user_error
from dfpenet_mm.cli.landslide_map_options import MATCHING, build_parser
from dfpenet_mm.cli.quiet import quiet_libraries
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.install_check import require_one_family
from dfpenet_mm.resources import shipped_file

if TYPE_CHECKING:
    from mmengine.config import Config

    from dfpenet_mm.cli.run import LandslideRun
    from dfpenet_mm.mapping.executors.executor import BlockExecutor


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with code 2 on bad input."""
    args = build_parser().parse_args(arguments)
    command = ['landslide-map', *(sys.argv[1:] if arguments is None else arguments)]
    with exit_on_user_error(debug=args.debug):
        require_one_family()
        run = _map(args, command)
    _report(run)


def _map(args: argparse.Namespace, command: Sequence[str]) -> LandslideRun:
    checkpoint = shipped_file(args.checkpoint)
    with quiet_libraries():
        from dfpenet_mm.cli.config_options import load_config_with_options  # noqa: PLC0415
        from dfpenet_mm.cli.inputs import MappingInputs, named_layers  # noqa: PLC0415
        from dfpenet_mm.cli.run import map_landslides  # noqa: PLC0415

        config = load_config_with_options(shipped_file(args.config), args.cfg_options)
        layers = named_layers(args.dem, args.layer)
        _set_comparison(config, args)
        reason = _set_backend(config, args, checkpoint)
        executor = _make_executor(args)
    from dfpenet_mm.cli.progress import progress_display  # noqa: PLC0415

    if reason:
        sys.stderr.write(f'{reason}\n')
    inputs = MappingInputs(
        post=args.post,
        pre=args.pre,
        reference=args.reference,
        aoi=args.aoi,
        layers=layers,
        checkpoint=checkpoint,
    )
    with _hint_at_resume(args.out), progress_display() as progress:
        return map_landslides(
            config=config,
            inputs=inputs,
            out=args.out,
            device=args.device,
            overwrite=args.overwrite,
            resume=args.resume,
            executor=executor,
            choice=reason,
            command=command,
            progress=progress,
        )


def _set_comparison(config: Config, args: argparse.Namespace) -> None:
    """Put how the two images are to be compared into the config."""
    from dfpenet_mm.cli.settings import MappingSettings  # noqa: PLC0415

    if args.match_histogram is None and args.max_shift is None:
        return
    MappingSettings.from_config(config)  # there is a section to put it into
    if args.match_histogram is not None:
        config.mapping.match_histogram = MATCHING[args.match_histogram]
    if args.max_shift is not None:
        config.mapping.max_shift_m = args.max_shift


def _set_backend(config: Config, args: argparse.Namespace, checkpoint: Path) -> str | None:
    """Put the backend asked for into the config; returns why ``auto`` chose it."""
    if not (args.backend or args.precision or args.quantised):
        return None
    from dfpenet_mm.cli.backend_option import apply_backend  # noqa: PLC0415
    from dfpenet_mm.cli.run_record import recorded_predictor  # noqa: PLC0415
    from dfpenet_mm.cli.work_folder import record_of  # noqa: PLC0415
    from dfpenet_mm.mapping.network.device import find_device  # noqa: PLC0415
    from dfpenet_mm.mapping.network.quantised_network import quantised_beside  # noqa: PLC0415

    kept = recorded_predictor(record_of(args.out)) if args.resume else None
    if kept and args.backend == 'auto' and not args.precision:
        if kept.get('quantised'):
            kept['quantised'] = str((args.quantised or quantised_beside(checkpoint)).absolute())
        config.mapping.predictor = kept
        return f'{kept.get("type")} {kept.get("precision", "")}: what the unfinished run began with'
    return apply_backend(
        config,
        backend=args.backend,
        precision=args.precision,
        quantised=args.quantised,
        checkpoint=checkpoint,
        post=args.post,
        device=str(find_device(args.device)),
    )


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
def _hint_at_resume(out: Path) -> Iterator[None]:
    """Say what a run that fails leaves behind."""
    from dfpenet_mm.cli.work_folder import finished_blocks  # noqa: PLC0415

    before = finished_blocks(out)
    try:
        yield
    except BaseException:
        kept = finished_blocks(out)
        if kept > before:
            sys.stderr.write(
                f'{kept} finished block(s) are kept in {out}: continue with --resume\n'
            )
        raise


def _report(run: LandslideRun) -> None:
    warned = [f'warning: {warning}' for warning in run.summary['warnings']]
    products = [str(path) for path in run.files]
    sys.stderr.writelines(f'{line}\n' for line in warned)
    sys.stdout.writelines(f'{line}\n' for line in [*_findings(run.summary), *products])


def _findings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say how many landslides there are, what every hook left, and how well they agree."""
    totals = summary['totals']
    yield f'{totals["landslides"]} landslides, {totals["area_m2"] / 1e6:.3f} km2'
    for record in summary['hooks']:
        yield f'  {record["hook"]:<22} {record["regions_in"]:>6} -> {record["regions_out"]:>6}'
    for name, result in (summary['evaluation'] or {}).items():
        for unit in ('pixels', 'landslides'):
            yield f'  {name} by {unit}: {_scores(result[unit])}'


def _scores(counts: Mapping[str, int | float | None]) -> str:
    """Write counts as whole numbers and ratios as percents, n/a where undefined."""
    parts = []
    for name, value in counts.items():
        shown = value if isinstance(value, int) else 'n/a' if value is None else f'{value:.1%}'
        parts.append(f'{name} {shown}')
    return ', '.join(parts)


if __name__ == '__main__':
    main()
