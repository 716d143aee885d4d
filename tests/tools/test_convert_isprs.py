"""The two ISPRS converters as a user starts them."""

import subprocess
import sys
from pathlib import Path

from tests.preparation.isprs.isprs_download import potsdam, vaihingen

ROOT = Path(__file__).resolve().parents[2]


def run(tool, *arguments):
    command = [sys.executable, str(ROOT / 'tools' / 'dataset_converters' / tool)]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_vaihingen(tmp_path):
    vaihingen(tmp_path / 'raw')
    done = run('vaihingen.py', tmp_path / 'raw', '--out', tmp_path / 'data', '--patch', 32)
    assert (done.returncode, done.stderr) == (0, '')
    lines = done.stdout.splitlines()
    assert lines[0].startswith('ISPRS Vaihingen: 33 of 33 tiles')
    assert 'train: 24800 windows' in lines
    assert lines[-1] == f'wrote {tmp_path / "data"}'
    assert len(list((tmp_path / 'data' / 'labels_eroded').iterdir())) == 33


def test_potsdam_in_other_bands(tmp_path):
    potsdam(tmp_path / 'raw', kind='IRRG')
    out = ('--out', tmp_path / 'data', '--patch', 32)
    done = run('potsdam.py', tmp_path / 'raw', *out, '--bands', 'IRRG')
    assert (done.returncode, done.stderr) == (0, '')
    assert (tmp_path / 'data' / 'images' / '7_13.tif').is_file()


def test_missing_images_are_one_sentence(tmp_path):
    potsdam(tmp_path / 'raw', numbers=('2_10',))
    done = run('potsdam.py', tmp_path / 'raw', '--out', tmp_path / 'data', '--bands', 'IRRG')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: of the 38 tiles of ISPRS Potsdam 38 have no images')
    assert done.stderr.count('\n') == 1
    assert not (tmp_path / 'data').exists()
