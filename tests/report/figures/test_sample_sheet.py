import numpy as np
import pytest
from matplotlib.image import imread

from dfpenet_mm.report.figures.sample_sheet import (
    ClassLegend,
    SampleRow,
    draw_samples,
    landslide_iou,
    overall_accuracy,
)

TWO = ClassLegend(('background', 'landslide'), np.array([[0, 0, 0], [255, 0, 0]], np.uint8))
SIX = ClassLegend(
    ('road', 'house', 'lawn', 'tree', 'car', 'clutter'),
    np.array(
        [[255, 255, 255], [0, 0, 255], [0, 255, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]]
    ),
)
TRUTH = np.array([[0, 1, 1], [0, 1, 255]], np.uint8)
SEEN = np.array([[0, 1, 0], [1, 1, 1]], np.uint8)


def test_scores_leave_ignored_pixels_out():
    assert landslide_iou(TRUTH, SEEN) == 2 / 4
    assert overall_accuracy(TRUTH, SEEN) == 3 / 5
    nothing = np.zeros((2, 2), np.uint8)
    assert landslide_iou(nothing, nothing) is None
    assert overall_accuracy(np.full((2, 2), 255), nothing) is None


def test_classes_have_the_palettes_colours_and_others_are_grey():
    painted = TWO.paint(TRUTH)
    assert painted[0].tolist() == [[0, 0, 0], [255, 0, 0], [255, 0, 0]]
    assert painted[1, 2].tolist() == [220, 220, 220]


def cells(path, columns, rows):
    """The colours of every cell, by the sheet's own measures: inches, 150 dots each."""
    pixels = (imread(path)[..., :3] * 255).round().astype(int)
    side = min((9 - 0.2 - (columns - 1) * 0.08) / columns, 2.2)
    inner = int(150 * side) - 12

    def cell(row, column):
        top, left = 0.3 + row * (side + 0.2), 0.1 + column * (side + 0.08)
        part = pixels[int(150 * top) + 6 :, int(150 * left) + 6 :][:inner, :inner]
        return {tuple(colour) for colour in np.unique(part.reshape(-1, 3), axis=0).tolist()}

    return [[cell(row, column) for column in range(columns)] for row in range(rows)]


@pytest.mark.usefixtures('foreign_style')
def test_a_sheet_shows_image_truth_and_every_prediction(tmp_path):
    picture = np.full((4, 4, 3), 77, np.uint8)
    truth = np.zeros((4, 4), np.uint8)
    truth[:2] = 1
    rows = [
        SampleRow('one', picture, truth, [truth, np.zeros((4, 4), np.uint8)]),
        SampleRow('two', picture, None, [np.ones((4, 4), np.uint8), truth]),
    ]
    path = draw_samples(rows, ['first', 'second'], TWO, tmp_path / 'a.png')
    black, red, grey, white = (0, 0, 0), (255, 0, 0), (77, 77, 77), (255, 255, 255)
    (image, ground, good, bad), (_, none, all_red, _) = cells(path, 4, 2)
    assert image == {grey}
    assert ground == good == {black, red}
    assert bad == {black}
    assert none == {white}
    assert all_red == {red}


@pytest.mark.parametrize('networks', [1, 5])
def test_many_classes_and_networks_fit_a_page(networks, tmp_path):
    classes = np.arange(12, dtype=np.uint8).reshape(3, 4) % 6
    row = SampleRow('a' * 80, np.zeros((3, 4, 3), np.uint8), classes, [classes] * networks)
    names = [f'a_network_with_a_long_name_{number}' for number in range(networks)]
    path = draw_samples([row] * 2, names, SIX, tmp_path / 'a.png')
    assert imread(path).shape[1] <= 1350
