import json

import numpy as np
import pytest
from affine import Affine
from matplotlib.image import imread
from rasterio.crs import CRS

from dfpenet_mm.errors import InputFileError, OutputError
from dfpenet_mm.report.figures.all_figures import draw_figures
from dfpenet_mm.report.figures.palette import FALSE_ALARM, HIT, KEPT, MISS, REFERENCE, REMOVED

ALL = [
    'inventory.png',
    'recognition_stages.png',
    'pre_post_comparison.png',
    'segmentation_examples.png',
]
TURNED = Affine.translation(5e5, 4.7e6) @ Affine.rotation(40) @ Affine.scale(10, -10)
DEGREES = Affine(1e-4, 0, 141, 0, -1e-4, 60)


def dots(path, colour, share=1.0):
    pixels = imread(path)
    pixels = (pixels[: int(share * len(pixels)), :, :3] * 255).round().astype(int)
    return int((np.abs(pixels - list(bytes.fromhex(colour[1:]))) <= 12).all(axis=2).sum())


def names(paths):
    return [path.name for path in paths]


@pytest.mark.parametrize(
    ('transform', 'crs'),
    [(TURNED, CRS.from_epsg(32654)), (DEGREES, CRS.from_epsg(4326))],
    ids=['turned', 'degrees'],
)
def test_all_figures_of_a_run_with_everything(make_run, tmp_path, transform, crs):
    run = make_run(reference=True, transform=transform, crs=crs)
    before = json.dumps(run.summary)
    paths = draw_figures(run, tmp_path / 'figures')
    assert names(paths) == ALL
    assert sorted(names((tmp_path / 'figures').iterdir())) == sorted(ALL)
    assert json.dumps(run.summary) == before
    inventory, stages, comparison, examples = paths
    # The legends lie in the lowest part.
    upper = 0.62
    for path, colours in (
        (inventory, (KEPT, REMOVED)),
        (stages, (HIT, FALSE_ALARM, MISS)),
        (comparison, (REFERENCE,)),
        (examples, (KEPT, REMOVED)),
    ):
        for colour in colours:
            assert dots(path, colour, upper) > 20, (path.name, colour)


@pytest.mark.usefixtures('foreign_style')
def test_hits_misses_and_false_alarms_cover_what_they_should(make_run, tmp_path):
    (_, stages, *_) = draw_figures(make_run(reference=True, pre=False), tmp_path / 'figures')
    found = {colour: dots(stages, colour) for colour in (HIT, FALSE_ALARM, MISS)}
    # Pixels over three stages: hits 200 + 2 * 100, false alarms 16 + 3 * 100, misses 3 * 100 +
    # 100 less what the evaluation leaves out; the legend's patches are small beside them.
    assert found[HIT] / found[FALSE_ALARM] == pytest.approx(800 / 316, rel=0.15)
    assert found[MISS] / found[FALSE_ALARM] == pytest.approx(400 / 316, rel=0.15)


def test_figures_without_content_are_left_out(make_run, tmp_path):
    assert names(draw_figures(make_run(pre=False), tmp_path / 'a')) == [
        name for name in ALL if not name.startswith('pre_')
    ]


def test_a_run_without_any_region_still_shows_its_images(make_run, tmp_path):
    paths = draw_figures(make_run(regions=False), tmp_path / 'figures')
    assert names(paths) == ['inventory.png', 'pre_post_comparison.png']


def test_the_same_run_gives_the_same_bytes(make_run, tmp_path):
    run = make_run(reference=True)
    for one, other in zip(
        draw_figures(run, tmp_path / 'a'), draw_figures(run, tmp_path / 'b'), strict=True
    ):
        assert one.read_bytes() == other.read_bytes()


def test_a_damaged_evaluation_is_named(make_run, tmp_path):
    run = make_run(reference=True)
    (run.folder / 'evaluation.tif').write_text('nothing')
    with pytest.raises(InputFileError, match=r'evaluation\.tif cannot be drawn'):
        draw_figures(run, tmp_path / 'figures')


def test_a_folder_that_cannot_be_made_is_named(make_run, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'inventory\.png cannot be written'):
        draw_figures(make_run(), tmp_path / 'file')
