"""What the pages name exists: files, modules, classes, parameters of the command line."""

import importlib
import re

import pytest

from tests.docs.blocks import DOCS, ROOT

PAGES = [path for path in sorted(DOCS.rglob('*.md')) if path.parent.name != 'api']
PATH = re.compile(
    r'`((?:configs|tools|dfpenet_mm|postproc|tests|docs|checkpoints|demo|benchmarks)/[\w./-]+)`'
)
NAME = re.compile(r'`((?:dfpenet_mm|postproc)(?:\.\w+)+)`')
# Made by a command of the page, or by the reader.
MADE = ('demo/out/', 'configs/dfpenet/my_', 'checkpoints/imagenet/')


def module_or_attribute(name):
    """Import what a dotted name means."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition('.')
        return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_named_files_and_names_exist(page):
    text = page.read_text(encoding='utf-8')

    paths = [path for path in PATH.findall(text) if not path.startswith(MADE)]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    for name in NAME.findall(text):
        module_or_attribute(name)


def test_the_links_of_the_readme_lead_somewhere():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    links = [link for link in re.findall(r'\]\(([^)#]+)', text) if not link.startswith('http')]

    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_paper_is_covered():
    text = (DOCS / 'paper_to_code.md').read_text()
    rows = re.findall(r'^\| ([\d., to]+)(?: \(\w+\))? \|', text, re.MULTILINE)
    equations, tables, figures = (
        text.partition(f'## {heading}\n')[2].partition('\n## ')[0]
        for heading in ('Equations', 'Tables', 'Figures')
    )

    assert len(PATH.findall(text)) > 30
    assert len(NAME.findall(text)) > 30
    assert len(rows) > 25
    assert numbers(tables) == set(range(1, 7))
    assert numbers(figures) == set(range(1, 12))
    assert numbers(equations) == set(range(1, 16))


def numbers(section):
    """The numbers in the first column of a section's table."""
    found = set()
    for cell in re.findall(r'^\| (\d[^|]*) \|', section, re.MULTILINE):
        first, _, last = cell.partition(' to ')
        found |= (
            set(range(int(first), int(last) + 1))
            if last
            else set(map(int, re.findall(r'\d+', cell)))
        )
    return found
