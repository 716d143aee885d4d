"""The page on troubleshooting names what landslide-map doctor looks at."""

import re

from dfpenet_mm.cli.doctor import CHECKUPS
from dfpenet_mm.doctor.environment import TABLES, THREADS
from tests.docs.blocks import DOCS

PAGE = (DOCS / 'troubleshooting.md').read_text(encoding='utf-8')
SECTION = PAGE.partition('## What doctor looks at\n')[2].partition('\n## ')[0]


def test_every_subject_has_its_row():
    assert re.findall(r'^\| (\w+) \|', SECTION, re.MULTILINE)[1:] == list(CHECKUPS)


def test_the_variables_are_those_of_the_checkup():
    named = set(re.findall(r'`([A-Z_]+)`', SECTION))

    assert named <= {*TABLES, *THREADS}
    assert set(TABLES) <= named
