from importlib.util import find_spec

import numpy as np
import pytest

from dfpenet_mm.export.quantise import sums_of_products
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
