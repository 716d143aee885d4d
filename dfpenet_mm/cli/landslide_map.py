"""``landslide-map``: a verb for every task of an analyst."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from dfpenet_mm.cli.refusals import exit_on_user_error, loading
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.run.messages import is_progress, messages_for

# As the first argument they stand for themselves, whatever files there are; loaded when asked.
VERBS = {
    'map': 'dfpenet_mm.cli.map_images',
    'fetch': 'dfpenet_mm.cli.fetch',
    'evaluate': 'dfpenet_mm.cli.evaluate',
    'finish': 'dfpenet_mm.cli.finish',
    'report': 'dfpenet_mm.cli.report',
    'audit': 'dfpenet_mm.cli.audit',
    'teach': 'dfpenet_mm.cli.teach',
    'export': 'dfpenet_mm.cli.export',
    'benchmark': 'dfpenet_mm.cli.benchmark',
    'doctor': 'dfpenet_mm.cli.doctor',
}
# What may stand before a verb as well as behind it.
FLAGS = ('--debug', '--json', '--quiet')


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb, ``map`` where none is named; exits with code 2 on bad input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    place = _common_options(given)
    first = given[place] if given[place:] else ''
    verb = given.pop(place) if first in VERBS else 'map'
    _write_any_character()
    messages = messages_for(given)
    manners = {'debug': '--debug' in given, 'as_json': '--json' in given}
    with messages.heard(), exit_on_user_error(**manners, messages=messages):
        if first not in VERBS:
            _refuse_slip(first)
        with loading():
            run = importlib.import_module(VERBS[verb]).run
        outcome = run(given, messages)
        messages.done(outcome)
    if outcome.exit_code:
        sys.exit(outcome.exit_code)


def _common_options(given: Sequence[str]) -> int:
    """Count the common options at the beginning, behind which the name of a verb may stand."""
    place = 0
    while given[place:]:
        name, tied, _ = given[place].partition('=')
        if is_progress(name):
            place += 1 if tied else 2
        elif name in FLAGS:
            place += 1
        else:
            break
    return place


def _refuse_slip(first: str) -> None:
    """Refuse a misspelt verb, which would be read as the name of a config."""
    meant = get_close_matches(first, VERBS, n=1, cutoff=0.7)
    # Some options, such as --no-report, are much like a verb.
    if meant and not first.startswith('-') and not Path(first).exists():
        raise ConfigError(f'{first} is no verb and no file; did you mean landslide-map {meant[0]}?')


def _write_any_character() -> None:
    """Write what a console of another code page lacks, such as a folder's name, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, 'encoding', None) or 'utf-8').lower()
        if isinstance(stream, io.TextIOWrapper) and encoding.replace('-', '') != 'utf8':
            stream.reconfigure(errors='backslashreplace')


if __name__ == '__main__':
    main()
