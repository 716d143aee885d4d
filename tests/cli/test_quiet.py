import sys
import warnings

from dfpenet_mm.cli.quiet import quiet_libraries


def warn_as(module):
    exec(
        compile("import warnings\nwarnings.warn('advice')", f'{module}.py', 'exec'),
        {'__name__': module},
    )


def test_only_libraries_are_quiet(capsys):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        with quiet_libraries():
            print('remark')
            sys.stderr.write('error\n')
            warn_as('mmcv.cnn')
        warn_as('mmseg.models')
        warn_as('torch.nn')
        warn_as('dfpenet_mm.grid')
        print('result')
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ('result\n', 'error\n')
    assert len(seen) == 1
