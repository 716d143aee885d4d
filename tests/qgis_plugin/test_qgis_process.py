"""Every algorithm as ``qgis_process`` runs it, with the real command of this environment.

QGIS's own variables are set as its launchers set them, to what breaks the command if they reach it.
"""

import json
import sys
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import rasterio
import torch

from dfpenet_mm.run.work_folder import finished_blocks
from tests.cli.conftest import CHEAP_CONFIG, ROOT, cheap, crop
from tests.imagery.test_fetch import INSIDE, POST, PRE
from tests.imagery.world import serving
from tests.qgis_plugin.small_bundle import write_bundle
from tests.system_qgis import require_qgis_process
from tests.teaching.conftest import CONFIG, lesson_folder, review

__all__ = ['cheap', 'lesson_folder', 'review']
pytestmark = pytest.mark.slow
COMMAND = Path(sys.executable).with_name('landslide-map')
# So that a config finds the networks of the tests, as nothing of PYTHONPATH reaches the command.
FIND_TESTS = f'import sys\nsys.path.insert(0, {str(ROOT)!r})\n'


@pytest.fixture(scope='module')
def run(profile, tmp_path_factory):
    """Run an algorithm that must succeed; returns what ``qgis_process`` says."""
    require_qgis_process()
    enabled = profile.process('plugins', 'enable', 'landslides')
    assert 'landslides' in enabled.stdout, enabled.stderr
    poison = tmp_path_factory.mktemp('python of QGIS')
    (poison / 'dfpenet_mm.py').write_text('raise ImportError("this is the Python of QGIS")')
    variables = {
        'PYTHONHOME': '/usr',
        'PYTHONPATH': str(poison),
        'GDAL_DATA': '/usr/share/gdal',
        'PROJ_LIB': '/usr/share/proj',
    }

    def run_algorithm(name, *, command=COMMAND, code=0, **parameters):
        ended, said = profile.run(name, command=command, variables=variables, **parameters)
        assert ended == code, said
        return said

    return run_algorithm


@pytest.fixture(scope='module')
def mapped(run, tmp_path_factory):
    """A real run on a piece of the demo scene, in a folder whose name is not plain."""
    folder = tmp_path_factory.mktemp('Bilder von größeren Erdbeben')
    post = crop(ROOT / 'demo' / 'hokkaido_post.tif', folder / 'nachher é.tif')
    said = run('map', POST=post)
    return folder / 'landslides_nachher é', said


def test_map(mapped):
    out, said = mapped
    table = pyogrio.read_dataframe(out / 'landslides.gpkg', layer='landslides')
    assert len(table) > 20
    assert f'{len(table)} landslides' in said
    assert f'LANDSLIDES:\t{out}/landslides.gpkg|layername=landslides' in said
    assert f'REPORT:\t{out}/report.html' in said
    # The progress of QGIS, in percents.
    assert '50' in said
    with (
        rasterio.open(out / 'mask.tif') as mask,
        rasterio.open(next(out.parent.glob('*.tif'))) as post,
    ):
        assert (mask.crs, mask.transform) == (post.crs, post.transform)


def test_a_result_is_only_replaced_if_that_is_wished(run, mapped):
    (post,) = mapped[0].parent.glob('*.tif')
    said = run('map', code=1, POST=post)
    assert '"Replace an earlier result"' in said


def test_check(run):
    said = run('check')
    assert 'environment:' in said


def test_audit(run, mapped):
    out, _ = mapped
    said = run('drawaudit', OUT=out, POINTS=60)
    assert f'AUDIT:\t{out}/audit.gpkg|layername=audit' in said
    points = pyogrio.read_dataframe(out / 'audit.gpkg', layer='audit')
    points['verdict'] = 'landslide'
    points.to_file(out / 'audit.gpkg', layer='audit', driver='GPKG')
    said = run('readaudit', OUT=out)
    assert 'km2' in said
    assert json.loads((out / 'summary.json').read_text())['audit']


def test_finish(run, mapped):
    out, _ = mapped
    inventory = out / 'landslides.gpkg'
    before = pyogrio.read_dataframe(inventory, layer='landslides')
    before.loc[0, 'review'] = 'rejected'
    before.to_file(inventory, layer='landslides', driver='GPKG')
    said = run('finish', OUT=out, REVIEWER='A. Analyst', FORMATS='geojson')
    assert f'ORIGINAL:\t{out}/original.gpkg' in said
    after = gpd.read_file(out / 'landslides.geojson')
    assert len(after) == len(before) - 1


def test_evaluate(run, mapped, tmp_path):
    out, _ = mapped
    said = run(
        'evaluate',
        PREDICTED=f'{out}/landslides.gpkg|layername=landslides',
        REFERENCE=out / 'original.gpkg',
        OUT=tmp_path / 'verglichen',
    )
    assert 'precision 100.00%' in said
    assert f'PREDICTIONS:\t{tmp_path}/verglichen/evaluation.gpkg|layername=predicted' in said


def test_teach(run, lesson_folder, review, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(FIND_TESTS + CONFIG)
    said = run(
        'teach',
        CONFIG=config,
        CHECKPOINT=lesson_folder / 'weights.pth',
        POST=lesson_folder / 'post.tif',
        INVENTORY=f'{review}|layername=landslides',
        REVIEWED_AREA=f'{review}|layername=reviewed_area',
        OUT=tmp_path / 'gelehrt',
        STEPS=2,
    )
    assert f'FINDINGS:\t{tmp_path}/gelehrt/teaching.json' in said
    assert (tmp_path / 'gelehrt' / 'landslides.gpkg').is_file()


def test_fetch(run, tmp_path):
    (tmp_path / 'world').mkdir()
    west, south, east, north = INSIDE
    with serving(tmp_path / 'world') as world:
        world.image('POST', POST)
        world.image('PRE', PRE)
        said = run(
            'fetch',
            DATE='2018-09-05',
            BBOX=f'{west},{east},{south},{north} [EPSG:4326]',
            STAC=f'{world.url}/stac',
            NO_DEM=1,
            OUT=tmp_path / 'geholt',
        )
        refused = run('fetch', code=1, EVENT='x', USGS='http://127.0.0.1:9', OUT=tmp_path / 'no')
    assert f'POST:\t{tmp_path}/geholt/post.tif' in said
    assert 'cannot be reached' in refused
    assert 'try again later' in refused


def test_set_up(run, profile, tmp_path):
    environment = tmp_path / 'Umgebung é'
    said = run(
        'setup',
        command='',
        CONSENT=1,
        BUNDLE=write_bundle(tmp_path / 'bundle'),
        ENVIRONMENT=environment,
        PYTHON=sys.executable,
    )
    assert f'landslide-map 9.9.9 is ready: {environment}' in said
    # From now on it is found.
    ini = next(profile.home.rglob('QGIS3.ini')).read_text()
    assert 'LANDSLIDES_COMMAND' in ini


def test_a_cancelled_run_is_resumed(profile, cheap, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(FIND_TESTS + CHEAP_CONFIG.replace('seconds=0.004', 'seconds=0.02'))
    weights = {'weight.weight': torch.ones(1, 1), 'weight.bias': torch.zeros(1)}
    torch.save({'state_dict': weights}, tmp_path / 'weights.pth')
    code = """
from pathlib import Path
settings = {key: values[key.lower()] for key in ('CONFIG', 'CHECKPOINT', 'POST', 'OUT')}
def begun(progress):
    return any(Path(values['out']).rglob('*.block'))
answer(run('map', cancel_when=begun, OPEN=False, **settings)[1].texts[-1])
"""
    given = {
        'config': config,
        'checkpoint': tmp_path / 'weights.pth',
        'post': cheap / 'post.tif',
        'out': tmp_path / 'out',
    }
    said = profile.session(code, COMMAND, **given)
    assert 'run it again with the same settings, and it goes on' in said
    assert finished_blocks(tmp_path / 'out') > 0
    assert not (tmp_path / 'out' / 'landslides.gpkg').exists()
    again = code.replace('return any', 'return False and any')
    profile.session(again, COMMAND, **given)
    assert (tmp_path / 'out' / 'landslides.gpkg').is_file()
    assert finished_blocks(tmp_path / 'out') == 0
