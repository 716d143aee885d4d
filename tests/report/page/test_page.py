import json
import os
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import geopandas as gpd
import numpy as np
import pytest

from dfpenet_mm.errors import OutputError
from dfpenet_mm.report.page import document
from dfpenet_mm.report.page import page as module
from dfpenet_mm.report.page.page import report_html, write_report
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.run.placed import NOWHERE
from tests.report.page.generated_run import CRS, HOSTILE, grid_of, landslides, square


class Elements(HTMLParser):
    """What a browser takes the page for."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.scripts, self.data = [], [], ''
        self.open = ('', {})
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open = (tag, dict(attrs))
        self.tags.append(self.open)

    def handle_endtag(self, _):
        self.open = ('', {})

    def handle_data(self, data):
        tag, attributes = self.open
        if tag == 'script' and attributes.get('type') == 'application/json':
            self.data += data
        elif tag == 'script':
            self.scripts.append(data)


@pytest.fixture(scope='module')
def html(report):
    return report.read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def elements(html):
    return Elements(html)


def test_what_files_say_is_text_and_no_element(html, elements):
    # In names, attributes, warnings, versions, settings, the command and the reference.
    assert html.count('&lt;script&gt;window.hacked') > 6
    assert not any('hacked' in script for script in elements.scripts)
    assert not any('onerror' in attributes for _, attributes in elements.tags)
    assert [tag for tag, _ in elements.tags].count('script') == 1 + len(elements.scripts)


def test_data_of_the_scripts_hold_the_hostile_attribute_as_text(elements):
    columns = json.loads(elements.data)['layers']['landslides']['columns']
    (column,) = [column for column in columns if column['name'] == HOSTILE]
    assert column['values'][0] == HOSTILE


def test_nothing_is_fetched(elements):
    links = [
        attributes[name]
        for _, attributes in elements.tags
        for name in ('src', 'href', 'data', 'action')
        if name in attributes
    ]
    assert links
    assert all(link.startswith(('data:', '#')) for link in links)


def test_only_the_scripts_of_the_page_may_run(elements):
    (policy,) = [
        attributes['content'] for tag, attributes in elements.tags if 'http-equiv' in attributes
    ]
    rules = dict(rule.strip().split(' ', 1) for rule in policy.split(';'))
    assert rules['default-src'] == "'none'"
    allowed = rules['script-src'].split()
    assert len(allowed) == len(set(elements.scripts))
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rule) for rule in allowed)


def test_tables_are_in_the_form_of_the_paper(html):
    text = re.sub(r'\s+', ' ', re.sub(r'<[^>]+>', ' ', html))
    assert 'TP pixels FP pixels FN pixels Precision Recall F1 mIoU (accuracy)' in text
    # The paper's Table 5, first row.
    assert '526 186 68 73.88 % 88.55 % 80.55 % 67.44 %' in text


def test_hidden_verdicts_reach_the_table(elements):
    columns = json.loads(elements.data)['layers']['landslides']['columns']
    (verdicts,) = [column for column in columns if column['name'] == 'verdict']
    assert verdicts['values'] == ['TP'] * 15 + ['FP']


@pytest.fixture
def bare(products):
    """A run without evaluation, pre-event image, rejected regions, probabilities or figures."""
    return RunProducts(
        folder=products.folder,
        summary={},
        landslides=landslides()[['id', 'area_m2', 'geometry']],
        rejected=None,
        post=products.post,
    )


def test_a_run_without_anything_else_has_a_report(bare):
    page = report_html(bare)
    assert 'No pre-event image' in page
    assert 'The inventory has no probabilities' in page
    assert 'id="rejected-table"' not in page
    assert 'name="backdrop"' not in page


def test_no_landslide_is_a_result(products):
    none = RunProducts(
        folder=products.folder,
        summary=products.summary,
        landslides=products.landslides.iloc[:0],
        rejected=None,
        post=products.post,
    )
    assert 'No landslide was found.' in report_html(none)


def test_an_edited_inventory_is_told_and_drawn_anew(products, monkeypatch):
    shown = []
    monkeypatch.setattr(
        module, '_uri', lambda _, name: shown.append(name) or 'data:image/webp;base64,AA=='
    )
    assert 'was edited after the run' not in report_html(products)
    assert 'figures/inventory.png' in shown
    shown.clear()
    edited = RunProducts(
        folder=products.folder,
        summary=products.summary,
        landslides=products.landslides.drop(index=0),
        rejected=products.rejected,
        post=products.post,
        pre=products.pre,
    )
    page = report_html(edited)
    assert 'was edited after the run: 1 landslide removed; 15 landslides now, 16 when' in page
    assert page.count('edited since the run, not reviewed') == 2
    assert 'figures/inventory.png' not in shown


def test_warnings_are_whole_on_paper_and_the_map_comes_before_the_checks(products):
    warnings = [f'{letter * 900} end of {letter}' for letter in 'abc']
    page = report_html(replace(products, summary={**products.summary, 'warnings': warnings}))
    screen, paper = page.split('<div class="paper">')
    assert all(screen.count(f'end of {letter}') == 1 for letter in 'abc')
    assert all(paper.count(f'end of {letter}') == 1 for letter in 'abc')
    first, second = paper.split('<section class="sheet">')[1:]
    assert 'end of a' in first
    assert 'end of c' in second
    assert '2 further warnings on the next page' in first
    assert screen.index('Read this first') < screen.index('id="map"') < screen.index('rely on it')


def test_columns_that_warnings_name_come_first_and_say_what_they_are(products):
    warnings = ['4 of 16 landslides have no pre-event data (pre_coverage 0)']
    page = report_html(replace(products, summary={**products.summary, 'warnings': warnings}))
    columns = json.loads(Elements(page).data)['layers']['landslides']['columns']
    assert [column['name'] for column in columns][:4] == [
        'id',
        'area_m2',
        'pre_coverage',
        'mean_probability',
    ]
    assert columns[2]['meaning'].endswith('0: could not be compared')


def test_ground_that_nobody_asked_for_is_dark_and_no_missing_data(products, tmp_path):
    folder = tmp_path / 'out'
    shutil.copytree(products.folder, folder)
    area = gpd.GeoDataFrame({'name': ['d.gpkg']}, geometry=[square(0, 0, 60)], crs=CRS)
    area.to_file(folder / 'area_of_interest.gpkg', layer='area_of_interest')
    asked = {'name': 'district.gpkg', 'pixels': 3600}
    mapped = {'post': {'valid_pixels': 3600 - 12 * 60}}
    run = replace(
        products,
        folder=folder,
        summary={**products.summary, 'area_of_interest': asked, 'recognition': mapped},
    )
    whole, part = (picture.backdrops['post'].colours for picture in (products, run))
    np.testing.assert_array_equal(part[:60, :60], whole[:60, :60])
    outside = part[70:, 70:, :3].astype(float)
    assert (outside == outside[..., :1]).all()
    np.testing.assert_allclose(outside[..., 0], 0.4 * whole[70:, 70:, :3].mean(axis=2), atol=0.5)

    page = report_html(run)
    assert 'within district.gpkg' in page
    assert 'outside the area of interest (district.gpkg)' in page
    assert '20.0 % of the area of interest has no data' in page
    corners = '600.00,1200.00 600.00,600.00 0.00,600.00 0.00,1200.00'
    assert json.loads(Elements(page).data)['map']['area'].startswith(f'M{corners}')


def test_page_appears_when_it_is_complete(products, tmp_path, monkeypatch):
    target = tmp_path / 'report.html'
    target.write_text('old')

    replace = os.replace

    def fail(path, other):
        if other == target:
            raise OSError('disk full')
        replace(path, other)

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OutputError, match='disk full'):
        write_report(products, target)
    assert target.read_text() == 'old'
    assert [path.name for path in tmp_path.iterdir()] == ['report.html']


@pytest.mark.parametrize(('crs', 'told'), [(CRS, CRS), (NOWHERE, 'no known coordinate system')])
def test_a_place_that_nobody_knows_has_no_coordinate_system(crs, told):
    head = document.environment().get_template('head.html.j2')
    facts = {'mapped_km2': 1, 'asked_km2': 1, 'nodata_share': 0}
    nothing = dict.fromkeys(('scene_name', 'pre_name', 'area_name', 'status'), '')
    page = head.render(grid=grid_of(crs=crs), scene=facts, provenance={'created': ''}, **nothing)
    assert f'm, {told}.' in ' '.join(page.split())
