import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.datasets import LandslideDataset
from dfpenet_mm.errors import InputFileError

pytestmark = pytest.mark.usefixtures('mmseg_scope')
MASK = {'type': 'LoadRasterMask', 'value_map': {0: 0, 255: 1}}


@pytest.fixture
def root(tmp_path):
    for folder in ('images', 'masks'):
        (tmp_path / folder).mkdir()
    for name in ('b', 'a'):
        Image.fromarray(np.full((4, 4, 3), 9, np.uint8)).save(tmp_path / f'images/{name}.png')
        Image.fromarray(np.eye(4, dtype=np.uint8) * 255).save(tmp_path / f'masks/{name}.png')
    return tmp_path


def test_chips_come_sorted_with_their_masks(root):
    chips = LandslideDataset(data_root=str(root), pipeline=[{'type': 'LoadRasterImage'}, MASK])
    assert [chip['img_path'][-5:] for chip in (chips[0], chips[1])] == ['a.png', 'b.png']
    np.testing.assert_array_equal(chips[0]['gt_seg_map'], np.eye(4))
    assert chips.metainfo['classes'] == ('background', 'landslide')


def test_missing_mask_is_named_at_once(root):
    (root / 'masks' / 'b.png').unlink()
    with pytest.raises(InputFileError, match=r'1 of 2 images have no mask.*b\.png'):
        LandslideDataset(data_root=str(root))


@pytest.mark.parametrize('name', ['nowhere', '.'])
def test_no_images(tmp_path, name):
    (tmp_path / 'images').mkdir()
    with pytest.raises(InputFileError, match='holds no image'):
        LandslideDataset(data_root=str(tmp_path / name))
