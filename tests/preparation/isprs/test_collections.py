import pytest

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.isprs.collections import POTSDAM, VAIHINGEN, potsdam


def test_vaihingens_split_is_the_papers():
    assert ','.join(VAIHINGEN.test) == '2,4,6,8,10,12,14,16,20,22,24,27,29,31,33,35,38'
    assert len(VAIHINGEN.train) == 16
    assert len(set(VAIHINGEN.tiles)) == 33
    extra = set(VAIHINGEN.pretrain_extra)
    assert extra < set(VAIHINGEN.test)
    assert 16 * VAIHINGEN.train_patches == 24800
    assert 17 * VAIHINGEN.test_patches == 6205
    assert (16 + len(extra)) * VAIHINGEN.pretrain_patches == 26800


def test_potsdams_split_is_the_official_one():
    assert (len(POTSDAM.train), len(POTSDAM.test), len(set(POTSDAM.tiles))) == (24, 14, 38)


@pytest.mark.parametrize(
    ('collection', 'name', 'found'),
    [
        (VAIHINGEN, 'top_mosaic_09cm_area1.tif', ('area1', ('images', 'labels'))),
        (VAIHINGEN, 'TOP_mosaic_09cm_area38_noBoundary.TIF', ('area38', ('labels_eroded',))),
        (VAIHINGEN, 'top_mosaic_09cm_area9.tif', None),
        (VAIHINGEN, 'dsm_09cm_matching_area1.tif', None),
        (VAIHINGEN, 'top_mosaic_09cm_area1.tfw', None),
        (POTSDAM, 'top_potsdam_2_10_RGB.tif', ('2_10', ('images',))),
        (POTSDAM, 'top_potsdam_2_10_RGBIR.tif', None),
        (POTSDAM, 'top_potsdam_2_10_label.tif', ('2_10', ('labels',))),
        (POTSDAM, 'top_potsdam_2_10_label_noBoundary.tif', ('2_10', ('labels_eroded',))),
        (potsdam('RGBIR'), 'top_potsdam_2_10_RGBIR.tif', ('2_10', ('images',))),
        (potsdam('RGBIR'), 'top_potsdam_2_10_RGB.tif', None),
    ],
)
def test_files_are_recognised(collection, name, found):
    assert collection.recognise(name) == found


def test_examples_are_file_names():
    assert potsdam('IRRG').examples[0] == 'top_potsdam_2_10_IRRG.tif'
    assert all(VAIHINGEN.recognise(name) for name in VAIHINGEN.examples)


def test_other_bands():
    with pytest.raises(ConfigError, match='Potsdam has no NIR images'):
        potsdam('NIR')
