from dataclasses import asdict

from dfpenet_mm.doctor.environment import Finding, in_one_line, problem, warning
from dfpenet_mm.errors import InstallError


def test_findings_are_plain_values():
    assert asdict(Finding('numpy', '2.4')) == {
        'name': 'numpy',
        'found': '2.4',
        'status': 'ok',
        'mend': '',
    }
    assert problem('a', 'b', 'c').status == 'problem'
    assert warning('a', 'b', 'c') == Finding('a', 'b', 'warning', 'c')


def test_errors_become_one_line():
    assert (
        in_one_line(OSError('libGL.so.1:\n  no such file')) == 'OSError: libGL.so.1: no such file'
    )
    assert in_one_line(InstallError('both are\ninstalled')) == 'both are installed'
    assert len(in_one_line('x' * 1000)) == 300
