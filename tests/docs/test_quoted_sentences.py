"""Errors and warnings that the pages quote are sentences of the code."""

import ast
import re

import pytest

from tests.docs.blocks import DOCS, ROOT

# Where a quotation leaves something out or shows one case of it: dots, numbers, names in quotes
# or brackets.
GAP = re.compile(r"\{.*\}|\([^()]*\)|\[[^\]]*\]|'[^' ]*'|\.\.\.|[+-]?\d[\d.]*")
LEAST = 12


def code_text():
    """All strings of the code, those of f-strings with a mark for what is filled in."""
    texts = []
    for package in ('dfpenet_mm', 'postproc'):
        for path in sorted((ROOT / package).rglob('*.py')):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    parts = [
                        part.value if isinstance(part, ast.Constant) else '\0'
                        for part in node.values
                    ]
                    texts.append(''.join(map(str, parts)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    texts.append(node.value)
    return '\n'.join(texts)


def fragments(quotation):
    """The parts of a quotation that are to be found word for word."""
    parts = [part.strip(' ,;:.()[]{}\'"') for part in GAP.split(quotation)]
    return [part for part in parts if len(part) >= LEAST]


def quotations():
    errors = re.findall(
        r'^\?\?\? failure "(.*)"$', (DOCS / 'troubleshooting.md').read_text(), re.MULTILINE
    )
    page = (DOCS / 'reading_the_report.md').read_text()
    table = page.partition('## Warnings\n')[2].partition('\n## ')[0]
    warnings = re.findall(r'^\| ([^|]+) \|', table, re.MULTILINE)
    return [*errors, *(text for text in warnings if text not in ('warning', '---'))]


@pytest.fixture(scope='module')
def code():
    return code_text()


@pytest.mark.parametrize('quotation', quotations())
def test_a_quoted_sentence_is_one_of_the_code(quotation, code):
    parts = fragments(quotation)

    assert parts
    assert [part for part in parts if part not in code] == []


def test_there_are_many():
    assert len(quotations()) > 50
