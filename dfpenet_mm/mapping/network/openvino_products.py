"""Let matrix products with fixed matrices compute in bfloat16 on OpenVINO."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dfpenet_mm.mapping.network.openvino_library import openvino_library

if TYPE_CHECKING:
    import openvino


def round_products(model: openvino.Model) -> openvino.Model:
    """Make the first factor of every matrix product look like something computed.

    OpenVINO 2026.4 leaves a constant first factor in float32, and with it the whole product,
    whatever precision is asked for. DFPENet upsamples by such products (see
    ``conv_of_upsampled``); in float32 they take twice the time, and as much again to and fro.
    A zero that depends on the input is therefore added to the factor, at no cost.

    Args:
        model: with its input's shape fixed; it is changed. Call it before ``keep_precise``,
            which then keeps what is added precise too.

    Returns:
        The model, of the same output but for rounding where bfloat16 is asked for.

    Raises:
        InstallError: if OpenVINO is not installed.
    """
    operations = openvino_library().opset13
    products = [
        node
        for node in model.get_ordered_ops()
        if node.get_type_name() == 'MatMul' and _is_fixed(node.input_value(0).get_node())
    ]
    if not products:
        return model
    zero = _zero(operations, model.inputs[0])
    for node in products:
        factor = operations.add(node.input_value(0), zero)
        node.input(0).replace_source_output(factor.output(0))
    model.validate_nodes_and_infer_types()
    return model


def _is_fixed(node: openvino.Node) -> bool:
    """Tell whether a value depends on no input, or on its shape alone."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.get_type_name() == 'Parameter':
            return False
        if node.get_type_name() != 'ShapeOf':
            waiting += [value.get_node() for value in node.input_values()]
    return True


def _zero(operations, value: openvino.Output) -> openvino.Node:
    """Compute a zero, shape (1,), that no optimiser knows beforehand."""
    start, step = (np.full(4, fill, np.int64) for fill in (0, 1))
    first = operations.reshape(operations.slice(value, start, step, step), [1], special_zero=False)
    # Nothing is less than itself, a NaN neither.
    return operations.convert(operations.less(first, first), 'f32')
