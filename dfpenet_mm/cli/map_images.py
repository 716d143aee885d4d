"""``landslide-map map``: from a pre- and a post-event image to a landslide inventory."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence

from dfpenet_mm.cli.end_of_run import headline, report
from dfpenet_mm.cli.map_options import MATCHING, build_parser
from dfpenet_mm.cli.options import named_layers
from dfpenet_mm.cli.products import named_products
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.installation import quiet_libraries, require_one_family
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.run.request import RunRequest, check_request


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Map two images as a command line asks for, and say where the products are."""
    args = build_parser().parse(arguments, messages)
    request = _request(args, ['landslide-map', *arguments])
    check_request(request)
    # Whatever a library prints, stdout belongs to the result.
    shown = run_progress(quiet=args.quiet, messages=messages)
    with shown as progress, contextlib.redirect_stdout(sys.stderr):
        with progress.running('start'), quiet_libraries(), loading():
            require_one_family()
            from dfpenet_mm.report.run_products import inventory_name  # noqa: PLC0415
            from dfpenet_mm.run.run import map_landslides  # noqa: PLC0415
        result = map_landslides(request, progress)
    report(result, messages, as_json=args.json, quiet=args.quiet)
    inventory = inventory_name(result.summary)
    products = named_products(request.folder, result.files, inventory=inventory)
    return CommandResult(headline(result.summary), products)


def _request(args: argparse.Namespace, command: Sequence[str]) -> RunRequest:
    return RunRequest(
        post=args.post,
        pre=args.pre,
        post_mask=args.post_mask,
        pre_mask=args.pre_mask,
        reference=args.reference,
        aoi=args.aoi,
        layers=named_layers(args.dem, args.layer),
        config=args.config,
        checkpoint=args.checkpoint,
        options=args.cfg_options,
        out=args.out,
        overwrite=args.overwrite,
        resume=args.resume,
        force=args.force,
        pictures=not args.no_report,
        bands=args.bands,
        nodata=args.nodata,
        match_histogram=MATCHING.get(args.match_histogram),
        max_shift_m=args.max_shift,
        threshold=args.threshold,
        pixel_size=args.pixel_size,
        values=args.values,
        device=args.device,
        backend=args.backend,
        precision=args.precision,
        quantised=args.quantised,
        launcher=args.launcher,
        address=args.address,
        actors=args.actors,
        command=command,
    )
