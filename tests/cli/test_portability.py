"""What maps needs nothing that Unix alone has; Windows itself runs in .github/workflows."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dfpenet_mm import folder_lock
from dfpenet_mm.cli.refusals import KINDS
from dfpenet_mm.files import disk_errors
from dfpenet_mm.folder_lock import HOLDER, LOCK, locked_folder

ROOT = Path(__file__).resolve().parents[2]
# Rooms that a base installation maps with; training and its kin run on Unix.
BASE = ('audit', 'cli', 'doctor', 'imagery', 'mapping', 'report', 'run')
# As their modules are there without their libraries, or are of tools.
LEFT_OUT = {'dfpenet_mm.cli.runner_command', 'dfpenet_mm.cli.conversion'}


def as_on_windows(code, tmp_path, *arguments, **variables):
    """Run a program in a process that is as on Windows."""
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', f'import tests.as_on_windows\n{code}', *arguments],
        env={**os.environ, 'PYTHONPATH': str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )


def modules():
    files = [*(ROOT / 'dfpenet_mm').glob('*.py'), *(ROOT / 'postproc').rglob('*.py')]
    files += [file for room in BASE for file in (ROOT / 'dfpenet_mm' / room).rglob('*.py')]
    names = {'.'.join(file.relative_to(ROOT).with_suffix('').parts) for file in files}
    return sorted(name.removesuffix('.__init__') for name in names - LEFT_OUT)


@pytest.mark.slow
def test_every_part_is_imported_without_what_unix_alone_has(tmp_path):
    code = (
        'import importlib\n'
        'import dfpenet_mm.cli\n'
        f'for name in {modules()!r}:\n'
        '    importlib.import_module(name)\n'
    )
    done = as_on_windows(code, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_scene_is_mapped_and_its_review_finished_where_open_files_stay(
    tmp_path, cheap_arguments, cheap
):
    """No file is removed, renamed or replaced while it is open, and no lock is left behind."""
    out = tmp_path / 'out'
    commands = [
        cheap_arguments(out),
        ['finish', str(out), '--post', str(cheap / 'post.tif'), '--reviewer', 'A'],
    ]
    code = (
        'import json, sys\n'
        'from dfpenet_mm import folder_lock\n'
        'from dfpenet_mm.cli.landslide_map import main\n'
        'folder_lock.KEEPS_OPEN_FILES = True\n'
        'for arguments in json.loads(sys.argv[1]):\n'
        '    main(arguments)\n'
    )
    done = as_on_windows(code, tmp_path, json.dumps(commands))
    assert done.returncode == 0, done.stderr
    assert json.loads((out / 'summary.json').read_text())['totals']['landslides'] > 0
    assert not (out / '.unfinished').exists()


def test_a_lock_that_could_not_be_removed_while_it_was_held_goes_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, 'KEEPS_OPEN_FILES', True)
    work = tmp_path / '.unfinished'
    work.mkdir()
    with locked_folder(tmp_path, work):
        (work / HOLDER).unlink()
        assert (work / LOCK).exists()
    assert not work.exists()
    work.mkdir()
    with locked_folder(tmp_path, work):
        (work / 'blocks').mkdir()
    assert (work / LOCK).exists()


def test_a_product_that_another_program_has_open_is_to_be_closed_there():
    error = PermissionError(13, 'Access is denied', 'landslides.gpkg')
    error.winerror = 32
    with (
        pytest.raises(Exception, match='close it in other programs, such as QGIS') as raised,
        disk_errors('landslides.gpkg', advice='free some space'),
    ):
        raise error
    assert 'free some space' not in str(raised.value)


def texts_without_encoding(source):
    """Yield the lines on which text is read or written in whatever encoding a system prefers."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
            known = any(keyword.arg == 'encoding' for keyword in node.keywords)
            plain = isinstance(node.func, ast.Name) and name == 'open'
            binary = any(
                isinstance(part, ast.Constant) and 'b' in str(part.value) for part in node.args[1:]
            )
            if (name in ('read_text', 'write_text') or (plain and not binary)) and not known:
                yield node.lineno


def test_text_is_utf_8_whatever_the_system_prefers():
    found = [
        f'{path.relative_to(ROOT)}:{line}'
        for package in ('dfpenet_mm', 'postproc')
        for path in sorted((ROOT / package).rglob('*.py'))
        for line in texts_without_encoding(path.read_text(encoding='utf-8'))
    ]
    assert found == []


def test_signals_are_those_that_the_system_has():
    assert {number.name for number in KINDS} >= {'SIGINT', 'SIGTERM'}


@pytest.mark.parametrize('encoding', ['cp1252', 'ascii'])
def test_a_console_of_another_code_page_gets_escapes(tmp_path, encoding):
    code = "from dfpenet_mm.cli.landslide_map import main\nmain(['--post', '山崩れ.tif'])"
    done = as_on_windows(code, tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert r'post file \u5c71\u5d29\u308c.tif does not exist' in done.stderr
