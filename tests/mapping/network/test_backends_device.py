import pytest
import torch

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network.backends import find_device


def test_a_device_that_works_is_returned():
    assert find_device('cpu') == torch.device('cpu')


@pytest.mark.parametrize('name', ['meteor', 'cuda:99'])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ConfigError, match=f"'{name}' cannot be used here"):
        find_device(name)
