"""The quick start lists the products of a run."""

import re
from pathlib import PurePath

from dfpenet_mm.cli.products import USES
from tests.docs.blocks import DOCS

PAGE = (DOCS / 'quick_start.md').read_text(encoding='utf-8')
SECTION = PAGE.partition('## What you get\n')[2].partition('\n## ')[0]


def listed():
    """The files of the table's first column; `.png` after `a.json` is `a.png`."""
    names = []
    for cell in re.findall(r'^\| (`[^|]+) \|', SECTION, re.MULTILINE):
        for name in re.findall(r'`([^`]+)`', cell):
            names.append(PurePath(names[-1]).stem + name if name.startswith('.') else name)
    return names


def test_every_product_is_listed():
    named = {PurePath(name) for name in USES if '*' not in name}
    others = {path.stem for path in named if path.suffix != '.png'}
    figures = {path for path in named if path.suffix == '.png' and path.stem not in others}

    assert len(figures) > 3
    assert 'figures/' in listed()
    assert {name for name in listed() if name != 'figures/'} == {
        path.name for path in named - figures
    }
