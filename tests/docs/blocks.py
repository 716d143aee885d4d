"""The code blocks of the documentation."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / 'docs'
FENCE = re.compile(r'^( *)```(\w*)\n(.*?)^\1```$', re.DOTALL | re.MULTILINE)
# A fence without a language whose text begins so is one of commands, too.
COMMAND = re.compile(r'(?:[A-Z_]+=\S+ )*(?:python|landslide-map|pip|make|bash|tools/\w+\.sh) ')


SHELL = ('bash', 'console', 'sh', 'shell')


class Block(NamedTuple):
    """A fenced block: its page, its language, and its text without indentation."""

    page: str
    language: str
    text: str

    @property
    def first(self):
        return self.text.splitlines()[0]


def pages():
    """README and every page of the documentation."""
    return [ROOT / 'README.md', *sorted(DOCS.rglob('*.md'))]


def blocks(*languages):
    """Every block in one of the languages, page by page."""
    found = []
    for path in pages():
        page = path.relative_to(ROOT).as_posix()
        for indent, kind, text in FENCE.findall(path.read_text(encoding='utf-8')):
            if (kind or ('bash' if COMMAND.match(text.lstrip()) else '')) in languages:
                lines = [line.removeprefix(indent) for line in text.splitlines()]
                found.append(Block(page, kind, '\n'.join(lines) + '\n'))
    return found
