import subprocess
import sys

import pytest

from dfpenet_mm import installation
from dfpenet_mm.errors import EXIT_CODE, InstallError
from dfpenet_mm.installation import OwnPostproc

MAINTAINED = {'torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation'}


@pytest.mark.parametrize(
    'names', [MAINTAINED, {'torch', 'mmengine', 'mmcv', 'mmsegmentation'}, set()]
)
def test_one_family_is_sound(names):
    installation.require_one_family(names)


@pytest.mark.parametrize('upstream', ['mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation'])
def test_two_families_are_refused_with_the_mend(upstream):
    with pytest.raises(InstallError) as caught:
        installation.require_one_family(MAINTAINED | {upstream})
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
    assert installation.installed_names() == {'onedl-mmcv', 'mmcv'}
    with pytest.raises(InstallError, match='onedl-mmcv and mmcv are installed together'):
        installation.require_one_family()


def test_missing_system_library_names_the_mend(tmp_path, monkeypatch):
    (tmp_path / 'cv2.py').write_text("raise ImportError('libGL.so.1: cannot open shared object')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'cv2', raising=False)
    with pytest.raises(InstallError, match=r'libGL\.so\.1.*opencv-python-headless'):
        installation.require_system_libraries(['cv2'])


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
        'from dfpenet_mm.installation import main\n'
        'sys.exit(main())'
    )
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)


def run_beside(folder, text):
    """Run a script in a fresh process, which looks for modules beside it first."""
    (folder / 'script.py').write_text(text)
    return subprocess.run(
        [sys.executable, 'script.py'], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize('neighbour', ['postproc.py', 'postproc/__init__.py'])
def test_a_script_beside_a_postproc_of_its_own(neighbour, tmp_path):
    (tmp_path / neighbour).parent.mkdir(exist_ok=True)
    (tmp_path / neighbour).write_text('mine = True')
    ours = OwnPostproc.FILE.with_name('product.py')
    done = run_beside(
        tmp_path, 'import dfpenet_mm.cli\nfrom postproc import product\nprint(product.__file__)\n'
    )
    assert done.stdout.strip() == str(ours), done.stderr
    assert f"{tmp_path / neighbour} has the name 'postproc' of a part of dfpenet_mm" in done.stderr
    # What was imported before cannot be mended, but said.
    done = run_beside(tmp_path, 'import postproc\nimport dfpenet_mm.cli\n')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"dfpenet_mm.errors.InstallError: {tmp_path / neighbour} was imported as 'postproc', which"
    )


def test_this_projects_postproc_is_imported_without_a_word(tmp_path):
    text = 'import dfpenet_mm.cli\nimport dfpenet_mm.files\nimport dfpenet_mm.run.progress\n'
    assert run_beside(tmp_path, text).stderr == ''
    OwnPostproc.install()
    assert sys.meta_path.count(OwnPostproc) == 1
