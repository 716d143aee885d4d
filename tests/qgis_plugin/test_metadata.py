"""What QGIS's plug-in manager reads, and what a plug-in may rely on."""

import ast
import configparser
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import dfpenet_mm
import qgis_plugin

PLUGIN = Path(qgis_plugin.__file__).parent
SOURCES = sorted(PLUGIN.rglob('*.py'))
# What QGIS brings; its Python 3.8 of QGIS 3.22 had all of these of the standard library.
OF_QGIS = {'qgis', 'processing'}
OLDEST_PYTHON = (3, 8)


@pytest.fixture(scope='module')
def metadata():
    parser = configparser.ConfigParser()
    parser.read(PLUGIN / 'metadata.txt', encoding='utf-8')
    return parser['general']


def test_it_has_the_version_of_the_package(metadata):
    assert metadata['version'] == dfpenet_mm.__version__


def test_it_is_a_provider_for_qgis_3_22_to_4(metadata):
    assert metadata['hasProcessingProvider'] == 'yes'
    assert (metadata['qgisMinimumVersion'], metadata['qgisMaximumVersion']) == ('3.22', '4.99')
    assert metadata['supportsQt6'] == 'True'


def test_the_manager_finds_what_it_shows(metadata):
    wanted = {'name', 'description', 'about', 'author', 'email', 'repository', 'license'}
    assert not wanted - set(metadata)
    assert ElementTree.parse(PLUGIN / metadata['icon']).getroot().tag.endswith('svg')


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.relative_to(PLUGIN).as_posix())
def test_it_needs_the_standard_library_and_qgis_alone(path):
    tree = ast.parse(path.read_text(encoding='utf-8'), feature_version=OLDEST_PYTHON)
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    roots = {name.split('.')[0] for name in names}
    assert not roots - set(sys.stdlib_module_names) - OF_QGIS
    # Qt by the name that is right in either version of it.
    assert not [name for name in names if name.startswith(('PyQt5', 'PyQt6'))]


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.relative_to(PLUGIN).as_posix())
def test_annotations_are_left_alone_by_an_old_python(path):
    """Names such as ``list[str]`` and ``str | None`` are only read by type checkers then."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    imported = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    annotated = any(isinstance(node, ast.AnnAssign | ast.arg) for node in ast.walk(tree))
    assert '__future__' in imported or not annotated or path.parent == PLUGIN
