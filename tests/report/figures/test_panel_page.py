import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.panel_page import PanelPage

LEGEND = {'kept': '#000000', 'removed by the comparison with the pre-event image': '#ff0000'}


def page_of(shape, headings, legend=LEGEND):
    grid = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, 5e5, 0, -10, 4.7e6), shape)
    return PanelPage(grid, headings, heading='a heading', legend=legend)


@settings(max_examples=25)
@given(st.integers(1, 9), st.sampled_from([(20, 2000), (300, 400), (400, 300), (2000, 20)]))
def test_panels_lie_apart_on_the_page_in_the_shape_of_the_scene(count, shape):
    page = page_of(shape, ['a stage\nwith numbers'] * count)
    width, height = page.figure.get_size_inches()
    boxes = [axes.get_position() for axes in page.panels()]
    assert len(boxes) == count
    for number, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1
        assert box.height * height / (box.width * width) == pytest.approx(shape[0] / shape[1])
        for other in boxes[:number]:
            assert box.y1 < other.y0 or box.x0 > other.x1
    assert width <= 9.01
    assert height <= 14


def texts_inside(page):
    canvas = FigureCanvasAgg(page.figure)
    renderer = canvas.get_renderer()
    width, height = canvas.get_width_height()
    legend = page.figure.legends[0]
    boxes = [axes.title.get_window_extent(renderer) for axes in page.figure.axes]
    boxes += [axes._left_title.get_window_extent(renderer) for axes in page.figure.axes]
    boxes.append(legend.get_window_extent(renderer))
    return all(
        box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes
    )


@pytest.mark.parametrize('shape', [(300, 400), (2000, 20), (20, 2000)])
@pytest.mark.parametrize('entries', [1, 6, 12])
def test_headings_and_legend_stay_on_the_page(shape, entries):
    legend = {f'removed by the rule number {number}': '#000000' for number in range(entries)}
    headings = ['after the comparison with the pre-event image\n1,000 landslides, 3.00 km²'] * 4
    page = page_of(shape, headings, legend)
    list(page.panels())
    assert texts_inside(page)


def test_panels_are_lettered_and_the_first_has_the_scale():
    page = page_of((300, 400), ['one', 'two'])
    first, second = page.panels()
    assert [axes.get_title(loc='left') for axes in (first, second)] == ['(a) one', '(b) two']
    assert [text.get_text() for text in first.texts] == ['1 km', 'N']
    assert not second.texts
