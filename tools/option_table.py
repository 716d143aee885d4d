"""Write the options of landslide-map into docs/command_line.md, from its parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from dfpenet_mm.cli.audit import build_parser as audit_parser
from dfpenet_mm.cli.benchmark import build_parser as benchmark_parser
from dfpenet_mm.cli.doctor import build_parser as doctor_parser
from dfpenet_mm.cli.evaluate import build_parser as evaluate_parser
from dfpenet_mm.cli.export import build_parser as export_parser
from dfpenet_mm.cli.fetch_options import build_parser as fetch_parser
from dfpenet_mm.cli.finish import build_parser as finish_parser
from dfpenet_mm.cli.map_options import build_parser as map_parser
from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.report import build_parser as report_parser
from dfpenet_mm.cli.teach import build_parser as teach_parser
from dfpenet_mm.errors import ConfigError

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'command_line.md'
BEGIN, END = '<!-- options: written by tools/option_table.py -->', '<!-- end of options -->'


# By verb, in the order of the page.
PARSERS = {
    'map': map_parser,
    'fetch': fetch_parser,
    'evaluate': evaluate_parser,
    'finish': finish_parser,
    'report': report_parser,
    'audit': audit_parser,
    'teach': teach_parser,
    'export': export_parser,
    'benchmark': benchmark_parser,
    'doctor': doctor_parser,
}


def option_table(verb: str, parser: argparse.ArgumentParser) -> str:
    """Return the tables of a verb in Markdown, one for each group of options that it has."""
    # Of the one group of a short verb the heading would say nothing.
    groups = {
        group.title: rows
        for group in parser._action_groups
        if (rows := list(_rows([a for a in group._group_actions if a.dest != 'help'])))
    }
    parts = [f'### Options of {verb}', '']
    if parser.usage is None:
        rows = [row for rows in groups.values() for row in rows]
        groups = {'': rows}
    for title, rows in groups.items():
        heading = [f'#### {title.capitalize()}', ''] if title else []
        parts += [*heading, '| option | meaning |', '|---|---|', *rows, '']
    return '\n'.join(parts)


def _rows(actions: list[argparse.Action]) -> Iterator[str]:
    for action in actions:
        value = action.metavar or (action.dest.upper() if action.nargs != 0 else '')
        if action.choices:
            value = r' \| '.join(action.choices)
        name = ', '.join(action.option_strings) or value
        shown = f'`{name}`' + (f' {value}' if value and action.option_strings else '')
        need = ' (required)' if action.required else ''
        text = (action.help or '').replace('%(prog)s', 'landslide-map').replace('|', r'\|')
        text = text.replace('%(default)s', str(action.default))
        yield f'| {shown} | {text}{need} |'


def with_options(page: str) -> str:
    """Return the page with its options as the parser has them.

    Raises:
        ConfigError: if the page lacks one of the two marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ConfigError(f'the page has no {BEGIN} or no {END}; put both where the table goes')
    tables = '\n'.join(option_table(verb, build()) for verb, build in PARSERS.items())
    return f'{before}{BEGIN}\n\n{tables}\n{END}{after}'


def main() -> None:
    """Write the table into the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/option_table.py'
    )
    parser.add_argument('--page', type=file_name, default=PAGE, help='page to write into')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        text = with_options(args.page.read_text(encoding='utf-8'))
        args.page.write_text(text, encoding='utf-8')
        print(f'wrote {args.page}')


if __name__ == '__main__':
    main()
