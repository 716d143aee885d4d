"""Wheel and source distribution carry what they are for; the pins fit the ranges."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from geopandas.testing import assert_geodataframe_equal
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from PIL import Image
from rasterio.windows import Window

import dfpenet_mm

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ('dfpenet_mm', 'postproc', 'configs', 'checkpoints')
# As users of a checkout or a wheel name them.
CONFIG_AND_WEIGHTS = (
    'configs/dfpenet/landslide4sense_mobilenetv2.py',
    'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth',
)
PIN = re.compile(r'^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][A-Za-z0-9.]*)$')


def build(kind, source, target):
    """Build a wheel or an sdist with the backend that pyproject.toml names; return its file."""
    code = f'from setuptools import build_meta; build_meta.build_{kind}({str(target)!r})'
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A copy of what is packed, so that the checkout stays clean."""
    source = tmp_path_factory.mktemp('source')
    for name in ('setup.py', 'pyproject.toml', 'LICENSE', 'README.md'):
        shutil.copy2(ROOT / name, source)
    for name in SHIPPED:
        ignored = shutil.ignore_patterns('__pycache__')
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    return source


@pytest.fixture(scope='module')
def wheel(source, tmp_path_factory):
    """The project's wheel, built from the checkout's files."""
    return build('wheel', source, tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='module')
def sdist(source, tmp_path_factory):
    """The project's source distribution."""
    return build('sdist', source, tmp_path_factory.mktemp('sdist'))


@pytest.fixture(scope='module')
def site(wheel, tmp_path_factory):
    """A folder with the wheel installed, as pip unpacks a pure wheel."""
    folder = tmp_path_factory.mktemp('site')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope='module')
def wheel_metadata(site):
    (info,) = site.glob('*.dist-info')
    return message_from_string((info / 'METADATA').read_text(encoding='utf-8'))


def run_installed(site, code):
    """Run code that sees the installed wheel and not the checkout."""
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=site.parent,
        env={**os.environ, 'PYTHONPATH': str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def files_below(folder, pattern):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob(pattern)
        if '__pycache__' not in path.parts
    }


def contents(path):
    """Return name and checksum of every file in a wheel, but of its table of contents."""
    with zipfile.ZipFile(path) as archive:
        files = archive.infolist()
    return {file.filename: file.CRC for file in files if not file.filename.endswith('/RECORD')}


def test_wheel_is_pure_and_named_after_the_version(wheel):
    assert wheel.name == f'dfpenet_mm-{dfpenet_mm.__version__}-py3-none-any.whl'


@pytest.mark.parametrize('package', ['dfpenet_mm', 'postproc'])
def test_wheel_has_every_module(site, package):
    inside = files_below(site / package, '*.py')
    configs = {name for name in inside if name.startswith('configs/')}
    assert inside - configs == files_below(ROOT / package, '*.py')


def test_wheel_says_that_it_is_typed(site, wheel_metadata):
    assert 'Typing :: Typed' in wheel_metadata.get_all('Classifier')
    for package in ('dfpenet_mm', 'postproc'):
        assert (site / package / 'py.typed').is_file()


def test_wheel_says_whose_it_is(wheel_metadata):
    assert wheel_metadata['Author'] == 'dfpenet_mm contributors'
    assert 'Paper, https://arxiv.org/abs/1908.10907' in wheel_metadata.get_all('Project-URL')


def test_sdist_builds_the_same_wheel(sdist, wheel, tmp_path):
    """A source distribution that lacks a weight or a config builds without a complaint."""
    assert sdist.name == f'dfpenet_mm-{dfpenet_mm.__version__}.tar.gz'
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / 'source', filter='data')
    (tmp_path / 'wheel').mkdir()
    (source,) = (tmp_path / 'source').iterdir()
    rebuilt = build('wheel', source, tmp_path / 'wheel')

    assert contents(rebuilt) == contents(wheel)


def test_wheel_has_every_config(site):
    configs = files_below(ROOT / 'configs', '*.py')
    assert configs
    assert files_below(site / 'dfpenet_mm' / 'configs', '*.py') == configs


def test_wheel_has_the_shipped_weights_and_cards(site):
    """Initial weights, in folders below, serve training from a checkout and stay there."""
    folder = ROOT / 'checkpoints'
    patterns = ('*.pth', '*.json', '*.md', '*_replay.npz', '*_openvino/*', '*_int8/*')
    shipped = {str(path.relative_to(folder)) for name in patterns for path in folder.glob(name)}
    assert files_below(site / 'dfpenet_mm' / 'checkpoints', '*.*') == shipped


def test_wheel_brings_no_other_top_level_name(site):
    info = f'dfpenet_mm-{dfpenet_mm.__version__}.dist-info'
    assert {path.name for path in site.iterdir()} == {'dfpenet_mm', 'postproc', info}


def test_installed_package_finds_its_configs(site):
    code = 'from dfpenet_mm import resources; print(resources.config_dir())'
    assert Path(run_installed(site, code)) == site / 'dfpenet_mm' / 'configs'


def test_installed_configs_load_with_their_bases(site):
    code = (
        'from dfpenet_mm.resources import config_dir\n'
        'from mmengine.config import Config\n'
        "leaves = [p for p in sorted(config_dir().rglob('*.py')) if '_base_' not in p.parts]\n"
        'for leaf in leaves: Config.fromfile(leaf, import_custom_modules=False)\n'
        'print(len(leaves))\n'
    )
    leaves = [n for n in files_below(ROOT / 'configs', '*.py') if not n.startswith('_base_/')]
    assert leaves
    assert int(run_installed(site, code).splitlines()[-1]) == len(leaves)


# In a folder without a checkout: what mmsegmentation's own API makes of two chips.
MMSEG_API = """
import sys, mmcv, numpy as np
from mmseg.apis import MMSegInferencer, inference_model, init_model
from dfpenet_mm.resources import checkpoint_dir, config_dir
config = str(config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py')
weights = str(checkpoint_dir() / 'dfpenet_mobilenetv2_landslide4sense.pth')
paths = sys.argv[1:]
arrays = [mmcv.imread(path) for path in paths]
model = init_model(config, weights, device='cpu')
inferencer = MMSegInferencer(config, weights, device='cpu', show_progress=False)
assert model.dataset_meta['classes'] == ('background', 'landslide')
assert inferencer.model.dataset_meta['classes'] == ('background', 'landslide')
found = []
for inputs in (paths, arrays, paths):
    found.append([result.pred_sem_seg.data[0].numpy() for result in inference_model(model, inputs)])
    found.append(inferencer(inputs)['predictions'])
np.save('predictions.npy', np.stack(found))
"""


@pytest.mark.slow
def test_mmsegs_own_api_gives_the_pixels_of_the_test_tool(site, tmp_path):
    """Of an installed package, from another folder, for paths and arrays."""
    write_chips(tmp_path / 'chips')
    config, weights = CONFIG_AND_WEIGHTS
    options = [
        f'test_dataloader.dataset.data_root={tmp_path / "chips"}',
        'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False',
        'test_dataloader.batch_size=1',
    ]
    command = [ROOT / 'tools' / 'test.py', config, weights, '--out', tmp_path / 'out']
    run_in(tmp_path, *command, '--cfg-options', *options)
    chips = sorted((tmp_path / 'chips' / 'images').iterdir())

    run_in(tmp_path, '-c', MMSEG_API, *chips, PYTHONPATH=str(site))

    wanted = np.stack([np.array(Image.open(tmp_path / 'out' / path.name)) for path in chips])
    assert 0.05 < wanted.mean() < 0.95
    for found in np.load(tmp_path / 'predictions.npy'):
        np.testing.assert_array_equal(found, wanted)


BARRED = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmseg', 'cv2', 'tensorboard', 'nncf', 'onnx')
# In place of an environment that has none of them, which takes a minute to install.
BAR = f"""
import sys
class Bar:
    def find_spec(name, path=None, target=None):
        if name.partition('.')[0] in {BARRED}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Bar)
"""
COMMAND = 'from dfpenet_mm.cli.landslide_map import main; main(sys.argv[1:])'


def without_pytorch(site, folder, *arguments):
    """Run the installed command where nothing of the extra ``train`` can be imported."""
    return run_command(site, folder, BAR + COMMAND, *arguments)


def run_command(site, folder, code, *arguments):
    return subprocess.run(
        [sys.executable, '-c', code, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_base_maps_what_the_full_installation_does(site, tmp_path):
    for role in ('post', 'pre'):
        with rasterio.open(ROOT / 'demo' / f'hokkaido_{role}.tif') as scene:
            window = Window(470, 300, 160, 150)
            place = {'width': 160, 'height': 150, 'transform': scene.window_transform(window)}
            with rasterio.open(tmp_path / f'{role}.tif', 'w', **scene.profile | place) as crop:
                crop.write(scene.read(window=window))
    asked = ['--post', 'post.tif', '--pre', 'pre.tif', '--no-report', '--quiet', '--out']
    for done in (
        without_pytorch(site, tmp_path, *asked, 'base'),
        run_command(site, tmp_path, f'import sys\n{COMMAND}', *asked, 'full'),
    ):
        assert done.returncode == 0, done.stderr
    pixels, landslides = {}, {}
    for name in ('base', 'full'):
        rasters = sorted((tmp_path / name).glob('*.tif'))
        assert {raster.name for raster in rasters} >= {'mask.tif', 'probability.tif'}
        pixels[name] = [rasterio.open(raster).read() for raster in rasters]
        landslides[name] = gpd.read_file(tmp_path / name / 'landslides.gpkg', layer='landslides')
    for base, full in zip(pixels['base'], pixels['full'], strict=True):
        np.testing.assert_array_equal(base, full)
    assert len(landslides['base']) > 20
    assert_geodataframe_equal(landslides['base'], landslides['full'])


@pytest.mark.parametrize(
    'arguments',
    [
        ('teach', '--run', 'run', '--out', 'taught'),
        ('benchmark', 'chips'),
        ('export', 'config.py', 'weights.pth'),
        ('--post', 'post.tif', '--backend', 'torch'),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_verb_that_trains_says_how_to_install_what_it_needs(site, tmp_path, arguments):
    shutil.copy(ROOT / 'demo' / 'hokkaido_post.tif', tmp_path / 'post.tif')
    done = without_pytorch(site, tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, '')
    last = done.stderr.splitlines()[-1]
    assert last.startswith('error: ')
    assert last.endswith("add PyTorch and the mm packages with pip install 'dfpenet_mm[train]'")


def test_a_tool_that_trains_says_so_too(site, tmp_path):
    tool = (
        f"{BAR}import runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], None, '__main__')"
    )
    done = run_command(site, tmp_path, tool, ROOT / 'tools' / 'train.py', 'config.py')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: train.py needs PyTorch, which this installation does')


def test_doctor_finds_the_base_sound(site, tmp_path):
    # What is not installed leaves no metadata either, which the bar cannot hide.
    hide = (
        'from dfpenet_mm.doctor import packages\n'
        "gone = ('torch', 'opencv', 'onedl')\n"
        'known = packages.installed_version\n'
        'packages.installed_version = lambda n: None if n.startswith(gone) else known(n)\n'
    )
    done = run_command(site, tmp_path, f'{BAR}{hide}{COMMAND}', 'doctor', '--json')
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found['problems'] == 0
    (train,) = [one for one in found['findings'] if one['name'] == 'train']
    assert train['status'] == 'ok'
    assert 'not installed' in train['found']


def write_chips(folder):
    """Two chips of the demo scene with many landslides, in values that the network knows."""
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True)
    knows = ((18, 178), (22, 121), (26, 105))
    for index, (row, col) in enumerate(((300, 470), (400, 560))):
        with rasterio.open(ROOT / 'demo' / 'hokkaido_post.tif') as scene:
            bands = scene.read(window=Window(col, row, 128, 128))
        image = np.dstack(
            [
                np.interp(band, np.percentile(band, (1, 99)), target)
                for band, target in zip(bands, knows, strict=True)
            ]
        )
        Image.fromarray(image.astype(np.uint8)).save(folder / 'images' / f'{index}.png')
        Image.fromarray(np.zeros((128, 128), np.uint8)).save(folder / 'masks' / f'{index}.png')


def run_in(folder, *command, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_console_script_points_at_a_function(site):
    (info,) = site.glob('*.dist-info')
    lines = (info / 'entry_points.txt').read_text().split('\n')
    (target,) = [line.split(' = ')[1] for line in lines if line.startswith('landslide-map = ')]
    module, function = target.split(':')
    tree = ast.parse((ROOT / module.replace('.', '/')).with_suffix('.py').read_text())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_wheel_carries_the_licence(site, wheel_metadata):
    (licence,) = site.glob('*.dist-info/**/LICENSE')
    assert licence.read_text() == (ROOT / 'LICENSE').read_text()
    assert 'Version 2.0, January 2004' in licence.read_text()
    assert wheel_metadata['License-Expression'] == 'Apache-2.0'


def pins():
    lines = (ROOT / 'constraints.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def pinned_versions():
    matches = [PIN.match(line) for line in pins()]
    return {canonicalize_name(m['name']): Version(m['version']) for m in matches if m}


def test_constraints_are_exact_sorted_and_public():
    assert [line for line in pins() if not PIN.match(line)] == []
    assert pins() == sorted(set(pins()), key=str.upper)


def test_every_requirement_is_pinned_within_its_range(wheel_metadata):
    versions = pinned_versions()
    requirements = [Requirement(text) for text in wheel_metadata.get_all('Requires-Dist')]
    base = {r.name for r in requirements if r.marker is None}
    assert 'openvino' in base
    assert not base & {'torch', 'torchvision', 'opencv-python', 'tensorboard', 'onnx'}
    assert not [name for name in base if name.startswith('onedl-')]
    assert {'torch', 'onedl-mmsegmentation', 'pytest', 'ruff'} <= {r.name for r in requirements}
    outside = [
        str(requirement)
        for requirement in requirements
        if versions.get(canonicalize_name(requirement.name)) not in requirement.specifier
    ]
    assert outside == []


def test_both_builds_of_opencv_have_one_version():
    """The headless cv2 is written over the other one, so they must be the same release."""
    versions = pinned_versions()
    assert versions['opencv-python'] == versions['opencv-python-headless']


def test_only_one_family_is_required(wheel_metadata):
    names = {Requirement(text).name for text in wheel_metadata.get_all('Requires-Dist')}
    assert not names & {'mmcv', 'mmcv-lite', 'mmengine', 'mmsegmentation'}
