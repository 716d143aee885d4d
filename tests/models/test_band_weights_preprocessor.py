import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.models import AnyBandPreProcessor

FOUR = {'mean': [10.0, 20.0, 30.0, 40.0], 'std': [1.0, 2.0, 3.0, 4.0]}


def sample(rows, cols):
    labels = torch.zeros((1, rows, cols), dtype=torch.int64)
    return SegDataSample(gt_sem_seg=PixelData(data=labels))


def batch(bands, dtype=torch.float32):
    chips = torch.arange(2 * bands * 6).reshape(2, bands, 2, 3).to(dtype)
    return {'inputs': list(chips), 'data_samples': [sample(2, 3), sample(2, 3)]}


def test_four_bands_are_normalised_each_by_its_own():
    out = AnyBandPreProcessor(**FOUR)(batch(4))['inputs']
    chips = np.arange(48, dtype=float).reshape(2, 4, 2, 3)
    for band in range(4):
        wanted = (chips[:, band] - FOUR['mean'][band]) / FOUR['std'][band]
        np.testing.assert_allclose(out[:, band].numpy(), wanted, rtol=1e-6)


def test_three_bands_are_as_in_mmseg():
    settings = {'mean': [1.0, 2.0, 3.0], 'std': [4.0, 5.0, 6.0], 'size': (8, 8)}
    theirs = SegDataPreProcessor(**settings)(batch(3, torch.uint8), training=True)
    ours = AnyBandPreProcessor(**settings)(batch(3, torch.uint8), training=True)
    assert torch.equal(ours['inputs'], theirs['inputs'])
    labels = [item['data_samples'][0].gt_sem_seg.data for item in (ours, theirs)]
    assert torch.equal(*labels)
    assert labels[0].max() == 255


def test_statistics_stay_out_of_checkpoints_but_follow_the_device():
    preprocessor = MODELS.build({'type': 'AnyBandPreProcessor', **FOUR})
    assert list(preprocessor.state_dict()) == []
    assert preprocessor.to('meta').mean.is_meta


def test_other_number_of_bands():
    with pytest.raises(ConfigError, match=r'chips have 1 band and .* 4 means'):
        AnyBandPreProcessor(**FOUR)(batch(1))


@pytest.mark.parametrize('std', [[1.0], [], [1.0, 0.0, 1.0, 1.0]])
def test_statistics_that_do_not_fit(std):
    with pytest.raises(ConfigError, match='one of each a band'):
        AnyBandPreProcessor(mean=FOUR['mean'], std=std)
