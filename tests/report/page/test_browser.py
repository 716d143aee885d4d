"""The report in a real browser: what a reader does, and that nothing is fetched or hacked."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from PIL import Image

from dfpenet_mm.report.page import document
from dfpenet_mm.report.page.page import write_report
from dfpenet_mm.report.run_products import RunProducts
from tests.report.page.generated_run import (
    COLS,
    HOSTILE,
    ROWS,
    UPRIGHT,
    landslides,
    write_raster,
)

# Pixels twice as high as wide: of a square pixel's matrix, rows could be columns.
TURNED = UPRIGHT @ Affine.rotation(30) @ Affine.scale(1, 2)
LAPTOP, PHONE = {'width': 1366, 'height': 768}, {'width': 390, 'height': 844}
LOCAL = ('file:', 'data:', 'blob:')
# Time for a filter to be applied and the map to be drawn again.
REST_MS = 400


@contextmanager
def opened(browser, report, size, **options):
    """Open the report; whatever it logs, throws or fetches is an error."""
    page = browser.new_page(viewport=size, **options)
    page.set_default_timeout(15_000)
    faults = []
    page.on('console', lambda message: faults.append(message.text))
    page.on('pageerror', lambda error: faults.append(str(error)))
    page.on(
        'request',
        lambda request: request.url.startswith(LOCAL) or faults.append(request.url),
    )
    page.goto(report.as_uri())
    page.wait_for_selector('html[data-ready=true]', state='attached')
    page.wait_for_timeout(REST_MS)
    yield page
    assert faults == []
    assert page.evaluate('window.hacked') is None
    page.close()


@pytest.fixture(scope='module')
def page(chromium, report):
    with opened(chromium, report, LAPTOP) as page:
        yield page


@pytest.fixture(autouse=True)
def _fresh(request):
    """Every test begins with nothing selected or filtered and the whole scene in view."""
    if 'page' not in request.fixturenames:
        return
    page = request.getfixturevalue('page')
    page.click('#tab-landslides')
    page.click('#filters button[type=reset]')
    while page.locator('#landslides-table th').first.get_attribute('aria-sort') != 'ascending':
        sort_by(page, 'No.')
    page.click('#whole')
    page.wait_for_timeout(REST_MS)


def view(page):
    """Left, right, bottom and top of what is in view, metres."""
    return page.evaluate(
        '(({left, right, bottom, top}) => [left, right, bottom, top])(landslideMap.view)'
    )


def drawn(page, name):
    """Number of outlines, or of other things, that a layer of the map draws."""
    return page.evaluate('name => landslideMap.drawn[name]', name)


def is_visible(page, name):
    return page.evaluate('name => landslideMap.visible.get(name)', name)


def place(page, x, y):
    """Where on the page a place is that is given in the map's metres."""
    page.locator('#map-area').scroll_into_view_if_needed()
    left, right, bottom, top = view(page)
    area = page.locator('#map').bounding_box()
    across, down = (x - left) / (right - left), (top - y) / (top - bottom)
    return area['x'] + across * area['width'], area['y'] + down * area['height']


def click_on_map(page, x, y):
    page.mouse.click(*place(page, x, y))
    page.wait_for_timeout(REST_MS)


def rows(page, table='landslides'):
    return page.locator(f'#{table}-table tbody tr[data-row]')


def numbers(page):
    return rows(page).locator('td:first-child').all_inner_texts()


def sort_by(page, title):
    page.locator('#landslides-table .sort', has_text=title).first.click()


def test_whole_scene_is_in_view_with_one_scale(page):
    left, right, bottom, top = view(page)
    assert left <= 1e-6
    assert right >= 1600 - 1e-6
    assert bottom <= 1e-6
    assert top >= 1200 - 1e-6
    area = page.locator('#map').bounding_box()
    across, up = (right - left) / area['width'], (top - bottom) / area['height']
    # To a pixel of the frame.
    assert across == pytest.approx(up, rel=0.004)


def test_row_click_selects_on_map_and_zooms_there(page):
    before = view(page)
    rows(page).nth(5).click()
    page.wait_for_timeout(REST_MS)
    left, right, bottom, top = view(page)
    assert right - left < 0.9 * (before[1] - before[0])
    # Landslide 6: side 9 pixels, upper left pixel (34, 46).
    assert (left + right) / 2 == pytest.approx(10 * (46 + 4.5), abs=2)
    assert (bottom + top) / 2 == pytest.approx(1200 - 10 * (34 + 4.5), abs=2)
    assert drawn(page, 'selected') == 1
    assert rows(page).nth(5).get_attribute('aria-selected') == 'true'
    assert 'Landslide 6' in page.inner_text('#selected')


def test_tap_on_map_selects_the_row(page):
    # Landslide 16: side 19 pixels, upper left pixel (90, 122).
    sort_by(page, 'Area')
    click_on_map(page, 10 * (122 + 9.5), 1200 - 10 * (90 + 9.5))
    chosen = page.locator('#landslides-table tr[aria-selected=true]')
    assert chosen.locator('td').first.inner_text() == '16'
    # The row is scrolled into the table's view.
    table, row = page.locator('#landslides-table').bounding_box(), chosen.bounding_box()
    assert table['y'] < row['y'] < table['y'] + table['height'] - row['height']
    assert 'Landslide 16' in page.inner_text('#selected')
    click_on_map(page, 800, 20)
    assert page.locator('#landslides-table tr[aria-selected=true]').count() == 0
    assert drawn(page, 'selected') == 0


def test_hover_tells_all_attributes_and_coordinates(page):
    # The middle of landslide 1: side 4 pixels, upper left pixel (6, 8).
    page.mouse.move(*place(page, 100, 1200 - 80))
    page.wait_for_timeout(100)
    told = page.inner_text('#hover')
    assert 'Landslide 1' in told
    assert HOSTILE in told
    lat, lon, east, north = map(float, re.findall(r'\d+\.\d+', page.inner_text('#coordinates')))
    left, right, _, _ = view(page)
    area = page.locator('#map').bounding_box()
    pixel = (right - left) / area['width']
    assert (east, north) == pytest.approx((500_100, 4_699_920), abs=1.5 * pixel)
    # By PROJ's cs2cs, not by the code under test.
    assert (lat, lon) == pytest.approx((42.451610, 141.001216), abs=4e-5)
    page.mouse.move(area['x'] + area['width'] + 60, area['y'])
    page.wait_for_timeout(100)
    assert page.locator('#hover').is_hidden()


def test_a_finger_s_tap_tells_the_place(chromium, report):
    with opened(chromium, report, PHONE, has_touch=True) as page:
        page.touchscreen.tap(*place(page, 800, 600))
        page.wait_for_timeout(REST_MS)
        assert 'x 500800' in page.inner_text('#coordinates')


def test_drag_moves_the_map_and_chooses_nothing(page):
    x, y = place(page, 800, 600)
    before = view(page)
    metres = (before[1] - before[0]) / page.locator('#map').bounding_box()['width']
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y - 20, steps=3)
    page.mouse.up()
    after = view(page)
    assert after[0] - before[0] == pytest.approx(-30 * metres)
    assert after[2] - before[2] == pytest.approx(-20 * metres)
    assert drawn(page, 'selected') == 0


def test_wheel_zooms_with_ctrl_only_and_keeps_what_is_under_the_pointer(page):
    x, y = place(page, 400, 300)
    before = view(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -60)
    page.wait_for_timeout(REST_MS)
    assert view(page) == before
    page.locator('#map-area').scroll_into_view_if_needed()
    x, y = place(page, 400, 300)
    page.mouse.move(x, y)
    page.keyboard.down('Control')
    page.mouse.wheel(0, -60)
    page.keyboard.up('Control')
    page.wait_for_timeout(REST_MS)
    after = view(page)
    assert after[1] - after[0] < 0.9 * (before[1] - before[0])
    assert place(page, 400, 300) == pytest.approx((x, y), abs=1)


def test_two_fingers_zoom(chromium, report):
    with opened(chromium, report, PHONE, has_touch=True) as page:
        x, y = place(page, 800, 600)
        before = view(page)
        session = page.context.new_cdp_session(page)
        for kind, apart in (('touchStart', 30), ('touchMove', 40), ('touchMove', 60)):
            points = [{'x': x - apart, 'y': y, 'id': 0}, {'x': x + apart, 'y': y, 'id': 1}]
            session.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': points})
        session.send('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})
        after = view(page)
        assert after[1] - after[0] == pytest.approx((before[1] - before[0]) / 2, rel=0.01)
        assert place(page, 800, 600) == pytest.approx((x, y), abs=1)
        assert drawn(page, 'selected') == 0


def test_scale_bar_is_true(page):
    bar = page.locator('#scale')
    left, right, _, _ = view(page)
    metres = (right - left) / page.locator('#map').bounding_box()['width']
    length = float(bar.inner_text().removesuffix(' m'))
    assert bar.bounding_box()['width'] * metres == pytest.approx(length, rel=0.01)


def test_headings_sort_both_ways_with_the_unknown_last(page):
    sort_by(page, 'Area')
    assert numbers(page)[:2] == ['1', '2']
    sort_by(page, 'Area')
    assert numbers(page)[:2] == ['16', '15']
    head = page.locator('#landslides-table th', has_text='Area')
    assert head.get_attribute('aria-sort') == 'descending'
    for _ in range(2):
        sort_by(page, 'Seen before event')
        assert numbers(page)[-4:] == ['1', '2', '3', '4']


@pytest.mark.parametrize(
    ('field', 'value', 'left'),
    [
        ('min-area', '14400', ['9', '10', '11', '12', '13', '14', '15', '16']),
        ('min-probability', '0.92', ['15', '16']),
        ('text', '7', ['7']),
        ('text', 'hacked', ['1']),
    ],
)
def test_filters_hold_for_table_and_map(page, field, value, left):
    page.fill(f'[name={field}]', value)
    page.wait_for_timeout(REST_MS)
    assert numbers(page) == left
    assert drawn(page, 'landslides') == len(left)
    assert page.inner_text('#shown') == f'{len(left)} of 16 shown'


def test_filter_by_edge(page):
    page.select_option('[name=edge]', 'yes')
    page.wait_for_timeout(REST_MS)
    assert numbers(page) == ['1', '9']
    page.select_option('[name=edge]', 'no')
    page.wait_for_timeout(REST_MS)
    assert drawn(page, 'landslides') == 14


def test_layers_can_be_switched(page):
    page.uncheck('[data-layer=landslides]')
    page.check('[data-layer=rejected]')
    page.check('[data-layer=verdicts]')
    page.check('[name=backdrop][value=pre]')
    page.wait_for_timeout(REST_MS)
    assert [drawn(page, name) for name in ('landslides', 'numbers', 'rejected')] == [0, 0, 3]
    assert [is_visible(page, name) for name in ('post', 'pre', 'verdicts')] == [False, True, True]
    page.check('[data-layer=landslides]')
    page.uncheck('[data-layer=rejected]')
    page.uncheck('[data-layer=verdicts]')
    page.check('[name=backdrop][value=post]')
    page.wait_for_timeout(REST_MS)
    assert [drawn(page, name) for name in ('landslides', 'numbers')] == [16, 16]


def test_removed_candidates_have_a_table_of_their_own(page):
    page.click('#tab-rejected')
    assert rows(page, 'rejected').count() == 3
    rows(page, 'rejected').nth(1).click()
    page.wait_for_timeout(REST_MS)
    assert 'Removed candidate 18' in page.inner_text('#selected')
    assert page.is_checked('[data-layer=rejected]')
    page.uncheck('[data-layer=rejected]')


def test_largest_are_shown_by_their_number(page):
    page.select_option('[name=edge]', 'yes')
    page.wait_for_timeout(REST_MS)
    assert '16' not in numbers(page)
    page.locator('[data-look]').first.click()
    page.wait_for_timeout(REST_MS)
    assert 'Landslide 16' in page.inner_text('#selected')
    # One that a filter hides comes back into the table.
    assert '16' in numbers(page)
    assert page.input_value('[name=edge]') == ''


def test_keys_move_the_map_and_walk_the_table(page):
    page.focus('#map-area')
    before = view(page)
    page.keyboard.press('+')
    page.keyboard.press('ArrowRight')
    page.wait_for_timeout(REST_MS)
    after = view(page)
    assert after[1] - after[0] == pytest.approx(0.6 * (before[1] - before[0]))
    assert after[0] + after[1] > before[0] + before[1]
    page.focus('#landslides-table')
    page.keyboard.press('Home')
    page.keyboard.press('ArrowDown')
    assert 'Landslide 2' in page.inner_text('#selected')


@pytest.mark.parametrize('size', [LAPTOP, PHONE], ids=['laptop', 'phone'])
def test_page_fits_its_width(chromium, report, size, tmp_path):
    with opened(chromium, report, size) as page:
        assert page.evaluate('document.documentElement.scrollWidth') <= size['width']
        picture = tmp_path / 'page.png'
        page.locator('#map-area').scroll_into_view_if_needed()
        page.screenshot(path=picture)
        pixels = np.asarray(Image.open(picture).convert('RGB')).astype(int)
        # Outlines are magenta and nothing else on the page is.
        magenta = (pixels[..., 0] > 180) & (pixels[..., 1] < 110) & (pixels[..., 2] > 150)
        assert magenta.sum() > 300


def test_columns_that_a_warning_names_are_in_view(chromium, products, tmp_path):
    words = ['look at mean_probability, pre_coverage and pre_share']
    told = replace(products, summary={**products.summary, 'warnings': words})
    write_report(told, tmp_path / 'report.html')
    with opened(chromium, tmp_path / 'report.html', LAPTOP) as page:
        table, headings = page.locator('#landslides-table'), page.locator('#landslides-table th')
        names = headings.all_inner_texts()[2:5]
        assert sorted(names) == ['Pre-event data', 'Probability, mean', 'Seen before event']
        last = headings.nth(4).bounding_box()
        assert last['x'] + last['width'] <= table.bounding_box()['x'] + table.evaluate(
            'element => element.clientWidth'
        )


def test_prints_two_sheets(page, tmp_path):
    printed = page.pdf(path=tmp_path / 'report.pdf', prefer_css_page_size=True)
    assert len(re.findall(rb'/Type\s*/Page\b', printed)) == 2
    page.emulate_media(media='print')
    sheets = page.locator('.sheet')
    assert '16\nlandslides' in sheets.nth(0).inner_text()
    told = sheets.nth(1).inner_text()
    for heading in ('The largest', 'What was removed', 'Evaluation', 'Limits', 'Provenance'):
        assert heading in told
    # Nothing is cut off at the foot of a sheet.
    for sheet in sheets.all():
        assert sheet.evaluate('sheet => sheet.scrollHeight <= sheet.clientHeight + 1')
    page.emulate_media(media='screen')


def test_many_outlines_move_as_one_picture(chromium, products, tmp_path, monkeypatch):
    asset = document._asset

    def few(name):
        return asset(name).replace('MOST_OUTLINES = 600', 'MOST_OUTLINES = 10')

    monkeypatch.setattr(document, '_asset', few)
    target = tmp_path / 'many.html'
    write_report(products, target)
    with opened(chromium, target, LAPTOP) as page:
        assert [drawn(page, name) for name in ('landslides', 'landslides-overview')] == [0, 1]
        # The picture shows where they are, and they can still be chosen.
        click_on_map(page, 10 * (122 + 9.5), 1200 - 10 * (90 + 9.5))
        assert 'Landslide 16' in page.inner_text('#selected')
        rows(page).nth(0).click()
        page.wait_for_timeout(REST_MS)
        assert 1 <= drawn(page, 'landslides') <= 10
        assert drawn(page, 'landslides-overview') == 0


def test_coordinates_and_outlines_of_a_turned_scene(chromium, tmp_path):
    pixels = np.full((3, ROWS, COLS), 90, np.uint8)
    write_raster(tmp_path / 'mask.tif', pixels[:1], TURNED, nodata=255)
    write_raster(tmp_path / 'post.tif', pixels, TURNED)
    products = RunProducts(
        folder=tmp_path,
        summary={},
        landslides=landslides(TURNED),
        rejected=None,
        post=tmp_path / 'post.tif',
    )
    write_report(products, tmp_path / 'report.html')
    with opened(chromium, tmp_path / 'report.html', LAPTOP) as page:
        # The middle of landslide 16, in pixels as in the upright scene.
        click_on_map(page, 10 * (122 + 9.5), 2400 - 20 * (90 + 9.5))
        assert 'Landslide 16' in page.inner_text('#selected')
        *_, east, north = re.findall(r'\d+\.\d+', page.inner_text('#coordinates'))
        true = landslides(TURNED).geometry[15].centroid
        left, right, _, _ = view(page)
        pixel = (right - left) / page.locator('#map').bounding_box()['width']
        assert float(east) == pytest.approx(true.x, abs=1.5 * pixel)
        assert float(north) == pytest.approx(true.y, abs=1.5 * pixel)
        assert 'rotate(-30' in page.locator('#north').get_attribute('style')
