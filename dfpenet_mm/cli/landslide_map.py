"""``landslide-map``: from a pre- and a post-event image to a landslide inventory."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfpenet_mm import __version__
from dfpenet_mm.cli.errors import exit_on_user_error
from dfpenet_mm.cli.quiet import quiet_libraries
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.install_check import require_one_family
from dfpenet_mm.resources import shipped_file

if TYPE_CHECKING:
    from mmengine.config import Config

    from dfpenet_mm.cli.run import LandslideRun
    from dfpenet_mm.mapping.executors.executor import BlockExecutor

EXAMPLES = """\
example:
  landslide-map configs/dfpenet/landslide4sense_mobilenetv2.py \\
      checkpoints/dfpenet_mobilenetv2_landslide4sense.pth \\
      --post demo/hokkaido_post.tif --pre demo/hokkaido_pre.tif --out demo/out

exit codes: 0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr;
130 interrupted, 143 terminated. Finished work is kept in OUT: continue with --resume.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog='landslide-map',
        description='Map the landslides of an earthquake from satellite or aerial images.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'config', type=Path, help='config of the network (Python: run only those you trust)'
    )
    parser.add_argument('checkpoint', type=Path, help='weights that fit the config')
    parser.add_argument('--post', type=Path, required=True, help='image after the event')
    parser.add_argument('--pre', type=Path, help='image before the event, on any grid')
    parser.add_argument(
        '--reference', type=Path, help='inventory to evaluate against, vector or raster'
    )
    parser.add_argument(
        '--aoi',
        type=Path,
        metavar='POLYGONS',
        help='map only this area: vector file in any CRS; pixels outside become nodata',
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the products')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument(
        '--backend',
        choices=('torch', 'openvino', 'auto'),
        help='what runs the network; auto takes the fastest that agrees. Default: the config',
    )
    parser.add_argument('--precision', help='of the backend: fp32, bf16 or int8')
    parser.add_argument(
        '--launcher', choices=('local', 'ray'), default='local', help='who predicts'
    )
    parser.add_argument(
        '--address',
        help='Ray cluster, such as auto or 10.0.0.1:6379; without it ray starts one here',
    )
    parser.add_argument('--actors', type=int, help='processes of the cluster that predict')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue a run that was stopped; its finished blocks lie in OUT/.unfinished',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace products of an earlier run, or start over what one left unfinished',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config, such as mapping.threshold=0.6',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    return parser


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
        from dfpenet_mm.cli.run import MappingInputs, map_landslides  # noqa: PLC0415

        config = load_config_with_options(shipped_file(args.config), args.cfg_options)
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
            command=command,
            progress=progress,
        )


def _set_backend(config: Config, args: argparse.Namespace, checkpoint: Path) -> str | None:
    """Put the backend asked for into the config; returns why ``auto`` chose it."""
    if not (args.backend or args.precision):
        return None
    from dfpenet_mm.cli.backend_option import apply_backend  # noqa: PLC0415
    from dfpenet_mm.cli.run_record import recorded_predictor  # noqa: PLC0415
    from dfpenet_mm.cli.work_folder import record_of  # noqa: PLC0415
    from dfpenet_mm.mapping.network.device import find_device  # noqa: PLC0415

    kept = recorded_predictor(record_of(args.out)) if args.resume else None
    if kept and args.backend == 'auto':
        config.mapping.predictor = kept
        return None
    return apply_backend(
        config,
        backend=args.backend,
        precision=args.precision,
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
