"""The page on the report names the parts and checks that the report has."""

import re

from dfpenet_mm.report.page import checks
from tests.docs.blocks import DOCS, ROOT

TEMPLATES = ROOT / 'dfpenet_mm' / 'report' / 'page' / 'templates'
PAGE = (DOCS / 'reading_the_report.md').read_text(encoding='utf-8')


def first_column(heading):
    section = PAGE.partition(f'## {heading}\n')[2].partition('\n## ')[0]
    cells = re.findall(r'^\| ([^|]+) \|', section, re.MULTILINE)
    return [cell.strip('*') for cell in cells[1:]]


def test_its_parts_are_headings_of_the_report():
    # A benchmark's page is a report of its own.
    pages = [path for path in sorted(TEMPLATES.glob('*.j2')) if path.stem != 'benchmark.html']
    templates = '\n'.join(path.read_text() for path in pages)
    headings = re.findall(r'<h2[^>]*>(?:<span[^>]*>.</span> )?(.*?)</h2>', templates)
    plain = {re.sub(r'{%.*?%}|{{.*?}}', '', heading).strip() for heading in headings}
    parts = [part for part in first_column('From top to bottom') if part != 'head']

    assert len(parts) > 8
    assert [part for part in parts if part not in plain] == []
    assert {heading for heading in plain if not any(heading in part for part in parts)} == {
        'Evaluation against',
        'Read this first, continued',
    }


def test_its_checks_are_those_of_the_report():
    source = (ROOT / 'dfpenet_mm' / 'report' / 'page' / 'checks.py').read_text()
    asked = set(re.findall(r"Check\(\s*'([^']+)'", source))

    assert set(first_column('May I rely on it?')) == asked
    assert (checks.NODATA, checks.EDGE, checks.DOUBTS, checks.SHIFT_PX) == (0.05, 0.05, 0.25, 1)
