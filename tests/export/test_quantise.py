from importlib.util import find_spec

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from dfpenet_mm.errors import ConfigError, InputFileError, RasterFormatError
from dfpenet_mm.export.quantise import calibration_chips, sums_of_products
from dfpenet_mm.mapping.network.openvino_network import openvino_library

if find_spec('openvino') is None:
    pytest.skip('OpenVINO is not installed', allow_module_level=True)


def test_sums_of_products_are_found_through_reordering():
    openvino = openvino_library()
    ops = openvino.opset13
    x = ops.parameter([1, 4, 4], np.float32)
    matrix = ops.constant(np.eye(4, dtype=np.float32)[None])
    turned = ops.transpose(ops.matmul(matrix, x, False, False), np.array([0, 2, 1]))
    first = ops.add(ops.relu(x), turned, name='first')
    second = ops.add(first, ops.constant(np.float32(1)), name='second')
    behind = ops.add(ops.relu(second), x, name='behind')
    model = openvino.Model([ops.result(behind)], [x])
    assert sums_of_products(model) == ['first', 'second']


MAPPING = {
    'bands': (3, 1),
    'scaling': {'type': 'LinearScale', 'scale': 0.5},
    'window': 16,
    'stride': 16,
}


@pytest.fixture
def config():
    return Config({'mapping': MAPPING})


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / 'images'
    place.mkdir()
    for index in range(5):
        pixels = np.full((8, 10, 3), (index, 100, 200), np.uint8)
        Image.fromarray(pixels).save(place / f'{index}.png')
    return place


def test_training_images_come_as_they_are_in_the_bands_of_mapping(config, folder):
    chips = calibration_chips(config, folder, count=5)
    assert (chips.shape, chips.dtype) == ((5, 2, 8, 10), np.float32)
    assert (chips[:, 0] == 200).all()
    assert chips[:, 1, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_draw_is_repeated(config, folder):
    first = calibration_chips(config, folder, count=2)
    np.testing.assert_array_equal(first, calibration_chips(config, folder, count=2))
    assert len(np.unique(first[:, 1, 0, 0])) == 2


def test_a_scene_is_scaled_and_cut_as_for_mapping(config, tmp_path):
    rasterio = pytest.importorskip('rasterio')
    bands = np.random.default_rng(0).integers(1, 255, (3, 16, 32)).astype(np.uint8)
    transform = rasterio.transform.from_origin(500_000, 4_700_000, 10, 10)
    path = tmp_path / 'scene.tif'
    with rasterio.open(
        path, 'w', 'GTiff', 32, 16, 3, 'EPSG:32654', transform, dtype='uint8'
    ) as scene:
        scene.write(bands)
    chips = calibration_chips(config, path, count=9)
    expected = {(bands[[2, 0], :, c : c + 16] * np.float32(0.5)).tobytes() for c in (0, 16)}
    assert {chip.tobytes() for chip in chips} == expected


def test_bad_sources_are_one_sentence(config, folder, tmp_path):
    with pytest.raises(InputFileError, match='nowhere does not exist'):
        calibration_chips(config, tmp_path / 'nowhere', count=1)
    with pytest.raises(ConfigError, match='has no mapping section'):
        calibration_chips(Config({}), folder, count=1)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / 'small.png')
    with pytest.raises(RasterFormatError, match='several sizes'):
        calibration_chips(config, folder, count=9)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(InputFileError, match='holds no image'):
        calibration_chips(config, tmp_path / 'empty', count=1)
