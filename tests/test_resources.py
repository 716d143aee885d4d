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
