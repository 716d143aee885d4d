from pathlib import Path

import pytest

from dfpenet_mm import resources
from dfpenet_mm.errors import InstallError


def test_checkout_gives_its_own_folders():
    root = resources.PACKAGE_DIR.parent
    assert resources.config_dir() == root / 'configs'
    assert (resources.config_dir() / '_base_').is_dir()


def test_folder_inside_the_package_comes_first(tmp_path):
    package = tmp_path / 'dfpenet_mm'
    (package / 'configs').mkdir(parents=True)
    (tmp_path / 'configs').mkdir()
    (tmp_path / 'setup.py').touch()
    assert resources.find_folder('configs', package) == package / 'configs'


def test_folder_beside_the_package_in_a_checkout(tmp_path):
    package = tmp_path / 'dfpenet_mm'
    package.mkdir()
    (tmp_path / 'configs').mkdir()
    (tmp_path / 'setup.py').touch()
    assert resources.find_folder('configs', package) == tmp_path / 'configs'


def test_a_stranger_in_site_packages_is_not_taken(tmp_path):
    package = tmp_path / 'dfpenet_mm'
    package.mkdir()
    (tmp_path / 'configs').mkdir()
    with pytest.raises(InstallError, match="without its folder 'configs'; reinstall"):
        resources.find_folder('configs', package)


def test_shipped_files_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path('configs/postproc/default.py')
    assert resources.shipped_file(path) == resources.config_dir() / 'postproc' / 'default.py'
    path.parent.mkdir(parents=True)
    path.write_text('mine')
    assert resources.shipped_file(path) == path


@pytest.mark.parametrize('name', ['configs/gone.py', 'elsewhere/x.py', 'x.py', '/configs/x.py'])
def test_other_paths_stay_as_they_are(name):
    assert resources.shipped_file(Path(name)) == Path(name)
