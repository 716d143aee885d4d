import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from dfpenet_mm.errors import ConfigError, InputFileError, OutputError, RasterFormatError
from dfpenet_mm.preparation.isprs.collections import POTSDAM, VAIHINGEN
from dfpenet_mm.preparation.isprs.converter import convert_isprs
from dfpenet_mm.preparation.isprs.labels import erode_boundaries
from tests.preparation.isprs.isprs_download import (
    COLOURS,
    SHAPE,
    TRANSFORM,
    cross,
    ground_truth,
    image_of,
    pack,
    potsdam,
    vaihingen,
    write_tif,
)

# Two tiles each way, so that a test reads eight files and not a hundred.
SMALL = replace(VAIHINGEN, train=('1', '3'), test=('2', '4'), pretrain_extra=('4',))
NUMBERS = (*SMALL.train, *SMALL.test)


def convert(tmp_path, *sources, collection=SMALL, **settings):
    return convert_isprs(
        collection, sources or [tmp_path / 'raw'], tmp_path / 'data', patch=32, **settings
    )


def read(path):
    with rasterio.open(path) as source:
        return source.read()


def written(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.fixture
def raw(tmp_path):
    vaihingen(tmp_path / 'raw', numbers=NUMBERS)
    return tmp_path / 'raw'


@pytest.mark.usefixtures('raw')
def test_layout_pixels_and_place(tmp_path):
    report = convert(tmp_path)
    data = tmp_path / 'data'
    assert sorted(path.name for path in data.iterdir()) == [
        'images', 'labels', 'labels_eroded', 'splits', 'summary.json',
    ]  # fmt: skip
    truth = ground_truth(3)
    np.testing.assert_array_equal(read(data / 'labels' / 'area3.tif')[0], truth)
    np.testing.assert_array_equal(
        read(data / 'images' / 'area3.tif'), np.moveaxis(image_of(truth, 3), -1, 0)
    )
    for folder in ('images', 'labels', 'labels_eroded'):
        with rasterio.open(data / folder / 'area3.tif') as source:
            assert source.transform.almost_equals(TRANSFORM)
            assert source.block_shapes[0] == (256, 256)
    with rasterio.open(data / 'labels' / 'area3.tif') as source:
        assert source.nodata == 255
        assert [source.colormap(1)[label][:3] for label in range(6)] == list(map(tuple, COLOURS))
    assert [tile.name for tile in report.tiles] == ['area1', 'area3', 'area2', 'area4']


@pytest.mark.usefixtures('raw')
def test_eroded_ground_truth_of_isprs_is_taken(tmp_path):
    report = convert(tmp_path)
    eroded = read(tmp_path / 'data' / 'labels_eroded' / 'area1.tif')[0]
    np.testing.assert_array_equal(eroded == 255, (cross(ground_truth(1)) == 0).all(axis=-1))
    assert not any(tile.eroded_here or tile.disagreeing for tile in report.tiles)


def test_it_is_eroded_here_where_it_is_missing(raw, tmp_path):
    (raw / 'eroded' / 'top_mosaic_09cm_area1_noBoundary.tif').unlink()
    report = convert(tmp_path)
    np.testing.assert_array_equal(
        read(tmp_path / 'data' / 'labels_eroded' / 'area1.tif')[0],
        erode_boundaries(ground_truth(1), radius=3),
    )
    assert [tile.eroded_here for tile in report.tiles] == [True, False, False, False]


def test_zip_files_give_the_same_as_folders(raw, tmp_path):
    convert(tmp_path)
    plain = written(tmp_path / 'data')
    inner = tmp_path / 'inner'
    inner.mkdir()
    for folder in ('top', 'complete', 'eroded'):
        pack(raw / folder, inner / f'{folder}.zip')
    convert(tmp_path, pack(inner, tmp_path / 'all.zip'), overwrite=True)
    packed = written(tmp_path / 'data')
    assert {**plain, 'summary.json': b''} == {**packed, 'summary.json': b''}


@pytest.mark.usefixtures('raw')
def test_a_seed_repeats_and_another_differs(tmp_path):
    def train(seed):
        convert(tmp_path, seed=seed, overwrite=True)
        return written(tmp_path / 'data')['splits/train.txt'].splitlines()[2:]

    first = train(0)
    assert len(first) == 2 * 1550
    assert train(0) == first
    assert train(1) != first


@pytest.mark.usefixtures('raw')
def test_the_report_counts(tmp_path):
    report = convert(tmp_path)
    (tile, *_) = report.tiles
    counts = np.bincount(ground_truth(1).ravel(), minlength=6).tolist()
    assert tile.labels == (*counts, 0)
    assert tile.eroded[-1] == SHAPE[0] + SHAPE[1] - 1
    assert report.windows == {
        'train': 3100, 'test': 730, 'test_tiles': 8, 'pd_train': 4020,
        'test_tiles_unseen_in_pd': 4, 'pd_train_clean': 4020,
    }  # fmt: skip
    lines = report.lines()
    assert lines[0] == (
        'ISPRS Vaihingen: 4 of 4 tiles; eroded ground truth of ISPRS for 4, eroded here for 0'
    )
    assert lines[1].startswith('train: 2 tiles, 3840 pixels: impervious_surface ')
    assert lines[2] == 'train: ignored 0 pixels of labels and 174 (4.5 %) of labels_eroded'
    assert not [line for line in lines if line.startswith('warning')]
    kept = json.loads((tmp_path / 'data' / 'summary.json').read_text())
    assert kept['windows'] == report.windows
    assert kept['tiles'][0]['labels'] == [*counts, 0]


def test_erosion_that_changes_classes_is_told(raw, tmp_path):
    other = COLOURS[(ground_truth(1) + 1) % 6]
    write_tif(raw / 'eroded' / 'top_mosaic_09cm_area1_noBoundary.tif', other)
    lines = convert(tmp_path).lines()
    assert "warning: pixels whose class erosion changed, by tile: {'area1': 1920}" in lines
    assert "warning: eroded ground truth without ignored pixels: ['area1']" in lines


def test_missing_tiles_are_named_and_may_be_allowed(raw, tmp_path):
    (raw / 'complete' / 'top_mosaic_09cm_area2.tif').unlink()
    (raw / 'top' / 'top_mosaic_09cm_area3.tif').unlink()
    message = r'1 have no images \(area3\); 1 have no labels \(area2\).*--allow-missing'
    with pytest.raises(InputFileError, match=message):
        convert(tmp_path)
    assert not (tmp_path / 'data').exists()
    report = convert(tmp_path, allow_missing=True)
    assert [tile.name for tile in report.tiles] == ['area1', 'area4']
    assert report.windows == {
        'train': 1550,
        'test': 365,
        'test_tiles': 4,
        'pd_train': 2680,
        'pd_train_clean': 2010,
    }
    assert not (tmp_path / 'data' / 'splits' / 'test_tiles_unseen_in_pd.txt').exists()


def test_no_training_tile_is_never_allowed(tmp_path):
    vaihingen(tmp_path / 'raw', numbers=SMALL.test)
    with pytest.raises(InputFileError, match='none of the training tiles'):
        convert(tmp_path, allow_missing=True)


def test_sources_of_something_else(tmp_path):
    write_tif(tmp_path / 'raw' / 'top_mosaic_09cm_area99.tif', np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputFileError, match=r'hold no file of ISPRS Vaihingen, such as top_mos'):
        convert(tmp_path)


def test_wrong_colours_name_the_file(raw, tmp_path):
    colours = COLOURS[ground_truth(1)]
    colours[5, 5] = (1, 2, 3)
    with zipfile.ZipFile(tmp_path / 'gts.zip', 'w') as target:
        write_tif(tmp_path / 'bad.tif', colours)
        target.write(tmp_path / 'bad.tif', 'top_mosaic_09cm_area1.tif')
    with pytest.raises(RasterFormatError, match=r'gts\.zip/top_mosaic_09cm_area1\.tif holds col'):
        convert(tmp_path, tmp_path / 'gts.zip', raw)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['bad.tif', 'gts.zip', 'raw']


def test_sizes_that_differ(raw, tmp_path):
    name = 'top_mosaic_09cm_area1.tif'
    write_tif(raw / 'complete' / name, COLOURS[ground_truth(1, (40, 40))])
    message = rf'complete/{name} has 40 x 40 pixels and .*top/{name} has 48 x 40'
    with pytest.raises(RasterFormatError, match=message):
        convert(tmp_path)


def test_a_damaged_image_and_one_of_16_bits(raw, tmp_path):
    path = raw / 'eroded' / 'top_mosaic_09cm_area3_noBoundary.tif'
    write_tif(path, np.zeros((*SHAPE, 3), np.uint16))
    with pytest.raises(RasterFormatError, match=r'area3_noBoundary\.tif has 3 bands of uint16'):
        convert(tmp_path)
    path.write_bytes(b'II*\0 no tiff')
    with pytest.raises(InputFileError, match=r'area3_noBoundary\.tif cannot be read'):
        convert(tmp_path)


def test_a_tile_smaller_than_a_patch_leaves_nothing(raw, tmp_path):
    with pytest.raises(RasterFormatError, match='area1 has 48 x 40 pixels, too few'):
        convert_isprs(SMALL, [raw], tmp_path / 'data', patch=41)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['raw']


@pytest.mark.parametrize('numbers', [{'seed': -1}, {'patch': 0}])
def test_numbers_out_of_range(tmp_path, numbers):
    with pytest.raises(ConfigError, match='give at least 0 and 1'):
        convert_isprs(SMALL, [tmp_path], tmp_path / 'data', **numbers)


@pytest.mark.usefixtures('raw')
def test_nothing_else_is_overwritten(tmp_path):
    convert(tmp_path)
    with pytest.raises(OutputError, match='--overwrite'):
        convert(tmp_path)
    (tmp_path / 'data' / 'splits' / 'train.txt').unlink()
    before = written(tmp_path / 'data')
    with pytest.raises(OutputError):
        convert(tmp_path, overwrite=True)
    assert written(tmp_path / 'data') == before


def test_a_failure_leaves_the_former_data_set(raw, tmp_path):
    convert(tmp_path)
    before = written(tmp_path / 'data')
    (raw / 'complete' / 'top_mosaic_09cm_area4.tif').write_bytes(b'broken')
    with pytest.raises(InputFileError):
        convert(tmp_path, overwrite=True)
    assert written(tmp_path / 'data') == before


@pytest.mark.usefixtures('raw')
def test_progress_is_told(tmp_path):
    steps = []
    convert(tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_potsdams_two_inexact_tiles_are_rounded(tmp_path):
    """As published: 4_12 lossy, cars of 6_7 in (252, 255, 0); no other tile may be so."""
    labels = potsdam(tmp_path / 'raw')
    for number in ('4_12', '6_7'):
        colours = np.clip(COLOURS[labels[number]] + np.array([9, -28, -3]), 0, 255)
        path = tmp_path / 'raw' / '5_Labels_all' / f'top_potsdam_{number}_label.tif'
        write_tif(path, colours.astype(np.uint8))
    report = convert(tmp_path, collection=POTSDAM)
    for number in ('2_10', '4_12', '6_7'):
        found = read(tmp_path / 'data' / 'labels' / f'{number}.tif')[0]
        np.testing.assert_array_equal(found, labels[number])
    assert "warning: inexact colours rounded to the nearest of ['4_12', '6_7']" in report.lines()
    assert report.windows == {'train': 24 * 1550, 'test': 14 * 365, 'test_tiles': 14 * 4}
