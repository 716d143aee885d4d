"""Broken installations, simulated."""

import sys
import types

import pytest

from dfpenet_mm import installation
from dfpenet_mm.doctor import packages
from dfpenet_mm.doctor.packages import (
    check_families,
    check_imports,
    check_training,
    check_versions,
)


def find(findings, name):
    (found,) = [found for found in findings if found.name == name]
    return found


def test_this_installation_is_sound():
    findings = [*check_versions(), *check_families(), *check_imports(), *check_training()]
    assert {found.status for found in findings} == {'ok'}
    assert find(findings, 'numpy').found == sys.modules['numpy'].__version__


@pytest.mark.parametrize(
    ('module', 'mend'),
    [
        ('openvino', 'pip install --force-reinstall --no-deps openvino'),
        ('rasterio', 'libexpat1'),
        # What only the report needs.
        ('jinja2', 'pip install --force-reinstall --no-deps jinja2'),
    ],
)
def test_a_module_that_does_not_load(monkeypatch, module, mend):
    monkeypatch.setattr(packages, 'REQUIRED', {module: packages.REQUIRED[module]})
    monkeypatch.setitem(sys.modules, module, None)
    (found,) = check_imports()
    assert (found.name, found.status) == (module, 'problem')
    assert mend in found.mend


@pytest.mark.parametrize(
    ('module', 'mend'),
    [
        ('torch', 'pip install --force-reinstall --no-deps torch'),
        ('cv2', 'opencv-python-headless'),
    ],
)
def test_mapping_goes_on_where_pytorch_does_not_load(monkeypatch, module, mend):
    monkeypatch.setitem(sys.modules, module, None)
    found = find(check_training(), module)
    assert found.status == 'warning'
    assert mend in found.mend


def test_an_installation_that_only_maps_is_sound(monkeypatch):
    monkeypatch.setattr(packages, 'installed_version', lambda _: None)
    (found,) = check_training()
    assert (found.status, found.mend) == ('ok', '')
    assert "pip install 'dfpenet_mm[train]'" in found.found


def test_a_module_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(packages, 'REQUIRED', {'seismology_xyz': 'Seismology-XYZ'})
    (found,) = check_imports()
    assert found.mend == 'install it with pip install Seismology-XYZ'


def test_what_fails_because_of_another_one_says_so(monkeypatch, tmp_path):
    (tmp_path / 'leans_on_torch.py').write_text('import torch\n')
    monkeypatch.syspath_prepend(tmp_path)
    required = {'leans_on_torch': 'torch', 'torch': 'torch'}
    monkeypatch.setattr(packages, 'REQUIRED', required)
    monkeypatch.setitem(sys.modules, 'torch', None)
    assert find(check_imports(), 'leans_on_torch').mend == 'mend torch first'


def test_a_module_of_another_installation(monkeypatch, tmp_path):
    stranger = types.ModuleType('numpy')
    stranger.__file__ = str(tmp_path / 'numpy' / '__init__.py')
    monkeypatch.setattr(packages, 'REQUIRED', {'numpy': 'numpy'})
    monkeypatch.setitem(sys.modules, 'numpy', stranger)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'venv'))
    (found,) = check_imports()
    assert found.status == 'warning'
    assert 'PYTHONPATH' in found.mend


def test_mixed_families(monkeypatch):
    names = {'onedl-mmcv', 'mmcv', 'numpy'}
    monkeypatch.setattr(installation, 'installed_names', lambda: names)
    (found,) = check_families()
    assert found.status == 'problem'
    assert 'onedl-mmcv and mmcv are installed together' in found.found
    assert found.mend.startswith('keep one family: pip uninstall')


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (3, 10, 4))
    found = find(check_versions(), 'python')
    assert found.status == 'problem'
    assert '3.11' in found.mend


def test_optional_packages_may_be_missing(monkeypatch):
    monkeypatch.setattr(packages, 'installed_version', lambda _: None)
    found = find(check_versions(), 'ray')
    assert found.status == 'ok'
    assert "pip install 'dfpenet_mm[ray]'" in found.found
