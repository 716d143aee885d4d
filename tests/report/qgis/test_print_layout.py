"""The print layout of a project."""

from pathlib import Path
from xml.etree.ElementTree import tostring

import pytest
from matplotlib.image import imread
from rasterio.crs import CRS

from dfpenet_mm.report.qgis.print_layout import MAP_MM, PrintLayout
from dfpenet_mm.report.qgis.project import write_qgis_project
from tests.system_qgis import require_qgis, run_system_python

UTM = CRS.from_epsg(32654)
EXPORT = Path(__file__).with_name('export_layout.py')


def items(layout):
    return {item.get('id'): item for item in layout.as_xml().iter('LayoutItem')}


def test_the_extent_has_the_shape_of_the_map_and_holds_the_scene():
    found = items(PrintLayout(UTM, (0, 0, 1000, 4000), []))['map'].find('Extent')
    left, bottom, right, top = (float(found.get(side)) for side in ('xmin', 'ymin', 'xmax', 'ymax'))

    assert (bottom, top) == (0, 4000)
    assert (right - left) / (top - bottom) == pytest.approx(MAP_MM[2] / MAP_MM[3])
    assert (left + right) / 2 == 500


@pytest.mark.parametrize(('side', 'length', 'unit'), [(800, '100', 'm'), (40_000, '5', 'km')])
def test_the_scale_bar_is_of_a_round_length(side, length, unit):
    bar = items(PrintLayout(UTM, (0, 0, side, 100), []))['scale bar']

    assert (bar.get('numUnitsPerSegment'), bar.get('unitLabel')) == (length, unit)


def test_the_mark_is_counted_until_a_review_has_begun():
    def text(**options):
        return items(PrintLayout(UTM, (0, 0, 1, 1), [], **options))['review'].get('labelText')

    assert text() == 'not reviewed'
    assert "aggregate('slides', 'count'" in text(landslides='slides')
    assert text(landslides='slides', mark='reviewed in part: 1 of 2 landslides').endswith('lides')
    assert text(landslides='slides', mark='') == ''


def test_the_legend_names_the_inventory(make_run):
    root = write_qgis_project(make_run()).read_text()

    legend = root[root.index('<LayoutItem type="65642"') :]
    assert legend.index('name="landslides"') < legend.index('name="rejected regions"')
    assert b'places' not in tostring(PrintLayout(UTM, (0, 0, 1, 1), []).as_xml())


def test_qgis_prints_the_map(make_run, tmp_path):
    require_qgis(tmp_path)
    project = write_qgis_project(make_run())
    done = run_system_python([EXPORT, project, tmp_path / 'map.png'], tmp_path)

    assert done.returncode == 0, done.stderr
    assert "['Map of the landslides'] 0" in done.stdout
    picture = imread(tmp_path / 'map.png')[..., :3]
    # The image fills the map, and a landslide lies on it.
    assert (picture.std(axis=2) > 0.05).mean() > 0.2
    assert ((picture - (1, 0, 208 / 255)) ** 2).sum(axis=2).min() < 0.1
