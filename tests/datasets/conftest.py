import numpy as np
import pytest

from tests.datasets.generated_chips import chip


@pytest.fixture
def train(tmp_path):
    for name in ('a', 'b'):
        chip(tmp_path / 'train', name)
    return tmp_path / 'train'


@pytest.fixture
def val(tmp_path):
    chip(tmp_path / 'val', 'c', mask=np.full((4, 4), 7))
    return tmp_path / 'val'
