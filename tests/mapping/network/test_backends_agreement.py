import numpy as np

from dfpenet_mm.mapping.network.backends import label_agreement


def test_only_labels_count():
    first = np.array([[0.1, 0.49], [0.5, 0.9]])
    second = np.array([[0.4, 0.5], [0.51, 0.6]])
    assert label_agreement(first, second, 0.5) == 0.75
    assert label_agreement(first, second, 0.05) == 1.0
