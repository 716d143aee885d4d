"""A network in OpenVINO's form, with the precision that each of its operations needs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from dfpenet_mm.errors import ConfigError, InstallError
from dfpenet_mm.installation import silence_telemetry

if TYPE_CHECKING:
    import openvino


def openvino_library() -> ModuleType:
    """Import OpenVINO.

    Raises:
        InstallError: if it is not installed.
    """
    silence_telemetry('openvino')
    try:
        import openvino  # noqa: PLC0415
    except ImportError as error:
        raise InstallError(
            f'OpenVINO cannot be imported ({error}); install it anew with pip install '
            f'--force-reinstall --no-deps openvino'
        ) from error
    return openvino


def with_shape(model: openvino.Model, shape: tuple[int, int, int, int]) -> openvino.Model:
    """Fix the shape of a model's input, so that all that depends on it alone is constant.

    Args:
        model: converted or read; it is changed.
        shape: (N, B, H, W) of its input.

    Returns:
        The model.

    Raises:
        ConfigError: if the model cannot take that shape.
    """
    wanted = (shape[0], *shape[2:])
    try:
        model.reshape(list(shape))
        found = tuple(model.output(0).shape)
    except RuntimeError as error:
        raise ConfigError(
            f'the network cannot take windows of shape {shape[1:]}; give the shape it was '
            f'converted for'
        ) from error
    if found != wanted:
        raise ConfigError(
            f'the network gives shape {found} for {shape}, wanted is {wanted}; give windows of '
            f'the size that it was converted for'
        )
    return model


CONVOLUTIONS = ('Convolution', 'GroupConvolution')
# How a model file says that a node must not be rounded.
MARK = {'name': 'precise', 'version': '0'}


def keep_precise(model: openvino.Model, norms: Collection[str]) -> openvino.Model:
    """Mark convolutions, and what makes their inputs, as not to be rounded.

    Args:
        model: converted or read.
        norms: names of the normalisations that follow the convolutions in the network it was
            converted from. The convolutions themselves lose their names when converted.

    Returns:
        The model with marks; ``model`` itself where there is nothing to mark.
    """
    wanted = {f'__module.{name}' for name in norms}
    names = {
        node.get_friendly_name()
        for found in model.get_ordered_ops()
        if found.get_friendly_name().partition('/')[0] in wanted
        for maker in _back_to_convolutions(found)
        for node in (maker, *_back_to_convolutions(maker.input_value(0).get_node()))
    }
    return _marked(model, names) if names else model


def _back_to_convolutions(node: openvino.Node) -> list[openvino.Node]:
    """Return the nodes that make an output, back to the last convolutions, and those."""
    waiting, found = [node], []
    while waiting:
        node = waiting.pop()
        if node.get_type_name() in {'Parameter', 'Constant'}:
            continue
        found.append(node)
        if node.get_type_name() not in CONVOLUTIONS:
            waiting += [value.get_node() for value in node.input_values()]
    return found


def _marked(model: openvino.Model, names: Collection[str]) -> openvino.Model:
    """Mark nodes by their names, in a file: Python has no call for it."""
    library = openvino_library()
    core = library.Core()
    # The file is gone before the model.
    core.set_property({'ENABLE_MMAP': False})
    with TemporaryDirectory() as folder:
        path = Path(folder) / 'model.xml'
        library.save_model(model, path, compress_to_fp16=False)
        tree = ElementTree.parse(path)
        for layer in tree.getroot().iter('layer'):
            if layer.get('name') in names:
                notes = layer.find('rt_info')
                notes = ElementTree.SubElement(layer, 'rt_info') if notes is None else notes
                ElementTree.SubElement(notes, 'attribute', MARK)
        tree.write(path)
        return core.read_model(path)


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
