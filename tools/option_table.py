"""Write the options of landslide-map into docs/command_line.md, from its parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from dfpenet_mm.cli.errors import exit_on_user_error, file_name
from dfpenet_mm.cli.landslide_map_options import build_parser
from dfpenet_mm.errors import ConfigError

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'command_line.md'
BEGIN, END = '<!-- options: written by tools/option_table.py -->', '<!-- end of options -->'


def option_table(parser: argparse.ArgumentParser) -> str:
    """Return a table in Markdown for every group of options, with its heading."""
    parts = []
    for group in parser._action_groups:
        rows = list(_rows([action for action in group._group_actions if action.dest != 'help']))
        if rows:
            parts += [f'### {group.title.capitalize()}', '', '| option | meaning |', '|---|---|']
            parts += [*rows, '']
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
    return f'{before}{BEGIN}\n\n{option_table(build_parser())}\n{END}{after}'


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
