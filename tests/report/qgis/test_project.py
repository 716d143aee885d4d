import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from matplotlib.image import imread

from dfpenet_mm.errors import InputFileError, OutputError
from dfpenet_mm.report.qgis.project import write_qgis_project
from tests.system_qgis import require_qgis, run_system_python

SCRIPT = Path(__file__).with_name('open_project.py')
MAGENTA = (255, 0, 208)
GROUPS = {
    'Inventory': ['headscarps and toes', 'landslides', 'rejected regions'],
    'Evaluation': [
        'predicted landslides',
        'reference landslides',
        'hits, false alarms and misses',
    ],
    'Statistics': ['landslides a km²'],
    'Recognition': ['mask', 'probability'],
    'Images': ['after the event', 'before the event'],
}


def layers(path):
    root = ElementTree.parse(path).getroot()
    return {item.findtext('layername'): item for item in root.iter('maplayer')}


def groups(path):
    tree = ElementTree.parse(path).getroot().find('layer-tree-group')
    return {
        group.get('name'): [layer.get('name') for layer in group.iter('layer-tree-layer')]
        for group in tree
    }


def test_groups_hold_what_the_run_left(make_run):
    path = write_qgis_project(make_run())

    assert path.name == 'landslides.qgs'
    assert groups(path) == GROUPS
    assert set(layers(path)) == {name for names in GROUPS.values() for name in names}


def test_a_run_that_will_be_moved(make_run):
    run = make_run()
    here = layers(write_qgis_project(run))
    home = run.folder.parent / 'deeper' / 'still' / 'out'
    moved = layers(write_qgis_project(run, run.folder / 'moved.qgs', home=home))

    for name in ('landslides', 'mask'):
        assert moved[name].findtext('datasource') == here[name].findtext('datasource')
    image = moved['after the event'].findtext('datasource')
    assert (home / image).resolve() == run.post.resolve()


def test_what_is_missing_is_left_out(make_run):
    path = write_qgis_project(make_run(name='iburi.gpkg', evaluated=False, pre=False))

    names = {name: list(members) for name, members in GROUPS.items() if name != 'Evaluation'}
    assert groups(path) == names | {'Images': ['after the event']}
    source = layers(path)['landslides'].findtext('datasource')
    assert source == './iburi.gpkg|layername=landslides'


def test_paths_are_relative_and_lead_to_the_files(make_run, tmp_path):
    run = make_run()
    for path in (write_qgis_project(run), write_qgis_project(run, tmp_path / 'beside.qgs')):
        for layer in layers(path).values():
            file = layer.findtext('datasource').partition('|')[0]
            assert file.startswith(('./', '../'))
            assert (path.parent / file).is_file()
        assert str(tmp_path) not in path.read_text()


def test_layers_carry_the_styles_of_their_geopackage(make_run):
    found = layers(write_qgis_project(make_run()))
    assert found['landslides'].find('.//text-style').get('fieldName') == '"id"'
    assert found['landslides'].get('labelsEnabled') == '1'
    assert found['predicted landslides'].find('renderer-v2').get('attr') == 'status'
    assert found['headscarps and toes'].get('minScale') == '20000'


def test_images_are_stretched_between_percentiles_of_their_valid_pixels(make_run):
    run = make_run()
    renderer = layers(write_qgis_project(run))['after the event'].find('pipe/rasterrenderer')
    with rasterio.open(run.post) as source:
        red = source.read(1)[5:]
    limits = [float(renderer.findtext(f'redContrastEnhancement/{end}Value'))
              for end in ('min', 'max')]  # fmt: skip
    np.testing.assert_allclose(limits, np.percentile(red, [1, 99]))
    assert [renderer.get(f'{channel}Band') for channel in ('red', 'green', 'blue')] == [*'123']


def test_masks_show_landslides_only(make_run):
    found = layers(write_qgis_project(make_run()))
    for name, values in (('mask', {'1'}), ('hits, false alarms and misses', {'1', '2', '3'})):
        palette = found[name].find('pipe/rasterrenderer/colorPalette')
        assert {entry.get('value') for entry in palette} == values
    steps = found['probability'].findall('.//colorrampshader/item')
    assert [step.get('alpha') for step in steps] == ['0', *['255'] * 5]


def test_density_is_clear_where_there_are_no_landslides(make_run):
    ramp = layers(write_qgis_project(make_run()))['landslides a km²'].find('.//colorrampshader')
    assert [item.get('value') for item in ramp] == ['0', '0.04', '1', '2', '3', '4']
    assert [item.get('alpha') for item in ramp] == ['0', *['255'] * 5]


def test_qgis_darkens_what_nobody_asked_for(make_run, tmp_path):
    require_qgis(tmp_path)
    drawn = {}
    for area in (False, True):
        path = write_qgis_project(make_run(area=area))
        picture = tmp_path / 'map.png'
        done = run_system_python([SCRIPT, path, picture, '600', '400'], tmp_path)
        groups = json.loads(done.stdout)['groups']
        assert ('dark: outside the area of interest' in groups['Inventory']) is area
        drawn[area] = imread(picture)[..., :3]
        shutil.rmtree(tmp_path / 'out')
    inside, outside = np.s_[320:390, 10:290], np.s_[320:390, 310:590]
    np.testing.assert_array_equal(drawn[True][inside], drawn[False][inside])
    np.testing.assert_allclose(drawn[True][outside], drawn[False][outside] * 105 / 255, atol=0.02)


@pytest.mark.parametrize(
    ('crs', 'ellipsoid', 'map_crs'),
    [
        ('EPSG:32654', 'NONE', 'EPSG:32654'),
        ('EPSG:2263', 'NONE', 'EPSG:2263'),
        ('EPSG:3857', 'EPSG:7030', 'EPSG:3857'),
        ('EPSG:4326', 'EPSG:7030', 'EPSG:32654'),
    ],
)
def test_qgis_measures_as_the_inventory_does(make_run, crs, ellipsoid, map_crs):
    root = ElementTree.parse(write_qgis_project(make_run(crs=crs))).getroot()

    assert root.findtext('properties/Measure/Ellipsoid') == ellipsoid
    assert root.findtext('properties/Measurement/AreaUnits') == 'm2'
    assert root.findtext('properties/Measurement/DistanceUnits') == 'meters'
    assert root.findtext('projectCrs/spatialrefsys/authid') == map_crs
    west, east = (float(root.findtext(f'mapcanvas/extent/{side}')) for side in ('xmin', 'xmax'))
    assert abs(east - west) > 400


@pytest.mark.parametrize('crs', ['EPSG:4326', 'EPSG:2263'])
def test_the_areas_that_qgis_measures(make_run, tmp_path, crs):
    require_qgis(tmp_path)
    path = write_qgis_project(make_run(crs=crs))

    done = run_system_python([SCRIPT, path, tmp_path / 'map.png', '60', '40'], tmp_path)

    ((field, measured),) = json.loads(done.stdout)['areas']
    assert measured == pytest.approx(field, rel=1e-3)


def test_an_image_that_is_gone_is_named(make_run):
    run = make_run()
    run.pre.unlink()
    with pytest.raises(InputFileError, match=r'pre\.tif (cannot be drawn|does not exist)'):
        write_qgis_project(run)


def test_a_folder_that_cannot_be_written_to_is_named(make_run, tmp_path):
    with pytest.raises(OutputError, match=r'none/p\.qgs cannot be written'):
        write_qgis_project(make_run(), tmp_path / 'none' / 'p.qgs')


def test_qgis_opens_it_from_anywhere_and_draws_the_inventory_on_the_image(make_run, tmp_path):
    require_qgis(tmp_path)
    written = write_qgis_project(make_run())
    moved = tmp_path / 'elsewhere'
    moved.mkdir()
    for name in (written.parent.name, 'post.tif', 'pre.tif'):
        shutil.move(tmp_path / name, moved / name)

    picture = tmp_path / 'map.png'
    path = moved / 'out' / written.name
    done = run_system_python([SCRIPT, path, picture, '600', '400'], tmp_path)

    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts['read'], facts['error'], facts['messages']) == (True, '', [])
    assert facts['crs'] == 'EPSG:32654'
    assert facts['groups'] == GROUPS
    assert {name: layer['valid'] for name, layer in facts['layers'].items()} == dict.fromkeys(
        (name for names in GROUPS.values() for name in names), True
    )
    assert {layer['crs'] for layer in facts['layers'].values()} == {'EPSG:32654'}
    assert facts['layers']['probability']['renderer'] == 'singlebandpseudocolor'
    pixels = np.rint(imread(picture)[..., :3] * 255).astype(int)
    # One metre a pixel; the outline runs along columns 200 and 350, rows 150 and 300.
    magenta = np.abs(pixels - MAGENTA).max(axis=2) <= 16
    rows, cols = np.nonzero(magenta)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == pytest.approx(
        (150, 300, 200, 350), abs=2
    )
    # Red grows and green falls from west to east, over the whole range of a screen.
    np.testing.assert_allclose(pixels[350, 10, :2], [0, 255], atol=25)
    np.testing.assert_allclose(pixels[350, 590, :2], [255, 0], atol=25)
    # The northern rows are nodata.
    assert (pixels[10] == 255).all()
