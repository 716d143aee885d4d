import subprocess
import sys

import pytest

from dfpenet_mm import install_check
from dfpenet_mm.errors import EXIT_CODE, InstallError

MAINTAINED = {'torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation'}


@pytest.mark.parametrize(
    'names', [MAINTAINED, {'torch', 'mmengine', 'mmcv', 'mmsegmentation'}, set()]
)
def test_one_family_is_sound(names):
    install_check.require_one_family(names)


@pytest.mark.parametrize('upstream', ['mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation'])
def test_two_families_are_refused_with_the_mend(upstream):
    with pytest.raises(InstallError) as caught:
        install_check.require_one_family(MAINTAINED | {upstream})
    message = str(caught.value)
    assert f'and {upstream} are installed together' in message
    assert f'pip uninstall -y {upstream} onedl-mmengine onedl-mmcv onedl-mmsegmentation' in message
    assert message.endswith('pip install onedl-mmengine onedl-mmcv onedl-mmsegmentation')


def write_distribution(folder, name):
    info = folder / f'{name.replace("-", "_")}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')


def test_finds_both_families_on_the_path(tmp_path, monkeypatch):
    for name in ('onedl_mmcv', 'MMCV'):
        write_distribution(tmp_path, name)
    monkeypatch.setattr(sys, 'path', [str(tmp_path)])
    assert install_check.installed_names() == {'onedl-mmcv', 'mmcv'}
    with pytest.raises(InstallError, match='onedl-mmcv and mmcv are installed together'):
        install_check.require_one_family()


def test_missing_system_library_names_the_mend(tmp_path, monkeypatch):
    (tmp_path / 'cv2.py').write_text("raise ImportError('libGL.so.1: cannot open shared object')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'cv2', raising=False)
    with pytest.raises(InstallError, match=r'libGL\.so\.1.*opencv-python-headless'):
        install_check.require_system_libraries(['cv2'])


def test_command_is_silent_on_a_sound_installation():
    done = run_command([])
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_command_complains_on_stderr(tmp_path):
    write_distribution(tmp_path, 'mmengine')
    done = run_command([str(tmp_path)])
    assert done.returncode == EXIT_CODE
    assert 'Traceback' not in done.stderr
    assert 'mmengine are installed together' in done.stderr


def run_command(extra_path):
    code = (
        f'import sys; sys.path[:0] = {extra_path!r}\n'
        'from dfpenet_mm.install_check import main\n'
        'sys.exit(main())'
    )
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
