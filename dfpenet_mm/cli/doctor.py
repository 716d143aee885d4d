"""``landslide-map doctor``: run every checkup and say what to mend."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from dfpenet_mm.cli.options import CommandParser, add_progress
from dfpenet_mm.cli.refusals import reader_may_leave
from dfpenet_mm.doctor import environment, geodata, packages, shipped
from dfpenet_mm.doctor.environment import Checkup, Finding, problem
from dfpenet_mm.errors import EXIT_CODE
from dfpenet_mm.run.messages import CommandResult, Events, Messages
from dfpenet_mm.wording import counted

# By subject, in the order in which they run: what others lean on comes first.
CHECKUPS: Mapping[str, Sequence[Checkup]] = {
    'packages': (
        packages.check_versions,
        packages.check_families,
        packages.check_imports,
        packages.check_training,
    ),
    'machine': (environment.check_processor, environment.check_memory, environment.check_disk),
    'environment': (environment.check_threads, environment.check_tables, environment.check_cache),
    'geodata': (
        geodata.check_raster_drivers,
        geodata.check_vector_drivers,
        geodata.check_projections,
    ),
    'devices': (packages.check_openvino_devices, packages.check_torch_devices),
    'network': (shipped.check_networks,),
}
STYLES = {'ok': 'green', 'warning': 'bold yellow', 'problem': 'bold red'}
EPILOG = """\
example:
  landslide-map doctor --json > doctor.json
      to send with a question

A config that is called doctor is given to landslide-map as ./doctor.

exit codes: 0 mapping can run, warnings or not; 2 something that it needs is broken.
"""


def run(
    arguments: Sequence[str],
    messages: Messages,
    checkups: Mapping[str, Sequence[Checkup]] = CHECKUPS,
) -> CommandResult:
    """Run the checkups and write their findings to stdout.

    Args:
        arguments: of the command line, behind ``doctor``.
        messages: get what is not as it should be, where a program listens.
        checkups: by subject.

    Returns:
        The verdict; its exit code is 0 if mapping can run.
    """
    args = build_parser().parse(arguments, messages)
    with reader_may_leave():
        return _examine(checkups, messages, as_json=args.json)
    return CommandResult('nobody waits for the verdict')


def _examine(
    checkups: Mapping[str, Sequence[Checkup]], messages: Messages, *, as_json: bool
) -> CommandResult:
    findings = []
    for subject, found in _findings(checkups):
        findings.append((subject, found))
        if not as_json:
            _write(subject, found, first=len(findings) < 2 or findings[-2][0] != subject)
        if isinstance(messages, Events):
            share = list(checkups).index(subject) / len(checkups)
            messages.progress(subject, fraction=share, seconds_left=None, message=found.name)
            if found.status != 'ok':
                messages.warning(f'{found.name}: {found.found}; {found.mend}')
    statuses = [found.status for _, found in findings]
    code = EXIT_CODE if 'problem' in statuses else 0
    counts = {'problems': statuses.count('problem'), 'warnings': statuses.count('warning')}
    if as_json:
        listed = [{'subject': subject, **asdict(found)} for subject, found in findings]
        document = {'exit_code': code, **counts, 'findings': listed}
        sys.stdout.write(json.dumps(document, indent=2) + '\n')
    else:
        sys.stdout.write(f'\n{_verdict(**counts)}\n')
    return CommandResult(_verdict(**counts), exit_code=code)


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map doctor',
        description='Say what is installed, what works here, and how to mend what does not.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--json', action='store_true', help='write one JSON document')
    add_progress(parser)
    return parser


def _findings(checkups: Mapping[str, Sequence[Checkup]]) -> Iterator[tuple[str, Finding]]:
    for subject, group in checkups.items():
        for checkup in group:
            try:
                for found in checkup():
                    yield subject, found
            except Exception as error:
                # What is broken breaks in its own way; the others are still looked at.
                name = checkup.__name__.removeprefix('check_').replace('_', ' ')
                yield subject, problem(name, error, 'mend the packages named above, then try again')


def _write(subject: str, found: Finding, *, first: bool) -> None:
    heading = f'{subject}:\n' if first else ''
    mend = f'\n{"":11}-> {found.mend}' if found.mend else ''
    console = Console(file=sys.stdout)
    if console.is_terminal:
        status = (f'  {found.status:<9}', STYLES[found.status])
        line = Text.assemble((heading, 'bold'), status, f'{found.name}: {found.found}{mend}')
        console.print(line, soft_wrap=True)
    else:
        sys.stdout.write(f'{heading}  {found.status:<9}{found.name}: {found.found}{mend}\n')
    sys.stdout.flush()


def _verdict(problems: int, warnings: int) -> str:
    found = [
        counted(number, what)
        for number, what in ((problems, 'problem'), (warnings, 'warning'))
        if number
    ]
    if problems:
        return f'{" and ".join(found)}: mapping cannot run before the problems are mended.'
    return f'{found[0]}, but mapping can run.' if found else 'All is well.'
