"""Imports go one way, and names keep their promise."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ('dfpenet_mm', 'postproc')
# Zipped for QGIS and installed without anything else of the project.
PLUGIN = 'qgis_plugin'
# What several rooms need: below all of them, and without torch.
FOUNDATION = tuple(
    f'dfpenet_mm.{name}'
    for name in (
        'errors',
        'reliability',
        'calibration',
        'vocabulary',
        'wording',
        'files',
        'folder_lock',
        'source_files',
        'grid',
        'longitudes',
        'rasters',
        'validity',
        'warped',
        'bands',
        'class_rasters',
        'polygons',
        'review',
        'components',
        'config_file',
        'config_options',
        'processor',
        'installation',
        'resources',
    )
)
VAGUE_NAMES = {'utils', 'util', 'helpers', 'helper', 'misc', 'common'}
QUESTION = re.compile(r'(What|Which|Where|How|Who|Whose|When|Why|Whether)\b')
LONGEST_FILE = 300
PROJECT = ('dfpenet_mm', 'postproc', 'qgis_plugin', 'tools', 'tests', 'configs')

# Layer -> what it may import of the project, and what it may never import. The deepest layer
# that holds a module decides.
MAY_IMPORT = {
    **dict.fromkeys(FOUNDATION, FOUNDATION),
    'dfpenet_mm.configs': (*FOUNDATION, 'dfpenet_mm.engine'),
    'dfpenet_mm': ('dfpenet_mm',),
    'dfpenet_mm.mapping': ('dfpenet_mm',),
    'dfpenet_mm.export': ('dfpenet_mm',),
    'dfpenet_mm.preparation': ('dfpenet_mm',),
    'dfpenet_mm.imagery': ('dfpenet_mm.imagery', 'dfpenet_mm.__version__', *FOUNDATION),
    'dfpenet_mm.api': ('dfpenet_mm',),
    'dfpenet_mm.audit': ('dfpenet_mm', 'postproc'),
    'dfpenet_mm.run': ('dfpenet_mm', 'postproc'),
    'dfpenet_mm.teaching': ('dfpenet_mm', 'postproc'),
    'dfpenet_mm.doctor': ('dfpenet_mm', 'postproc'),
    'dfpenet_mm.cli': ('dfpenet_mm', 'postproc'),
    'postproc': ('postproc', *FOUNDATION),
    'qgis_plugin': ('qgis_plugin',),
    # What needs no QGIS is tried without one.
    'qgis_plugin.command': ('qgis_plugin.command',),
    # Bundles are written in the form that the plug-in reads.
    'tools': ('dfpenet_mm', 'postproc', 'qgis_plugin.command', 'tools.zip_plugin'),
}
NEVER_IMPORTS = {
    'dfpenet_mm': (
        'dfpenet_mm.mapping',
        'dfpenet_mm.export',
        'dfpenet_mm.preparation',
        'dfpenet_mm.run',
        'dfpenet_mm.doctor',
        'dfpenet_mm.cli',
    ),
    'dfpenet_mm.mapping': (
        'dfpenet_mm.run',
        'dfpenet_mm.cli',
        'dfpenet_mm.preparation',
        'dfpenet_mm.export',
    ),
    'dfpenet_mm.export': ('dfpenet_mm.run', 'dfpenet_mm.cli', 'dfpenet_mm.preparation'),
    'dfpenet_mm.preparation': ('dfpenet_mm.run', 'dfpenet_mm.cli', 'dfpenet_mm.export'),
    'dfpenet_mm.api': ('dfpenet_mm.cli', 'dfpenet_mm.doctor'),
    'dfpenet_mm.audit': (
        'torch',
        'mmseg',
        'dfpenet_mm.run',
        'dfpenet_mm.cli',
        'dfpenet_mm.mapping',
        'dfpenet_mm.preparation',
        'dfpenet_mm.export',
        'dfpenet_mm.doctor',
    ),
    'dfpenet_mm.run': (
        'dfpenet_mm.cli',
        'dfpenet_mm.preparation',
        'dfpenet_mm.doctor',
        'dfpenet_mm.teaching',
    ),
    'dfpenet_mm.teaching': ('dfpenet_mm.cli', 'dfpenet_mm.doctor'),
    'dfpenet_mm.imagery': ('torch', 'mmseg', 'mmengine'),
    'dfpenet_mm.doctor': ('dfpenet_mm.cli', 'dfpenet_mm.preparation'),
    'dfpenet_mm.cli': (),
    'postproc': ('torch', 'torchvision', 'mmcv', 'mmseg'),
    'qgis_plugin': (),
    'qgis_plugin.command': ('qgis', 'processing'),
    'tools': (),
}


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(f'{prefix}.') for prefix in prefixes)


def layer_of(module: str, layers: dict) -> str:
    return max((layer for layer in layers if within(module, (layer,))), key=len)


def module_name(path: Path) -> str:
    parts = path.with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def absolute_base(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module
    folder = path.parts[: len(path.parts) - node.level]
    return '.'.join([*folder, *([node.module] if node.module else [])])


def imported(tree: ast.AST, path: Path) -> set[str]:
    """Names a file imports, at any depth; ``from a import b`` gives ``a.b``."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute_base(node, path)
            names.update(f'{base}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Call) and called_name(node) in ('import_module', '__import__'):
            names.update(arg.value for arg in node.args if isinstance(arg, ast.Constant))
    return names


def called_name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, 'id', '')


def wrong_imports(source: str, path: Path) -> list[str]:
    """Imports of a file that its layer does not allow; path is relative to the root."""
    module = module_name(path)
    allowed = MAY_IMPORT[layer_of(module, MAY_IMPORT)]
    never = NEVER_IMPORTS[layer_of(module, NEVER_IMPORTS)]
    return sorted(
        name
        for name in imported(ast.parse(source), path)
        if within(name, never) or (within(name, PROJECT) and not within(name, allowed))
    )


def python_files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob('*.py'))
    return sorted(path.relative_to(ROOT) for path in found)


SOURCES = python_files(*PACKAGES, PLUGIN, 'tools')
CODE = pytest.mark.parametrize('path', SOURCES, ids=str)


def test_there_are_sources():
    assert {'dfpenet_mm', 'postproc'} <= {path.parts[0] for path in SOURCES}


@CODE
def test_imports_go_one_way(path):
    assert wrong_imports((ROOT / path).read_text(), path) == []


@CODE
def test_no_star_import(path):
    tree = ast.parse((ROOT / path).read_text())
    stars = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(alias.name == '*' for alias in node.names)
    ]
    assert stars == []


@pytest.mark.parametrize(
    'path',
    [path for path in SOURCES if not within(module_name(path), ('dfpenet_mm.cli', 'tools'))],
    ids=str,
)
def test_library_neither_prints_nor_asserts(path):
    tree = ast.parse((ROOT / path).read_text())
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'print')
    ]
    assert lines == []


@CODE
def test_file_name_says_its_subject(path):
    assert not VAGUE_NAMES & {*path.with_suffix('').parts}


LIBRARY = [path for path in SOURCES if path.parts[0] in (*PACKAGES, PLUGIN)]


@pytest.mark.parametrize('path', LIBRARY, ids=str)
def test_file_is_worth_one_sitting(path):
    assert not path.stem.startswith('test_')
    assert path.stem != 'conftest'
    assert len((ROOT / path).read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize('path', LIBRARY, ids=str)
def test_docstring_begins_with_a_phrase(path):
    tree = ast.parse((ROOT / path).read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented)]
    assert [text for text in found if text and QUESTION.match(text)] == []


def test_class_has_a_name_of_its_own():
    names = Counter(
        node.name
        for path in LIBRARY
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize('package', [*PACKAGES, PLUGIN])
def test_folders_are_packages(package):
    """A folder without __init__.py would be left out of the wheel."""
    folders = {path.parent for path in python_files(package)}
    assert [
        str(folder) for folder in folders if not (ROOT / folder / '__init__.py').is_file()
    ] == []


# What of these rooms only the extra ``train`` can do.
TRAINING = {
    *('dfpenet_mm.run.benchmark', 'dfpenet_mm.run.benchmark_files'),
    *('dfpenet_mm.cli.conversion', 'dfpenet_mm.cli.draw_segmentation'),
    'dfpenet_mm.cli.runner_command',
}
BASE = ('audit', 'cli', 'doctor', 'imagery', 'report', 'run')


def test_the_base_loads_no_torch():
    """Importing it takes seconds, and the base installation does without."""
    rooms = [f'dfpenet_mm/{room}' for room in BASE]
    inside = {module_name(path) for path in python_files('postproc', *rooms)} - TRAINING
    modules = [*FOUNDATION, 'dfpenet_mm.api', *sorted(inside)]
    code = (
        'import importlib, sys\n'
        f'for name in {modules!r}: importlib.import_module(name)\n'
        "print(sorted({'torch', 'mmseg', 'mmcv', 'mmengine', 'cv2'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split('\n')[-2] == '[]'


@pytest.mark.parametrize(
    ('path', 'source', 'wrong'),
    [
        ('postproc/a.py', 'import torch.nn', ['torch.nn']),
        ('postproc/a.py', 'from mmseg.apis import init_model', ['mmseg.apis.init_model']),
        ('postproc/a.py', 'from dfpenet_mm import mapping', ['dfpenet_mm.mapping']),
        ('postproc/a.py', 'from dfpenet_mm.grid import RasterGrid', []),
        ('postproc/a.py', 'def f():\n    import mmcv', ['mmcv']),
        ('dfpenet_mm/mapping/a.py', 'from postproc.registry import X', ['postproc.registry.X']),
        ('dfpenet_mm/mapping/a.py', 'from ..run import record', ['dfpenet_mm.run.record']),
        ('dfpenet_mm/mapping/a.py', 'from . import windows', []),
        ('dfpenet_mm/preparation/a.py', 'from dfpenet_mm.mapping import windows', []),
        ('dfpenet_mm/preparation/a.py', 'import dfpenet_mm.run.run', ['dfpenet_mm.run.run']),
        ('dfpenet_mm/mapping/__init__.py', 'from .. import cli', ['dfpenet_mm.cli']),
        ('dfpenet_mm/export/a.py', 'from dfpenet_mm.mapping import predictor', []),
        ('dfpenet_mm/export/a.py', 'from dfpenet_mm.run import run', ['dfpenet_mm.run.run']),
        (
            'dfpenet_mm/mapping/a.py',
            'import dfpenet_mm.export.quantise',
            ['dfpenet_mm.export.quantise'],
        ),
        (
            'dfpenet_mm/models/a.py',
            'import dfpenet_mm.mapping.mapper',
            ['dfpenet_mm.mapping.mapper'],
        ),
        ('dfpenet_mm/engine/a.py', "import_module('postproc.registry')", ['postproc.registry']),
        ('dfpenet_mm/datasets/a.py', 'import torch\nimport mmseg', []),
        ('dfpenet_mm/errors.py', 'from dfpenet_mm import models', ['dfpenet_mm.models']),
        ('dfpenet_mm/grid.py', 'from dfpenet_mm.errors import GridMismatchError', []),
        ('dfpenet_mm/cli/a.py', 'from postproc import run\nimport tools.train', ['tools.train']),
        ('qgis_plugin/a.py', 'from dfpenet_mm.errors import X', ['dfpenet_mm.errors.X']),
        ('qgis_plugin/algorithms/a.py', 'from ..settings import X\nimport qgis.core', []),
        ('qgis_plugin/command/a.py', 'from ..settings import X', ['qgis_plugin.settings.X']),
        ('qgis_plugin/command/a.py', 'import qgis.core', ['qgis.core']),
        ('dfpenet_mm/models/a.py', 'import torchvision_extra, postprocess', []),
    ],
)
def test_rules_catch_what_they_forbid(path, source, wrong):
    assert wrong_imports(source, Path(path)) == wrong
