import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments):
    command = [sys.executable, str(ROOT / 'tools' / 'report.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_tool_explains_itself_and_ends_in_one_sentence(tmp_path):
    told = start('--help')
    assert told.returncode == 0
    assert 'landslide-map report out --post post.tif' in told.stdout
    done = start(tmp_path, '--post', 'a.tif')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: {tmp_path} holds no summary.json, so it is no folder')
    assert done.stderr.count('\n') == 1
