"""requirements.lock: the pins of constraints.txt with the checksums of their files."""

import ast
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(
    r'^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ;[^\n]*)? \\\n'
    r'(?P<hashes>(?: {4}--hash=.+\n)+)',
    re.MULTILINE,
)
HASH = re.compile(r'--hash=sha256:[0-9a-f]{64}')
RENEW = 'renew requirements.lock by the command on its top'


def without_comments(path):
    lines = path.read_text(encoding='utf-8').splitlines(keepends=True)
    return ''.join(line for line in lines if not line.lstrip().startswith('#'))


@pytest.fixture(scope='module')
def text():
    return without_comments(ROOT / 'requirements.lock')


@pytest.fixture(scope='module')
def locked(text):
    return {canonicalize_name(entry['name']): entry for entry in ENTRY.finditer(text)}


def requirements():
    """Return what setup.py asks for, extras and all, without running it."""
    tree = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and node.targets[0].id in ('INSTALL_REQUIRES', 'EXTRAS_REQUIRE')
    }
    extras = (wanted for extra in values['EXTRAS_REQUIRE'].values() for wanted in extra)
    return [Requirement(wanted) for wanted in (*values['INSTALL_REQUIRES'], *extras)]


def test_nothing_but_pins_and_their_hashes(text, locked):
    assert ENTRY.sub('', text) == ''
    for name, entry in locked.items():
        lines = entry['hashes'].split('\n')[:-1]
        bad = [line for line in lines if not HASH.fullmatch(line.strip().removesuffix(' \\'))]
        assert (name, bad) == (name, [])
    # No address of an index: everybody installs from their own.
    assert '//' not in (ROOT / 'requirements.lock').read_text(encoding='utf-8')


def test_pins_are_those_of_the_constraints(locked):
    pins = dict(line.split('==') for line in without_comments(ROOT / 'constraints.txt').split())
    frozen = {canonicalize_name(name): version for name, version in pins.items()}
    assert {name: entry['version'] for name, entry in locked.items()} == frozen, RENEW


def test_every_requirement_of_the_package_is_locked_within_its_range(locked):
    wanted = requirements()
    assert {'torch', 'jinja2', 'ruff', 'ray'} <= {requirement.name for requirement in wanted}
    outside = [
        str(requirement)
        for requirement in wanted
        if (entry := locked.get(canonicalize_name(requirement.name))) is None
        or Version(entry['version']) not in requirement.specifier
    ]
    assert outside == [], RENEW
