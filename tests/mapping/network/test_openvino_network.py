import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from dfpenet_mm.errors import InstallError
from dfpenet_mm.mapping.network.openvino_network import (
    openvino_library,
    round_products,
    silence_telemetry,
)

if find_spec('openvino') is None:
    pytest.skip('OpenVINO is not installed', allow_module_level=True)

# In a process of its own: here it may be imported already.
CODE = """
import sys
from dfpenet_mm.mapping.network.openvino_network import openvino_library
openvino_library()
telemetry = [name for name, module in sys.modules.items()
             if name.startswith('openvino_telemetry') and module is not None]
from openvino.tools.ovc.telemetry_utils import tm
print(telemetry, tm.__name__)
"""


def test_openvino_is_imported_without_its_telemetry():
    done = subprocess.run(
        [sys.executable, '-c', CODE], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split('\n')[-2] == '[] openvino.tools.ovc.telemetry_stub'


def test_what_is_imported_already_is_left_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino_telemetry', sys)
    silence_telemetry('sys')
    assert sys.modules['openvino_telemetry'] is sys


def test_a_missing_openvino_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    with pytest.raises(InstallError, match='anew with pip install --force-reinstall'):
        openvino_library()


if find_spec('openvino') is None:
    pytest.skip('OpenVINO is not installed', allow_module_level=True)
openvino = openvino_library()
ops = openvino.opset13
CHIP = np.random.default_rng(0).standard_normal((1, 1, 64, 48)).astype(np.float32)
MATRIX = np.random.default_rng(1).standard_normal((1, 96, 64)).astype(np.float32)


def model_of(product):
    """Give (1, 1, 64, 48) to ``product`` as (1, 64, 48), between two convolutions."""
    chip = ops.parameter([1, 1, 64, 48], np.float32)
    one = ops.constant(np.ones((1, 1, 1, 1), np.float32))
    convolve = [[1, 1], [0, 0], [0, 0], [1, 1]]
    x = ops.reshape(ops.convolution(chip, one, *convolve), [1, 64, 48], special_zero=False)
    y = ops.unsqueeze(product(x), ops.constant(np.int64(1)))
    return openvino.Model([ops.result(ops.convolution(y, one, *convolve))], [chip])


def upsample(x):
    return ops.matmul(ops.constant(MATRIX), x, transpose_a=False, transpose_b=False)


def run(model, hint, chip=CHIP):
    """Return the output, and how each node was computed."""
    settings = {'INFERENCE_PRECISION_HINT': hint, 'PERF_COUNT': True}
    request = openvino.Core().compile_model(model, 'CPU', settings).create_infer_request()
    request.infer([chip])
    kinds = {step.node_type: step.exec_type for step in request.profiling_info}
    return request.get_output_tensor().data.copy(), kinds


def test_in_float32_nothing_changes():
    expected, _ = run(model_of(upsample), 'f32')
    found, _ = run(round_products(model_of(upsample)), 'f32')
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(found[0, 0], MATRIX[0] @ CHIP[0, 0], atol=1e-4)


def test_in_bfloat16_the_product_is_rounded():
    if 'BF16' not in openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('this CPU has no bfloat16')
    found, kinds = run(round_products(model_of(upsample)), 'bf16')
    assert kinds['MatMul'].endswith('bf16')
    assert 0 < np.abs(found[0, 0] - MATRIX[0] @ CHIP[0, 0]).max() < 0.5


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_a_strange_first_pixel_spoils_only_its_column(value):
    chip = CHIP.copy()
    chip[0, 0, 0, 0] = value
    found, _ = run(round_products(model_of(upsample)), 'f32', chip)
    assert np.isfinite(found[..., 1:]).all()


def test_a_factor_that_is_only_shaped_by_the_input_counts_as_fixed():
    def product(x):
        rows = ops.gather(ops.shape_of(x), ops.constant([1]), ops.constant(np.int64(0)))
        shape = ops.concat([ops.constant([1, 96]), rows], 0)
        return ops.matmul(ops.broadcast(ops.constant(np.float32(2)), shape), x, False, False)

    model = round_products(model_of(product))
    assert sum(node.get_type_name() == 'Less' for node in model.get_ops()) == 1
    found, _ = run(model, 'f32')
    np.testing.assert_allclose(found[0, 0], np.full((96, 64), 2) @ CHIP[0, 0], atol=1e-4)


def test_products_of_two_features_are_left_alone():
    def product(x):
        return ops.matmul(x, x, transpose_a=True, transpose_b=False)

    model = round_products(model_of(product))
    assert not any(node.get_type_name() == 'Less' for node in model.get_ops())
