"""From scene and inventory to files that train."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from mmengine.config import Config
from PIL import Image

from dfpenet_mm.datasets.data_check import check_data
from dfpenet_mm.errors import (
    ConfigError,
    GridMismatchError,
    InputFileError,
    OutputError,
    RasterFormatError,
    VectorFormatError,
)
from dfpenet_mm.mapping.scene.scaling import PercentileStretch
from dfpenet_mm.preparation.chips.chip_files import draw_sheet
from dfpenet_mm.preparation.chips.dataset import make_chip_dataset
from dfpenet_mm.preparation.chips.survey import ChipSettings
from dfpenet_mm.resources import config_dir
from tests.preparation.chips.chip_world import (
    NORTH,
    UTM54,
    WEST,
    pixel_box,
    write_inventory,
    write_scene,
)

SMALL = {'chip': 16, 'block_size': '2'}
# Landslides all over a scene of 96 x 128 pixels, a few of its chips without any.
PLACES = [(r, c) for r in range(4, 96, 24) for c in range(4, 128, 24)]


@pytest.fixture(autouse=True)
def _no_sheet(monkeypatch):
    """Drawing takes a second; one test draws."""
    monkeypatch.setattr('dfpenet_mm.preparation.chips.dataset.draw_sheet', lambda *_, **__: None)


def cut(tmp_path, *scenes, labels=None, overwrite=False, scaling=None, val_images=(), **settings):
    scenes = scenes or (write_scene(tmp_path / 'scene.tif', 96, 128),)
    if labels is None:
        boxes = [pixel_box(row, col, 6, 5) for row, col in PLACES]
        labels = write_inventory(tmp_path / 'labels.gpkg', boxes)
    out = tmp_path / 'out'
    chosen = ChipSettings(**SMALL | settings)
    return make_chip_dataset(
        scenes,
        labels,
        out,
        chosen,
        val_images=val_images,
        scaling=scaling,
        overwrite=overwrite,
    )


def truth():
    pixels = np.zeros((96, 128), bool)
    for row, col in PLACES:
        pixels[row : row + 6, col : col + 5] = True
    return pixels


def read(path):
    with rasterio.open(path) as file:
        return file.read(), file.transform, file.crs


def footprints(out, side):
    index = gpd.read_file(out / 'chips.gpkg')
    return index[index.split == side]


def test_chips_are_the_scene_and_the_inventory(tmp_path):
    report = cut(tmp_path, background_ratio=9)
    scene, transform, crs = read(tmp_path / 'scene.tif')
    written = sorted((tmp_path / 'out').glob('*/images/*.tif'))
    assert len(written) == sum(side.chips for side in report.sides.values()) > 20
    for path in written:
        image, place, image_crs = read(path)
        labels, mask_place, _ = read(path.parents[1] / 'masks' / path.name)
        col, row = (round(value) for value in ~transform @ (place.c, place.f))
        assert path.name == f'scene_r{row:05d}_c{col:05d}.tif'
        np.testing.assert_array_equal(image, scene[:, row : row + 16, col : col + 16])
        np.testing.assert_array_equal(labels[0], truth()[row : row + 16, col : col + 16])
        assert (image_crs, mask_place) == (crs, place)


def test_index_and_summary_tell_what_there_is(tmp_path):
    report = cut(tmp_path, background_ratio=9, gap=0)
    index = gpd.read_file(tmp_path / 'out' / 'chips.gpkg')
    assert len(index) == 6 * 8
    assert index.crs.to_string() == UTM54
    for row in index.itertuples():
        labels, _, _ = read(tmp_path / 'out' / row.split / 'masks' / row.file)
        assert row.landslide_pixels == labels.sum()
        assert row.landslide_share == pytest.approx(labels.mean(), abs=1e-6)
    summary = json.loads((tmp_path / 'out' / 'summary.json').read_text())
    assert summary['settings']['chip'] == 16
    assert summary['report']['sides']['train']['chips'] == report.sides['train'].chips
    assert report.lines()[0] == 'inventory: 24 features, 0 mended, 0 ignored'


@pytest.mark.usefixtures('foreign_style')
def test_quick_look_shows_outlines_and_places(tmp_path):
    cut(tmp_path)
    assert draw_sheet(tmp_path / 'out', rows=2, cols=2) == tmp_path / 'out' / 'quick_look.png'
    sheet = np.asarray(Image.open(tmp_path / 'out' / 'quick_look.png').convert('RGB'))
    # Yellow outlines and the colours of both sides are on it.
    for colour in ((255, 230, 0), (255, 127, 14), (31, 119, 180)):
        assert (np.abs(sheet.astype(int) - colour).sum(-1) < 30).any()


@pytest.mark.parametrize('stride', [16, 7])
def test_train_and_val_do_not_touch(tmp_path, stride):
    report = cut(tmp_path, stride=stride)
    assert report.left_out['too close to validation'] > 0
    train, val = (footprints(tmp_path / 'out', side) for side in ('train', 'val'))
    assert train.union_all().distance(val.union_all()) >= 10
    assert train.landslide_pixels.any()
    assert val.landslide_pixels.any()


@pytest.mark.parametrize('gap', [0, 20])
def test_gap_keeps_them_apart(tmp_path, gap):
    report = cut(tmp_path, gap=gap)
    assert (report.left_out['too close to validation'] > 0) == (gap > 0)
    train, val = (footprints(tmp_path / 'out', side) for side in ('train', 'val'))
    assert train.union_all().distance(val.union_all()) >= 10 * gap
    assert train.union_all().intersection(val.union_all()).area == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize('random_val', [None, 9])
def test_every_validation_pixel_is_scored_once(tmp_path, random_val):
    """Training chips may overlap. Pixels and labels are counted against the written masks."""
    report = cut(tmp_path, stride=10, background_ratio=9, random_val=random_val)
    scored, covered, landslides = np.zeros((96, 128), int), np.zeros((96, 128), bool), 0
    index = footprints(tmp_path / 'out', 'val')
    for chip in index.itertuples():
        labels = read(tmp_path / 'out' / 'val' / 'masks' / chip.file)[0][0]
        area = np.s_[chip.row : chip.row + 16, chip.col : chip.col + 16]
        scored[area] += labels != 255
        covered[area] = True
        landslides += (labels == 1).sum()
        assert chip.landslide_pixels == (labels == 1).sum()
        assert (labels != 255).any()
    np.testing.assert_array_equal(scored, covered)
    counts = report.sides['val']
    assert counts.landslide == landslides == (truth() & covered).sum()
    assert counts.landslide + counts.background == covered.sum()
    assert counts.ignored == 256 * len(index) - covered.sum() > 0


def test_what_is_lost_is_counted_once(tmp_path):
    """Against the masks: landslide pixels of the scene, those written, and those of a hole."""
    hole = np.s_[0:40, 0:56]
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, hole=hole)
    boxes = [pixel_box(row, col, 6, 5) for row, col in PLACES]
    sliver = shapely.box(WEST + 1, NORTH - 3, WEST + 3, NORTH - 1)
    labels = write_inventory(tmp_path / 'l.gpkg', [*boxes, sliver, pixel_box(0, 900, 5, 5)])
    report = cut(tmp_path, scene, labels=labels, stride=12, max_nodata=0.1)
    written = np.zeros((96, 128), bool)
    for chip in gpd.read_file(tmp_path / 'out' / 'chips.gpkg').itertuples():
        written[chip.row : chip.row + 16, chip.col : chip.col + 16] = True
    hidden = np.zeros((96, 128), bool)
    hidden[hole] = True
    lost = dict(report.lost)
    assert lost.pop('without data') == (truth() & hidden).sum() > 0
    assert lost['mostly nodata'] > 0
    assert lost['too close to validation'] > 0
    assert sum(lost.values()) == (truth() & ~hidden & ~written).sum()
    assert report.lines()[0] == (
        'inventory: 26 features, 0 mended, 0 ignored, 1 outside of the images, '
        '1 too small to label a pixel (--all-touched labels them)'
    )
    assert f'{lost["mostly nodata"]} mostly nodata' in report.lines()[2]


def test_scenes_that_validate_as_a_whole(tmp_path):
    """As tiles A and B of section 4.2.1; nothing of A that lies on B is trained on."""
    tile_a = write_scene(tmp_path / 'a.tif', 96, 128)
    tile_b = write_scene(tmp_path / 'b.tif', 48, 64, west=WEST + 640)
    cut(tmp_path, tile_a, val_images=[tile_b], background_ratio=9)
    train, val = (footprints(tmp_path / 'out', side) for side in ('train', 'val'))
    assert (set(train.scene), set(val.scene)) == ({'a.tif'}, {'b.tif'})
    assert len(val) == 3 * 4
    assert train.union_all().distance(val.union_all()) >= 10
    bare = write_scene(tmp_path / 'bare.tif', 48, 64, west=WEST + 50_000)
    with pytest.raises(ConfigError, match='no chip with landslides is left for val'):
        cut(tmp_path, tile_a, val_images=[bare], overwrite=True)
    with pytest.raises(ConfigError, match='exclude each other'):
        cut(tmp_path, tile_a, val_images=[tile_b], val_share=0.2, overwrite=True)
    with pytest.raises(ConfigError, match=r'a\.tif is given more than once'):
        cut(tmp_path, tile_a, val_images=[tile_a], overwrite=True)


@pytest.mark.parametrize('val_image', [True, False])
def test_random_chips(tmp_path, val_image):
    """So many as asked, off the grid, apart from validation."""
    scenes = [write_scene(tmp_path / 'a.tif', 96, 128)]
    val_images = [write_scene(tmp_path / 'b.tif', 60, 70, west=WEST + 640)] if val_image else []
    report = cut(tmp_path, *scenes, val_images=val_images, random=20, random_val=6)
    index = gpd.read_file(tmp_path / 'out' / 'chips.gpkg')
    assert {side: counts.chips for side, counts in report.sides.items()} == {'train': 20, 'val': 6}
    train, val = (index[index.split == side] for side in ('train', 'val'))
    assert (train.row % 16).any()
    assert train.union_all().distance(val.union_all()) >= 10
    assert len(set(zip(index.scene, index.row, index.col, strict=True))) == 26


def test_random_validation_wants_ground(tmp_path):
    with pytest.raises(ConfigError, match=r'6 random validation chips .* no ground'):
        cut(tmp_path, val_share=0, random_val=6)


@pytest.mark.parametrize('crs', [UTM54, 'EPSG:32653'])
def test_overlapping_scenes_share_no_ground_either(tmp_path, crs):
    """The second scene lies half over the first, on another grid and perhaps in another zone."""
    first = write_scene(tmp_path / 'first.tif', 96, 128)
    place = gpd.GeoSeries([pixel_box(0.3, 64.3, 96, 128)], crs=UTM54).to_crs(crs)
    west, _, _, north = place.total_bounds
    second = write_scene(tmp_path / 'second.tif', 96, 128, crs=crs, west=west, north=north)
    boxes = [pixel_box(row, col, 6, 5) for row in range(4, 96, 24) for col in range(4, 180, 24)]
    labels = write_inventory(tmp_path / 'labels.gpkg', boxes)
    cut(tmp_path, first, second, labels=labels)
    train, val = (footprints(tmp_path / 'out', side) for side in ('train', 'val'))
    assert {'first.tif', 'second.tif'} == set(train.scene) | set(val.scene)
    assert train.union_all().intersection(val.union_all()).area < 100
    assert train.crs.to_string() == UTM54


def test_two_dates_of_one_place_go_to_one_side(tmp_path):
    scenes = []
    for year in ('2015', '2018'):
        (tmp_path / year).mkdir()
        scenes.append(write_scene(tmp_path / year / 's.tif', 96, 128))
    report = cut(tmp_path, *scenes, background_ratio=99, gap=0)
    assert report.left_out['too close to validation'] == 0
    index = gpd.read_file(tmp_path / 'out' / 'chips.gpkg')
    assert len(index) == len(set(zip(index.split, index.file, strict=True))) == 2 * 48
    assert (index.groupby(['row', 'col']).split.nunique() == 1).all()


def test_background_is_balanced_on_both_sides(tmp_path):
    boxes = [pixel_box(row, col, 4, 4) for row, col in [(4, 4), (40, 90), (70, 20), (80, 110)]]
    labels = write_inventory(tmp_path / 'labels.gpkg', boxes)
    report = cut(tmp_path, labels=labels, val_share=0.5, background_ratio=2, gap=0)
    for side in report.sides.values():
        assert side.chips == 3 * side.with_landslides
    assert report.left_out['surplus background'] == 48 - sum(
        side.chips for side in report.sides.values()
    )


def test_nodata_is_ignored_filled_and_dropped(tmp_path):
    hole = np.s_[:, 0:40]
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, hole=hole)
    report = cut(tmp_path, scene, background_ratio=9, gap=0)
    assert report.left_out['mostly nodata'] == 12
    assert report.sides['train'].ignored + report.sides['val'].ignored == 6 * 16 * 8
    path = next((tmp_path / 'out').glob('*/images/*_c00032.tif'))
    image, _, _ = read(path)
    labels, _, _ = read(path.parents[1] / 'masks' / path.name)
    assert (labels[0, :, :8] == 255).all()
    assert (labels[0, :, 8:] != 255).all()
    np.testing.assert_array_equal(image[:, 0, 0], np.rint(image[:, :, 8:].mean((1, 2))))


@pytest.mark.parametrize(
    ('dtype', 'kept'), [('uint16', 'uint16'), ('float64', 'float32'), ('int32', 'float32')]
)
def test_types_and_bands(tmp_path, dtype, kept):
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, dtype=dtype, bands=5)
    cut(tmp_path, scene, bands=(5, 1))
    path = next((tmp_path / 'out').glob('*/images/*_r00000_c00000.tif'))
    image, _, _ = read(path)
    assert image.dtype == kept
    np.testing.assert_array_equal(image[:, 0, 0], [5, 1])


@pytest.mark.parametrize(('clip', 'dtype'), [((0, 255), 'uint8'), (None, 'float32')])
def test_values_are_those_of_mapping(tmp_path, clip, dtype):
    """The scaling is fitted to the scene, of which a chip is a part, and not to the chip."""
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, dtype='uint16')
    low, high = (10, 20, 30), (200, 210, 220)
    stretch = PercentileStretch(target_lower=low, target_upper=high, clip=clip)
    cut(tmp_path, scene, scaling=stretch)
    chip, _, _ = read(next((tmp_path / 'out').glob('*/images/*_r00000_c00000.tif')))
    assert chip.dtype == dtype
    whole = read(scene)[0].astype(np.float32)
    for band in range(3):
        first, last = np.percentile(whole[band], (1, 99))
        gain = (high[band] - low[band]) / (last - first)
        wanted = low[band] + gain * (whole[band, :16, :16] - first)
        np.testing.assert_allclose(chip[band], wanted.clip(*(clip or (-999, 999))), atol=1.1)


def test_inventory_in_degrees_gives_the_same_chips(tmp_path):
    boxes = [pixel_box(row, col, 6, 5) for row, col in PLACES]
    degrees = gpd.GeoSeries(boxes, crs=UTM54).to_crs('EPSG:4326')
    report = cut(tmp_path)
    labels = write_inventory(tmp_path / 'degrees.geojson', degrees, 'EPSG:4326')
    assert cut(tmp_path, labels=labels, overwrite=True).sides == report.sides


def test_seed_decides(tmp_path):
    index = []
    for seed in (0, 0, 1):
        cut(tmp_path, seed=seed, random=9, overwrite=True)
        table = gpd.read_file(tmp_path / 'out' / 'chips.gpkg')
        index.append(list(zip(table.split, table.file, strict=True)))
    assert index[0] == index[1] != index[2]


def test_a_share_of_zero_makes_no_val(tmp_path):
    cut(tmp_path, val_share=0)
    assert not (tmp_path / 'out' / 'val').exists()
    assert (tmp_path / 'out' / 'train').is_dir()


@pytest.mark.usefixtures('mmseg_scope')
def test_base_config_reads_the_chips(tmp_path):
    report = cut(tmp_path)
    base = Config.fromfile(config_dir() / '_base_' / 'datasets' / 'landslide_chips.py')
    for name, side in (('train', 'train'), ('val', 'val'), ('test', 'val')):
        base[f'{name}_dataloader'].dataset.data_root = str(tmp_path / 'out' / side)
    found = {split.name: split for split in check_data(base).splits}
    for side, counts in report.sides.items():
        assert found[side].samples == counts.chips
        assert found[side].pixels == {
            'background': counts.background,
            'landslide': counts.landslide,
        }


def test_inventory_elsewhere(tmp_path):
    far = write_inventory(tmp_path / 'far.gpkg', [pixel_box(0, 9000, 5, 5)])
    with pytest.raises(GridMismatchError, match=r'far\.gpkg reaches from \(590000.*misses .*scene'):
        cut(tmp_path, labels=far)


def test_inventory_on_nodata_only(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, hole=np.s_[:48, :])
    labels = write_inventory(tmp_path / 'labels.gpkg', [pixel_box(4, 4, 9, 9)])
    with pytest.raises(GridMismatchError, match='covers no pixel with data'):
        cut(tmp_path, scene, labels=labels)


def test_landslides_in_chips_of_nodata_only(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 96, 128, hole=np.s_[:44, :])
    labels = write_inventory(tmp_path / 'labels.gpkg', [pixel_box(44, 4, 3, 9)])
    with pytest.raises(ConfigError, match='every chip with landslides has more than 50% nodata'):
        cut(tmp_path, scene, labels=labels)


def test_scene_without_landslides_is_noted(tmp_path):
    first = write_scene(tmp_path / 'first.tif', 96, 128)
    second = write_scene(tmp_path / 'second.tif', 48, 48, west=WEST + 50_000)
    report = cut(tmp_path, first, second)
    assert any('second.tif has no landslide' in note for note in report.notes)


@pytest.mark.parametrize(
    ('scene', 'error', 'complaint'),
    [
        ({'crs': None}, RasterFormatError, 'has no CRS'),
        ({'bands': 1}, RasterFormatError, r'has 1 band,'),
    ],
)
def test_scene_that_does_not_serve(tmp_path, scene, error, complaint):
    path = write_scene(tmp_path / 'scene.tif', 96, 128, **scene)
    with pytest.raises(error, match=complaint):
        cut(tmp_path, path)


def test_scene_that_is_missing(tmp_path):
    with pytest.raises(InputFileError, match=r'gone\.tif does not exist'):
        cut(tmp_path, tmp_path / 'gone.tif')


def test_scene_smaller_than_a_chip(tmp_path):
    with pytest.raises(RasterFormatError, match='fewer than a chip of 100'):
        cut(tmp_path, chip=100)


def test_scenes_of_two_types(tmp_path):
    scenes = [write_scene(tmp_path / f'{t}.tif', 96, 128, dtype=t) for t in ('uint8', 'uint16')]
    with pytest.raises(RasterFormatError, match='different types'):
        cut(tmp_path, *scenes)


def test_too_few_blocks_leave_no_folder(tmp_path):
    with pytest.raises(ConfigError, match=r'a split needs two .* got 1 of 1;'):
        cut(tmp_path, block_size='8')
    assert not (tmp_path / 'out').exists()


def test_folder_in_use_is_told_before_any_work(tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'notes.txt').write_text('keep')
    with pytest.raises(OutputError, match='is not empty'):
        cut(tmp_path, tmp_path / 'gone.tif')


@pytest.mark.parametrize(
    'setting',
    [
        {'chip': 8},
        {'stride': 0},
        {'stride': 17},
        {'max_nodata': 1},
        {'gap': -1},
        {'random': 0},
        {'random_val': -3},
    ],
)
def test_settings_out_of_range(setting):
    with pytest.raises(ConfigError):
        ChipSettings(**SMALL | setting)


@pytest.mark.parametrize('share', [-0.1, 1, 3, float('nan')])
def test_share_out_of_range(share):
    with pytest.raises(ConfigError, match='validation share is'):
        ChipSettings(val_share=share)


def test_points_cannot_be_cut(tmp_path):
    labels = write_inventory(tmp_path / 'points.gpkg', [shapely.Point(WEST, 4_700_000)])
    with pytest.raises(VectorFormatError, match='no polygon with an area'):
        cut(tmp_path, labels=labels)


def test_a_value_called_nodata_is_none_in_chips_too(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 96, 128)
    with rasterio.open(scene, 'r+') as dataset:
        pixels = dataset.read()
        pixels[:, :, 100:] = 255
        dataset.write(pixels)

    untold = cut(tmp_path, scene)
    told = cut(tmp_path, scene, nodata=(255,), overwrite=True)

    assert any('is 255 in all bands' in note for note in untold.notes)
    assert not any('255' in note for note in told.notes)
    assert untold.lost['without data'] == 0
    assert told.lost['without data'] > 0
