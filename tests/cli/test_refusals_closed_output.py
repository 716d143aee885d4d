import subprocess
import sys

from tests.cli.conftest import ROOT

CODE = """\
from dfpenet_mm.cli.refusals import reader_may_leave
import sys, time
with reader_may_leave():
    sys.stdin.readline()
    for _ in range(100_000):
        sys.stdout.write('line\\n')
sys.stderr.write('warnings\\n')
"""


def test_a_reader_that_leaves_is_no_error():
    process = subprocess.Popen(
        [sys.executable, '-c', CODE],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    process.stdin.write('go\n')
    process.stdin.close()
    assert process.stderr.read() == 'warnings\n'
    assert process.wait(60) == 0
    process.stderr.close()
